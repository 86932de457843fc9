"""The executable: the engine starts it, and finds everything else in the environment."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

from tests.harness.kubernetes_plugin.partial import main
from tests.harness.kubernetes_plugin.provider import KubernetesStandIn

main(sys.argv[1:], version("pulumi-kubernetes"), KubernetesStandIn(Path(os.environ["STANDIN_FOLDER"])))

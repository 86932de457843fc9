"""The executable: the engine starts it, and finds everything else in the environment."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

from pulumi.provider.experimental.server import main

from tests.harness.random_plugin.provider import RandomStandIn

main(sys.argv[1:], version("pulumi-random"), RandomStandIn(Path(os.environ["STANDIN_FOLDER"])))

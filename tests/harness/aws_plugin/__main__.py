"""The executable: the engine starts it, and finds everything else in the environment."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

from pulumi.provider.experimental.server import main

from tests.harness.aws_plugin.provider import AwsStandIn

main(
    sys.argv[1:],
    version("pulumi-aws"),
    AwsStandIn(
        os.environ["STANDIN_ENDPOINT"],
        os.environ["STANDIN_ACCOUNT"],
        Path(os.environ["STANDIN_FOLDER"]),
    ),
)

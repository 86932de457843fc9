"""Environments of the AWS examples as stacks of the real engine."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.harness.aws_plugin.handlers.dns import add_zone
from tests.harness.engine.stack import Engine
from tests.harness.engine.tools import ROOT

ACCOUNTS = {"dev": "1" * 12, "staging": "2" * 12, "prod": "3" * 12}
"""Environment -> the account that its example names."""


def aws_environment(folder: Path, name: str, endpoint: str, account: str | None = None) -> Engine:
    """Return the stack of an environment from the example's own file, in its account or in another.

    Args:
        folder: Empty folder for everything.
        name: Of the environment.
        endpoint: Address of moto's server.
        account: Whose account it is; that of the example by default.
    """
    engine = Engine(
        folder,
        ROOT / "stacks" / "environment",
        stack=name,
        account=account or ACCOUNTS[name],
        endpoint=endpoint,
        stack_file=ROOT / "stacks" / "examples" / "aws" / f"Pulumi.{name}.yaml",
    )
    text = engine.stack_file.read_text()
    engine.stack_file.write_text(text.replace(ACCOUNTS[name], engine.account))
    ingress = yaml.safe_load(text)["config"]["stackwright:environment"]["ingress"]
    add_zone(engine.account, ingress["zone_id"], ingress["domain"])
    return engine

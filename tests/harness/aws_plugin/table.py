"""Which types are live, which are kept: the one table."""

from __future__ import annotations

import inspect
from types import ModuleType

from tests.harness.aws_plugin.handlers import data, ec2, ec2_reach, iam, kms, news, s3
from tests.harness.aws_plugin.handlers.base import Handler
from tests.harness.aws_plugin.kept import KEPT

MODULES = (data, ec2, ec2_reach, iam, kms, news, s3)


def _of(module: ModuleType) -> list[Handler]:
    made = [value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == module.__name__]
    return [kind() for kind in made if issubclass(kind, Handler) and "type" in vars(kind)]


LIVE: dict[str, Handler] = {handler.type: handler for module in MODULES for handler in _of(module)}
"""Type, without `aws:` -> how moto makes it."""


def fidelity() -> str:
    """Return docs/fidelity.md."""
    live = "\n".join(f"| `aws:{type_}` | live | |" for type_ in sorted(LIVE))
    kept = "\n".join(f"| `aws:{type_}` | kept | {KEPT[type_].why} |" for type_ in sorted(KEPT))
    return f"{_HEAD}\n{live}\n{kept}\n"


_HEAD = """# What the AWS stand-in does

Tests run the real Pulumi engine against a provider plugin of ours in place of AWS. This page says what a green test
means. It is generated from the stand-in's own table, and a test holds it fresh.

- **live**: really made, read, changed and deleted by boto3 in [moto](https://docs.getmoto.org), which checks
references,
  names and policy documents. An input that the stand-in would not act on fails.
- **kept**: checked and kept in a file. It shows order, references and change, and nothing of how AWS behaves.
- any other type fails.

Every input of every type, to any depth, is held against the `pulumi_aws` class, and against CloudFormation's schema
where
the type is mapped to one. Whether a change replaces is what those schemas say. Nothing here shows quotas, eventual
consistency, prices, the time that AWS takes, or that a principal which a policy names exists.

| type | how | what moto lacks |
|---|---|---|"""

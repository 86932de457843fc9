"""Which types are live, which are kept: the one table."""

from __future__ import annotations

import inspect
from types import ModuleType

from tests.harness.aws_plugin.handlers import compute, data, dns, ec2, ec2_reach, iam, kms, news, objects, s3
from tests.harness.aws_plugin.handlers.base import Handler

MODULES = (compute, data, dns, ec2, ec2_reach, iam, kms, news, objects, s3)


def _of(module: ModuleType) -> list[Handler]:
    made = [value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == module.__name__]
    return [kind() for kind in made if issubclass(kind, Handler) and "type" in vars(kind)]


LIVE: dict[str, Handler] = {handler.type: handler for module in MODULES for handler in _of(module)}
"""Type, without `aws:` -> how moto makes it."""

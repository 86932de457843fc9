"""What moto gets wrong of access logs: it cannot read a policy that says something of everybody."""

from __future__ import annotations

import contextlib
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Generator


@contextlib.contextmanager
def everybody_is_understood() -> Generator[None]:
    """Let moto look for the right to write logs past statements whose principal is `*`."""
    from moto.s3.models import FakeBucket

    decide = FakeBucket._log_permissions_enabled_policy

    def allowed(target_bucket: Any, target_prefix: str | None) -> bool:
        policy = json.loads(target_bucket.policy or '{"Statement": []}')
        read = [statement for statement in policy["Statement"] if statement.get("Principal") != "*"]
        text = json.dumps({**policy, "Statement": read}).encode()
        named = SimpleNamespace(policy=text, name=target_bucket.name, partition=target_bucket.partition)
        return decide(named, target_prefix)

    with mock.patch.object(FakeBucket, "_log_permissions_enabled_policy", staticmethod(allowed)):
        yield

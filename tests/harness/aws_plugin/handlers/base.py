"""What a handler is, and what it is given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud

OF_THE_PROVIDER = frozenset({"region", "tags", "tagsAll", "timeouts", "__defaults"})
"""Inputs that the stand-in itself acts on, for every type."""

TAGS = frozenset({"tags", "tagsAll"})
"""Inputs that are tags: of the resource, and with those of the provider."""


class Given(dict[str, Any]):
    """The inputs of a resource; knows which of them were looked at."""

    def __init__(self, inputs: Mapping[str, Any], seed: str = "") -> None:
        super().__init__(inputs)
        self.used: set[str] = set()
        self._seed = seed

    def __getitem__(self, key: str) -> Any:
        self.used.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return an input, or the default where it is not given."""
        self.used.add(key)
        return super().get(key, default)

    @property
    def tags(self) -> dict[str, str]:
        """Its own tags and those that the provider gives to everything."""
        return self.get("tagsAll") or {}

    def physical(self, name: str, prefix: str) -> str:
        """Return the physical name: as given, or the prefix and 26 characters as the provider adds them."""
        if self.get(name):
            return self[name]
        return f"{self.get(prefix, 'terraform-')}{hashlib.sha256(self._seed.encode()).hexdigest()[:26]}"

    def only(self, *keys: str, **renamed: str) -> dict[str, Any]:
        """Return what is given of these inputs, by AWS's names: capitalised, or as named (`AwsName="input"`)."""
        names = {key[:1].upper() + key[1:]: key for key in keys} | renamed
        return {name: self[key] for name, key in names.items() if self.get(key) is not None}


class Handler:
    """How one resource type is really made, read, changed and deleted; the state is the caller's matter."""

    type: ClassVar[str]
    """Token, without `aws:`: `s3/bucket:Bucket`."""
    named: ClassVar[str] = ""
    """Input that gets the logical name and seven random characters where neither it nor a prefix is given."""
    later: ClassVar[frozenset[str]] = frozenset()
    """Inputs that are not needed to make it, but to delete it."""
    replaces: ClassVar[frozenset[str]] = frozenset()
    """Inputs whose change replaces it, beside what the schemas of CloudFormation say."""

    def create(self, aws: Cloud, given: Given) -> str:
        """Make it and return its id."""
        raise NotImplementedError

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        """Return what is live: inputs as they are now, and what AWS computed.

        Raises:
            GoneError: It is not there; an error of botocore that says so will do, too.
        """
        raise NotImplementedError

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        """Change it in place."""
        raise NotImplementedError(f"{self.type}: the stand-in cannot change {', '.join(sorted(changed))} in place")

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        """Delete it."""
        raise NotImplementedError


class Names:
    """Between Pulumi's names in nested values and AWS's: capitalised, but for those that are listed.

    Args:
        lost: Names that moto takes and does not give back.
        renamed: Pulumi's name -> AWS's.
    """

    def __init__(self, *lost: str, **renamed: str) -> None:
        self._lost, self._renamed = lost, renamed

    def to_aws(self, value: Any) -> Any:
        """Return a nested value by AWS's names; botocore refuses what it does not know."""
        if isinstance(value, dict):
            return {self._name(key): self.to_aws(item) for key, item in value.items()}
        return [self.to_aws(item) for item in value] if isinstance(value, list) else value

    def from_aws(self, live: Any, like: Any) -> Any:
        """Return live values in the shape of those that were given."""
        if isinstance(like, dict) and isinstance(live, Mapping):
            return {key: self._field(live, key, item) for key, item in like.items()}
        if isinstance(like, list) and isinstance(live, list):
            more = live[len(like) :]
            return [self.from_aws(item, part) for item, part in zip(live, like, strict=False)] + more
        return live

    def _field(self, live: Mapping[str, Any], key: str, like: Any) -> Any:
        return like if key in self._lost else self.from_aws(live.get(self._name(key)), like)

    def _name(self, key: str) -> str:
        return self._renamed.get(key, key[:1].upper() + key[1:])


def document(text: str | Mapping[str, Any]) -> str:
    """Return a policy as text."""
    return text if isinstance(text, str) else json.dumps(text)

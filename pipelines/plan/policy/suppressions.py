"""Findings that somebody accepts, with the reason in writing."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from components.base import Document
from components.errors import UserError, closest


class Suppression(Document):
    """One accepted finding."""

    policy: str
    """Id of the policy: `s3-versioned`."""
    resource: str = Field(pattern=r"^\S+ \S+$")
    """`<type> <name>` as the plan shows it; `*` stands for any text."""
    reason: str = Field(min_length=15)
    """Why it is acceptable here; it is shown in every plan. At least 15 characters."""
    environments: tuple[str, ...] | None = None
    """Where it is accepted; everywhere unless said."""

    def covers(self, policy: str, resource: str) -> bool:
        """Return whether this accepts what a policy finds in a resource."""
        return policy == self.policy and fnmatch.fnmatchcase(resource, self.resource)


class Suppressions(Document):
    """The file `suppressions.yaml` beside the stack files."""

    suppressions: tuple[Suppression, ...]
    """All of them, for every environment."""

    @classmethod
    def read(cls, path: Path, environment: str, policies: Iterable[str]) -> tuple[Suppression, ...]:
        """Return those of one environment; no file means none."""
        from stacks.load import load

        if not path.exists():
            return ()
        found = load(path, cls).suppressions
        known = list(policies)
        unknown = [
            f"{path}: suppressions.{index}.policy: `{one.policy}` is not a policy{closest(one.policy, known)}"
            for index, one in enumerate(found)
            if one.policy not in known
        ]
        if unknown:
            raise UserError(unknown)
        return tuple(one for one in found if one.environments is None or environment in one.environments)

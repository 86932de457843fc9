"""Which workflows an event starts, as the files say it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

PULL_REQUEST_TYPES = ["opened", "synchronize", "reopened"]
KNOWN = {"branches", "paths", "types", "inputs", "cron"}


@dataclass(frozen=True)
class Event:
    """Something that happened at the host."""

    name: str
    payload: dict[str, Any]
    commit: str
    """What jobs check out."""
    ref: str = "refs/heads/main"
    changed: tuple[str, ...] = field(default=())
    """Files of a push."""

    @property
    def branch(self) -> str:
        """Return the branch that filters are about: where it would be merged, or what was pushed."""
        if self.name == "pull_request":
            return str(self.payload["pull_request"]["base"]["ref"])
        return self.ref.removeprefix("refs/heads/")


def started_by(event: Event, files: dict[str, str]) -> list[str]:
    """Return the files, by path, that an event starts."""
    return sorted(path for path, text in files.items() if starts(event, yaml.load(text, yaml.BaseLoader)))


def starts(event: Event, workflow: dict[str, Any]) -> bool:
    """Tell whether an event starts a workflow."""
    on: Any = workflow["on"]
    listens = dict.fromkeys([on] if isinstance(on, str) else on) if not isinstance(on, dict) else on
    if event.name not in listens:
        return False
    said: Any = listens[event.name] or {}
    if isinstance(said, list):
        return True
    if unknown := set(said) - KNOWN:
        raise NotImplementedError(f"on.{event.name}: {', '.join(sorted(unknown))}: not modelled here")
    return _of_its_types(event, said) and _on_its_branches(event, said) and _in_its_paths(event, said)


def _of_its_types(event: Event, said: dict[str, Any]) -> bool:
    types = said.get("types", PULL_REQUEST_TYPES if event.name == "pull_request" else [])
    return not types or event.payload.get("action") in types


def _on_its_branches(event: Event, said: dict[str, Any]) -> bool:
    return "branches" not in said or any(matches(pattern, event.branch) for pattern in said["branches"])


def _in_its_paths(event: Event, said: dict[str, Any]) -> bool:
    if "paths" not in said:
        return True
    return any(matches(pattern, path) for pattern in said["paths"] for path in event.changed)


def matches(pattern: str, text: str) -> bool:
    """Tell whether a filter of the host matches: `*` stays within a folder, `**` does not."""
    if re.search(r"[!?+\[\]]", pattern):
        raise NotImplementedError(f"{pattern}: not modelled here")
    parts = (".*" if part == "**" else "[^/]*" if part == "*" else re.escape(part) for part in _parts(pattern))
    return re.fullmatch("".join(parts), text) is not None


def _parts(pattern: str) -> list[str]:
    return [part for part in re.split(r"(\*\*|\*)", pattern) if part]


def inputs_of(workflow: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    """Return what a person's form has: defaults where nothing is given; what is unknown or missing is refused."""
    on: Any = workflow["on"]
    asked: dict[str, Any] = (on.get("workflow_dispatch") or {}).get("inputs", {})
    if unknown := set(given) - set(asked):
        raise ValueError(f"unexpected inputs: {', '.join(sorted(unknown))}")
    values: dict[str, str] = {name: given.get(name, told.get("default", "")) for name, told in asked.items()}
    missing = [name for name, told in asked.items() if told.get("required") == "true" and not values[name]]
    if missing:
        raise ValueError(f"required inputs: {', '.join(missing)}")
    return values

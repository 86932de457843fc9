"""The example environments of every shape, recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from components.recording import RecordedResource, record
from stacks.environment.config import KEY, SPECS, AnyEnvironmentSpec, environment_spec
from stacks.environment.program import program

FOLDER = Path(__file__).parents[2] / "stacks" / "examples"
SHAPES = tuple(SPECS)
ENVIRONMENTS = ("dev", "staging", "prod")
STACK = "pulumi:pulumi:Stack"

Graph = dict[tuple[str, str], RecordedResource]
"""Type and name -> what is registered."""


@cache
def written(shape: str, environment: str) -> Any:
    """Return what an example says, for nobody to change."""
    return yaml.safe_load((FOLDER / shape / f"Pulumi.{environment}.yaml").read_text())["config"][KEY]


def values(shape: str, environment: str) -> dict[str, Any]:
    """Return what an example says, to change."""
    return json.loads(json.dumps(written(shape, environment)))


def spec_of(shape: str, environment: str, /, **changes: Any) -> AnyEnvironmentSpec:
    """Return the spec of an example, with other values."""
    return environment_spec(values(shape, environment) | changes, "Pulumi.yaml", environment)


def recorded(shape: str, environment: str, /, **changes: Any) -> Graph:
    """Return the graph of an example, with other values; as it is written it is recorded once, for nobody to change."""
    found = _record(spec_of(shape, environment, **changes)) if changes else _as_written(shape, environment)
    return {(item.type, item.name): item for item in found if item.type != STACK}


def exported(shape: str, environment: str) -> Any:
    """Return the platform document that the stack of an example exports."""
    return next(item.outputs["platform"] for item in _as_written(shape, environment) if item.type == STACK)


@cache
def _as_written(shape: str, environment: str) -> list[RecordedResource]:
    return _record(spec_of(shape, environment))


def _record(spec: AnyEnvironmentSpec) -> list[RecordedResource]:
    return record(lambda: program(spec), project="stackwright-environment", stack=spec.environment)


def neutral(text: str, words: dict[str, str]) -> str:
    """Return text without the words that an environment is told by, and the digests that names end with."""
    text = re.sub(r"(?<=-)[0-9a-f]{10}(?![0-9a-z])", "DIGEST", text)
    for word, instead in words.items():
        text = re.sub(rf'(?<![a-z])(?<!"/){re.escape(word)}(?![a-z])', instead, text)
    return text


def different(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Yield the last names of all paths at which two values differ; a reference is one value."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and not path.endswith("Ref"):
        for name in ours | theirs:
            yield from different(ours.get(name), theirs.get(name), name)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from different(one, other, path)
    elif ours != theirs:
        yield path

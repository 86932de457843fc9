"""Custom resources against the schemas that their projects publish, where those lie beside the checkout."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from tests.harness.kubernetes_plugin.kinds import group_of, split
from tests.harness.plugin.wire import known

SCHEMAS = Path(__file__).resolve().parents[4] / "shared" / "crds"
"""One folder per group, `<kind>_<version>.json` in it."""

UNCHECKED: Mapping[str, str] = {
    "elbv2.k8s.aws/IngressClassParams": "its definition comes in the chart of the load-balancer controller",
}
"""`group/Kind` -> why nobody has its schema."""


def wrong(type_: str, given: dict[str, Any], schemas: Path = SCHEMAS) -> Iterator[tuple[str, str]]:
    """Yield the path of what the schema of a custom resource refuses, and why; nothing where there are no schemas."""
    api_version, kind = split(type_)
    named = f"{group_of(api_version)}/{kind}"
    if not schemas.is_dir() or named in UNCHECKED:
        return
    path = schemas / group_of(api_version) / f"{kind.lower()}_{api_version.rpartition('/')[2]}.json"
    if not path.exists():
        yield "kind", f"{named}: no schema; say in tests/harness/kubernetes_plugin/custom.py why it is not checked"
        return
    for error in _validator(path).iter_errors(given):
        if known(error.instance):
            yield _path(error.absolute_path), error.message[:200]


@cache
def _validator(path: Path) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads(path.read_text()))


def _path(parts: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")

"""What is wrong with the inputs of a resource, before anything is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.plan.graph import Graph, GraphResource
from pipelines.plan.values import wrong_values
from tests.harness.aws_plugin.classes import class_of, inputs_of
from tests.harness.aws_plugin.kept import KEPT
from tests.harness.aws_plugin.table import LIVE
from tests.harness.plugin.classes import unknown_properties
from tests.harness.plugin.wire import UNKNOWN

_PROVIDER = "urn:pulumi:check::check::pulumi:providers:aws::aws"


def found(type_: str, given: dict[str, Any], region: str) -> Iterator[tuple[str, str]]:
    """Yield the path of every wrong input, and what is wrong with it."""
    if class_of(type_) is None:
        yield "", f"{type_}: pulumi_aws has no such type"
        return
    if type_.removeprefix("aws:") not in {**LIVE, **KEPT}:
        yield "", f"{type_}: the AWS stand-in does not know this type; teach it in tests/harness/aws_plugin"
        return
    unknown = list(unknown_properties(given, inputs_of(type_)))
    yield from unknown
    if not unknown:
        yield from _refused(type_, given, region)


def _refused(type_: str, given: dict[str, Any], region: str) -> Iterator[tuple[str, str]]:
    provider = GraphResource(
        urn=_PROVIDER, type="pulumi:providers:aws", name="aws", custom=True, inputs={"region": region}
    )
    inputs = {key: _unknown_marked(value) for key, value in given.items() if not key.startswith("__")}
    resource = GraphResource(urn="checked", type=type_, name="checked", custom=True, provider=_PROVIDER, inputs=inputs)
    for _, told in wrong_values(Graph(project="check", stack="check", resources=(provider, resource))):
        path, _, reason = told.partition(": ")
        yield path, reason


def _unknown_marked(value: Any) -> Any:
    match value:
        case dict():
            return {key: _unknown_marked(item) for key, item in value.items()}
        case list():
            return [_unknown_marked(item) for item in value]
        case _:
            return "${unknown}" if value == UNKNOWN else value

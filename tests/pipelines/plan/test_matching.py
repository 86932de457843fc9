"""Which old resource a new one continues."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.plan.graph import Graph, GraphResource
from pipelines.plan.matching import continues, rewritten

BOX, BUCKET = "acme:index:Box", "aws:s3/bucket:Bucket"


def urn(chain: str, name: str) -> str:
    """Return the URN of a resource by its types."""
    return f"urn:pulumi:dev::p::{chain}::{name}"


def resource(chain: str, name: str, parent: str | None = None, aliases: list[Any] | None = None) -> GraphResource:
    """Return a resource with aliases as Pulumi sends them."""
    written = tuple(alias if isinstance(alias, str) else json.dumps(alias) for alias in aliases or [])
    type_ = chain.rsplit("$", 1)[-1]
    return GraphResource(urn=urn(chain, name), type=type_, name=name, custom=True, parent=parent, aliases=written)


def graph(*resources: GraphResource) -> Graph:
    """Return a graph of resources."""
    return Graph(project="p", stack="dev", resources=resources)


OLD_BOX = urn(BOX, "box")

ALIASES: dict[str, tuple[Graph, Graph, dict[str, str]]] = {
    "same": (graph(resource(BUCKET, "a")), graph(resource(BUCKET, "a")), {urn(BUCKET, "a"): urn(BUCKET, "a")}),
    "renamed": (
        graph(resource(BUCKET, "a")),
        graph(resource(BUCKET, "b", aliases=[{"name": "a"}])),
        {urn(BUCKET, "b"): urn(BUCKET, "a")},
    ),
    "by URN": (
        graph(resource(BUCKET, "a")),
        graph(resource(BUCKET, "b", aliases=[urn(BUCKET, "a")])),
        {urn(BUCKET, "b"): urn(BUCKET, "a")},
    ),
    "other type": (
        graph(resource("aws:s3/bucketV2:BucketV2", "a")),
        graph(resource(BUCKET, "a", aliases=[{"type": "aws:s3/bucketV2:BucketV2", "parentUrn": ""}])),
        {urn(BUCKET, "a"): urn("aws:s3/bucketV2:BucketV2", "a")},
    ),
    "moved into a component": (
        graph(resource(BUCKET, "a")),
        graph(resource(BOX, "box"), resource(f"{BOX}${BUCKET}", "a", OLD_BOX, [{"noParent": True}])),
        {urn(f"{BOX}${BUCKET}", "a"): urn(BUCKET, "a")},
    ),
    "child of a renamed component": (
        graph(resource(BOX, "old"), resource(f"{BOX}${BUCKET}", "old-data", urn(BOX, "old"))),
        graph(
            resource(BOX, "new", aliases=[{"name": "old"}]),
            resource(f"{BOX}${BUCKET}", "new-data", urn(BOX, "new")),
        ),
        {urn(BOX, "new"): urn(BOX, "old"), urn(f"{BOX}${BUCKET}", "new-data"): urn(f"{BOX}${BUCKET}", "old-data")},
    ),
    "no alias": (graph(resource(BUCKET, "a")), graph(resource(BUCKET, "b")), {}),
    "taken": (
        graph(resource(BUCKET, "a")),
        graph(resource(BUCKET, "a"), resource(BUCKET, "b", aliases=[{"name": "a"}])),
        {urn(BUCKET, "a"): urn(BUCKET, "a")},
    ),
}


@pytest.mark.parametrize(("before", "after", "expected"), ALIASES.values(), ids=list(ALIASES))
def test_a_resource_is_found_by_its_former_names(before: Graph, after: Graph, expected: dict[str, str]) -> None:
    """Aliases work as in the engine: a component's rename reaches its children, and nothing is continued twice."""
    assert expected == continues(before, after)


def test_references_to_a_renamed_resource_are_the_same_reference() -> None:
    """A rename alone changes no input of those who refer to it."""
    renamed = {"${aws:s3/bucket:Bucket::a.": "${aws:s3/bucket:Bucket::b."}

    assert {"bucket": "${aws:s3/bucket:Bucket::b.id}"} == rewritten(
        {"bucket": "${aws:s3/bucket:Bucket::a.id}"}, renamed
    )

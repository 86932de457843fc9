"""What the recorder keeps, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.errors import UserError
from components.recording import RecordedResource
from pipelines.plan.graph import Graph, canonical
from pipelines.plan.record import graph_of, load_graph, record, save_graph


def small() -> None:
    """Register a component with a bucket and its policy."""
    from pulumi_aws import Provider, s3

    box = pulumi.ComponentResource(
        "acme:index:Box", "box", None, pulumi.ResourceOptions(providers=[Provider("aws", region="eu-west-1")])
    )
    bucket = s3.Bucket("data", bucket="acme-data", opts=pulumi.ResourceOptions(parent=box, protect=True))
    s3.BucketPolicy("data", bucket=bucket.id, policy="{}", opts=pulumi.ResourceOptions(parent=box))
    pulumi.export("bucket", bucket.id)


def recorded() -> Graph:
    """Return the graph of that program."""
    return record(small, project="stackwright", stack="dev")


ROOT = RecordedResource(
    urn="urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", type="pulumi:pulumi:Stack", name="p-dev", custom=False
)
PROVIDER = RecordedResource(
    urn="urn:pulumi:dev::p::pulumi:providers:aws::aws", type="pulumi:providers:aws", name="aws", custom=True
)
BUCKET = RecordedResource(
    urn="urn:pulumi:dev::p::aws:s3/bucket:Bucket::data",
    type="aws:s3/bucket:Bucket",
    name="data",
    custom=True,
    parent=ROOT.urn,
    provider=f"{PROVIDER.urn}::${{pulumi:providers:aws::aws.id}}",
)


def test_a_graph_says_what_an_engine_would_be_told() -> None:
    """Inputs, parent, provider, protection and where each input comes from are all there."""
    graph = recorded()
    bucket, policy = graph.of_type("aws:s3/bucket:Bucket") + graph.of_type("aws:s3/bucketPolicy:BucketPolicy")

    assert {"bucket": "acme-data"} == bucket.inputs
    assert bucket.protect
    assert "acme:index:Box" == graph.by_urn[bucket.parent or ""].type
    assert "pulumi:providers:aws" == graph.by_urn[bucket.provider or ""].type
    assert {"bucket": (bucket.urn,)} == policy.property_dependencies
    assert {"bucket": "${aws:s3/bucket:Bucket::data.id}"} == graph.outputs


def test_the_same_program_gives_the_same_bytes() -> None:
    """A graph can be kept in a repository: it changes only when the program does."""
    assert canonical(recorded()) == canonical(recorded())


def test_resources_are_sorted_by_urn() -> None:
    """The order of a graph does not depend on the order of registrations."""
    urns = [resource.urn for resource in recorded().resources]

    assert sorted(urns) == urns


def test_a_saved_graph_is_read_back(tmp_path: Any) -> None:
    """Nothing is lost between two runs."""
    save_graph(recorded(), tmp_path / "dev.json")

    assert recorded() == load_graph(tmp_path / "dev.json")


def test_a_secret_is_marked_and_its_value_not_kept() -> None:
    """Whoever reads a saved graph learns that there is a secret, and nothing of it."""

    def program() -> None:
        from pulumi_aws import Provider, ssm

        aws = Provider("aws", region="eu-west-1")
        opts = pulumi.ResourceOptions(provider=aws)
        ssm.Parameter("key", type="SecureString", value=pulumi.Output.secret("hunter22"), opts=opts)

    graph = record(program, project="p", stack="dev")

    assert {"secret": True} == graph.of_type("aws:ssm/parameter:Parameter")[0].inputs["value"]
    assert "hunter22" not in canonical(graph)


def test_a_mistake_of_the_program_is_told_as_it_is() -> None:
    """The recorder hides no error of a component."""

    def program() -> None:
        raise UserError("network.cidr: too small")

    with pytest.raises(UserError, match=r"network\.cidr: too small"):
        record(program, project="p", stack="dev")


REFUSED = {
    "twins": ([BUCKET, BUCKET], "registered 2 times under the same parent; give each a name of its own"),
    "no parent": ([replace(BUCKET, parent="urn:x")], "its parent `urn:x` is not in the program; register it first"),
    "no provider": ([replace(BUCKET, provider=None)], "has no explicit provider; pass `providers` to the component"),
    "unknown provider": ([replace(BUCKET, provider="urn:pulumi:a::b::c::d::id")], "its provider `urn:pulumi:a::b::c"),
    "unknown dependency": ([replace(BUCKET, dependencies=("urn:x",))], "it depends on `urn:x`, which is not in the"),
    "unknown owner": ([replace(BUCKET, deleted_with="urn:x")], "what it is deleted with `urn:x` is not in the program"),
    "plain secret": ([replace(BUCKET, inputs={"password": "hunter22"})], "password: holds a secret as plain text"),
}


@pytest.mark.parametrize(("resources", "said"), REFUSED.values(), ids=list(REFUSED))
def test_what_an_engine_refuses_is_refused(resources: list[RecordedResource], said: str) -> None:
    """Each message names the resource, what is wrong and what to do."""
    with pytest.raises(UserError) as refused:
        graph_of([ROOT, PROVIDER, *resources], project="p", stack="dev")

    assert 1 == len(refused.value.problems)
    assert f"aws:s3/bucket:Bucket data: {said}" in refused.value.problems[0]


def test_all_problems_are_told_at_once() -> None:
    """Nobody repairs a program one run at a time."""
    bad = [replace(BUCKET, provider=None, deleted_with="urn:x", inputs={"password": "hunter22"})]

    with pytest.raises(UserError) as refused:
        graph_of([ROOT, PROVIDER, *bad], project="p", stack="dev")

    assert 3 == len(refused.value.problems)


def test_components_need_no_provider() -> None:
    """Only what a provider makes must say which one."""
    component = replace(BUCKET, type="acme:index:Box", custom=False, provider=None)

    assert 1 == len(graph_of([ROOT, component], project="p", stack="dev").resources)

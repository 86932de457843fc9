from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi_aws import eks, s3

from components.recording import UNKNOWN, RecordedResource, Secret, record


class Group(pulumi.ComponentResource):
    """A component without anything of ours."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Group", name, {}, opts)


def thing(name: str, inputs: dict[str, Any] | None = None, **options: Any) -> pulumi.CustomResource:
    """Register a resource of no provider in particular."""
    return pulumi.CustomResource("test:index:Thing", name, inputs or {}, pulumi.ResourceOptions(**options))


def things(program: Any, **how: Any) -> dict[str, RecordedResource]:
    """Record a program, by name."""
    return {item.name: item for item in record(program, **how) if item.type == "test:index:Thing"}


def test_urns_are_those_of_the_engine() -> None:
    """A URN has the types of all parents, the stack's left out."""

    def program() -> None:
        outer = Group("outer")
        inner = Group("inner", pulumi.ResourceOptions(parent=outer))
        thing("leaf", parent=inner)

    found = [item.urn for item in record(program, project="churn", stack="dev")]

    assert [
        "urn:pulumi:dev::churn::pulumi:pulumi:Stack::churn-dev",
        "urn:pulumi:dev::churn::test:index:Group$test:index:Group$test:index:Thing::leaf",
        "urn:pulumi:dev::churn::test:index:Group$test:index:Group::inner",
        "urn:pulumi:dev::churn::test:index:Group::outer",
    ] == found


def test_every_option_that_matters_is_kept() -> None:
    """What decides order, protection and identity is in the recording."""

    def program() -> None:
        first = thing("first")
        thing(
            "second",
            {"of": first.id},
            protect=True,
            aliases=[pulumi.Alias(name="zeroth")],
            ignore_changes=["size"],
            replace_on_changes=["color"],
            delete_before_replace=True,
            retain_on_delete=True,
            deleted_with=first,
            depends_on=[thing("other")],
        )

    found = things(program)
    first, other, second = (found[name] for name in ("first", "other", "second"))

    assert (first.urn, other.urn) == second.dependencies
    assert {"of": (first.urn,)} == second.property_dependencies
    assert (True, True, True) == (second.protect, second.delete_before_replace, second.retain_on_delete)
    assert (("size",), ("color",)) == (second.ignore_changes, second.replace_on_changes)
    assert first.urn == second.deleted_with
    assert ('{"name": "zeroth"}',) == second.aliases
    assert (False, None, None) == (first.protect, first.delete_before_replace, first.deleted_with)


def test_a_provider_is_explicit_or_none() -> None:
    """A resource without a provider of its own or of a parent has none in the recording."""

    def program() -> None:
        given = pulumi.ProviderResource("test", "given", {})
        thing("with", provider=given)
        thing("without")

    found = things(program)

    assert "::pulumi:providers:test::given::" in (found["with"].provider or "")
    assert None is found["without"].provider


def test_what_a_provider_computes_says_whose_it_is() -> None:
    """A placeholder names type, resource and property, inside of other text too."""

    def program() -> None:
        bucket = s3.Bucket("data")
        thing("reader", {"policy": pulumi.Output.concat("read ", bucket.arn)})

    assert {"policy": "read ${aws:s3/bucket:Bucket::data.arn}"} == things(program)["reader"].inputs


def test_what_is_computed_inside_an_input_is_there_too() -> None:
    """A provider adds to a nested value: the security group of a cluster stands in the network that it was given."""

    def program() -> None:
        cluster = eks.Cluster("main", role_arn="arn", vpc_config={"subnet_ids": ["subnet-1"]})
        network = cluster.vpc_config
        thing("reader", {"subnets": network.subnet_ids, "group": network.cluster_security_group_id})

    group = "${aws:eks/cluster:Cluster::main.vpcConfig.clusterSecurityGroupId}"
    assert {"subnets": ["subnet-1"], "group": group} == things(program)["reader"].inputs


def test_before_a_first_up_it_is_unknown() -> None:
    """In a preview nothing that a provider computes is known."""

    def program() -> None:
        thing("reader", {"arn": s3.Bucket("data").arn, "size": 3})

    assert {"arn": UNKNOWN, "size": 3} == things(program, preview=True)["reader"].inputs


def test_a_secret_is_marked_and_never_printed() -> None:
    """A secret input is told apart from a plain one, and its value is in no message."""
    found = things(lambda: thing("login", {"user": "admin", "password": pulumi.Output.secret("hunter2")}))["login"]

    assert {"user": "admin", "password": Secret("hunter2")} == found.inputs
    assert "hunter2" not in repr(found)


def test_functions_answer_what_the_caller_says() -> None:
    """A provider's function answers from a table, or computes."""

    def program() -> None:
        for region in ("here", "there"):
            asked = pulumi.runtime.invoke("test:index:getZones", {"region": region}).value
            thing(region, {"zones": asked["zones"]})

    answers = {"test:index:getZones": lambda asked: {"zones": [f"{asked['region']}-1"]}}
    found = things(program, answers=answers)

    assert {"here": ["here-1"], "there": ["there-1"]} == {name: item.inputs["zones"] for name, item in found.items()}


def test_outputs_of_stack_and_components_are_kept() -> None:
    """What a component registers and what the program exports is in the recording."""

    def program() -> None:
        Group("group").register_outputs({"size": 3})
        pulumi.export("address", thing("web").id)

    found = {item.type: item.outputs for item in record(program)}

    assert {"size": 3} == found["test:index:Group"]
    assert {"address": "${test:index:Thing::web.id}"} == found["pulumi:pulumi:Stack"]


def test_two_resources_of_one_name_are_both_kept() -> None:
    """Nothing is checked here: whoever reads the recording can see both, and refuse them."""
    found = [item.urn for item in record(lambda: (thing("same"), thing("same"))) if item.type == "test:index:Thing"]

    assert 2 == len(found)
    assert 1 == len(set(found))


def test_a_program_that_breaks_breaks_the_recording() -> None:
    """An error is the program's own, wherever in it, and the next recording is not touched by it."""

    def late() -> None:
        thing("leaf").id.apply(lambda _: 1 / 0)

    for program in (late, lambda: {}["missing"]):
        with pytest.raises((KeyError, ZeroDivisionError)):
            record(program)

    assert ["leaf"] == list(things(lambda: thing("leaf")))


def test_recordings_do_not_know_of_each_other() -> None:
    """The same program gives the same recording, whatever ran before."""
    first = record(lambda: thing("leaf"))
    record(lambda: thing("other"), project="another", preview=True)

    assert first == record(lambda: thing("leaf"))

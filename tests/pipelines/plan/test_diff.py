"""What an `up` would do, by two graphs."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.plan.diff import Action, Change, compare
from pipelines.plan.graph import Graph
from pipelines.plan.policy.base import sketch
from pipelines.plan.schemas import Effect
from pipelines.plan.stateful import STATEFUL

BUCKET, BLOCK, DATABASE = (
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:rds/instance:Instance",
)
VPC, SUBNET, GROUP = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:rds/subnetGroup:SubnetGroup"
AWS = "pulumi:providers:aws"


def graph(example: dict[str, dict[str, Any]], **options: Any) -> Graph:
    """Return a sketched graph whose managed resources have some options."""
    drawn = sketch(example)
    resources = tuple(one if one.type == AWS else one.model_copy(update=options) for one in drawn.resources)
    return Graph(project="example", stack="example", resources=resources)


def actions(before: Graph, after: Graph) -> dict[str, str]:
    """Return what happens to whom."""
    return {f"{found.type} {found.name}": found.action.value for found in compare(before, after).changes}


def only(before: Graph, after: Graph) -> Change:
    """Return the one change there is."""
    (found,) = compare(before, after).changes
    return found


ACTIONS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = {
    "nothing": ({f"{VPC} a": {"x": 1}}, {f"{VPC} a": {"x": 1}}, {}),
    "create": ({}, {f"{VPC} a": {}}, {f"{VPC} a": "create"}),
    "delete": ({f"{VPC} a": {}}, {}, {f"{VPC} a": "delete"}),
    "update": (
        {f"{VPC} a": {"enableDnsSupport": True}},
        {f"{VPC} a": {"enableDnsSupport": False}},
        {f"{VPC} a": "update"},
    ),
    "replace": (
        {f"{VPC} a": {"cidrBlock": "10.0.0.0/16"}},
        {f"{VPC} a": {"cidrBlock": "10.1.0.0/16"}},
        {f"{VPC} a": "replace"},
    ),
    "may replace": ({f"{VPC} a": {"new": 1}}, {f"{VPC} a": {"new": 2}}, {f"{VPC} a": "may replace"}),
    "worst of two": (
        {f"{VPC} a": {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True}},
        {f"{VPC} a": {"cidrBlock": "10.1.0.0/16", "enableDnsSupport": False}},
        {f"{VPC} a": "replace"},
    ),
    "unmapped": (
        {"aws:no/such:Type a": {"x": 1}},
        {"aws:no/such:Type a": {"x": 2}},
        {"aws:no/such:Type a": "may replace"},
    ),
    "component": ({"acme:index:Box a": {"x": 1}}, {"acme:index:Box a": {"x": 2}}, {"acme:index:Box a": "may replace"}),
}


@pytest.mark.parametrize(("before", "after", "expected"), ACTIONS.values(), ids=list(ACTIONS))
def test_what_happens(before: dict[str, Any], after: dict[str, Any], expected: dict[str, str]) -> None:
    """Each resource gets the worst of what its inputs ask for."""
    assert expected == actions(graph(before), graph(after))


def test_the_cause_is_named() -> None:
    """A change says which input, from what to what."""
    found = only(graph({f"{VPC} a": {"cidrBlock": "10.0.0.0/16"}}), graph({f"{VPC} a": {"cidrBlock": "10.1.0.0/16"}}))

    assert [("cidrBlock", "10.0.0.0/16", "10.1.0.0/16", Effect.REPLACES)] == [
        (cause.path, cause.before, cause.after, cause.effect) for cause in found.properties
    ]


NET = {
    f"{VPC} main": {"cidrBlock": "10.0.0.0/16"},
    f"{SUBNET} a": {"vpcId": f"${{{VPC}::main.id}}", "cidrBlock": "10.0.0.0/24"},
    f"{GROUP} db": {"subnetIds": [f"${{{SUBNET}::a.id}}"]},
    f"{DATABASE} db": {"dbSubnetGroupName": f"${{{GROUP}::db.name}}"},
}


def test_a_replacement_reaches_those_who_take_its_outputs() -> None:
    """A new network is a new subnet; its group takes the new one in place, and so the database stays."""
    after = {**NET, f"{VPC} main": {"cidrBlock": "10.1.0.0/16"}}

    assert {f"{VPC} main": "replace", f"{SUBNET} a": "replace", f"{GROUP} db": "update"} == actions(
        graph(NET), graph(after)
    )


def test_a_replacement_reaches_data_at_the_end_of_a_chain() -> None:
    """A database whose subnet group is replaced is named as lost, though none of its own values changed."""
    before = {**NET, f"{GROUP} db": {**NET[f"{GROUP} db"], "name": "old"}}
    after = {**NET, f"{GROUP} db": {**NET[f"{GROUP} db"], "name": "new"}}
    difference = compare(graph(before), graph(after))

    assert [(DATABASE, Action.REPLACE, "its databases")] == [
        (found.type, found.action, found.loses) for found in difference.losing
    ]
    assert f"{GROUP} db is replaced" == difference.losing[0].properties[0].because


def test_what_may_be_replaced_makes_others_only_maybe_replaced() -> None:
    """Certainty does not grow on the way."""
    before, after = {**NET, f"{VPC} main": {"new": 1}}, {**NET, f"{VPC} main": {"new": 2}}

    assert "may replace" == actions(graph(before), graph(after))[f"{SUBNET} a"]


def with_provider(region: str, tags: str = "a") -> Graph:
    """Return a bucket and its provider."""
    drawn = graph({f"{AWS} aws": {"region": region, "defaultTags": tags}, f"{BUCKET} data": {}})
    urn = next(one.urn for one in drawn.resources if one.type == AWS)
    resources = tuple(one if one.type == AWS else one.model_copy(update={"provider": urn}) for one in drawn.resources)
    return Graph(project="example", stack="example", resources=resources)


def test_another_region_may_replace_everything() -> None:
    """What a provider made elsewhere is not moved."""
    assert {f"{AWS} aws": "may replace", f"{BUCKET} data": "may replace"} == actions(
        with_provider("eu-west-1"), with_provider("eu-north-1")
    )


def test_other_default_tags_replace_nothing() -> None:
    """They are written onto what is there."""
    assert {f"{AWS} aws": "update"} == actions(with_provider("eu-west-1"), with_provider("eu-west-1", "b"))


def test_ignored_changes_are_no_changes() -> None:
    """What an autoscaler moves is left alone by the engine, and by the plan."""
    group = "aws:eks/nodeGroup:NodeGroup gpu"
    before, after = ({group: {"scalingConfig": {"desiredSize": size, "maxSize": 4}}} for size in (1, 3))

    assert {} == actions(graph(before), graph(after, ignore_changes=("scalingConfig.desiredSize",)))


def test_what_the_program_says_replaces_does() -> None:
    """`replace_on_changes` is worse than any schema."""
    before, after = ({f"{VPC} a": {"enableDnsSupport": value}} for value in (True, False))

    assert {f"{VPC} a": "replace"} == actions(graph(before), graph(after, replace_on_changes=("enableDnsSupport",)))


def test_lifted_protection_is_shown() -> None:
    """The review that matters most is that of the change before the deletion."""
    found = only(graph({f"{BUCKET} data": {}}, protect=True), graph({f"{BUCKET} data": {}}))

    assert (Action.UPDATE, "(protect)", True) == (found.action, found.properties[0].path, found.protected)


def test_a_rename_with_an_alias_loses_nothing() -> None:
    """Name and references change, and nothing is made or deleted."""
    before = graph({f"{BUCKET} old": {}, f"{BLOCK} b": {"bucket": f"${{{BUCKET}::old.id}}"}})
    after = graph(
        {f"{BUCKET} new": {}, f"{BLOCK} b": {"bucket": f"${{{BUCKET}::new.id}}"}}, aliases=('{"name": "old"}',)
    )

    assert {f"{BUCKET} new": "rename"} == actions(before, after)


def test_a_rename_without_an_alias_loses_data() -> None:
    """To the engine it is another bucket."""
    difference = compare(graph({f"{BUCKET} old": {}}), graph({f"{BUCKET} new": {}}))

    assert [("old", Action.DELETE, "its objects")] == [(one.name, one.action, one.loses) for one in difference.losing]


@pytest.mark.parametrize("type_", STATEFUL)
def test_deleting_what_holds_data_is_said(type_: str) -> None:
    """Each type that holds data says what goes with it."""
    assert STATEFUL[type_] == only(graph({f"{type_} a": {}}), graph({})).loses


SECRET = "kubernetes:core/v1:Secret x"


@pytest.mark.parametrize(
    ("inputs", "lost"), [({}, "the values that others put there"), ({"stringData": {"user": "admin"}}, None)]
)
def test_a_secret_that_others_fill_is_data(inputs: dict[str, Any], lost: str | None) -> None:
    """What a program writes into a Secret it writes again; what people put there is lost with it."""
    assert lost == only(graph({SECRET: inputs}), graph({})).loses


def test_what_is_retained_is_not_lost() -> None:
    """The engine forgets it, and leaves it where it is."""
    assert only(graph({f"{BUCKET} a": {}}, retain_on_delete=True), graph({})).loses is None


def test_data_that_stays_is_not_lost() -> None:
    """An update in place is no reason to stop."""
    before, after = ({f"{BUCKET} a": {"tags": {"Name": name}}} for name in "ab")

    assert only(graph(before), graph(after)).loses is None


def test_secrets_are_never_shown() -> None:
    """A value that became a secret shows its old self at most."""
    found = only(
        graph({f"{DATABASE} a": {"password": {"secret": True}}}), graph({f"{DATABASE} a": {"password": "${x::y.z}"}})
    )

    assert {"secret": True} == found.properties[0].before

"""The AWS stand-in without the engine: every type of it is made, read, changed and deleted in moto, and read again."""

from __future__ import annotations

import asyncio
import graphlib
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pulumi.provider.experimental import provider as engine

from components.recording import RecordedResource, Secret, record
from stacks.environment.config import read_stack_file
from stacks.environment.program import program
from tests.harness.aws import empty_moto_server
from tests.harness.aws_plugin import names
from tests.harness.aws_plugin.cloud import Cloud, GoneError
from tests.harness.aws_plugin.handlers.dns import add_zone
from tests.harness.aws_plugin.inventory import inventory
from tests.harness.aws_plugin.kept import KEPT
from tests.harness.aws_plugin.provider import AwsStandIn
from tests.harness.aws_plugin.table import LIVE
from tests.harness.engine.tools import ROOT
from tests.harness.plugin.wire import wire

ACCOUNT = "777777777701"
REGION = "eu-central-1"
READ = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'
PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")

MORE: list[tuple[str, str, dict[str, Any]]] = [
    ("iam/policy:Policy", "more", {"name": "more", "policy": READ}),
    ("iam/openIdConnectProvider:OpenIdConnectProvider", "more", {"url": "https://ci.example", "clientIdLists": ["a"]}),
    ("s3/bucket:Bucket", "more", {"bucket": "more-77"}),
    ("s3/bucketObjectv2:BucketObjectv2", "more", {"bucket": "more-77", "key": "k", "content": "c"}),
    (
        "secretsmanager/secretVersion:SecretVersion",
        "more",
        {"secretId": "${aws:secretsmanager/secret:Secret::more.id}", "secretString": "not so secret"},
    ),
    ("secretsmanager/secret:Secret", "more", {"name": "more", "recoveryWindowInDays": 0}),
    (
        "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "more",
        {
            "securityGroupId": "${aws:ec2/securityGroup:SecurityGroup::network-endpoints.id}",
            "cidrIpv4": "10.0.0.0/8",
            "ipProtocol": "-1",
        },
    ),
]
"""What the environments have none of: type, name, inputs."""

STAYING = {"BucketVersioning", "CertificateValidation", "DefaultSecurityGroup", "SecretVersion", "TopicPolicy"}
"""What is back at its default or goes with its owner: a deletion leaves something to read."""

STALE = {"aws:ec2/launchTemplate:LaunchTemplate"}
"""Types whose tags moto changes and does not show."""


@pytest.fixture(scope="module")
def endpoint() -> Generator[str]:
    """Moto's server."""
    with empty_moto_server(managed_policies=True) as address:
        yield address


def stand_in(endpoint: str, folder: Path, account: str = ACCOUNT) -> AwsStandIn:
    """A configured provider."""
    plugin = AwsStandIn(endpoint, account, folder)
    args = wire({"region": REGION, "defaultTags": {"tags": {"made-by": "test"}}}, set())
    asyncio.run(plugin.configure(engine.ConfigureRequest({}, args, accept_secrets=True, accept_resources=True)))
    return plugin


def example() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield everything of AWS's in the example of dev: type, name, inputs with placeholders."""
    spec = read_stack_file(ROOT / "stacks" / "examples" / "aws" / "Pulumi.dev.yaml")
    spec = spec.model_copy(update={"account": ACCOUNT})
    found: list[RecordedResource] = record(lambda: program(spec))
    by_urn = {item.urn: item for item in found}
    order = graphlib.TopologicalSorter({item.urn: set(item.dependencies) & set(by_urn) for item in found})
    for item in (by_urn[urn] for urn in order.static_order()):
        if item.custom and item.type.startswith("aws:"):
            yield item.type.removeprefix("aws:"), item.name, dict(item.inputs)


class Walk:
    """Everything that is made, by `aws:<type>::<name>`."""

    def __init__(self, plugin: AwsStandIn, cloud: Cloud) -> None:
        self.plugin, self.cloud, self.before = plugin, cloud, inventory(cloud)
        self.made: dict[str, tuple[str, str, dict[str, Any]]] = {}
        self.live: dict[str, dict[str, Any]] = {}

    def make(self, type_: str, name: str, inputs: dict[str, Any]) -> None:
        """Check, make and read one."""
        token = f"aws:{type_}"
        given = self.resolved(inputs)
        assert [] == list(self.plugin.problems(token, given)), name
        filled = self.plugin.filled(token, given, {}, (name, name.encode()))
        id_ = self.plugin.make(token, filled)
        key = f"{token}::{name}"
        self.made[key] = (token, id_, filled)
        self.live[key] = {**filled, **self.plugin.look(token, id_, filled), "id": id_}

    def resolved(self, value: Any) -> Any:
        """Return a value with what was made in the place of placeholders."""
        if isinstance(value, Secret):
            return self.resolved(value.value)
        if isinstance(value, dict):
            return {key: self.resolved(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, str):
            return value
        if whole := PLACEHOLDER.fullmatch(value):
            return self.value_of(whole[1])
        return PLACEHOLDER.sub(lambda one: str(self.value_of(one[1])), value)

    def value_of(self, where: str) -> Any:
        """Return the output that a placeholder names: `aws:ec2/vpc:Vpc::network.id`."""
        key = max((key for key in self.live if where.startswith(f"{key}.")), key=len, default="")
        found: Any = self.live.get(key, {})
        for step in re.findall(r"[^.\[\]]+", where[len(key) :]) if key else []:
            found = found[int(step)] if isinstance(found, list) else found.get(step)
        return found if key else where


@pytest.fixture(scope="module")
def walk(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """One of each, and what the environments have none of."""
    add_zone(ACCOUNT, "Z0000000000EXAMPLE", "dev.ml.acme.example")
    walk = Walk(stand_in(endpoint, tmp_path_factory.mktemp("standin")), Cloud(endpoint, ACCOUNT, REGION))
    for type_, name, inputs in [*example(), *sorted(MORE, key=lambda row: row[0])]:
        walk.make(type_, name, inputs)
    return walk


def test_every_live_type_is_walked(walk: Walk) -> None:
    """A handler that nothing makes here has no test: give `MORE` a row."""
    walked = {token.removeprefix("aws:") for token, _, _ in walk.made.values()}

    assert set() == set(LIVE) - walked


def test_what_is_live_is_what_was_given(walk: Walk) -> None:
    """What a handler reads equals what it was given, wherever it reads an input at all."""
    different = {
        f"{key}.{name}": (value, walk.live[key][name])
        for key, (_, _, filled) in walk.made.items()
        for name, value in filled.items()
        if name in walk.live[key] and walk.plugin.current(value, walk.live[key][name]) != value
    }

    assert {} == different


def test_tags_change_in_place(walk: Walk) -> None:
    """Whatever has tags takes other ones, and still has all else."""
    unchanged, lost = set[str](), set[str]()
    for token, id_, filled in walk.made.values():
        if "tagsAll" not in filled:
            continue
        other = {**filled, "tagsAll": {**filled["tagsAll"], "other": "yes"}}
        before = walk.plugin.look(token, id_, filled)
        walk.plugin.alter(token, id_, other, {"tagsAll"})
        after = walk.plugin.look(token, id_, other)
        if {**before, "tagsAll": None} != {**after, "tagsAll": None}:
            lost.add(token)
        if before.get("tagsAll") and "other" not in after["tagsAll"]:
            unchanged.add(token)

    assert [STALE, set()] == [unchanged, lost]


def test_what_is_deleted_is_gone(walk: Walk) -> None:
    """In reverse order everything goes; each handler then says so, and the account is empty."""
    left = []
    for token, id_, filled in reversed(walk.made.values()):
        walk.plugin.remove(token, id_, filled)
        if token.rpartition(":")[2] not in STAYING and not gone(walk.plugin, token, id_, filled):
            left.append(token)

    assert "" == " ".join(sorted(set(left)))
    assert walk.before == inventory(walk.cloud)


def gone(plugin: AwsStandIn, token: str, id_: str, filled: dict[str, Any]) -> bool:
    """Return whether the plugin says that there is no such thing."""
    try:
        plugin.look(token, id_, filled)
    except (ClientError, GoneError) as error:
        return plugin.is_gone(error)
    return False


@pytest.mark.parametrize("type_", ["eks/addon:Addon", "codebuild/project:Project"])
def test_a_kept_thing_is_there_once(endpoint: str, tmp_path: Path, type_: str) -> None:
    """A second one of its name is refused; what is deleted is gone, and deleting it again says so."""
    plugin = stand_in(endpoint, tmp_path)
    inputs = {"clusterName": "acme", "addonName": "coredns", "name": "acme"}
    id_ = plugin.make(f"aws:{type_}", inputs)

    with pytest.raises(FileExistsError, match="already exists"):
        plugin.make(f"aws:{type_}", inputs)
    plugin.remove(f"aws:{type_}", id_, inputs)
    with pytest.raises(Exception, match=re.escape(id_)) as told:
        plugin.remove(f"aws:{type_}", id_, inputs)
    assert plugin.is_gone(told.value)


def test_an_ignored_input_is_refused_and_leaves_nothing(endpoint: str, tmp_path: Path) -> None:
    """A handler that does not look at an input must not make things without it."""
    plugin = stand_in(endpoint, tmp_path, "777777777702")

    with pytest.raises(NotImplementedError, match="does not act on bypassPolicyLockoutSafetyCheck"):
        plugin.make("aws:kms/key:Key", {"bypassPolicyLockoutSafetyCheck": True})
    assert "keys" not in inventory(Cloud(endpoint, "777777777702", REGION))


@pytest.mark.parametrize(
    ("type_", "old", "new", "expected"),
    [
        ("s3/bucket:Bucket", {"bucket": "a"}, {"bucket": "b"}, {"bucket": ("update", True)}),
        ("s3/bucket:Bucket", {"forceDestroy": True}, {}, {"forceDestroy": ("delete", False)}),
        ("kms/key:Key", {"policy": '{"a": 1}'}, {"policy": '{ "a":1}'}, {}),
        ("ec2/subnet:Subnet", {"tags": {"a": "1"}}, {"tags": {"a": "1", "b": "2"}}, {"tags.b": ("add", False)}),
        ("rds/subnetGroup:SubnetGroup", {"subnetIds": ["a", "b"]}, {"subnetIds": ["b", "a"]}, {}),
        ("eks/cluster:Cluster", {"version": "1.34"}, {"version": "1.35"}, {"version": ("update", False)}),
        ("eks/cluster:Cluster", {"name": "a"}, {"name": "b"}, {"name": ("update", True)}),
    ],
)
def test_changes_replace_what_cloudformation_says(
    endpoint: str, tmp_path: Path, type_: str, old: dict[str, Any], new: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Documents are compared as documents, lists of names without their order."""
    found = stand_in(endpoint, tmp_path).changes(f"aws:{type_}", old, new)

    assert expected == {path: (change.what, change.replaces) for path, change in found.items()}


def test_a_made_up_name_stays() -> None:
    """It is given once; a name of the program's own is fixed, and a prefix is no name."""
    first = names.fill({}, {}, "name", "web", b"1")
    second = names.fill({}, first, "name", "web", b"2")

    assert first == second
    assert re.fullmatch(r"web-[0-9a-f]{7}", first["name"])
    assert {"namePrefix": "w"} == names.fill({"namePrefix": "w"}, {}, "name", "web", b"1")
    assert [False, True] == [names.is_fixed(given, "name") for given in (first, {"name": "web"})]


def test_types_are_known_once() -> None:
    """Rows of the table are tokens without `aws:`."""
    assert [] == [type_ for type_ in {**LIVE, **KEPT} if not re.fullmatch(r"\w+/\w+:\w+", type_)]

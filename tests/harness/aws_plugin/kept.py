"""Types that moto has not, or not faithfully: checked against the schemas, and kept in a file of the stand-in's own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.aws_plugin.cloud import GoneError
from tests.harness.aws_plugin.handlers.base import Given
from tests.harness.plugin.changes import Grown

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud

Computed = dict[str, Any]

BORN = "__born"
"""Something unique of each kept thing, beside its inputs."""
BESIDE = "__beside"
"""Id of what was made beside it."""


@dataclass(frozen=True)
class Beside:
    """Something live that AWS makes and deletes with a kept thing."""

    make: Callable[[Cloud, Given], str]
    """Makes it, and returns its id."""
    delete: Callable[[Cloud, str], object]
    """Deletes it by its id."""


@dataclass(frozen=True)
class Kept:
    """How a type is kept."""

    why: str
    """What moto lacks."""
    id_: Callable[[Given, str], str] = lambda given, unique: unique
    """Its id, from the inputs and something unique."""
    computed: Callable[[Cloud, str, Given], Computed] = lambda cloud, id_, given: {}
    """What AWS would compute."""
    named: str = ""
    """Input that gets the logical name and seven random characters where neither it nor a prefix is given."""
    replaces: frozenset[str] = frozenset()
    """Inputs whose change replaces it, beside what the schemas of CloudFormation say."""
    beside: Beside | None = None
    """What AWS really makes beside it."""


def _eks(aws: Cloud, kind: str, path: str) -> str:
    return f"arn:aws:eks:{aws.region}:{aws.account}:{kind}/{path}"


def host_of(kept: Mapping[str, Any]) -> str:
    """Return the first part of the address of a cluster's API server: another one for each cluster ever made."""
    return hashlib.sha256(kept[BORN].encode()).hexdigest()[:32].upper()


def _cluster(aws: Cloud, id_: str, given: Given) -> Computed:
    host = host_of(given)
    return {
        "arn": _eks(aws, "cluster", id_),
        "endpoint": f"https://{host}.gr7.{aws.region}.eks.amazonaws.com",
        "certificateAuthority": {"data": "bm90IGEgY2VydGlmaWNhdGU="},
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{aws.region}.amazonaws.com/id/{host}"}]}],
        "status": "ACTIVE",
        "platformVersion": "eks.1",
        "vpcConfig": Grown({**given["vpcConfig"], "clusterSecurityGroupId": given[BESIDE]}),
    }


def _cluster_group(aws: Cloud, given: Given) -> str:
    """Make the security group that EKS makes for a cluster; its subnets have to exist."""
    subnets = aws.ec2.describe_subnets(SubnetIds=given["vpcConfig"]["subnetIds"])["Subnets"]
    name = f"eks-cluster-sg-{given['name']}"
    told = "EKS created security group"
    return aws.ec2.create_security_group(GroupName=name, Description=told, VpcId=subnets[0]["VpcId"])["GroupId"]


def _pool(aws: Cloud, id_: str, given: Given) -> Computed:
    path = id_.replace(":", "/")
    return {
        "arn": _eks(aws, "nodegroup", path),
        "resources": [{"autoscalingGroups": [{"name": f"eks-{path.rsplit('/', 1)[1]}"}]}],
        "status": "ACTIVE",
    }


def _of_cluster(name: str) -> Callable[[Given, str], str]:
    return lambda given, unique: f"{given['clusterName']}:{given.get(name) or unique}"


_ADDONS = "EKS add-ons are not implemented"
_ACCESS = "EKS access entries are not implemented"

KEPT: dict[str, Kept] = {
    "autoscaling/tag:Tag": Kept(
        "managed node groups make no Auto Scaling group",
        lambda given, unique: f"{given['autoscalingGroupName']},{given['tag']['key']}",
        replaces=frozenset({"autoscalingGroupName", "tag.key"}),
    ),
    "codebuild/project:Project": Kept(
        "accepts any source and role",
        lambda given, unique: f"arn:aws:codebuild:::project/{given['name']}",
        lambda aws, id_, given: {"arn": f"arn:aws:codebuild:{aws.region}:{aws.account}:project/{given['name']}"},
        named="name",
    ),
    "codebuild/webhook:Webhook": Kept(
        "CodeBuild webhooks are not implemented",
        lambda given, unique: given["projectName"],
        lambda aws, id_, given: {"payloadUrl": f"https://codebuild.{aws.region}.amazonaws.com/webhooks?t=kept"},
    ),
    "eks/accessEntry:AccessEntry": Kept(
        _ACCESS,
        _of_cluster("principalArn"),
        lambda aws, id_, given: {"accessEntryArn": _eks(aws, "access-entry", id_.replace(":", "/", 1))},
    ),
    "eks/accessPolicyAssociation:AccessPolicyAssociation": Kept(
        _ACCESS,
        lambda given, unique: f"{given['clusterName']}#{given['principalArn']}#{given['policyArn']}",
        replaces=frozenset({"clusterName", "principalArn", "policyArn", "accessScope"}),
    ),
    "eks/addon:Addon": Kept(
        _ADDONS,
        _of_cluster("addonName"),
        lambda aws, id_, given: {"arn": _eks(aws, "addon", id_.replace(":", "/"))},
    ),
    "eks/cluster:Cluster": Kept(
        "accepts any version and subnet, and knows no access configuration",
        lambda given, unique: given["name"],
        _cluster,
        named="name",
        beside=Beside(_cluster_group, lambda aws, id_: aws.ec2.delete_security_group(GroupId=id_)),
    ),
    "eks/nodeGroup:NodeGroup": Kept(
        "accepts any instance type and subnet, and makes no Auto Scaling group",
        _of_cluster("nodeGroupName"),
        _pool,
    ),
    "eks/podIdentityAssociation:PodIdentityAssociation": Kept(
        "EKS Pod Identity is not implemented",
        lambda given, unique: f"a-{unique[:17]}",
        lambda aws, id_, given: {
            "associationId": id_,
            "associationArn": _eks(aws, "podidentityassociation", f"{given['clusterName']}/{id_}"),
        },
    ),
}
"""Type, without `aws:` -> how it is kept."""


class Shelf:
    """The file that holds what is kept of one account."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> dict[str, dict[str, Any]]:
        """Return every kept thing by `type id`."""
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def get(self, type_: str, id_: str) -> dict[str, Any]:
        """Return the inputs of a kept thing."""
        try:
            return self.all()[f"{type_} {id_}"]
        except KeyError:
            raise GoneError(f"{type_} {id_}") from None

    def put(self, type_: str, id_: str, inputs: dict[str, Any] | None) -> None:
        """Keep the inputs of a thing; with none it is deleted."""
        things = self.all()
        things.pop(f"{type_} {id_}", None)
        if inputs is not None:
            things[f"{type_} {id_}"] = inputs
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(things, indent=1, sort_keys=True))
        part.replace(self._path)


class KeptHandler:
    """A handler, in shape, for a kept type."""

    def __init__(self, type_: str, row: Kept, shelf: Shelf, unique: Callable[[], str]) -> None:
        self.type, self.row, self._shelf, self._unique = type_, row, shelf, unique
        self.named, self.replaces, self.later = row.named, row.replaces, frozenset[str]()

    def create(self, aws: Cloud, given: Given) -> str:
        """Keep it, unless there is one already."""
        id_ = self.row.id_(given, self._unique())
        if f"{self.type} {id_}" in self._shelf.all():
            raise FileExistsError(f"{self.type} {id_}: already exists")
        beside = {BESIDE: self.row.beside.make(aws, given)} if self.row.beside else {}
        self._shelf.put(self.type, id_, {**given, BORN: self._unique(), **beside})
        given.used.update(given)
        return id_

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        """Return what is kept and what AWS would compute."""
        kept = Given(self._shelf.get(self.type, id_), id_)
        shown = {key: value for key, value in kept.items() if not key.startswith("__")}
        return {**shown, **self.row.computed(aws, id_, kept)}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        """Keep the new inputs."""
        was = self._shelf.get(self.type, id_)
        self._shelf.put(self.type, id_, {**given, **{key: was[key] for key in (BORN, BESIDE) if key in was}})

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        """Keep it no longer."""
        was = self._shelf.get(self.type, id_)
        if self.row.beside:
            self.row.beside.delete(aws, was[BESIDE])
        self._shelf.put(self.type, id_, None)

"""Types that moto has not, or not faithfully: checked against the schemas, and kept in a file of the stand-in's own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.aws_plugin.cloud import GoneError
from tests.harness.aws_plugin.handlers.base import Given

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud

Computed = dict[str, Any]


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


def _eks(aws: Cloud, kind: str, path: str) -> str:
    return f"arn:aws:eks:{aws.region}:{aws.account}:{kind}/{path}"


def _cluster(aws: Cloud, id_: str, given: Given) -> Computed:
    host = hashlib.sha256(id_.encode()).hexdigest()[:32].upper()
    return {
        "arn": _eks(aws, "cluster", id_),
        "endpoint": f"https://{host}.gr7.{aws.region}.eks.amazonaws.com",
        "certificateAuthority": {"data": "bm90IGEgY2VydGlmaWNhdGU="},
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{aws.region}.amazonaws.com/id/{host}"}]}],
        "status": "ACTIVE",
        "platformVersion": "eks.1",
        "vpcConfig": {**given["vpcConfig"], "clusterSecurityGroupId": f"sg-{host[:17].lower()}"},
    }


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
    "ec2/launchTemplate:LaunchTemplate": Kept(
        "accepts any instance type and image",
        lambda given, unique: f"lt-{unique[:17]}",
        lambda aws, id_, given: {
            "arn": f"arn:aws:ec2:{aws.region}:{aws.account}:launch-template/{id_}",
            "name": given.physical("name", "namePrefix"),
            "latestVersion": 1,
            "defaultVersion": 1,
        },
        named="name",
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
        self._shelf.put(self.type, id_, dict(given))
        given.used.update(given)
        return id_

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        """Return what is kept and what AWS would compute."""
        kept = Given(self._shelf.get(self.type, id_), id_)
        return {**kept, **self.row.computed(aws, id_, kept)}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        """Keep the new inputs."""
        self._shelf.put(self.type, id_, dict(given))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        """Keep it no longer."""
        self._shelf.get(self.type, id_)
        self._shelf.put(self.type, id_, None)

"""A PostgreSQL that is private, encrypted, and not lost."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.base import Tier
from components.conformance import Case
from components.conformance.standins import stand_in
from components.database.contract import RdsPostgresSpec
from components.errors import UserError
from components.network.contract import NetworkOutputs
from components.recording import RecordedResource
from stacks.load import validate

INSTANCE = "aws:rds/instance:Instance"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def managed(
    tier: Tier = Tier.PROD, clients: tuple[str, ...] = (), spec: RdsPostgresSpec | None = None
) -> dict[str, RecordedResource]:
    """What the database registers, by type and name."""

    def needs(_: Any) -> dict[str, Any]:
        groups = {name: pulumi.Output.from_input(f"sg-of-{name}") for name in clients}
        return {"network": stand_in(NetworkOutputs, "network"), "client_security_group_ids": groups}

    built = Case(spec or RdsPostgresSpec(), needs).built(tier)
    return {f"{item.type} {item.name}": item for item in built.managed}


def instance(tier: Tier = Tier.PROD, spec: RdsPostgresSpec | None = None) -> RecordedResource:
    """The database instance."""
    return managed(tier, spec=spec)[f"{INSTANCE} database"]


@pytest.mark.parametrize("tier", [Tier.DEV, Tier.STAGING, Tier.PROD])
def test_it_is_private_and_encrypted_everywhere(tier: Tier) -> None:
    """No tier relaxes encryption, the way in, or who knows the password."""
    key = "${aws:kms/key:Key::database.arn}"
    expected = {
        "storageEncrypted": True,
        "kmsKeyId": key,
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": key,
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": key,
        "iamDatabaseAuthenticationEnabled": True,
        "publiclyAccessible": False,
        "vpcSecurityGroupIds": ["${aws:ec2/securityGroup:SecurityGroup::database.id}"],
        "dbSubnetGroupName": "${aws:rds/subnetGroup:SubnetGroup::database.name}",
        "parameterGroupName": "${aws:rds/parameterGroup:ParameterGroup::database.name}",
        "copyTagsToSnapshot": True,
        "backupRetentionPeriod": 7,
    }
    inputs = instance(tier).inputs

    assert expected == {name: inputs.get(name) for name in expected}
    assert not [name for name in inputs if name.startswith(("password", "identifier")) and name != "identifierPrefix"]


def test_only_tls_gets_in() -> None:
    """The server refuses connections without TLS, in the family of the major version."""
    group = managed(spec=RdsPostgresSpec(major_version="18"))["aws:rds/parameterGroup:ParameterGroup database"]

    assert "postgres18" == group.inputs["family"]
    assert [("rds.force_ssl", "1")] == [(item["name"], item["value"]) for item in group.inputs["parameters"]]


def test_the_major_version_is_pinned_and_minor_ones_come_by_themselves() -> None:
    """A major upgrade is a decision; a minor one is maintenance."""
    names = ("engineVersion", "autoMinorVersionUpgrade", "allowMajorVersionUpgrade")
    upgraded = RdsPostgresSpec(major_version="18", major_upgrade_allowed=True)

    assert ["17", True, False] == [instance().inputs[name] for name in names]
    assert ["18", True, True] == [instance(spec=upgraded).inputs[name] for name in names]


@pytest.mark.parametrize(
    ("tier", "expected"),
    [
        (Tier.DEV, (False, False, False, True, True, None)),
        (Tier.STAGING, (True, True, False, False, False, "${aws:rds/subnetGroup:SubnetGroup::database.name}-final")),
        (Tier.PROD, (True, True, True, False, False, "${aws:rds/subnetGroup:SubnetGroup::database.name}-final")),
    ],
)
def test_data_outlives_mistakes(tier: Tier, expected: tuple[Any, ...]) -> None:
    """From staging on it is protected and leaves a snapshot, named after this life of it; prod has a standby."""
    found = instance(tier)
    names = (
        "deletionProtection",
        "multiAz",
        "skipFinalSnapshot",
        "deleteAutomatedBackups",
        "finalSnapshotIdentifier",
    )
    assert expected == (found.protect, *[found.inputs.get(name) for name in names])


def test_nobody_gets_in_unasked() -> None:
    """Without clients there is no way in; with them one rule for each, and no way out."""
    found = managed(clients=("cluster", "runners"))
    rules = {name: item.inputs for name, item in found.items() if name.startswith(RULE)}

    assert [] == [name for name in managed() if name.startswith(RULE)]
    assert [
        (f"{RULE} database-from-cluster", "sg-of-cluster", 5432, 5432, "tcp"),
        (f"{RULE} database-from-runners", "sg-of-runners", 5432, 5432, "tcp"),
    ] == [
        (name, each["referencedSecurityGroupId"], each["fromPort"], each["toPort"], each["ipProtocol"])
        for name, each in rules.items()
    ]
    group = found["aws:ec2/securityGroup:SecurityGroup database"].inputs
    assert not {"ingress", "egress"} & set(group)
    assert not [name for name in found if "EgressRule" in name]


def test_one_more_client_changes_no_other() -> None:
    """A client is known by its name."""
    fewer, more = managed(clients=("runners",)), managed(clients=("cluster", "runners"))

    assert fewer == {name: item for name, item in more.items() if name in fewer}


def test_it_lives_in_subnets_without_a_way_out() -> None:
    """The subnets are the isolated ones of the network."""
    group = managed()["aws:rds/subnetGroup:SubnetGroup database"]

    assert ["network-isolated_subnet_ids"] == group.inputs["subnetIds"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"max_storage_gib": 22, "storage_gib": 50}, "max_storage_gib: `22`: less than a tenth above storage_gib; "),
        ({"backup_days": 6}, "backup_days: `6`: input should be greater than or equal to 7"),
        ({"major_version": 17}, "major_version: `17` is not text; write it in quotes"),
        ({"instance_class": "t4g.medium"}, "instance_class: `t4g.medium`: string should match pattern"),
        ({"multi_az": False}, "multi_az: unknown field"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any], told: str) -> None:
    """Backups cannot be shortened, and a version is text."""
    with pytest.raises(UserError) as refused:
        validate({"flavor": "rds_postgres", **values}, RdsPostgresSpec, "spec.yaml")

    assert str(refused.value).startswith(f"spec.yaml: {told}")

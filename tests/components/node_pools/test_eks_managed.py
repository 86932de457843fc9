"""A pool whose machines are closed, and that grows and changes without harm."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from components.errors import UserError
from components.node_pools.ami import AmiType, misfit
from components.node_pools.contract import EksManagedSpec
from components.node_pools.instances import instances
from components.recording import record
from pipelines.plan.policy.catalogue import judge
from pipelines.plan.record import record as graph
from tests.harness.pools import GPU, ONE, THREE, TWO, managed, pools

CPU = EksManagedSpec(instance_types=("m7i.large",), max_size=3)


def group(spec: EksManagedSpec = GPU, **how: Any) -> dict[str, Any]:
    """The inputs of the node group."""
    return dict(managed(spec, **how)["NodeGroup gpu"].inputs)


def test_a_machine_keeps_its_credentials() -> None:
    """Requests need a session, and answers do not reach pods."""
    template = managed()["LaunchTemplate gpu"].inputs

    assert {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
        "instanceMetadataTags": "disabled",
    } == template["metadataOptions"]
    assert not {"keyName", "userData", "iamInstanceProfile", "imageId"} & set(template)
    assert "remoteAccess" not in group()


@pytest.mark.parametrize(
    ("ami", "expected"),
    [
        ("AL2023_x86_64_STANDARD", [("/dev/xvda", 200)]),
        ("BOTTLEROCKET_x86_64", [("/dev/xvda", None), ("/dev/xvdb", 200)]),
    ],
)
def test_every_volume_is_encrypted(ami: Any, expected: list[tuple[str, int | None]]) -> None:
    """Bottlerocket keeps images and what pods write on a second volume, so that one has the size."""
    spec = EksManagedSpec(instance_types=("m7i.large",), ami_type=ami, max_size=1, disk_gib=200)
    volumes = managed(spec)["LaunchTemplate gpu"].inputs["blockDeviceMappings"]

    assert expected == [(each["deviceName"], each["ebs"].get("volumeSize")) for each in volumes]
    assert {("gp3", "true", "true")} == {
        (each["ebs"]["volumeType"], each["ebs"]["encrypted"], each["ebs"]["deleteOnTermination"]) for each in volumes
    }


def test_machines_volumes_and_interfaces_are_tagged() -> None:
    """Tags of a provider do not reach what Auto Scaling starts."""
    found = managed()["LaunchTemplate gpu"].inputs["tagSpecifications"]
    expected = {
        "Name": "acme-prod-gpu",
        "stackwright:environment": "prod",
        "stackwright:tier": "prod",
        "stackwright:pool": "gpu",
    }

    assert dict.fromkeys(("instance", "network-interface", "volume"), expected) == {
        each["resourceType"]: each["tags"] for each in found
    }


def test_its_role_joins_pulls_and_is_looked_at() -> None:
    """The three policies are there before the first machine and gone after the last."""
    found = managed()
    rights = {
        item.urn: item.inputs["policyArn"].rpartition("/")[2]
        for name, item in found.items()
        if name.startswith("RolePolicyAttachment ")
    }

    assert {
        "AmazonEKSWorkerNodePolicy",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonSSMManagedInstanceCore",
    } == set(rights.values())
    assert set(rights) <= set(found["NodeGroup gpu"].dependencies)


def test_the_autoscaler_decides_after_the_start() -> None:
    """The size at the start is never set again; the bounds are."""
    spec = EksManagedSpec(instance_types=("m7i.large",), min_size=1, start_size=2, max_size=5)

    assert {"minSize": 1, "desiredSize": 2, "maxSize": 5} == group(spec)["scalingConfig"]
    assert "scalingConfig.desiredSize" in managed(spec)["NodeGroup gpu"].ignore_changes


def test_it_follows_the_cluster_and_mends_itself() -> None:
    """Nodes have the control plane's release, a third of them is changed at a time, sick ones are replaced."""
    found = group()

    assert ("1.35", 33, True) == (
        found["version"],
        found["updateConfig"]["maxUnavailablePercentage"],
        found["nodeRepairConfig"]["enabled"],
    )


def test_what_replaces_it_is_there_before_it_goes() -> None:
    """The name is a prefix, so that two groups may stand side by side."""
    found = group()

    assert ("gpu-", None) == (found["nodeGroupNamePrefix"], found.get("nodeGroupName"))
    assert None is managed()["NodeGroup gpu"].delete_before_replace


@pytest.mark.parametrize(("capacity", "expected"), [("on_demand", "ON_DEMAND"), ("spot", "SPOT")])
def test_capacity_is_a_choice(capacity: Any, expected: str) -> None:
    """A pool has one price."""
    spec = EksManagedSpec(instance_types=("m7i.large", "m6i.large"), max_size=1, capacity=capacity)

    assert (expected, ["m7i.large", "m6i.large"]) == (group(spec)["capacityType"], group(spec)["instanceTypes"])


def test_a_new_zone_replaces_no_pool() -> None:
    """EKS makes a pool anew for other subnets, so only zones that somebody wrote down are followed."""
    chosen = EksManagedSpec(instance_types=("g5.xlarge",), max_size=1, zones=(THREE, ONE))
    zones = (ONE, TWO, THREE)

    assert ("scalingConfig.desiredSize", "subnetIds") == managed()["NodeGroup gpu"].ignore_changes
    assert [f"subnet-{ONE}", f"subnet-{TWO}"] == group()["subnetIds"]
    assert ("scalingConfig.desiredSize",) == managed(chosen, zones=zones)["NodeGroup gpu"].ignore_changes
    assert [f"subnet-{ONE}", f"subnet-{THREE}"] == group(chosen, zones=zones)["subnetIds"]


@pytest.mark.parametrize(
    ("name", "spec", "told"),
    [
        (
            "gpu",
            EksManagedSpec(instance_types=("g5.xlarge",), max_size=1, zones=(ONE, THREE)),
            f"gpu: zones: `{THREE}`: no private subnet in this zone; choose from {ONE}, {TWO}",
        ),
        ("system", CPU, "system: min_size: add-ons run two replicas on different machines; at least 2"),
    ],
)
def test_what_cannot_be_is_refused(name: str, spec: EksManagedSpec, told: str) -> None:
    """Before anything is registered."""
    with pytest.raises(UserError) as refused:
        managed(spec, name)

    assert told == str(refused.value)


def test_one_more_pool_changes_no_other() -> None:
    """Two pools in a program share nothing."""
    alone, both = (
        {item.urn: item for item in record(pools(*names)) if item.type.startswith("aws:")}
        for names in (("gpu",), ("big", "gpu"))
    )

    assert alone == {urn: item for urn, item in both.items() if urn in alone}
    assert 2 * len(alone) == len(both)


@pytest.mark.parametrize("ami", get_args(AmiType))
def test_aws_takes_every_image(ami: AmiType) -> None:
    """What is registered for each image is what the schemas of AWS allow, and no policy has anything against it."""
    machine = next(name for name, each in instances().items() if misfit(ami, each) is None)
    spec = GPU.model_copy(update={"instance_types": (machine,), "ami_type": ami, "capacity": "spot"})

    assert () == judge(graph(pools("gpu", spec=spec), project="stackwright", stack="prod")).findings

"""A cluster that answers inside the network, to those who are named, with what nodes need before they come."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.base import Tier
from components.cluster.contract import EksSpec
from components.conformance import Case
from components.conformance.standins import stand_in
from components.errors import UserError
from components.network.contract import NetworkOutputs
from components.recording import RecordedResource
from components.runners.contract import RunnersOutputs
from pipelines.plan.access import Principal, Request, decide
from tests.harness.recorded import before

ADMIN, ONCALL = "arn:aws:iam::111122223333:role/apply", "arn:aws:iam::111122223333:role/ops/oncall"
SPEC = EksSpec(admin_role_arns=(ADMIN,))
ONE, TWO, THREE = "euw1-az1", "euw1-az2", "euw1-az3"


def managed(
    spec: EksSpec = SPEC, tier: Tier = Tier.PROD, runners: tuple[str, ...] = (), zones: tuple[str, ...] = (ONE, TWO)
) -> dict[str, RecordedResource]:
    """What the cluster registers, by class and name."""

    def needs(_: Any) -> dict[str, Any]:
        return {"network": network(zones), "runners": runners_named(runners)}

    built = Case(spec, needs).built(tier)
    return {f"{item.type.rpartition(':')[2]} {item.name}": item for item in built.managed}


def network(zones: tuple[str, ...]) -> NetworkOutputs:
    """A network with a private subnet in each zone."""
    given = stand_in(NetworkOutputs, "network")
    subnets = {zone: pulumi.Output.from_input(f"subnet-{zone}") for zone in zones}
    return replace(given, private_subnet_ids=subnets)


def runners_named(names: tuple[str, ...]) -> RunnersOutputs:
    """Runners with a security group of each name."""
    given = stand_in(RunnersOutputs, "runners")
    groups = {name: pulumi.Output.from_input(f"sg-of-{name}") for name in names}
    return replace(given, security_group_ids=groups)


def inputs(found: dict[str, RecordedResource], name: str) -> dict[str, Any]:
    """The inputs of one resource."""
    return dict(found[name].inputs)


@pytest.mark.parametrize("tier", list(Tier)[1:])
def test_it_is_closed_audited_and_encrypted_everywhere(tier: Tier) -> None:
    """No tier relaxes who gets in, what is logged, and how secrets are stored."""
    expected = {
        "name": f"acme-{tier.value}",
        "version": "1.35",
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "bootstrapSelfManagedAddons": False,
        "enabledClusterLogTypes": ["api", "audit", "authenticator"],
        "encryptionConfig": {"provider": {"keyArn": "${aws:kms/key:Key::cluster.arn}"}, "resources": ["secrets"]},
        "upgradePolicy": {"supportType": "STANDARD"},
        "vpcConfig": {
            "endpointPrivateAccess": True,
            "endpointPublicAccess": False,
            "securityGroupIds": ["${aws:ec2/securityGroup:SecurityGroup::cluster.id}"],
            "subnetIds": [f"subnet-{ONE}", f"subnet-{TWO}"],
        },
    }
    found = inputs(managed(tier=tier), "Cluster cluster")

    assert expected == {name: found[name] for name in expected}


@pytest.mark.parametrize(("tier", "kept"), [(Tier.DEV, False), (Tier.STAGING, True), (Tier.PROD, True)])
def test_it_is_protected_outside_dev(tier: Tier, *, kept: bool) -> None:
    """From staging on Pulumi refuses to delete it, and AWS does."""
    found = managed(tier=tier)["Cluster cluster"]

    assert (kept, kept) == (found.protect, found.inputs["deletionProtection"])


def test_a_public_endpoint_answers_named_addresses_only() -> None:
    """The private endpoint stays, and the public one has its list."""
    spec = EksSpec(admin_role_arns=(ADMIN,), endpoint="public", public_cidrs=("198.51.100.0/24",))
    reach = inputs(managed(spec), "Cluster cluster")["vpcConfig"]

    assert (True, True, ["198.51.100.0/24"]) == (
        reach["endpointPrivateAccess"],
        reach["endpointPublicAccess"],
        reach["publicAccessCidrs"],
    )
    assert [True, False] == [SPEC.private_only, spec.private_only]


def test_administrators_are_those_that_are_named() -> None:
    """Each role has an entry and the administrator's policy for the whole cluster; nobody else has one."""
    found = managed(EksSpec(admin_role_arns=(ADMIN, ONCALL)))
    entries = {name: item.inputs for name, item in found.items() if name.startswith("AccessEntry ")}
    rights = [item.inputs for name, item in found.items() if name.startswith("AccessPolicyAssociation ")]
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

    assert {
        "AccessEntry cluster-111122223333-apply": ADMIN,
        "AccessEntry cluster-111122223333-ops-oncall": ONCALL,
    } == {name: each["principalArn"] for name, each in entries.items()}
    assert [(ADMIN, policy, "cluster"), (ONCALL, policy, "cluster")] == [
        (each["principalArn"], each["policyArn"], each["accessScope"]["type"]) for each in rights
    ]


def test_rights_wait_for_their_entry() -> None:
    """A policy is associated with an entry that is there."""
    name = "cluster-111122223333-apply"

    assert f"AccessEntry {name}" in before(managed(), f"AccessPolicyAssociation {name}")


def test_one_more_runner_is_one_more_rule() -> None:
    """Each runner reaches the API server by HTTPS, by a rule that is known by its name."""
    few, more = managed(runners=("runners",)), managed(runners=("laptops", "runners"))
    rules = {name: item.inputs for name, item in more.items() if name.startswith("SecurityGroupIngressRule ")}

    assert few == {name: item for name, item in more.items() if name in few}
    assert {
        "SecurityGroupIngressRule cluster-from-laptops": ("sg-of-laptops", 443, 443, "tcp"),
        "SecurityGroupIngressRule cluster-from-runners": ("sg-of-runners", 443, 443, "tcp"),
    } == {
        name: (each["referencedSecurityGroupId"], each["fromPort"], each["toPort"], each["ipProtocol"])
        for name, each in rules.items()
    }


def test_runners_reach_no_node() -> None:
    """Their rules are in a group of the API server's own, not in the one that nodes and pods have."""
    built = Case(SPEC).built()
    found = {item.type: item for item in built.managed}
    rule = found["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"]
    nodes = "${aws:eks/cluster:Cluster::cluster.vpcConfig.clusterSecurityGroupId}"

    assert "${aws:ec2/securityGroup:SecurityGroup::cluster.id}" == rule.inputs["securityGroupId"]
    assert {"cluster": nodes} == built.root.outputs["security_group_ids"]


def test_the_log_is_there_first_and_has_an_end() -> None:
    """EKS makes a group without an end where it finds none."""
    found = managed(EksSpec(admin_role_arns=(ADMIN,), log_retention_days=90))
    log = inputs(found, "LogGroup cluster")

    assert ("/aws/eks/acme-prod/cluster", 90) == (log["name"], log["retentionInDays"])
    assert "${aws:kms/key:Key::cluster.arn}" == log["kmsKeyId"]
    assert "LogGroup cluster" in before(found, "Cluster cluster")


@pytest.mark.parametrize(
    ("service", "group", "expected"),
    [
        ("logs.eu-west-1.amazonaws.com", "/aws/eks/acme-prod/cluster", True),
        ("logs.eu-west-1.amazonaws.com", "/aws/eks/other/cluster", False),
        ("logs.us-east-1.amazonaws.com", "/aws/eks/acme-prod/cluster", False),
        ("eks.amazonaws.com", "/aws/eks/acme-prod/cluster", False),
    ],
)
def test_the_key_encrypts_this_log_only(service: str, group: str, *, expected: bool) -> None:
    """CloudWatch Logs of the region may use it for the control plane's log, and nothing else may."""
    policy = inputs(managed(), "Key cluster")["policy"]
    context = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-west-1:111122223333:log-group:{group}"}
    action = "kms:GenerateDataKeyWithoutPlaintext"
    request = Request(principal=Principal("Service", service), action=action, context=context)

    assert expected is decide([policy], request).allowed


def test_its_role_outlives_it() -> None:
    """What the control plane may do is there before it and gone after it."""
    rights = {"RolePolicyAttachment cluster", "RolePolicy cluster"}

    assert rights <= before(managed(), "Cluster cluster")


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("kms:Decrypt", "${aws:kms/key:Key::cluster.arn}", True),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/other", False),
        ("kms:CreateGrant", "${aws:kms/key:Key::cluster.arn}", False),
    ],
)
def test_the_control_plane_uses_its_key_only(action: str, resource: str, *, allowed: bool) -> None:
    """It encrypts secrets by the cluster's key, and hands it to nobody."""
    rights = inputs(managed(), "RolePolicy cluster")["policy"]

    assert allowed is decide([rights], Request(action=action, resource=resource)).allowed


@pytest.mark.parametrize(
    ("source", "account", "allowed"),
    [
        ("arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod", "111122223333", True),
        ("arn:aws:eks:eu-west-1:111122223333:cluster/other", "111122223333", False),
        ("arn:aws:eks:eu-west-1:999999999999:cluster/acme-prod", "999999999999", False),
    ],
)
def test_eks_acts_for_this_cluster_only(source: str, account: str, *, allowed: bool) -> None:
    """No cluster of another name or account gets the role (no confused deputy)."""
    trust = inputs(managed(), "Role cluster")["assumeRolePolicy"]
    context = {"aws:SourceArn": source, "aws:SourceAccount": account}
    request = Request(action="sts:AssumeRole", principal=Principal("Service", "eks.amazonaws.com"), context=context)

    assert allowed is decide([trust], request).allowed


def test_nodes_find_what_they_need() -> None:
    """Network, proxy and identity agent are the cluster's own children, so that a pool waits for them."""
    found = managed()
    addons = {item.inputs["addonName"]: item for name, item in found.items() if name.startswith("Addon ")}
    built = Case(SPEC).built()
    ready = {item.type for item in built.managed}

    assert {"vpc-cni", "kube-proxy", "eks-pod-identity-agent"} == set(addons)
    assert "aws:eks/addon:Addon" in ready
    assert len(built.managed) == len(built.component.outputs.ready)


def test_network_policies_hold() -> None:
    """The network add-on enforces them; by default it does not."""
    settings = json.loads(inputs(managed(), "Addon cluster-vpc-cni")["configurationValues"])

    assert {"enableNetworkPolicy": "true"} == settings


def test_the_network_has_an_identity_of_its_own() -> None:
    """Its rights come by Pod Identity, are there before its pods, and are no machine's."""
    found = managed()
    identity = inputs(found, "PodIdentityAssociation cluster-vpc-cni")
    earlier = before(found, "Addon cluster-vpc-cni")

    assert ("kube-system", "aws-node") == (identity["namespace"], identity["serviceAccount"])
    assert {
        "Addon cluster-eks-pod-identity-agent",
        "PodIdentityAssociation cluster-vpc-cni",
        "RolePolicyAttachment cluster-vpc-cni-AmazonEKS_CNI_Policy",
    } <= earlier


def test_a_release_of_an_addon_is_a_choice() -> None:
    """What is named is installed; the rest is AWS's default."""
    found = managed(EksSpec(admin_role_arns=(ADMIN,), addon_versions={"kube-proxy": "v1.35.0-eksbuild.2"}))

    assert "v1.35.0-eksbuild.2" == inputs(found, "Addon cluster-kube-proxy")["addonVersion"]
    assert "addonVersion" not in inputs(found, "Addon cluster-vpc-cni")


def test_a_new_zone_moves_no_control_plane() -> None:
    """EKS takes no other set of zones later, so only a set that somebody wrote down is followed."""
    chosen = EksSpec(admin_role_arns=(ADMIN,), zones=(ONE, THREE))
    found = managed(chosen, zones=(ONE, TWO, THREE))["Cluster cluster"]

    assert ("vpcConfig.subnetIds",) == managed()["Cluster cluster"].ignore_changes
    assert () == found.ignore_changes
    assert [f"subnet-{ONE}", f"subnet-{THREE}"] == found.inputs["vpcConfig"]["subnetIds"]


def test_a_zone_without_a_subnet_is_refused() -> None:
    """Before anything is registered, with what there is."""
    with pytest.raises(UserError) as refused:
        managed(EksSpec(admin_role_arns=(ADMIN,), zones=(ONE, THREE)))

    told = f"cluster: zones: `{THREE}`: no private subnet in this zone; choose from {ONE}, {TWO}"
    assert told == str(refused.value)

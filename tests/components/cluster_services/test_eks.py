"""What every cluster needs: in order, in two replicas, with no right beyond its own cluster."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from components.base import Tier
from components.cluster_services.contract import EksServicesSpec
from components.conformance import Case
from components.recording import RecordedResource
from pipelines.plan.access import Principal, Request, decide
from tests.harness.recorded import before

WITH_GPUS = EksServicesSpec(device_plugin=True)
NAME = "cluster-services"
ADDONS = ["aws-ebs-csi-driver", "coredns", "eks-node-monitoring-agent"]
CHARTS = ["aws-load-balancer-controller", "cluster-autoscaler", "metrics-server", "nvidia-device-plugin"]
RUNNING = [*(f"Addon {name}" for name in ADDONS), *(f"Release {name}" for name in CHARTS)]
ON_EVERY_MACHINE = {"Addon eks-node-monitoring-agent", "Release nvidia-device-plugin"}
LABELS = {"one": "system-labels"}


@cache
def managed(
    spec: EksServicesSpec = WITH_GPUS, tier: Tier = Tier.PROD, *, longest: bool = False
) -> dict[str, RecordedResource]:
    """What the services register, by class and name without that of the component."""
    built = Case(spec).built(tier, longest=longest)
    found = {f"{item.type.rpartition(':')[2]} {item.name.removeprefix(f'{NAME}-')}": item for item in built.managed}
    assert len(built.managed) == len(found)
    return found


def values(name: str, spec: EksServicesSpec = WITH_GPUS) -> dict[str, Any]:
    """What is set of an add-on or a chart."""
    found = managed(spec)
    inputs = found[name].inputs
    return inputs["values"] if "values" in inputs else json.loads(inputs.get("configurationValues", "{}"))


def waits_for(name: str) -> set[str]:
    """What a resource is made after, at once or through others."""
    return before(managed(), name)


def allowed(identity: str, action: str, resource: str, context: dict[str, str]) -> bool:
    """Whether the pods of an identity may do something."""
    rights = managed()[f"RolePolicy {identity}"].inputs["policy"]
    return decide([rights], Request(action=action, resource=resource, context=context)).allowed


def test_all_that_a_cluster_needs_is_there() -> None:
    """Names, volumes, health of nodes, metrics, pools that scale, load balancers, and GPUs where there are any."""
    found = sorted(name for name in managed() if name.split()[0] in {"Addon", "Release"})

    assert RUNNING == found
    assert "Release nvidia-device-plugin" not in managed(EksServicesSpec())


@pytest.mark.parametrize("name", [name for name in RUNNING if name != "Addon coredns"])
def test_names_resolve_before_anybody_asks(name: str) -> None:
    """Everything calls AWS by name, so DNS is there first."""
    assert "Addon coredns" in waits_for(name)


@pytest.mark.parametrize(
    ("name", "identity", "service_account"),
    [
        ("Addon aws-ebs-csi-driver", "volumes", "ebs-csi-controller-sa"),
        ("Release aws-load-balancer-controller", "load-balancers", "aws-load-balancer-controller"),
        ("Release cluster-autoscaler", "autoscaler", "cluster-autoscaler"),
    ],
)
def test_identities_are_there_before_pods(name: str, identity: str, service_account: str) -> None:
    """Credentials are given when a pod is admitted: to that service account, and with all rights."""
    trust = managed()[f"Role {identity}"].inputs["assumeRolePolicy"]
    context = {
        "aws:RequestTag/eks-cluster-arn": "cluster-identifier",
        "aws:RequestTag/kubernetes-namespace": "kube-system",
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    service = Principal("Service", "pods.eks.amazonaws.com")

    assert {f"PodIdentityAssociation {identity}", f"RolePolicy {identity}"} <= waits_for(name)
    assert decide([trust], Request(action="sts:AssumeRole", principal=service, context=context)).allowed
    assert service_account in {managed()[f"PodIdentityAssociation {identity}"].inputs["serviceAccount"]}


def test_service_accounts_of_charts_are_those_of_identities() -> None:
    """The name in the values is the one that the association has."""
    assert {"cluster-autoscaler", "aws-load-balancer-controller"} == {
        values("Release cluster-autoscaler")["rbac"]["serviceAccount"]["name"],
        values("Release aws-load-balancer-controller")["serviceAccount"]["name"],
    }


@pytest.mark.parametrize("name", [name for name in RUNNING if name not in ON_EVERY_MACHINE])
def test_services_stay_on_the_system_pool(name: str) -> None:
    """They take no room from workloads, and keep no pool from being emptied."""
    found = values(name)

    assert LABELS == found.get("controller", found)["nodeSelector"]


def test_what_runs_on_every_machine_stops_at_no_taint() -> None:
    """Volumes and GPUs work on machines that others are kept away from."""
    assert [{"operator": "Exists"}] == values("Release nvidia-device-plugin")["tolerations"]
    assert {"tolerateAllTaints": True} == values("Addon aws-ebs-csi-driver")["node"]


REPLICATED = [name for name in RUNNING if name not in ON_EVERY_MACHINE]


@pytest.mark.parametrize("name", REPLICATED)
def test_one_machine_may_fail(name: str) -> None:
    """There are two of each."""
    found = values(name)
    places = [found, found.get("autoScaling", {}), found.get("controller", {})]

    assert [2] == [
        place[key] for place in places for key in ("minReplicas", "replicaCount", "replicas") if key in place
    ]


@pytest.mark.parametrize("name", [name for name in REPLICATED if name != "Addon aws-ebs-csi-driver"])
def test_no_two_replicas_go_at_once(name: str) -> None:
    """One at a time is taken away by upgrades of nodes, and the two are apart; the driver does so by itself."""
    budget = values(name)["podDisruptionBudget"]
    keys = {each["topologyKey"] for each in values(name)["topologySpreadConstraints"]}

    assert (1, "minAvailable" in budget) == (budget["maxUnavailable"], False)
    assert "topology.kubernetes.io/zone" in keys


@pytest.mark.parametrize("name", [name for name in RUNNING if name.startswith("Release ") or name == "Addon coredns"])
def test_memory_is_reserved_and_limited(name: str) -> None:
    """A service neither starves nor takes the memory of others."""
    resources = values(name)["resources"]

    assert {"cpu", "memory"} == set(resources["requests"])
    assert resources["requests"]["memory"] == resources["limits"]["memory"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cluster-autoscaler", {"awsRegion": "eu-west-1", "autoDiscovery": {"clusterName": "cluster-name"}}),
        (
            "aws-load-balancer-controller",
            {"region": "eu-west-1", "vpcId": "network-vpc_id", "clusterName": "cluster-name"},
        ),
    ],
)
def test_nobody_has_to_ask_the_metadata_service(name: str, expected: dict[str, Any]) -> None:
    """Pods do not reach it, so where they are is told them."""
    found = values(f"Release {name}")

    assert expected == {key: found[key] for key in expected}


def test_the_default_volume_is_encrypted_and_follows_its_pod() -> None:
    """A claim that names no class gets a volume that is encrypted by the key of volumes, where its pod runs."""
    found = managed()["StorageClass gp3"].inputs

    assert {"storageclass.kubernetes.io/is-default-class": "true"} == found["metadata"]["annotations"]
    assert ("WaitForFirstConsumer", True, "ebs.csi.aws.com") == (
        found["volumeBindingMode"],
        found["allowVolumeExpansion"],
        found["provisioner"],
    )
    assert {
        "type": "gp3",
        "encrypted": "true",
        "kmsKeyId": f"${{aws:kms/key:Key::{NAME}-volumes.arn}}",
        "csi.storage.k8s.io/fstype": "ext4",
    } == found["parameters"]
    assert "Addon aws-ebs-csi-driver" in waits_for("StorageClass gp3")


def test_what_is_promised_is_what_is_there() -> None:
    """The class that others are told of is the default one."""
    built = Case(WITH_GPUS).built()

    assert {"storageClass": "gp3"} == {"storageClass": built.root.outputs["storage_class"]}
    assert "gp3" == managed()["StorageClass gp3"].inputs["metadata"]["name"]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ((), [("nvidia.com/gpu.present", "In", ["true"])]),
        (
            ("serve",),
            [("nvidia.com/gpu.present", "In", ["true"]), ("stackwright/pool", "NotIn", ["serve"])],
        ),
    ],
)
def test_the_plugin_runs_where_no_other_does(own: tuple[str, ...], expected: list[Any]) -> None:
    """On machines with GPUs, but for those whose image has a plugin."""
    spec = EksServicesSpec(device_plugin=True, pools_with_own_plugin=own)
    affinity = values("Release nvidia-device-plugin", spec)["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]

    assert expected == [(each["key"], each["operator"], each["values"]) for each in term["matchExpressions"]]


def test_ingresses_join_only_the_load_balancer_of_their_class() -> None:
    """No Ingress chooses a class or group by annotation, and no Service waits for the controller to be admitted."""
    found = values("Release aws-load-balancer-controller")
    off = ["createIngressClassResource", "enableServiceMutatorWebhook", "enableShield", "enableWaf", "enableWafv2"]

    assert [False] * len(off) == [found[name] for name in off]
    assert [True, True] == [found["disableIngressClassAnnotation"], found["disableIngressGroupNameAnnotation"]]
    assert (False, True, "ip") == (
        found["ingressClassParams"]["create"],
        found["keepTLSSecret"],
        found["defaultTargetType"],
    )


def test_metrics_come_from_whom_they_say() -> None:
    """The API server checks the certificate of the metrics server, which does not end within a year."""
    found = values("Release metrics-server")

    assert (False, "helm", True) == (
        found["apiService"]["insecureSkipTLSVerify"],
        found["tls"]["type"],
        found["tls"]["helm"]["certDurationDays"] > 365,
    )


OF_CLUSTER = {
    "aws:ResourceTag/k8s.io/cluster-autoscaler/cluster-name": "owned",
    "aws:ResourceTag/k8s.io/cluster-autoscaler/enabled": "true",
}
GROUP = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1:autoScalingGroupName/eks-gpu"


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected"),
    [
        ("autoscaling:SetDesiredCapacity", GROUP, OF_CLUSTER, True),
        ("autoscaling:TerminateInstanceInAutoScalingGroup", GROUP, OF_CLUSTER, True),
        ("autoscaling:SetDesiredCapacity", GROUP, {}, False),
        (
            "autoscaling:SetDesiredCapacity",
            GROUP,
            {key.replace("cluster-name", "other"): value for key, value in OF_CLUSTER.items()},
            False,
        ),
        ("autoscaling:UpdateAutoScalingGroup", GROUP, OF_CLUSTER, False),
        ("autoscaling:DescribeAutoScalingGroups", "*", {}, True),
        ("eks:DescribeNodegroup", "arn:aws:eks:eu-west-1:111122223333:nodegroup/cluster-name/gpu/1", {}, True),
        ("eks:DescribeNodegroup", "arn:aws:eks:eu-west-1:111122223333:nodegroup/other/gpu/1", {}, False),
    ],
)
def test_the_autoscaler_resizes_its_own_cluster(
    action: str, resource: str, context: dict[str, str], *, expected: bool
) -> None:
    """It sees every group, and changes those that carry the tags of its cluster."""
    assert expected is allowed("autoscaler", action, resource, context)


ELB = "arn:aws:elasticloadbalancing:eu-west-1:111122223333"
BALANCER, LISTENER = f"{ELB}:loadbalancer/app/k8s-acmedev-1/1", f"{ELB}:listener/app/k8s-acmedev-1/1/1"
GROUP_OF_NODES = "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-1"
VPC = "arn:aws:ec2:eu-west-1:111122223333:vpc/network-vpc_id"
OWNER = "elbv2.k8s.aws/cluster"
BORN, OWN = {f"aws:RequestTag/{OWNER}": "cluster-name"}, {f"aws:ResourceTag/{OWNER}": "cluster-name"}
OTHERS = {f"aws:ResourceTag/{OWNER}": "other"}


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected"),
    [
        ("elasticloadbalancing:CreateLoadBalancer", BALANCER, BORN, True),
        ("elasticloadbalancing:CreateLoadBalancer", BALANCER, {f"aws:RequestTag/{OWNER}": "other"}, False),
        ("elasticloadbalancing:CreateLoadBalancer", BALANCER, {}, False),
        ("elasticloadbalancing:DeleteLoadBalancer", BALANCER, OWN, True),
        ("elasticloadbalancing:DeleteLoadBalancer", BALANCER, OTHERS, False),
        ("elasticloadbalancing:DeleteLoadBalancer", f"{ELB}:loadbalancer/app/shop/1", {}, False),
        ("elasticloadbalancing:ModifyLoadBalancerAttributes", BALANCER, OWN, True),
        ("elasticloadbalancing:CreateListener", BALANCER, {}, True),
        ("elasticloadbalancing:CreateListener", f"{ELB}:loadbalancer/app/shop/1", {}, False),
        ("elasticloadbalancing:ModifyListener", LISTENER, {}, True),
        ("elasticloadbalancing:ModifyListener", f"{ELB}:listener/app/shop/1/1", {}, False),
        ("elasticloadbalancing:RegisterTargets", f"{ELB}:targetgroup/k8s-mlflow/1", {}, True),
        ("elasticloadbalancing:RegisterTargets", f"{ELB}:targetgroup/shop/1", {}, False),
        (
            "elasticloadbalancing:AddTags",
            BALANCER,
            BORN | {"elasticloadbalancing:CreateAction": "CreateLoadBalancer"},
            True,
        ),
        ("elasticloadbalancing:AddTags", BALANCER, OWN, True),
        ("elasticloadbalancing:AddTags", BALANCER, OTHERS | BORN, False),
        ("elasticloadbalancing:AddTags", BALANCER, OWN | BORN, False),
        ("elasticloadbalancing:AddTags", BALANCER, {}, False),
        ("elasticloadbalancing:SetWebAcl", BALANCER, OWN, False),
        ("ec2:AuthorizeSecurityGroupIngress", GROUP_OF_NODES, {"ec2:Vpc": VPC}, True),
        ("ec2:AuthorizeSecurityGroupIngress", GROUP_OF_NODES, {"ec2:Vpc": VPC.replace("network", "other")}, False),
        ("ec2:CreateSecurityGroup", GROUP_OF_NODES, BORN, True),
        ("ec2:CreateSecurityGroup", GROUP_OF_NODES, {}, False),
        ("ec2:CreateSecurityGroup", VPC, {}, True),
        ("ec2:DeleteSecurityGroup", GROUP_OF_NODES, OWN, True),
        ("ec2:DeleteSecurityGroup", GROUP_OF_NODES, OTHERS, False),
        ("ec2:CreateTags", GROUP_OF_NODES, OTHERS | BORN, False),
        ("ec2:CreateTags", GROUP_OF_NODES, OWN, True),
        ("ec2:CreateTags", GROUP_OF_NODES, OWN | BORN, False),
        ("ec2:DescribeSubnets", "*", {}, True),
        ("acm:DescribeCertificate", "arn:aws:acm:eu-west-1:111122223333:certificate/1", {}, False),
    ],
)
def test_the_controller_changes_only_what_is_its_own(
    action: str, resource: str, context: dict[str, str], *, expected: bool
) -> None:
    """Another cluster's load balancers, and those that no cluster made, are out of its reach."""
    assert expected is allowed("load-balancers", action, resource, context)


KEY = f"${{aws:kms/key:Key::{NAME}-volumes.arn}}"
FOR_AWS = {"kms:GrantIsForAWSResource": "true"}


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected"),
    [
        ("kms:GenerateDataKeyWithoutPlaintext", KEY, {}, True),
        ("kms:CreateGrant", KEY, FOR_AWS, True),
        ("kms:CreateGrant", KEY, {}, False),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/other", {}, False),
        ("kms:ScheduleKeyDeletion", KEY, FOR_AWS, False),
    ],
)
def test_volumes_are_encrypted_with_their_own_key(
    action: str, resource: str, context: dict[str, str], *, expected: bool
) -> None:
    """The driver uses the key of volumes and no other; the rest is AWS's policy, for volumes that it made."""
    assert expected is allowed("volumes", action, resource, context)
    assert ["arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"] == [
        item.inputs["policyArn"] for name, item in managed().items() if name.startswith("RolePolicyAttachment ")
    ]


def test_rights_fit_into_a_role() -> None:
    """AWS counts at most 10,240 characters of a role's own policies, without white space."""
    found = managed(longest=True)
    sizes = [
        len(re.sub(r"\s", "", item.inputs["policy"])) for name, item in found.items() if name.startswith("RolePolicy ")
    ]

    assert 3 == len(sizes)
    assert max(sizes) <= 10240

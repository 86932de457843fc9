"""What a cluster of anybody lacks, and what is not installed again."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from components.base import Spec, Tier
from components.cluster.contract import ClusterAbilities
from components.cluster_services.contract import KubernetesServicesSpec, ServiceChart, kubernetes_services_spec
from components.conformance import Case
from components.ingress.contract import ExistingSpec as ExistingIngress
from components.ingress.contract import GatewaySpec
from components.node_pools.contract import ExistingSpec, Taint
from components.recording import RecordedResource
from components.runners.contract import ArcSpec, HostedSpec

STORAGE = ClusterAbilities(storage_classes=("standard",), default_storage_class="standard")
GATEWAY = GatewaySpec(flavor="gateway", domain="dev.ml.acme.example", issuer="letsencrypt")
ROUTED = ExistingIngress(flavor="existing", domain="dev.ml.acme.example", gateway="a/b")
ARC = ArcSpec(flavor="arc", github_url="https://github.com/acme-research")
CHARTS: tuple[ServiceChart, ...] = get_args(ServiceChart)
POOLS = {"train": {"machines": "a100", "acme.example/zone": "a"}, "serve": {"machines": "l4"}}
EVERYTHING = KubernetesServicesSpec(flavor="kubernetes", storage_class="standard", charts=CHARTS, gpu_pools=POOLS)
TWICE = set(CHARTS) - {"nvidia-device-plugin"}
REPLICAS = {
    "cert-manager": ["replicaCount", "webhook.replicaCount", "cainjector.replicaCount"],
    "cloudnative-pg": ["replicaCount"],
    "gateway-helm": ["deployment.replicas"],
    "gha-runner-scale-set-controller": ["replicaCount"],
    "metrics-server": ["replicas"],
}
"""Chart -> values that say how many there are."""


def pool(labels: dict[str, str], gpus: int = 0) -> ExistingSpec:
    """Machines that are there, with GPUs or without."""
    gpu = {"accelerators": {"nvidia.com/gpu": gpus}, "taints": (Taint(key="nvidia.com/gpu"),)} if gpus else {}
    return ExistingSpec(flavor="existing", labels=labels, cpu=8, memory_gib=32, max_size=2, **gpu)


def releases(spec: KubernetesServicesSpec = EVERYTHING, tier: Tier = Tier.PROD) -> dict[str, RecordedResource]:
    """What is installed, by the name of the chart."""
    built = Case(spec, cloud=False).built(tier)
    return {str(item.inputs["name"]): item for item in built.managed if item.type.endswith(":Release")}


def at(values: dict[str, Any], path: str) -> Any:
    """What is set at a path."""
    for name in path.split("."):
        values = values[name]
    return values


@pytest.mark.parametrize(
    ("abilities", "uses", "expected"),
    [
        ({}, (), ["metrics-server"]),
        ({"api_groups": ("metrics.k8s.io",)}, (), []),
        ({}, (HostedSpec(), ROUTED), ["gateway-helm", "metrics-server"]),
        ({"api_groups": ("gateway.networking.k8s.io",)}, (ROUTED,), ["metrics-server"]),
        ({}, (GATEWAY,), ["cert-manager", "gateway-helm", "metrics-server"]),
        ({"api_groups": ("cert-manager.io",)}, (GATEWAY,), ["gateway-helm", "metrics-server"]),
        ({}, (ARC,), ["gha-runner-scale-set-controller", "metrics-server"]),
        ({"api_groups": ("actions.github.com",)}, (ARC,), ["metrics-server"]),
    ],
)
def test_what_is_used_and_not_there_is_installed(
    abilities: dict[str, Any], uses: tuple[Spec[Any], ...], expected: list[str]
) -> None:
    """Autoscalers of served models read metrics in every cluster; the rest is what specs say they need."""
    found = kubernetes_services_spec(ClusterAbilities(**abilities), {}, uses)

    assert expected == list(found.charts)


@pytest.mark.parametrize("able", [False, True])
def test_the_plugin_is_there_for_machines_whose_gpus_nothing_offers(*, able: bool) -> None:
    """It is told where they are; a cluster that offers them already has a plugin, and a second one would do harm."""
    pools = {"plain": pool({"machines": "plain"}), "gpu": pool({"machines": "gpu"}, gpus=4)}
    abilities = ClusterAbilities(extended_resources=("nvidia.com/gpu",) if able else ())
    found = kubernetes_services_spec(abilities, pools, ())

    assert ({} if able else {"gpu": {"machines": "gpu"}}) == found.gpu_pools
    assert able is ("nvidia-device-plugin" not in found.charts)


def test_another_kind_of_accelerator_gets_no_plugin_of_nvidia() -> None:
    """What offers it is its owner's matter."""
    tpu = ExistingSpec(
        flavor="existing",
        labels={"machines": "tpu"},
        taints=(Taint(key="acme.example/tpu"),),
        accelerators={"acme.example/tpu": 1},
        cpu=8,
        memory_gib=32,
        max_size=2,
    )

    assert ("metrics-server",) == kubernetes_services_spec(ClusterAbilities(), {"tpu": tpu}, ()).charts


def test_the_default_class_is_the_cluster_s() -> None:
    """Nobody makes a StorageClass in a cluster of somebody else's."""
    spec = kubernetes_services_spec(STORAGE, {}, ())

    assert "standard" == Case(spec, cloud=False).built().root.outputs["storage_class"]


def test_the_plugin_reaches_machines_with_gpus_and_no_others() -> None:
    """One term for each pool, all labels of the pool in it, and no taint in its way."""
    values = releases()["nvidia-device-plugin"].inputs["values"]
    terms = at(values, "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms")
    reached = [{rule["key"]: rule["values"] for rule in term["matchExpressions"]} for term in terms]

    assert [{key: [value] for key, value in labels.items()} for labels in POOLS.values()] == reached
    assert {"In"} == {rule["operator"] for term in terms for rule in term["matchExpressions"]}
    assert [{"operator": "Exists"}] == values["tolerations"]


@pytest.mark.parametrize("chart", sorted(TWICE))
@pytest.mark.parametrize(("tier", "count"), [(Tier.DEV, 1), (Tier.STAGING, 2), (Tier.PROD, 2)])
def test_there_is_one_in_dev_and_two_elsewhere(chart: str, tier: Tier, count: int) -> None:
    """Two, and not on one machine where there are two."""
    values = releases(tier=tier)[chart].inputs["values"]

    assert {count} == {at(values, path) for path in REPLICAS[chart]}
    assert "kubernetes.io/hostname" in str(values)


@pytest.mark.parametrize("tier", [Tier.DEV, Tier.PROD])
def test_not_both_are_taken_away_at_once(tier: Tier) -> None:
    """Where the chart lets us say so; a budget over a single pod would stop every upgrade of a machine."""
    found = releases(tier=tier)
    budgets = [
        at(found["cert-manager"].inputs["values"], f"{part}podDisruptionBudget")
        for part in ("", "webhook.", "cainjector.")
    ]
    budgets.append(at(found["metrics-server"].inputs["values"], "podDisruptionBudget"))
    two = tier > Tier.DEV

    assert [{"enabled": True, "maxUnavailable": 1} if two else {"enabled": False}] * 4 == budgets
    assert {"minAvailable": 1 if two else 0} == found["gateway-helm"].inputs["values"]["podDisruptionBudget"]


def test_machines_are_chosen_where_there_is_a_system_pool() -> None:
    """By its labels, and but for what has to be on machines with GPUs."""
    anywhere = {name for name, item in releases().items() if "system-labels" not in str(item.inputs["values"])}

    assert {"nvidia-device-plugin"} == anywhere


@pytest.mark.parametrize(("tier", "kept"), [(Tier.DEV, False), (Tier.STAGING, True), (Tier.PROD, True)])
def test_definitions_of_certificates_come_and_stay(tier: Tier, *, kept: bool) -> None:
    """The chart brings none unless told; without them every certificate is deleted, which is for `dev` only."""
    assert {"enabled": True, "keep": kept} == releases(tier=tier)["cert-manager"].inputs["values"]["crds"]


@pytest.mark.parametrize(("tier", "trusting"), [(Tier.DEV, True), (Tier.STAGING, False), (Tier.PROD, False)])
def test_kubelets_are_believed_in_dev_only(tier: Tier, *, trusting: bool) -> None:
    """A laptop's cluster signs nothing for its kubelets; elsewhere a false one would answer for a machine."""
    values = releases(tier=tier)["metrics-server"].inputs["values"]

    assert trusting is ("--kubelet-insecure-tls" in values.get("args", []))
    assert values["apiService"]["insecureSkipTLSVerify"] is False


def test_each_chart_has_a_namespace_of_its_own_first() -> None:
    """But for what belongs to every cluster."""
    built = Case(EVERYTHING, cloud=False).built(Tier.PROD)
    homes = {item.inputs["metadata"]["name"]: item.urn for item in built.managed if item.type.endswith(":Namespace")}
    found = {name: item.inputs["namespace"] for name, item in releases().items()}

    assert "kube-system" == found.pop("metrics-server")
    assert set(found.values()) == set(homes)
    assert len(found) == len(homes)
    assert all(homes[namespace] in releases()[chart].dependencies for chart, namespace in found.items())

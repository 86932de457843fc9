"""Closure: whatever a stack uses of its cluster, something provides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.charts import chart_named
from components.cluster.contract import ClusterAbilities
from pipelines.plan.graph import Graph, GraphResource, is_known
from pipelines.plan.policy.base import Example, Flaw, Policy, inside, items
from pipelines.plan.policy.kubernetes import containers, pods

CLUSTER = "aws:eks/cluster:Cluster"
ADDON = "aws:eks/addon:Addon"
POOL = "aws:eks/nodeGroup:NodeGroup"
RELEASE = "kubernetes:helm.sh/v3:Release"
CRD = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
API_SERVICE = "kubernetes:apiregistration.k8s.io/v1:APIService"
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
INGRESS_CLASS = "kubernetes:networking.k8s.io/v1:IngressClass"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
POSTGRES = "kubernetes:postgresql.cnpg.io/v1:Cluster"
CERTIFICATES = "cert-manager.io"
GATEWAYS = "gateway.networking.k8s.io"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"

_KIND = re.compile(r"kubernetes:(?P<group>[a-z0-9.-]+)/[a-z0-9]+:(?P<kind>\w+)")

BUILT_IN = frozenset(
    {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "core",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "helm.sh",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)
"""API groups that every cluster serves; `helm.sh` is Pulumi's own."""

_OF_ADDONS = {
    "metrics-server": ("metrics.k8s.io",),
    "snapshot-controller": ("snapshot.storage.k8s.io",),
    "vpc-cni": ("crd.k8s.amazonaws.com", "networking.k8s.aws", "vpcresources.k8s.aws"),
}
"""Add-on of EKS -> API groups that it makes known."""

_OF_METRICS = {
    "ContainerResource": "metrics.k8s.io",
    "External": "external.metrics.k8s.io",
    "Object": "custom.metrics.k8s.io",
    "Pods": "custom.metrics.k8s.io",
    "Resource": "metrics.k8s.io",
}
"""Kind of metric that an autoscaler reads -> the API group that serves it."""

_DEFAULT = "(the default)"


@dataclass
class _Provided:
    """Kind of thing -> name -> URNs of what provides it; declared abilities need nothing."""

    found: dict[str, dict[str, set[str]]] = field(default_factory=dict[str, dict[str, set[str]]])

    def add(self, kind: str, names: Iterable[Any], by: GraphResource | None = None) -> None:
        for name in names:
            urns = self.found.setdefault(kind, {}).setdefault(str(name), set())
            urns |= {by.urn} if by else set()

    def of(self, kind: str) -> dict[str, set[str]]:
        return self.found.get(kind, {})


def unprovided(graph: Graph) -> Iterator[Flaw]:
    """Say what is used and provided by nothing, and custom resources that do not wait for what makes them known."""
    provided = _provided(graph, graph.abilities or ClusterAbilities())
    for resource, kind, name in _used(graph):
        known = provided.of(kind)
        if name not in known:
            choice = f"use one of {', '.join(sorted(known))}, or add" if known else "add"
            yield resource, f"uses {kind} `{name}`, which nothing provides; {choice} what provides it"
        elif kind == "API group" and name == _group_and_kind(resource)[0]:
            yield from _too_early(graph, resource, name, known[name])


def _closed(graph: Graph) -> Iterator[Flaw]:
    """Judge what makes its own cluster, or says what its cluster has; of any other nobody knows."""
    if graph.abilities or graph.of_type(CLUSTER):
        yield from unprovided(graph)


def _too_early(graph: Graph, resource: GraphResource, group: str, providers: set[str]) -> Iterator[Flaw]:
    if providers and not providers & _before(graph, resource):
        labels = ", ".join(sorted(graph.by_urn[urn].label for urn in providers))
        yield resource, f"may come before its API group `{group}` is known; make it depend on {labels}"


def _before(graph: Graph, resource: GraphResource) -> set[str]:
    found, left = set[str](), [*resource.dependencies]
    while left:
        urn = left.pop()
        if urn not in found:
            found.add(urn)
            left += graph.by_urn[urn].dependencies if urn in graph.by_urn else ()
    return found


def _group_and_kind(resource: GraphResource) -> tuple[str, str]:
    found = _KIND.fullmatch(resource.type)
    return (found["group"], found["kind"]) if found else ("", "")


def _used(graph: Graph) -> Iterator[tuple[GraphResource, str, str]]:
    for resource in graph.managed:
        group, _ = _group_and_kind(resource)
        if group and group not in BUILT_IN:
            yield resource, "API group", group
    for scaler in graph.of_type(AUTOSCALER):
        for metric in items(inside(scaler.inputs, "spec").get("metrics")) or [{"type": "Resource"}]:
            yield scaler, "API group", _OF_METRICS.get(str(metric.get("type")), "metrics.k8s.io")
    yield from _used_classes(graph)
    for workload, pod in pods(graph):
        for container in containers(pod):
            wanted = inside(container, "resources", "requests") | inside(container, "resources", "limits")
            for name in sorted(name for name in wanted if "/" in name):
                yield workload, "extended resource", name


def _used_classes(graph: Graph) -> Iterator[tuple[GraphResource, str, str]]:
    for claim in graph.of_type(CLAIM):
        yield from _named(claim, "StorageClass", inside(claim.inputs, "spec").get("storageClassName", _DEFAULT))
    for workload in graph.of_type(STATEFUL_SET):
        for template in items(inside(workload.inputs, "spec").get("volumeClaimTemplates")):
            yield from _named(workload, "StorageClass", inside(template, "spec").get("storageClassName", _DEFAULT))
    for database in graph.of_type(POSTGRES):
        storage = inside(database.inputs, "spec", "storage")
        yield from _named(database, "StorageClass", storage.get("storageClass", _DEFAULT))
    for certificate in (one for one in graph.managed if _group_and_kind(one) == (CERTIFICATES, "Certificate")):
        issuer = inside(certificate.inputs, "spec", "issuerRef")
        if issuer.get("kind") == "ClusterIssuer":
            yield from _named(certificate, "ClusterIssuer", issuer.get("name"))
    for ingress in graph.of_type(INGRESS):
        yield from _named(ingress, "IngressClass", inside(ingress.inputs, "spec").get("ingressClassName", _DEFAULT))
    for gateway in (one for one in graph.managed if _group_and_kind(one) == (GATEWAYS, "Gateway")):
        yield from _named(gateway, "GatewayClass", inside(gateway.inputs, "spec").get("gatewayClassName"))


def _named(resource: GraphResource, kind: str, name: Any) -> Iterator[tuple[GraphResource, str, str]]:
    if isinstance(name, str) and name and is_known(name):
        yield resource, kind, name


def _provided(graph: Graph, abilities: ClusterAbilities) -> _Provided:
    provided = _Provided()
    provided.add("API group", abilities.api_groups)
    provided.add("StorageClass", [*abilities.storage_classes, *([_DEFAULT] if abilities.default_storage_class else [])])
    provided.add("ClusterIssuer", abilities.cluster_issuers)
    provided.add("IngressClass", abilities.ingress_classes)
    provided.add("GatewayClass", abilities.gateway_classes)
    provided.add("extended resource", abilities.extended_resources)
    for resource in graph.managed:
        _provide(provided, resource)
    return provided


def _provide(provided: _Provided, resource: GraphResource) -> None:
    inputs = resource.inputs
    match resource.type:
        case t if t in {CRD, API_SERVICE}:
            provided.add("API group", [inside(inputs, "spec").get("group")], resource)
        case t if t == STORAGE_CLASS:
            provided.add("StorageClass", _names(resource, "storageclass.kubernetes.io/is-default-class"), resource)
        case t if t == INGRESS_CLASS:
            provided.add("IngressClass", _names(resource, "ingressclass.kubernetes.io/is-default-class"), resource)
        case t if t == RELEASE and (chart := chart_named(inputs.get("chart"))):
            provided.add("API group", chart.api_groups, resource)
            provided.add("IngressClass", chart.ingress_classes, resource)
            provided.add("extended resource", chart.extended_resources, resource)
        case t if t == ADDON:
            provided.add("API group", _OF_ADDONS.get(str(inputs.get("addonName")), ()), resource)
        case t if t == POOL and re.fullmatch(r"BOTTLEROCKET_\w+_NVIDIA", str(inputs.get("amiType"))):
            provided.add("extended resource", ["nvidia.com/gpu"], resource)
        case _ if _group_and_kind(resource) == (CERTIFICATES, "ClusterIssuer"):
            provided.add("ClusterIssuer", _names(resource), resource)
        case _ if _group_and_kind(resource) == (GATEWAYS, "GatewayClass"):
            provided.add("GatewayClass", _names(resource), resource)
        case _:
            pass


def _names(resource: GraphResource, default: str | None = None) -> list[str]:
    metadata = inside(resource.inputs, "metadata")
    is_default = default and str(inside(metadata, "annotations").get(default)).lower() == "true"
    return [str(metadata.get("name")), *([_DEFAULT] if is_default else [])]


_PARAMETERS = "kubernetes:elbv2.k8s.aws/v1beta1:IngressClassParams alb"
_CONTROLLER: Example = {f"{RELEASE} controller": {"chart": "aws-load-balancer-controller"}}
_GPU_POD = {"containers": [{"name": "app", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}
_TRAINING: Example = {"kubernetes:batch/v1:Job train": {"spec": {"template": {"spec": _GPU_POD}}}}
_SCALED: Example = {f"{AUTOSCALER} app": {"spec": {"maxReplicas": 4}}}
_CLAIM: Example = {f"{CLAIM} data": {"spec": {"accessModes": ["ReadWriteOnce"]}}}
_GATEWAY: Example = {
    f"{CRD} gateways": {"spec": {"group": GATEWAYS}},
    f"kubernetes:{GATEWAYS}/v1:Gateway app": {"spec": {"gatewayClassName": "eg"}, "after": f"${{{CRD}::gateways.id}}"},
}
_GATEWAY_CLASS: Example = {
    f"kubernetes:{GATEWAYS}/v1:GatewayClass eg": {"metadata": {"name": "eg"}, "after": f"${{{CRD}::gateways.id}}"}
}
_DATABASE: Example = {
    f"{CRD} databases": {"spec": {"group": "postgresql.cnpg.io"}},
    f"{POSTGRES} db": {"spec": {"storage": {"size": "1Gi"}}, "after": f"${{{CRD}::databases.id}}"},
}
_CERTIFICATE: Example = {
    f"{CRD} certificates": {"spec": {"group": CERTIFICATES}},
    f"kubernetes:{CERTIFICATES}/v1:Certificate app": {
        "spec": {"issuerRef": {"kind": "ClusterIssuer", "name": "ours"}},
        "after": f"${{{CRD}::certificates.id}}",
    },
}
_ISSUER: Example = {
    f"kubernetes:{CERTIFICATES}/v1:ClusterIssuer ours": {
        "metadata": {"name": "ours"},
        "after": f"${{{CRD}::certificates.id}}",
    }
}


def _stack(*parts: Example) -> Example:
    whole: dict[str, Mapping[str, Any]] = {f"{CLUSTER} main": {}}
    for part in parts:
        whole |= part
    return whole


def _reached(**spec: Any) -> Example:
    return {f"{INGRESS} app": {"spec": spec}}


def _class(**annotations: str) -> Example:
    return {f"{STORAGE_CLASS} gp3": {"metadata": {"name": "gp3", "annotations": annotations}}}


def _database(storage_class: str) -> Example:
    return {f"{STATEFUL_SET} db": {"spec": {"volumeClaimTemplates": [{"spec": {"storageClassName": storage_class}}]}}}


POLICIES = (
    Policy(
        id="kubernetes-closure",
        reason="What no part of the cluster serves is refused when it is applied, or waits for ever.",
        source="Kubernetes documentation: custom resources, storage classes, ingress class, extended resources",
        check=_closed,
        fires=[
            _stack({_PARAMETERS: {}}),
            _stack(_CONTROLLER, {_PARAMETERS: {}}),
            _stack(_TRAINING),
            _stack(_TRAINING, {f"{POOL} gpu": {"amiType": "AL2023_x86_64_NVIDIA"}}),
            _stack(_SCALED),
            _stack(_CLAIM, _class()),
            _stack(_database("io2"), _class()),
            _stack(_reached(ingressClassName="alb")),
            _stack(_reached()),
            _stack(_GATEWAY),
            _stack(_DATABASE, _class()),
            _stack(_CERTIFICATE),
        ],
        holds=[
            _stack(_CONTROLLER, {_PARAMETERS: {"after": f"${{{RELEASE}::controller.id}}"}}),
            _stack(_TRAINING, {f"{RELEASE} plugin": {"chart": "nvidia-device-plugin"}}),
            _stack(_TRAINING, {f"{POOL} gpu": {"amiType": "BOTTLEROCKET_x86_64_NVIDIA"}}),
            _stack(_SCALED, {f"{RELEASE} metrics": {"chart": "metrics-server"}}),
            _stack(_SCALED, {f"{ADDON} metrics": {"addonName": "metrics-server"}}),
            _stack(_CLAIM, _class(**{"storageclass.kubernetes.io/is-default-class": "true"})),
            _stack(_database("gp3"), _class()),
            _stack(_reached(ingressClassName="alb"), {f"{INGRESS_CLASS} alb": {"metadata": {"name": "alb"}}}),
            _stack(_GATEWAY, _GATEWAY_CLASS),
            _stack(_DATABASE, _class(**{"storageclass.kubernetes.io/is-default-class": "true"})),
            _stack(_CERTIFICATE, _ISSUER),
            _reached(ingressClassName="of-another-stack"),
        ],
    ),
)

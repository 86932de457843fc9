"""What differs from the defaults of charts in a cluster of anybody; every key is held against the chart by a test."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from components.charts import charts
from components.cluster_services import values as of_eks
from components.cluster_services.values import ONE_AT_A_TIME, RESTRICTED, Values, resources, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pulumi import Output

    from components.base import Place
    from components.cluster_services.contract import KubernetesServicesSpec, ServiceChart

CONTROLLER = "arc-systems/arc-controller"
"""`<namespace>/<name>` of the service account by which the controller of runners works."""

_POD = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}


def of_charts(
    spec: KubernetesServicesSpec, place: Place, labels: Output[dict[str, str]] | None
) -> Mapping[ServiceChart, Callable[[], Values]]:
    """Return what makes the values of each chart.

    Args:
        spec: What is installed.
        place: In `dev` there is one of each.
        labels: Machines that it runs on; none where any will do.
    """
    count = 1 if place.disposable else of_eks.REPLICAS
    where = {"nodeSelector": labels} if labels is not None else {}
    return {
        "cert-manager": partial(cert_manager, place, count, where),
        "cloudnative-pg": partial(cloudnative_pg, count, where),
        "gateway-helm": partial(gateway_helm, count, where),
        "gha-runner-scale-set-controller": partial(runner_controller, count, where),
        "metrics-server": partial(metrics_server, place, count, where),
        "nvidia-device-plugin": partial(device_plugin, spec.gpu_pools),
    }


def cert_manager(place: Place, count: int, where: Values) -> Values:
    """Its definitions come with it; outside of `dev` they stay when it goes, and all certificates with them."""
    return {
        "crds": {"enabled": True, "keep": not place.disposable},
        "global": where,
        "startupapicheck": {"resources": resources("10m", "64Mi")},
        **_part("cert-manager", count, "128Mi", "controller"),
        "cainjector": _part("cainjector", count, "256Mi", "cainjector"),
        "webhook": _part("webhook", count, "64Mi", "webhook"),
    }


def _part(name: str, count: int, memory: str, component: str) -> Values:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}
    return {
        "replicaCount": count,
        "podDisruptionBudget": {"enabled": count > 1, **(ONE_AT_A_TIME if count > 1 else {})},
        "resources": resources("20m", memory),
        "topologySpreadConstraints": [_apart(labels)],
    }


def cloudnative_pg(count: int, where: Values) -> Values:
    """One of them works, the other one waits."""
    return {
        **where,
        "replicaCount": count,
        "resources": resources("50m", "256Mi"),
        "topologySpreadConstraints": [_apart({"app.kubernetes.io/name": "cloudnative-pg"})],
    }


def gateway_helm(count: int, where: Values) -> Values:
    """The definitions of the Gateway API come with it; the proxies run what the table of charts says."""
    pod = {**where, "topologySpreadConstraints": [_apart({"control-plane": "envoy-gateway"})]}
    return {
        "global": {"images": {"envoyProxy": {"image": charts()["gateway-helm"].images_of_others["envoy"]}}},
        "deployment": {
            "replicas": count,
            "pod": pod,
            "envoyGateway": {"resources": resources("100m", "512Mi")},
        },
        "podDisruptionBudget": {"minAvailable": count - 1},
        "certgen": {"job": {**where, "resources": resources("10m", "64Mi")}},
    }


def runner_controller(count: int, where: Values) -> Values:
    """Its account has a name that scale sets are told."""
    return {
        **where,
        "replicaCount": count,
        "serviceAccount": {"name": CONTROLLER.partition("/")[2]},
        "flags": {"logFormat": "json"},
        "podSecurityContext": _POD,
        "securityContext": RESTRICTED,
        "resources": resources("50m", "128Mi"),
        "topologySpreadConstraints": [_apart({"app.kubernetes.io/name": "gha-rs-controller"})],
    }


def metrics_server(place: Place, count: int, where: Values) -> Values:
    """In `dev` it takes kubelets at their word: those of a laptop's cluster sign their certificates themselves."""
    return {
        **where,
        **of_eks.metrics_server_anywhere(),
        "replicas": count,
        "podDisruptionBudget": {"enabled": count > 1, **(ONE_AT_A_TIME if count > 1 else {})},
        "topologySpreadConstraints": [_apart({"app.kubernetes.io/name": "metrics-server"})],
        **({"args": ["--kubelet-insecure-tls"]} if place.disposable else {}),
    }


def device_plugin(gpu_pools: Mapping[str, Mapping[str, str]]) -> Values:
    """It runs on every machine of the pools with GPUs, whatever their taints, and on no other."""
    terms = [{"matchExpressions": [_in(*label) for label in sorted(labels.items())]} for labels in gpu_pools.values()]
    required = {"nodeSelectorTerms": terms}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
        "tolerations": [{"operator": "Exists"}],
        "resources": resources("50m", "128Mi"),
    }


def _in(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": [value]}


def _apart(labels: dict[str, str]) -> Values:
    return spread("kubernetes.io/hostname", labels)

"""What the objects that serve a model say; they are a function of pin and contract, so that twice changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.model_deployer.contract import MODEL_LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.model_deployer.contract import KubernetesSection
    from pipelines.release.pin import Pin

    Document = dict[str, Any]

DIGEST = "stackwright/digest"
"""Annotation: the package that pods serve."""
COMMIT = "stackwright/commit"
"""Annotation: the commit of the project that made the package."""
RELEASE_LABEL = "stackwright/release"

OURS = "app.kubernetes.io/managed-by=stackwright"
"""Selects what deployments made."""

ROUTE = "models"
"""Name of the one route of a project."""

BALANCER = {
    "alb.ingress.kubernetes.io/healthcheck-path": "/v2/health/ready",
    "alb.ingress.kubernetes.io/target-type": "ip",
}
"""What the controller of AWS's load balancer has to be told; others read nothing of it."""


def deployment(section: KubernetesSection, pin: Pin, pod: Document, seconds: int) -> Document:
    """Return what runs a model.

    Args:
        section: How the environment serves models.
        pin: What to serve.
        pod: What a copy of it is.
        seconds: How long a new copy may take until it is ready.
    """
    labels = {**_labels(pin.model), RELEASE_LABEL: str(pin.release)}
    annotations = {DIGEST: pin.digest, COMMIT: pin.commit}
    return {
        **_object("apps/v1", "Deployment", section, pin.model, labels, annotations),
        "spec": {
            "selector": {"matchLabels": {MODEL_LABEL: pin.model}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
            "progressDeadlineSeconds": seconds,
            "revisionHistoryLimit": 3,
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod},
        },
    }


def service(section: KubernetesSection, model: str) -> Document:
    """Return the name that leads to the copies of a model."""
    ports = [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
    return {
        **_object("v1", "Service", section, model, _labels(model)),
        "spec": {"type": "ClusterIP", "selector": {MODEL_LABEL: model}, "ports": ports},
    }


def scaler(section: KubernetesSection, model: str) -> Document:
    """Return what decides how many copies there are."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": model}
    busy = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    return {
        **_object("autoscaling/v2", "HorizontalPodAutoscaler", section, model, _labels(model)),
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": section.min_replicas,
            "maxReplicas": section.max_replicas,
            "metrics": [{"type": "Resource", "resource": busy}],
        },
    }


def budget(section: KubernetesSection, model: str) -> Document:
    """Return the promise that nodes are emptied one copy at a time."""
    return {
        **_object("policy/v1", "PodDisruptionBudget", section, model, _labels(model)),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {MODEL_LABEL: model}}},
    }


def route_kind(section: KubernetesSection) -> str:
    """Return which kind of route an environment has."""
    return "HTTPRoute" if section.gateway else "Ingress"


def route(section: KubernetesSection, models: Sequence[str]) -> Document:
    """Return the one route of a project: below its host, the paths of each model's protocol, and nothing else."""
    labels = {"app.kubernetes.io/managed-by": "stackwright"}
    if section.gateway:
        namespace, _, name = section.gateway.partition("/")
        return {
            **_object("gateway.networking.k8s.io/v1", "HTTPRoute", section, ROUTE, labels),
            "spec": {
                "parentRefs": [{"namespace": namespace, "name": name}],
                "hostnames": [section.host],
                "rules": [_gateway_rule(model) for model in models],
            },
        }
    return {
        **_object("networking.k8s.io/v1", "Ingress", section, ROUTE, labels, BALANCER),
        "spec": {
            "ingressClassName": section.class_name,
            "rules": [{"host": section.host, "http": {"paths": [_path(model) for model in models]}}],
        },
    }


def _gateway_rule(model: str) -> Document:
    matched = {"path": {"type": "PathPrefix", "value": f"/v2/models/{model}"}}
    return {"matches": [matched], "backendRefs": [{"name": model, "port": 80}]}


def _path(model: str) -> Document:
    backend = {"service": {"name": model, "port": {"name": "http"}}}
    return {"path": f"/v2/models/{model}", "pathType": "Prefix", "backend": backend}


def _object(
    version: str,
    kind: str,
    section: KubernetesSection,
    name: str,
    labels: dict[str, str],
    annotations: dict[str, str] | None = None,
) -> Document:
    metadata: Document = {"name": name, "namespace": section.namespace, "labels": labels}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _labels(model: str) -> dict[str, str]:
    return {"app.kubernetes.io/managed-by": "stackwright", "app.kubernetes.io/name": model, MODEL_LABEL: model}

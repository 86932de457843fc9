"""Which fields of Kubernetes objects are fixed for their life."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.plan.leaves import covers
from pipelines.plan.schemas import Effect

_IDENTITY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
_BINDING = ("roleRef",)

FIXED: Mapping[str, tuple[str, ...]] = {
    "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy": (),
    "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding": (),
    "apps/v1:DaemonSet": ("spec.selector",),
    "apps/v1:Deployment": ("spec.selector",),
    "apps/v1:StatefulSet": (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "autoscaling/v2:HorizontalPodAutoscaler": (),
    "batch/v1:CronJob": (),
    "cert-manager.io/v1:Certificate": (),
    "cert-manager.io/v1:Issuer": (),
    "batch/v1:Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "core/v1:ConfigMap": ("immutable",),
    "core/v1:LimitRange": (),
    "core/v1:Namespace": (),
    "core/v1:PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeMode",
        "spec.volumeName",
    ),
    "core/v1:ResourceQuota": ("spec.scopes",),
    "core/v1:Secret": ("immutable", "type"),
    "core/v1:Service": ("spec.clusterIP",),
    "core/v1:ServiceAccount": (),
    "elbv2.k8s.aws/v1beta1:IngressClassParams": (),
    "gateway.networking.k8s.io/v1:Gateway": (),
    "gateway.networking.k8s.io/v1:GatewayClass": (),
    "gateway.networking.k8s.io/v1:HTTPRoute": (),
    "helm.sh/v3:Release": ("name", "namespace"),
    "monitoring.coreos.com/v1:PodMonitor": (),
    "monitoring.coreos.com/v1:PrometheusRule": (),
    "monitoring.coreos.com/v1:ServiceMonitor": (),
    "networking.k8s.io/v1:Ingress": (),
    "networking.k8s.io/v1:IngressClass": ("spec.controller",),
    "networking.k8s.io/v1:NetworkPolicy": (),
    "policy/v1:PodDisruptionBudget": (),
    "postgresql.cnpg.io/v1:Cluster": (),
    "postgresql.cnpg.io/v1:ScheduledBackup": (),
    "rbac.authorization.k8s.io/v1:ClusterRole": (),
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": _BINDING,
    "rbac.authorization.k8s.io/v1:Role": (),
    "rbac.authorization.k8s.io/v1:RoleBinding": _BINDING,
    "scheduling.k8s.io/v1:PriorityClass": ("preemptionPolicy", "value"),
    "storage.k8s.io/v1:StorageClass": ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
}
"""API and kind -> the fields that only a replacement changes.

The content of ConfigMaps and Secrets is none of them, as our provider is set: they have fixed names, and one that was
replaced would not be there for a moment. A kind that is missing here may be replaced by any change.
"""


def effect(type_: str, path: str) -> Effect:
    """Return what a changed field of a Kubernetes object does."""
    kind = type_.removeprefix("kubernetes:")
    if any(covers(field, path) for field in _IDENTITY):
        return Effect.REPLACES
    if kind not in FIXED:
        return Effect.MAY_REPLACE
    if any(covers(field, path) for field in FIXED[kind]):
        return Effect.REPLACES
    above = any(covers(path, field) for field in (*_IDENTITY, *FIXED[kind]))
    return Effect.MAY_REPLACE if above else Effect.IN_PLACE

"""What there is to know of kinds: their classes in `pulumi_kubernetes`, and whether a namespace holds them."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pulumi_kubernetes
from pulumi import _types

from tests.harness.plugin.classes import Fields, fields_of

RELEASE = "helm.sh/v3:Release"
BUILT_IN = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
"""Namespaces that every cluster has."""

CLUSTER_WIDE: Mapping[str, frozenset[str]] = {
    "": frozenset({"Namespace", "Node", "PersistentVolume"}),
    "admissionregistration.k8s.io": frozenset(
        {
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        }
    ),
    "apiextensions.k8s.io": frozenset({"CustomResourceDefinition"}),
    "apiregistration.k8s.io": frozenset({"APIService"}),
    "cert-manager.io": frozenset({"ClusterIssuer"}),
    "certificates.k8s.io": frozenset({"CertificateSigningRequest"}),
    "elbv2.k8s.aws": frozenset({"IngressClassParams"}),
    "external-secrets.io": frozenset({"ClusterExternalSecret", "ClusterSecretStore"}),
    "flowcontrol.apiserver.k8s.io": frozenset({"FlowSchema", "PriorityLevelConfiguration"}),
    "gateway.networking.k8s.io": frozenset({"GatewayClass"}),
    "karpenter.k8s.aws": frozenset({"EC2NodeClass"}),
    "karpenter.sh": frozenset({"NodeClaim", "NodePool"}),
    "kueue.x-k8s.io": frozenset({"ClusterQueue", "ResourceFlavor"}),
    "networking.k8s.io": frozenset({"IngressClass"}),
    "node.k8s.io": frozenset({"RuntimeClass"}),
    "nvidia.com": frozenset({"ClusterPolicy"}),
    "rbac.authorization.k8s.io": frozenset({"ClusterRole", "ClusterRoleBinding"}),
    "scheduling.k8s.io": frozenset({"PriorityClass"}),
    "serving.kserve.io": frozenset(
        {
            "ClusterServingRuntime",
            "ClusterStorageContainer",
            "LocalModelCache",
            "LocalModelNode",
            "LocalModelNodeGroup",
        }
    ),
    "storage.k8s.io": frozenset({"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"}),
}
"""Group -> kinds that no namespace holds."""


def split(type_: str) -> tuple[str, str]:
    """Return API version and kind of a token: `kubernetes:core/v1:Pod` is `v1` and `Pod`."""
    version, _, kind = type_.removeprefix("kubernetes:").rpartition(":")
    return version.removeprefix("core/"), kind


def group_of(api_version: str) -> str:
    """Return the group of an API version; that of `v1` has no name."""
    return api_version.rpartition("/")[0]


def is_release(type_: str) -> bool:
    """Return whether it is a Helm release."""
    return type_.removeprefix("kubernetes:") == RELEASE


def is_custom(type_: str) -> bool:
    """Return whether the SDK has no class for it: a resource of a definition that something else brings."""
    return type_ not in _classes()


def namespaced(type_: str) -> bool:
    """Return whether a namespace holds it."""
    api_version, kind = split(type_)
    return kind not in CLUSTER_WIDE.get(group_of(api_version), frozenset())


@cache
def inputs_of(type_: str) -> Fields:
    """Return the inputs of a type, with their types; of a custom resource those that all have."""
    if is_custom(type_):
        return {**inputs_of("kubernetes:core/v1:ConfigMap"), "spec": Any}
    made = _class(type_)
    own = vars(importlib.import_module(made.__module__))
    return fields_of(own.get(f"{made.__name__}InitArgs") or own[f"{made.__name__}Args"])


@cache
def outputs_of(type_: str) -> frozenset[str]:
    """Return the names of what a type has once it is made."""
    return frozenset({"status"}) if is_custom(type_) else frozenset(_types.resource_types(_class(type_)))


def _class(type_: str) -> Any:
    module, name = _classes()[type_]
    return getattr(importlib.import_module(module), name)


@cache
def _classes() -> dict[str, tuple[str, str]]:
    """Return token -> module and class, as the SDK registers them."""
    source = Path(str(pulumi_kubernetes.__file__)).read_text(encoding="utf-8")
    (table,) = re.findall(r'resource_modules="""(.*?)"""', source, re.DOTALL)
    return {token: (module["fqn"], name) for module in json.loads(table) for token, name in module["classes"].items()}

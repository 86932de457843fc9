"""What a cluster is and has, asked of it through somebody's kubeconfig."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines.cluster import PATIENCE, connect_by_kubeconfig
from pipelines.plan.policy.closure import BUILT_IN, CERTIFICATES, GATEWAYS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubernetes.client import ApiClient

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def cluster_of(context: str) -> dict[str, Any]:
    """Return what `cluster` of a stack file says of the cluster of a context, its abilities with it.

    It reads only: release, API groups, classes, issuers and nodes, none of which is secret.

    Raises:
        UserError: There is no such context, its server cannot be proven, or it does not let the person look.
    """
    found = connect_by_kubeconfig(context)
    settings: Any = found.api
    authority = str(settings.configuration.ssl_ca_cert or "")
    if not authority:
        told = "says no authority, so nothing proves its server; add `certificate-authority-data` to its cluster"
        raise UserError(f"kubeconfig: context `{context}`: {told}")
    with found.explained(f"--context: `{context}`", "to list classes, nodes and issuers"):
        return {
            "flavor": "existing",
            "name": context,
            **_identity(found.api),
            "endpoint": found.server.endpoint.rstrip("/"),
            "certificate_authority": base64.b64encode(Path(authority).read_bytes()).decode(),
            "abilities": _abilities(found.api),
        }


def _identity(api: ApiClient) -> dict[str, str]:
    from kubernetes.client import CoreV1Api, VersionApi

    home: Any = CoreV1Api(api).read_namespace("kube-system", _request_timeout=PATIENCE)
    release: Any = VersionApi(api).get_code(_request_timeout=PATIENCE)
    return {"identifier": home.metadata.uid, "version": f"{release.major}.{release.minor.rstrip('+')}"}


def _abilities(api: ApiClient) -> dict[str, Any]:
    """Return what the cluster has beside what every cluster has; nothing of a kind where there is nothing."""
    from kubernetes.client import ApisApi, CoreV1Api, NetworkingV1Api, StorageV1Api

    served: Any = ApisApi(api).get_api_versions(_request_timeout=PATIENCE)
    groups = {str(group.name) for group in served.groups} - BUILT_IN
    classes: Any = StorageV1Api(api).list_storage_class(_request_timeout=PATIENCE)
    nodes: Any = CoreV1Api(api).list_node(_request_timeout=PATIENCE)
    ingresses: Any = NetworkingV1Api(api).list_ingress_class(_request_timeout=PATIENCE)
    default = _names(one for one in classes.items if _annotations(one).get(DEFAULT_CLASS) == "true")
    found: dict[str, set[str]] = {
        "api_groups": groups,
        "storage_classes": _names(classes.items),
        "ingress_classes": _names(ingresses.items),
        "gateway_classes": _custom(api, GATEWAYS, "gatewayclasses") if GATEWAYS in groups else set[str](),
        "cluster_issuers": _custom(api, CERTIFICATES, "clusterissuers") if CERTIFICATES in groups else set[str](),
        "extended_resources": {name for node in nodes.items for name in _offered(node) if "/" in name},
    }
    chosen = {"default_storage_class": min(default)} if default else {}
    return {name: sorted(values) for name, values in found.items() if values} | chosen


def _custom(api: ApiClient, group: str, plural: str) -> set[str]:
    from kubernetes.client import CustomObjectsApi

    answer: Any = CustomObjectsApi(api).list_cluster_custom_object(group, "v1", plural, _request_timeout=PATIENCE)
    return {str(one["metadata"]["name"]) for one in answer["items"]}


def _names(objects: Iterable[Any]) -> set[str]:
    return {str(one.metadata.name) for one in objects}


def _offered(node: Any) -> dict[str, str]:
    return node.status.allocatable or {}


def _annotations(found: Any) -> dict[str, str]:
    return found.metadata.annotations or {}

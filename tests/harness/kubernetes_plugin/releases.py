"""Helm releases on a real API server: what Helm keeps of them, and what their charts bring.

Nothing renders a chart here. A release is the Secret that Helm keeps, without a manifest; it brings the custom
resources and IngressClasses that `components/charts.yaml` declares, and leaves them behind, as Helm leaves
definitions.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from kubernetes.client import ApiClient

from components.charts import charts
from tests.harness.cluster import crds
from tests.harness.cluster.rest import Rest
from tests.harness.kubernetes_plugin.kinds import is_release
from tests.harness.kubernetes_plugin.objects import Object, Reference

_KEPT = "manifest"


def is_one(at: Reference) -> bool:
    """Return whether a release is meant."""
    return is_release(f"{at.api_version}:{at.kind}")


def path(at: Reference) -> str:
    """Return where Helm keeps it."""
    return f"/api/v1/namespaces/{at.namespace}/secrets/{_name(at)}"


def stored(at: Reference, wanted: Object) -> Object:
    """Return the Secret that Helm keeps of a release."""
    told = {
        "name": at.name,
        "namespace": at.namespace,
        "version": 1,
        "info": {"status": "deployed"},
        "chart": {"metadata": {"name": wanted["chart"], "version": wanted["version"]}},
        "config": wanted["values"],
        _KEPT: "",
        "inputs": {key: value for key, value in wanted.items() if key != "metadata"},
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": _name(at),
            "namespace": at.namespace,
            "labels": {"name": at.name, "owner": "helm", "status": "deployed", "version": "1"},
        },
        "data": {"release": _packed(told)},
    }


def read(at: Reference, secret: Object) -> Object:
    """Return a release from what Helm keeps of it."""
    told = _unpacked(secret["data"]["release"])
    status = {
        "chart": told["chart"]["metadata"]["name"],
        "version": told["chart"]["metadata"]["version"],
        "name": at.name,
        "namespace": at.namespace,
        "revision": 1,
        "status": told["info"]["status"],
    }
    return {**told["inputs"], "metadata": secret["metadata"], "status": status}


def bring(client: ApiClient, wanted: Object) -> None:
    """Make known and make what the chart of a release makes known and makes."""
    name = wanted["chart"].rpartition("/")[2]
    if not (chart := charts().get(name)):
        return
    crds.install(client, chart.api_groups)
    rest = Rest(client)
    for ingress_class in chart.ingress_classes:
        rest.apply(_class(ingress_class), "helm", force=True)


def _class(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "Helm"}},
        "spec": {"controller": f"plane.test/{name}"},
    }


def _name(at: Reference) -> str:
    return f"sh.helm.release.v1.{at.name}.v1"


def _packed(told: dict[str, Any]) -> str:
    """Pack as Helm does: gzip, base64, and base64 again as every value of a Secret."""
    inner = base64.b64encode(gzip.compress(json.dumps(told, sort_keys=True).encode(), mtime=0))
    return base64.b64encode(inner).decode()


def _unpacked(text: str) -> dict[str, Any]:
    return json.loads(gzip.decompress(base64.b64decode(base64.b64decode(text))))

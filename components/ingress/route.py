"""How a component lets its Service be reached by a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_kubernetes import apiextensions, networking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi import CustomResource, Input, Output, Resource

    from components.base import OutputsT
    from components.component import Component
    from components.ingress.contract import IngressOutputs


_NO_END = "0s"
"""Envoy ends a request after 15 s unless it is told otherwise, and an artifact may take longer
(gateway.envoyproxy.io/latest/tasks/traffic/http-timeouts)."""


def route(
    owner: Component[OutputsT],
    name: str,
    ingress: IngressOutputs,
    *,
    host: Input[str],
    namespace: str,
    service: str,
    port: int,
    depends_on: Sequence[Resource] = (),
) -> CustomResource:
    """Make what leads a name to a Service, as a child of a component: an Ingress, or the HTTPRoute of a Gateway.

    The Gateway takes routes of namespaces with the label `ROUTES_LABEL` only; TLS ends before the Service.

    Args:
        owner: The component whose Service it is.
        name: Logical name; the object is called like the Service.
        ingress: Which of the two, and what it attaches to.
        host: Name below the domain of the ingress.
        namespace: Where the Service is.
        service: Its name.
        port: The number of its port.
        depends_on: What has to be there first: the Service, mostly.
    """
    metadata: Any = {"name": service, "namespace": namespace}
    opts = owner.child_with(depends_on=depends_on)
    if ingress.gateway is None:
        spec: Any = _ingress(ingress, host, service, port)
        return networking.v1.Ingress(name, metadata=metadata, spec=spec, opts=opts)
    return apiextensions.CustomResource(
        name,
        api_version="gateway.networking.k8s.io/v1",
        kind="HTTPRoute",
        metadata=metadata,
        spec=_http_route(ingress.gateway, host, service, port),
        opts=opts,
    )


def _ingress(ingress: IngressOutputs, host: Input[str], service: str, port: int) -> Mapping[str, Any]:
    backend = {"service": {"name": service, "port": {"number": port}}}
    path = {"path": "/", "path_type": "Prefix", "backend": backend}
    return {"ingress_class_name": ingress.class_name, "rules": [{"host": host, "http": {"paths": [path]}}]}


def _http_route(gateway: Output[str], host: Input[str], service: str, port: int) -> Mapping[str, Any]:
    return {
        "parentRefs": [gateway.apply(_parent)],
        "hostnames": [host],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": service, "port": port}],
                "timeouts": {"request": _NO_END},
            }
        ],
    }


def _parent(gateway: str) -> dict[str, str]:
    namespace, _, name = gateway.partition("/")
    return {"namespace": namespace, "name": name}

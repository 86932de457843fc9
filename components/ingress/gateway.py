"""How services of a cluster are reached, by the Gateway API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi import Output
from pulumi_kubernetes import apiextensions

from components.component import Component
from components.errors import UserError
from components.ingress.contract import ROUTES_LABEL, GatewaySpec, IngressOutputs, self_signed_problem
from components.pod_security import guarded_namespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Resource, ResourceOptions

    from components.base import Place
    from components.cluster.contract import ClusterOutputs
    from components.cluster_services.contract import ClusterServicesOutputs

NAMESPACE, NAME = "gateway", "main"
CLASS = "stackwright"
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
CERTIFICATE, AUTHORITY = "wildcard", "authority"

_GATEWAY_API, _CERT_MANAGER = "gateway.networking.k8s.io/v1", "cert-manager.io/v1"
_SMALL_KEY = {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}


class GatewayIngress(Component[IngressOutputs]):
    """One Gateway with one wildcard certificate, by TLS only: whoever comes by HTTP is sent on.

    Namespaces with the label `stackwright/routes: "true"` attach routes to it, and no others: a project cannot take
    the name of another one by a route in a namespace of its own. TLS is 1.2 or newer, which is what Envoy Gateway
    takes unless somebody says less. One certificate covers one level of names: `mlflow.dev.ml.acme.example`, not
    `a.b.dev.ml.acme.example`. The address of the Gateway is given by the cluster's load balancer, and the DNS record
    that leads there is its owner's matter. The Gateway is deleted while its controller lives, or its load balancer
    would stay.

    Raises:
        UserError: The certificate is self-signed, and this is no `dev` environment.
    """

    def __init__(
        self,
        name: str,
        spec: GatewaySpec,
        *,
        place: Place,
        cluster: ClusterOutputs,
        services: ClusterServicesOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        if told := self_signed_problem(spec, place.tier):
            raise UserError(f"{name}: self_signed: {told}")
        super().__init__(name, spec, opts, cluster, services)
        self._stem, self._values = name, spec
        self._home = guarded_namespace(self, name, NAMESPACE)
        certificate = self._certificate()
        gateway_class = [] if spec.gateway_class else [self._class()]
        self._redirect(self._gateway(certificate, *gateway_class))
        self.outputs = self.promise(
            IngressOutputs(
                class_name=None,
                gateway=Output.from_input(f"{NAMESPACE}/{NAME}"),
                domain=Output.from_input(spec.domain),
            )
        )

    def _object(
        self, suffix: str, api_version: str, kind: str, name: str, spec: Mapping[str, Any], *after: Resource
    ) -> apiextensions.CustomResource:
        return apiextensions.CustomResource(
            f"{self._stem}{suffix}",
            api_version=api_version,
            kind=kind,
            metadata={"name": name, "namespace": NAMESPACE},
            spec=spec,
            opts=self.child_with(depends_on=[self._home, *after]),
        )

    def _certificate(self) -> Resource:
        """Ask for the certificate; it is renewed by cert-manager, with a new key each time."""
        issuer = self._values.issuer
        own = [] if issuer else [self._authority()]
        spec = {
            "secretName": CERTIFICATE,
            "dnsNames": [f"*.{self._values.domain}", self._values.domain],
            "privateKey": _SMALL_KEY,
            "issuerRef": _issuer("ClusterIssuer", issuer) if issuer else _issuer("Issuer", AUTHORITY),
        }
        return self._object("", _CERT_MANAGER, "Certificate", CERTIFICATE, spec, *own)

    def _authority(self) -> Resource:
        """Make a certificate authority of the Gateway's own, so that its certificate can be trusted by hand."""
        root = self._object("-self-signed", _CERT_MANAGER, "Issuer", "self-signed", {"selfSigned": {}})
        spec = {
            "isCA": True,
            "commonName": f"{AUTHORITY} of {self._values.domain}"[:64],
            "secretName": AUTHORITY,
            "duration": "43800h0m0s",
            "privateKey": _SMALL_KEY,
            "issuerRef": _issuer("Issuer", "self-signed"),
        }
        signed = self._object("-authority", _CERT_MANAGER, "Certificate", AUTHORITY, spec, root)
        return self._object("-authority", _CERT_MANAGER, "Issuer", AUTHORITY, {"ca": {"secretName": AUTHORITY}}, signed)

    def _class(self) -> Resource:
        return apiextensions.CustomResource(
            self._stem,
            api_version=_GATEWAY_API,
            kind="GatewayClass",
            metadata={"name": CLASS},
            spec={"controllerName": CONTROLLER},
            opts=self.child,
        )

    def _gateway(self, *after: Resource) -> Resource:
        spec: dict[str, Any] = {
            "gatewayClassName": self._values.gateway_class or CLASS,
            "listeners": [_http(), _https(self._values.domain)],
        }
        if self._values.annotations:
            spec["infrastructure"] = {"annotations": self._values.annotations}
        return self._object("", _GATEWAY_API, "Gateway", NAME, spec, *after)

    def _redirect(self, gateway: Resource) -> None:
        redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
        spec = {"parentRefs": [{"name": NAME, "sectionName": "http"}], "rules": [{"filters": [redirect]}]}
        self._object("-to-https", _GATEWAY_API, "HTTPRoute", "to-https", spec, gateway)


def _issuer(kind: str, name: str) -> dict[str, str]:
    return {"group": "cert-manager.io", "kind": kind, "name": name}


def _http() -> dict[str, Any]:
    """Take the one route of the Gateway's own namespace, which sends everybody on."""
    return {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "Same"}}}


def _https(domain: str) -> dict[str, Any]:
    labelled = {"from": "Selector", "selector": {"matchLabels": {ROUTES_LABEL: "true"}}}
    return {
        "name": "https",
        "hostname": f"*.{domain}",
        "port": 443,
        "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": CERTIFICATE}]},
        "allowedRoutes": {"namespaces": labelled},
    }

"""PostgreSQL in the cluster, by the operator CloudNativePG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi_random as random
import pulumi_tls as tls
from pulumi import Output
from pulumi_kubernetes import apiextensions, core, networking

from components.component import Component
from components.database.contract import DATABASE_LABEL, CloudnativepgSpec, DatabaseOutputs
from components.quantities import cpu, memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Resource, ResourceOptions

    from components.base import Place
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.network.contract import NetworkOutputs

NAMESPACE = "database"
CLUSTER = "platform"
SERVICE = f"{CLUSTER}-rw"
PORT = 5432
ADMIN = "platform_admin"
ADMIN_SECRET = f"{CLUSTER}-admin"

_API = "postgresql.cnpg.io/v1"
_YEAR_HOURS = 24 * 365
_GUARD = "pod-security.kubernetes.io"
_RELOADED = {"cnpg.io/reload": "true"}
_PODS = {"cnpg.io/cluster": CLUSTER}
_SECONDS = 1800


class CloudnativepgDatabase(Component[DatabaseOutputs]):
    """PostgreSQL on volumes of the cluster: one server in `dev`, elsewhere three, of which two follow the first.

    The administrator may make users and databases, and is no superuser: nobody is one from outside of the pods. Who
    connects does so by TLS, and can tell who answers: certificate and key are made here, for ten years, and are
    renewed by the first `up` of the last one. Only pods of namespaces with the label `stackwright/database` get in.
    From `staging` on cluster and namespace are protected; in `dev` the rows go with them. Nothing is backed up unless
    the spec says by which class snapshots are taken.
    """

    def __init__(
        self,
        name: str,
        spec: CloudnativepgSpec,
        *,
        place: Place,
        network: NetworkOutputs | None = None,
        services: ClusterServicesOutputs,
        client_security_group_ids: Mapping[str, Output[str]] | None = None,  # noqa: ARG002
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, network, services)
        self._stem, self._place = name, place
        self._namespace = self._make_namespace()
        certificate = self._certificate()
        needed = [self._administrator(), *self._proof(certificate), self._fence()]
        cluster = self._cluster(spec, services, needed)
        if spec.snapshot_class:
            self._back_up(spec, cluster)
        self.outputs = self.promise(
            DatabaseOutputs(
                host=Output.from_input(f"{SERVICE}.{NAMESPACE}.svc"),
                port=Output.from_input(PORT),
                name=Output.from_input(spec.database),
                admin_secret=Output.from_input(f"{NAMESPACE}/{ADMIN_SECRET}"),
                admin_secret_key_arn=Output.from_input(None),
                resource_id=Output.from_input(None),
                certificates=certificate.cert_pem,
            )
        )

    @property
    def _kept(self) -> bool:
        return not self._place.disposable

    def _inside(self, *depends_on: Resource, **options: Any) -> ResourceOptions:
        return self.child_with(depends_on=[self._namespace, *depends_on], **options)

    def _make_namespace(self) -> core.v1.Namespace:
        labels = {f"{_GUARD}/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
        return core.v1.Namespace(
            self._stem, metadata={"name": NAMESPACE, "labels": labels}, opts=self.child_with(protect=self._kept)
        )

    def _administrator(self) -> core.v1.Secret:
        password = random.RandomPassword(f"{self._stem}-admin", length=40, special=False, opts=self.child)
        return core.v1.Secret(
            f"{self._stem}-admin",
            metadata={"name": ADMIN_SECRET, "namespace": NAMESPACE, "labels": _RELOADED},
            type="kubernetes.io/basic-auth",
            string_data={"username": Output.secret(ADMIN), "password": password.result},
            opts=self._inside(),
        )

    def _certificate(self) -> tls.SelfSignedCert:
        """Make a certificate that signs itself, for all names of the service."""
        key = tls.PrivateKey(f"{self._stem}-server", algorithm="ECDSA", ecdsa_curve="P256", opts=self.child)
        self._key = key.private_key_pem_pkcs8
        return tls.SelfSignedCert(
            f"{self._stem}-server",
            private_key_pem=key.private_key_pem,
            subject={"common_name": SERVICE},
            dns_names=_names(),
            is_ca_certificate=True,
            allowed_uses=["cert_signing", "digital_signature", "server_auth"],
            validity_period_hours=10 * _YEAR_HOURS,
            early_renewal_hours=_YEAR_HOURS,
            opts=self.child,
        )

    def _proof(self, certificate: tls.SelfSignedCert) -> list[Resource]:
        """Hand the certificate to the operator, which gives it to the servers."""
        shown = Output.secret(certificate.cert_pem)
        pairs = {
            "server": ("kubernetes.io/tls", {"tls.crt": shown, "tls.key": self._key}),
            "authority": ("Opaque", {"ca.crt": shown}),
        }
        return [
            core.v1.Secret(
                f"{self._stem}-{what}",
                metadata={"name": f"{CLUSTER}-{what}", "namespace": NAMESPACE, "labels": _RELOADED},
                type=type_,
                string_data=data,
                opts=self._inside(),
            )
            for what, (type_, data) in pairs.items()
        ]

    def _cluster(
        self, spec: CloudnativepgSpec, services: ClusterServicesOutputs, needed: list[Resource]
    ) -> apiextensions.CustomResource:
        """Make the servers, and wait until they answer."""
        return apiextensions.CustomResource(
            self._stem,
            api_version=_API,
            kind="Cluster",
            metadata={
                "name": CLUSTER,
                "namespace": NAMESPACE,
                "annotations": {
                    "pulumi.com/waitFor": "condition=Ready",
                    "pulumi.com/timeoutSeconds": str(_SECONDS),
                },
            },
            spec=_servers(spec, services, spec.instances or (3 if self._kept else 1)),
            opts=self._inside(*needed, protect=self._kept),
        )

    def _back_up(self, spec: CloudnativepgSpec, cluster: Resource) -> None:
        apiextensions.CustomResource(
            f"{self._stem}-backup",
            api_version=_API,
            kind="ScheduledBackup",
            metadata={"name": CLUSTER, "namespace": NAMESPACE},
            spec={
                "schedule": spec.backup_schedule,
                "immediate": True,
                "method": "volumeSnapshot",
                "backupOwnerReference": "none",
                "cluster": {"name": CLUSTER},
            },
            opts=self._inside(cluster),
        )

    def _fence(self) -> networking.v1.NetworkPolicy:
        """Let in clients, the operator and each other; let out to each other, names and the API server.

        The API server has no name that a rule could say: its ports are open to any address.
        """
        own: Any = {"pod_selector": {}}
        operator: Any = {
            "namespace_selector": {},
            "pod_selector": {"match_labels": {"app.kubernetes.io/name": "cloudnative-pg"}},
        }
        clients: Any = {"namespace_selector": {"match_labels": {DATABASE_LABEL: "true"}}}
        names: Any = {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "kube-system"}}}
        return networking.v1.NetworkPolicy(
            self._stem,
            metadata={"name": CLUSTER, "namespace": NAMESPACE},
            spec={
                "pod_selector": {},
                "policy_types": ["Ingress", "Egress"],
                "ingress": [
                    {"from_": [own, operator], "ports": [_tcp(PORT), _tcp(8000)]},
                    {"from_": [clients], "ports": [_tcp(PORT)]},
                ],
                "egress": [
                    {"to": [own], "ports": [_tcp(PORT), _tcp(8000)]},
                    {"to": [names], "ports": [_tcp(53), {"protocol": "UDP", "port": 53}]},
                    {"ports": [_tcp(443), _tcp(6443)]},
                ],
            },
            opts=self._inside(),
        )


def _servers(spec: CloudnativepgSpec, services: ClusterServicesOutputs, instances: int) -> dict[str, Any]:
    room = memory(spec.memory_mib)
    snapshots = {"volumeSnapshot": {"className": spec.snapshot_class, "snapshotOwnerReference": "none"}}
    administrator = {
        "name": ADMIN,
        "ensure": "present",
        "login": True,
        "createdb": True,
        "createrole": True,
        "passwordSecret": {"name": ADMIN_SECRET},
    }
    return {
        "imageName": spec.image,
        "instances": instances,
        "primaryUpdateStrategy": "unsupervised",
        "enableSuperuserAccess": False,
        "enablePDB": instances > 1,
        "bootstrap": {
            "initdb": {
                "database": spec.database,
                "owner": ADMIN,
                "secret": {"name": ADMIN_SECRET},
                "dataChecksums": True,
            }
        },
        "managed": {"roles": [administrator]},
        "certificates": {"serverCASecret": f"{CLUSTER}-authority", "serverTLSSecret": f"{CLUSTER}-server"},
        "postgresql": {
            "parameters": {"shared_buffers": f"{spec.memory_mib // 4}MB", "password_encryption": "scram-sha-256"},
            "pg_hba": ["hostssl all all all scram-sha-256", "hostnossl all all all reject"],
        },
        "storage": {"size": f"{spec.storage_gib}Gi", "storageClass": spec.storage_class or services.storage_class},
        "resources": {
            "requests": {"cpu": cpu(spec.cpu_millicores), "memory": room},
            "limits": {"memory": room},
        },
        "affinity": {
            "enablePodAntiAffinity": True,
            "topologyKey": "kubernetes.io/hostname",
            "podAntiAffinityType": "preferred",
        },
        **({"backup": snapshots} if spec.snapshot_class else {}),
    }


def _names() -> list[str]:
    """Return the names of the services that lead to the first server, to any, and to those that follow."""
    services = [f"{CLUSTER}-{part}.{NAMESPACE}" for part in ("rw", "r", "ro")]
    return [name + end for name in services for end in ("", ".svc", ".svc.cluster.local")]


def _tcp(port: int) -> Any:
    return {"protocol": "TCP", "port": port}

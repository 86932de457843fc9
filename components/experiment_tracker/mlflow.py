"""MLflow in the cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import Output
from pulumi_aws import secretsmanager
from pulumi_kubernetes import apps, batch, core, networking, policy

from components.component import Component
from components.experiment_tracker import rights
from components.experiment_tracker.contract import ExperimentTrackerOutputs, MlflowSpec
from components.experiment_tracker.pods import (
    CERTIFICATES,
    NAME,
    PORT,
    Wiring,
    address,
    digest,
    labels,
    server_pod,
    setup_pod,
)
from components.model_deployer.contract import PROJECT_LABEL
from components.pod_identity import pod_identity

if TYPE_CHECKING:
    from pulumi import Resource, ResourceOptions
    from pulumi_kubernetes import meta

    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.base import AwsPlace
    from components.cluster.contract import ClusterOutputs
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.database.contract import DatabaseOutputs
    from components.ingress.contract import IngressOutputs
    from components.network.contract import NetworkOutputs
    from components.secrets.contract import SecretsOutputs

TASKS = Path(__file__).with_name("scripts") / "tasks.py"

_SETUP_SECONDS = 3600
_BALANCER = "alb.ingress.kubernetes.io"
_IDENTITY_AGENT = "169.254.170.23"


class MlflowExperimentTracker(Component[ExperimentTrackerOutputs]):
    """MLflow's server and model registry, by its public name behind the ingress.

    A Job makes the passwords, a database user of the tracker's own, two databases and their tables, before the
    servers start; it runs again whenever its content changes, as with another image. Clients need no rights in the
    artifact store: what they log passes through the server, which may use its prefix and nothing else there. From
    `staging` on its secrets are protected. Projects share one account; it makes none for a person but the admin's.
    """

    def __init__(
        self,
        name: str,
        spec: MlflowSpec,
        *,
        place: AwsPlace,
        network: NetworkOutputs,
        cluster: ClusterOutputs,
        services: ClusterServicesOutputs,
        ingress: IngressOutputs,
        database: DatabaseOutputs,
        artifact_store: ArtifactStoreOutputs,
        secrets: SecretsOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, network, cluster, services, ingress, database, artifact_store, secrets)
        self._stem, self._spec, self._place = name, spec, place
        self._namespace = self._make_namespace()
        own, shared = (self._secret(secret, secrets) for secret in (NAME, f"{NAME}-projects"))
        self._wiring = self._wire(ingress, database, artifact_store, own, shared)
        fence = self._fence(network, database)
        setup = rights.of_the_setup(database, [own.arn, shared.arn], secrets.encryption_key)
        server = rights.of_the_server(place, artifact_store, spec.artifact_prefix, own.arn, secrets.encryption_key)
        prepared = self._prepare([fence, *self._identity("setup", cluster, setup)])
        self._serve([fence, prepared, *self._identity("server", cluster, server)])
        self._expose(ingress)
        self.outputs = self.promise(
            ExperimentTrackerOutputs(
                tracking_uri=Output.concat("https://", self._wiring.host),
                version=Output.from_input(spec.version),
                credentials_secret=shared.name,
            )
        )

    @property
    def _replicas(self) -> int:
        return self._spec.replicas or (1 if self._place.disposable else 2)

    def _inside(self, *depends_on: Resource, **options: Any) -> ResourceOptions:
        return self.child_with(depends_on=[self._namespace, *depends_on], **options)

    def _make_namespace(self) -> core.v1.Namespace:
        guard = "pod-security.kubernetes.io"
        return core.v1.Namespace(
            self._stem,
            metadata={
                "name": NAME,
                "labels": {f"{guard}/{mode}": "restricted" for mode in ("enforce", "audit", "warn")},
            },
            opts=self.child,
        )

    def _secret(self, name: str, secrets: SecretsOutputs) -> secretsmanager.Secret:
        return secretsmanager.Secret(
            f"{self._stem}-{name}",
            name=Output.concat(secrets.prefix, name),
            description=f"Filled once by the setup of {NAME} of {self._place.environment}",
            kms_key_id=secrets.encryption_key,
            recovery_window_in_days=0 if self._place.disposable else self._spec.secret_recovery_days,
            opts=self.child_with(protect=not self._place.disposable),
        )

    def _wire(
        self,
        ingress: IngressOutputs,
        database: DatabaseOutputs,
        store: ArtifactStoreOutputs,
        own: secretsmanager.Secret,
        shared: secretsmanager.Secret,
    ) -> Wiring:
        spec, certificates = self._spec, self._spec.database_certificates
        return Wiring(
            region=self._place.region,
            host=Output.concat(f"{NAME}.", ingress.domain),
            tracking_database=address(database.host, database.port, NAME, certificates),
            auth_database=address(database.host, database.port, f"{NAME}_auth", certificates),
            admin_database=database.name,
            admin_secret=database.admin_secret_arn,
            secret=own.arn,
            projects_secret=shared.arn,
            artifacts=Output.concat(store.uri, f"/{spec.artifact_prefix}"),
            scripts=self._scripts(certificates),
        )

    def _scripts(self, certificates: str | None) -> Output[str]:
        """Make what the containers run; its name changes with its content, so that its readers start anew."""
        data = {TASKS.name: TASKS.read_text(encoding="utf-8")}
        if certificates:
            data[CERTIFICATES] = certificates
        name = Output.concat(f"{NAME}-scripts-", digest(data))
        core.v1.ConfigMap(
            f"{self._stem}-scripts",
            metadata={"name": name, "namespace": NAME},
            data=data,
            immutable=True,
            opts=self._inside(),
        )
        return name

    def _identity(self, role: str, cluster: ClusterOutputs, statements: list[dict[str, Any]]) -> list[Resource]:
        """Make the service account of a role, and what its pods have to wait for."""
        account = core.v1.ServiceAccount(
            f"{self._stem}-{role}",
            metadata={"name": f"{NAME}-{role}", "namespace": NAME},
            automount_service_account_token=False,
            opts=self._inside(),
        )
        _, association = pod_identity(
            self,
            f"{self._stem}-{role}",
            self._place,
            cluster,
            namespace=NAME,
            service_account=f"{NAME}-{role}",
            statements=statements,
        )
        return [account, association]

    def _prepare(self, needed: list[Resource]) -> batch.v1.Job:
        """Make the Job that runs before the servers; it is named after its content, for a Job never changes."""
        pod = setup_pod(self._spec, self._wiring)
        return batch.v1.Job(
            f"{self._stem}-setup",
            metadata={
                "name": Output.concat(f"{NAME}-setup-", digest(pod)),
                "namespace": NAME,
                "labels": labels("setup"),
                "annotations": {"pulumi.com/replaceUnready": "true"},
            },
            spec={"template": pod, "backoff_limit": 3, "active_deadline_seconds": _SETUP_SECONDS},
            opts=self._inside(*needed, custom_timeouts=pulumi.CustomTimeouts(create=f"{_SETUP_SECONDS + 300}s")),
        )

    def _serve(self, needed: list[Resource]) -> None:
        chosen: meta.v1.LabelSelectorArgsDict = {"match_labels": labels("server")}
        apps.v1.Deployment(
            f"{self._stem}-server",
            metadata={"name": NAME, "namespace": NAME, "labels": labels("server")},
            spec={
                "replicas": self._replicas,
                "selector": chosen,
                "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
                "template": server_pod(self._spec, self._wiring),
            },
            opts=self._inside(*needed),
        )
        if self._replicas > 1:
            policy.v1.PodDisruptionBudget(
                f"{self._stem}-server",
                metadata={"name": NAME, "namespace": NAME},
                spec={"max_unavailable": 1, "selector": chosen},
                opts=self._inside(),
            )

    def _expose(self, ingress: IngressOutputs) -> None:
        """Make the ways in; a load balancer asks each server whether it is well, where anybody may."""
        service = core.v1.Service(
            f"{self._stem}-server",
            metadata={"name": NAME, "namespace": NAME, "annotations": {f"{_BALANCER}/healthcheck-path": "/health"}},
            spec={
                "type": "ClusterIP",
                "selector": labels("server"),
                "ports": [{"name": "http", "port": 80, "target_port": "http"}],
            },
            opts=self._inside(),
        )
        backend: Any = {"service": {"name": NAME, "port": {"name": "http"}}}
        networking.v1.Ingress(
            f"{self._stem}-server",
            metadata={"name": NAME, "namespace": NAME},
            spec={
                "ingress_class_name": ingress.class_name,
                "rules": [
                    {
                        "host": self._wiring.host,
                        "http": {"paths": [{"path": "/", "path_type": "Prefix", "backend": backend}]},
                    }
                ],
            },
            opts=self._inside(service),
        )

    def _fence(self, network: NetworkOutputs, database: DatabaseOutputs) -> networking.v1.NetworkPolicy:
        """Let in the load balancer and projects; let out names, rows, AWS and the agent of Pod Identity."""
        projects: Any = {"namespace_selector": {"match_expressions": [{"key": PROJECT_LABEL, "operator": "Exists"}]}}
        names: Any = {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "kube-system"}}}
        return networking.v1.NetworkPolicy(
            self._stem,
            metadata={"name": NAME, "namespace": NAME},
            spec={
                "pod_selector": {},
                "policy_types": ["Ingress", "Egress"],
                "ingress": [{"from_": [{"ip_block": {"cidr": network.cidr}}, projects], "ports": [_tcp(PORT)]}],
                "egress": [
                    {"to": [names], "ports": [_tcp(53), {"protocol": "UDP", "port": 53}]},
                    {"to": [{"ip_block": {"cidr": f"{_IDENTITY_AGENT}/32"}}], "ports": [_tcp(80)]},
                    {"ports": [_tcp(database.port), _tcp(443)]},
                ],
            },
            opts=self._inside(),
        )


def _tcp(port: pulumi.Input[int]) -> Any:
    return {"protocol": "TCP", "port": port}

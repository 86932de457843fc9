"""MLflow in the cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import Output
from pulumi_kubernetes import apps, batch, core, networking, policy

from components.base import AwsPlace
from components.component import Component
from components.database.contract import DATABASE_LABEL
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
from components.ingress.contract import ROUTES_LABEL
from components.ingress.route import route
from components.model_deployer.contract import PROJECT_LABEL

if TYPE_CHECKING:
    from pulumi import Resource, ResourceOptions
    from pulumi_kubernetes import meta

    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.base import Place
    from components.cluster.contract import ClusterOutputs
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.database.contract import DatabaseOutputs
    from components.experiment_tracker.ground import Ground
    from components.ingress.contract import IngressOutputs
    from components.network.contract import NetworkOutputs
    from components.secrets.contract import SecretsOutputs

TASKS = Path(__file__).with_name("scripts") / "tasks.py"

_SETUP_SECONDS = 3600
_BALANCER = "alb.ingress.kubernetes.io"


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
        place: Place,
        network: NetworkOutputs | None = None,
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
        ground = self._ground(network, cluster, database, artifact_store, secrets)
        self._wiring = self._wire(ground, ingress, database, artifact_store)
        fences = [self._fence(ground), *self._let_setup_out(ground)]
        prepared = self._prepare([*fences, *ground.setup.needed])
        self._serve([*fences, prepared, *ground.server.needed])
        self._expose(ingress)
        self.outputs = self.promise(
            ExperimentTrackerOutputs(
                tracking_uri=Output.concat("https://", self._wiring.host),
                version=Output.from_input(spec.version),
                credentials_secret=ground.credentials_secret,
            )
        )

    @property
    def _replicas(self) -> int:
        return self._spec.replicas or (1 if self._place.disposable else 2)

    def _inside(self, *depends_on: Resource, **options: Any) -> ResourceOptions:
        return self.child_with(depends_on=[self._namespace, *depends_on], **options)

    def _make_namespace(self) -> core.v1.Namespace:
        guard = "pod-security.kubernetes.io"
        labels = {f"{guard}/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
        if not isinstance(self._place, AwsPlace):
            labels |= {DATABASE_LABEL: "true", ROUTES_LABEL: "true"}
        return core.v1.Namespace(self._stem, metadata={"name": NAME, "labels": labels}, opts=self.child)

    def _ground(
        self,
        network: NetworkOutputs | None,
        cluster: ClusterOutputs,
        database: DatabaseOutputs,
        artifact_store: ArtifactStoreOutputs,
        secrets: SecretsOutputs,
    ) -> Ground:
        """Make what depends on where the pods run; only the provider of that place is imported."""
        here: Any = (self, self._stem, self._spec, self._place, self._namespace)
        if isinstance(self._place, AwsPlace):
            from components.experiment_tracker.on_aws import on_aws

            known: Any = {"network": network, "cluster": cluster, "secrets": secrets}
            return on_aws(*here, database=database, artifact_store=artifact_store, **known)
        from components.experiment_tracker.on_cluster import on_cluster

        return on_cluster(*here, database=database, artifact_store=artifact_store)

    def _wire(
        self, ground: Ground, ingress: IngressOutputs, database: DatabaseOutputs, store: ArtifactStoreOutputs
    ) -> Wiring:
        spec = self._spec
        told = spec.database_certificates
        certificates = Output.from_input(told) if told else database.certificates
        return Wiring(
            ground=ground,
            host=Output.concat(f"{NAME}.", ingress.domain),
            tracking_database=address(database.host, database.port, NAME, certificates),
            auth_database=address(database.host, database.port, f"{NAME}_auth", certificates),
            admin_database=database.name,
            artifacts=Output.concat(store.uri, f"/{spec.artifact_prefix}"),
            scripts=self._scripts(certificates),
        )

    def _scripts(self, certificates: Output[str | None]) -> Output[str]:
        """Make what the containers run; its name changes with its content, so that its readers start anew."""
        tasks = {TASKS.name: TASKS.read_text(encoding="utf-8")}
        data = certificates.apply(lambda found: {**tasks, **({CERTIFICATES: found} if found else {})})
        name = Output.concat(f"{NAME}-scripts-", digest(data))
        core.v1.ConfigMap(
            f"{self._stem}-scripts",
            metadata={"name": name, "namespace": NAME},
            data=data,
            immutable=True,
            opts=self._inside(),
        )
        return name

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
        route(
            self,
            f"{self._stem}-server",
            ingress,
            host=self._wiring.host,
            namespace=NAME,
            service=NAME,
            port=80,
            depends_on=[self._namespace, service],
        )

    def _fence(self, ground: Ground) -> networking.v1.NetworkPolicy:
        """Let in projects and who else calls; let out to names, and to what the place has."""
        projects: Any = {"namespace_selector": {"match_expressions": [{"key": PROJECT_LABEL, "operator": "Exists"}]}}
        names: Any = {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "kube-system"}}}
        port: Any = {"ports": [_tcp(PORT)]}
        spec: Any = {
            "pod_selector": {},
            "policy_types": ["Ingress", "Egress"],
            "ingress": [{"from_": [*ground.callers, projects], **port} if ground.callers else port],
            "egress": [{"to": [names], "ports": [_tcp(53), {"protocol": "UDP", "port": 53}]}, *ground.egress],
        }
        metadata: Any = {"name": NAME, "namespace": NAME}
        return networking.v1.NetworkPolicy(self._stem, metadata=metadata, spec=spec, opts=self._inside())

    def _let_setup_out(self, ground: Ground) -> list[Resource]:
        if not ground.egress_of_setup:
            return []
        chosen: Any = {"match_labels": labels("setup")}
        spec: Any = {"pod_selector": chosen, "policy_types": ["Egress"], "egress": [*ground.egress_of_setup]}
        metadata: Any = {"name": f"{NAME}-setup", "namespace": NAME}
        return [networking.v1.NetworkPolicy(f"{self._stem}-setup", metadata=metadata, spec=spec, opts=self._inside())]


def _tcp(port: int) -> Any:
    return {"protocol": "TCP", "port": port}

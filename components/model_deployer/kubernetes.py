"""A namespace of a Kubernetes cluster in which one project serves its models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_random as random
from pulumi import Output
from pulumi_kubernetes import core, meta, networking, rbac

from components.artifact_store.user import storage_user
from components.base import AwsPlace, Place
from components.component import Component
from components.ingress.contract import ROUTES_LABEL
from components.model_deployer import admission, objects
from components.model_deployer.contract import (
    LOG_KEY,
    PROJECT_LABEL,
    KubernetesSpec,
    ModelDeployerOutputs,
    namespace_of,
)

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.ci_identity.contract import CiIdentityOutputs
    from components.cluster.contract import ClusterOutputs
    from components.container_registry.contract import ContainerRegistryOutputs
    from components.ingress.contract import IngressOutputs
    from components.network.contract import NetworkOutputs

SERVICE_ACCOUNT = "models"
"""As whom served models run; it is called the same in every project."""

PORT = 8080
"""Where served models listen: not 443, so that the pods of one project, which reach that port, reach no other's."""

KEYS = "models"
"""Secret with the keys of served models to the artifact store, where no identity of their pods opens it."""

PREDICTION_LOG = "prediction-log"
"""Secret with what keys the hashes of personal columns in the prediction log."""

_RBAC = "rbac.authorization.k8s.io"


class KubernetesModelDeployer(Component[ModelDeployerOutputs]):
    """The namespace `project-<name>`: what a served model needs, and a fence around it.

    The jobs that deploy may make workloads, services, routes and configuration there, and read no secret. Served
    models read the packages of their project and write its prediction log. Nodes pull images with a role of their
    own, which can read every repository of the account: so the namespace admits images of the project's repository
    only, by digest. It admits routes for the project's host only, by the one way into the cluster that all share.

    It makes no workload: what runs is what the project's pin says. `container_registry` is that of the project: its
    address is the project's repository. In AWS an access entry lets the jobs in, and pods have an identity; elsewhere
    the API server knows the groups of jobs by their tokens, and pods get keys to the artifact store.
    """

    def __init__(
        self,
        name: str,
        spec: KubernetesSpec,
        *,
        place: Place,
        network: NetworkOutputs | None = None,
        cluster: ClusterOutputs,
        ingress: IngressOutputs,
        artifact_store: ArtifactStoreOutputs,
        container_registry: ContainerRegistryOutputs,
        ci_identity: CiIdentityOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        needs = (cluster, ingress, artifact_store, container_registry, ci_identity, *([network] if network else []))
        super().__init__(name, spec, opts, *needs)
        self._name, self._home, self._place = name, namespace_of(name), place
        self._namespace = self._make_namespace()
        self._limit(spec)
        self._isolate(network, artifact_store)
        host = Output.concat(name, ".", ingress.domain)
        self._admit(host, ingress, container_registry)
        self._let_deploy(cluster, ingress, ci_identity)
        secret = self._let_serve(cluster, artifact_store)
        self._make_log_key()
        self.outputs = self.promise(
            ModelDeployerOutputs(
                uri=Output.concat("https://", host),
                cluster_name=cluster.name,
                cluster_endpoint=cluster.endpoint,
                certificate_authority=cluster.certificate_authority,
                cluster_identifier=cluster.identifier,
                audience=cluster.audience,
                namespace=Output.from_input(self._home),
                service_account=Output.from_input(SERVICE_ACCOUNT),
                models_secret=Output.from_input(secret),
                prediction_log_secret=Output.from_input(PREDICTION_LOG),
                class_name=Output.from_input(ingress.class_name),
                gateway=Output.from_input(ingress.gateway),
                host=host,
                port=Output.from_input(PORT),
                min_replicas=Output.from_input(spec.min_replicas),
                max_replicas=Output.from_input(spec.max_replicas),
            )
        )

    def _make_namespace(self) -> core.v1.Namespace:
        labels = {
            PROJECT_LABEL: self._name,
            ROUTES_LABEL: "true",
            "pod-security.kubernetes.io/enforce": "restricted",
        }
        described = meta.v1.ObjectMetaArgs(name=self._home, labels=labels)
        return core.v1.Namespace(self._name, metadata=described, opts=self.child)

    @property
    def _inside(self) -> ResourceOptions:
        return self.child_with(depends_on=[self._namespace])

    def _called(self, name: str) -> meta.v1.ObjectMetaArgs:
        return meta.v1.ObjectMetaArgs(name=name, namespace=self._home)

    def _limit(self, spec: KubernetesSpec) -> None:
        core.v1.ResourceQuota(
            self._name,
            metadata=self._called("project"),
            spec=core.v1.ResourceQuotaSpecArgs(hard=objects.hard(spec.quota)),
            opts=self._inside,
        )
        core.v1.LimitRange(
            self._name,
            metadata=self._called("project"),
            spec=core.v1.LimitRangeSpecArgs(limits=[objects.DEFAULTS]),
            opts=self._inside,
        )

    def _isolate(self, network: NetworkOutputs | None, artifact_store: ArtifactStoreOutputs) -> None:
        if network and isinstance(self._place, AwsPlace):
            shape = objects.in_network(PORT, network.cidr)
        else:
            shape = objects.in_cluster(PORT, artifact_store.endpoint_inside)
        for policy, spec in {**objects.everywhere(), **shape}.items():
            networking.v1.NetworkPolicy(
                f"{self._name}-{policy}", metadata=self._called(policy), spec=spec, opts=self._inside
            )

    def _admit(self, host: Output[str], ingress: IngressOutputs, container_registry: ContainerRegistryOutputs) -> None:
        rules = {
            "jobs": admission.jobs(container_registry.uri),
            "routes": admission.routes(host, ingress),
            "services": admission.services(),
            "workloads": admission.workloads(container_registry.uri),
        }
        for what, rule in rules.items():
            admission.admit(self, f"{self._name}-{what}", self._home, f"{self._home}-{what}", rule)

    def _let_deploy(self, cluster: ClusterOutputs, ingress: IngressOutputs, ci_identity: CiIdentityOutputs) -> None:
        group = self._group_of(ci_identity.deploy, cluster)
        rules = objects.deploys(gateway=ingress.gateway is not None)
        role = rbac.v1.Role(self._name, metadata=self._called("deploy"), rules=rules, opts=self._inside)
        rbac.v1.RoleBinding(
            self._name,
            metadata=self._called("deploy"),
            role_ref=rbac.v1.RoleRefArgs(api_group=_RBAC, kind="Role", name="deploy"),
            subjects=[rbac.v1.SubjectArgs(api_group=_RBAC, kind="Group", name=group)],
            opts=self.child_with(depends_on=[role]),
        )

    def _group_of(self, deploy: Output[str], cluster: ClusterOutputs) -> Output[str]:
        """Return as which group the API server knows the jobs that deploy."""
        if not isinstance(self._place, AwsPlace):
            return deploy
        from components.model_deployer.aws import let_in

        return let_in(self, self._name, cluster, deploy, f"{self._home}-deploy")

    def _let_serve(self, cluster: ClusterOutputs, artifact_store: ArtifactStoreOutputs) -> str | None:
        """Make as whom served models run, and return the Secret that they need, if they do."""
        core.v1.ServiceAccount(
            self._name,
            metadata=self._called(SERVICE_ACCOUNT),
            automount_service_account_token=False,
            opts=self._inside,
        )
        if not isinstance(self._place, AwsPlace):
            self._give_keys(artifact_store)
            return KEYS
        from components.model_deployer.aws import let_serve

        inside = {"namespace": self._home, "service_account": SERVICE_ACCOUNT}
        let_serve(self, self._name, self._place, cluster, artifact_store, **inside)
        return None

    def _make_log_key(self) -> None:
        """Make the key of the log's hashes; with another one, no value would be known again."""
        protect = not self._place.disposable
        made = random.RandomPassword(
            f"{self._name}-{PREDICTION_LOG}", length=40, special=False, opts=self.child_with(protect=protect)
        )
        core.v1.Secret(
            f"{self._name}-{PREDICTION_LOG}",
            metadata=self._called(PREDICTION_LOG),
            string_data={LOG_KEY: made.result},
            opts=self.child_with(depends_on=[self._namespace], protect=protect),
        )

    def _give_keys(self, artifact_store: ArtifactStoreOutputs) -> None:
        storage_user(
            self,
            f"{self._name}-{KEYS}",
            artifact_store,
            namespace=self._home,
            secret=KEYS,
            reads=[f"{self._name}/models"],
            writes=[f"{self._name}/predictions"],
            depends_on=[self._namespace],
        )

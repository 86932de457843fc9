"""A namespace of a Kubernetes cluster in which one project serves its models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output
from pulumi_aws import eks
from pulumi_kubernetes import core, meta, networking, rbac

from components.component import Component
from components.model_deployer import admission, objects
from components.model_deployer.contract import PROJECT_LABEL, KubernetesSpec, ModelDeployerOutputs
from components.pod_identity import pod_identity

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.base import AwsPlace
    from components.ci_identity.contract import CiIdentityOutputs
    from components.cluster.contract import ClusterOutputs
    from components.container_registry.contract import ContainerRegistryOutputs
    from components.ingress.contract import IngressOutputs
    from components.network.contract import NetworkOutputs

SERVICE_ACCOUNT = "models"
"""As whom served models run; it is called the same in every project."""

PORT = 8080
"""Where served models listen: not 443, so that the pods of one project, which reach that port, reach no other's."""

_RBAC = "rbac.authorization.k8s.io"


class KubernetesModelDeployer(Component[ModelDeployerOutputs]):
    """The namespace `project-<name>`: what a served model needs, and a fence around it.

    The jobs that deploy may make workloads, services, routes and configuration there, and read no secret. Served
    models read the packages of their project and write its prediction log. Nodes pull images with a role of their
    own, which can read every repository of the account: so the namespace admits images of the project's repository
    only, by digest. It admits routes for the project's host only, for all projects share one load balancer.

    It makes no workload: what runs is what the project's pin says. `container_registry` is that of the project: its
    address is the project's repository.
    """

    def __init__(
        self,
        name: str,
        spec: KubernetesSpec,
        *,
        place: AwsPlace,
        network: NetworkOutputs,
        cluster: ClusterOutputs,
        ingress: IngressOutputs,
        artifact_store: ArtifactStoreOutputs,
        container_registry: ContainerRegistryOutputs,
        ci_identity: CiIdentityOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, network, cluster, ingress, artifact_store, container_registry, ci_identity)
        self._name, self._home = name, f"project-{name}"
        self._namespace = self._make_namespace()
        self._limit(spec)
        self._isolate(network)
        self._admit(ingress, container_registry)
        self._let_deploy(cluster, ci_identity)
        self._let_serve(place, cluster, artifact_store)
        host = Output.concat(name, ".", ingress.domain)
        self.outputs = self.promise(
            ModelDeployerOutputs(
                uri=Output.concat("https://", host),
                cluster_name=cluster.name,
                cluster_endpoint=cluster.endpoint,
                certificate_authority=cluster.certificate_authority,
                cluster_identifier=cluster.identifier,
                namespace=Output.from_input(self._home),
                service_account=Output.from_input(SERVICE_ACCOUNT),
                class_name=ingress.class_name,
                host=host,
                port=Output.from_input(PORT),
                min_replicas=Output.from_input(spec.min_replicas),
                max_replicas=Output.from_input(spec.max_replicas),
            )
        )

    def _make_namespace(self) -> core.v1.Namespace:
        labels = {PROJECT_LABEL: self._name, "pod-security.kubernetes.io/enforce": "restricted"}
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

    def _isolate(self, network: NetworkOutputs) -> None:
        for policy, spec in objects.network_policies(network.cidr, PORT).items():
            networking.v1.NetworkPolicy(
                f"{self._name}-{policy}", metadata=self._called(policy), spec=spec, opts=self._inside
            )

    def _admit(self, ingress: IngressOutputs, container_registry: ContainerRegistryOutputs) -> None:
        host = Output.concat(self._name, ".", ingress.domain)
        rules = {
            "routes": admission.routes(host, ingress.class_name),
            "services": admission.services(),
            "workloads": admission.workloads(container_registry.uri),
        }
        for what, rule in rules.items():
            admission.admit(self, f"{self._name}-{what}", self._home, f"{self._home}-{what}", rule)

    def _let_deploy(self, cluster: ClusterOutputs, ci_identity: CiIdentityOutputs) -> None:
        group = f"{self._home}-deploy"
        eks.AccessEntry(
            self._name,
            cluster_name=cluster.name,
            principal_arn=ci_identity.deploy_role_arn,
            kubernetes_groups=[group],
            opts=self.child,
        )
        role = rbac.v1.Role(self._name, metadata=self._called("deploy"), rules=objects.DEPLOYS, opts=self._inside)
        rbac.v1.RoleBinding(
            self._name,
            metadata=self._called("deploy"),
            role_ref=rbac.v1.RoleRefArgs(api_group=_RBAC, kind="Role", name="deploy"),
            subjects=[rbac.v1.SubjectArgs(api_group=_RBAC, kind="Group", name=group)],
            opts=self.child_with(depends_on=[role]),
        )

    def _let_serve(self, place: AwsPlace, cluster: ClusterOutputs, artifact_store: ArtifactStoreOutputs) -> None:
        core.v1.ServiceAccount(
            self._name,
            metadata=self._called(SERVICE_ACCOUNT),
            automount_service_account_token=False,
            opts=self._inside,
        )
        pod_identity(
            self,
            self._name,
            place,
            cluster,
            namespace=self._home,
            service_account=SERVICE_ACCOUNT,
            statements=objects.serving_rights(self._name, place.partition, artifact_store),
        )

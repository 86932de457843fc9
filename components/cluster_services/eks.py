"""What an Amazon EKS cluster needs before anybody uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi import Output
from pulumi_aws import eks
from pulumi_kubernetes import storage

from components.aws_key import customer_key
from components.charts import release
from components.cluster_services import rights, values
from components.cluster_services.contract import ClusterServicesOutputs, EksServicesSpec
from components.component import Component
from components.pod_identity import pod_identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Resource, ResourceOptions
    from pulumi_aws import kms

    from components.base import AwsPlace
    from components.cluster.contract import ClusterOutputs
    from components.network.contract import NetworkOutputs
    from components.node_pools.contract import NodePoolOutputs
    from components.pod_identity import Statements

NAMESPACE = "kube-system"
STORAGE_CLASS = "gp3"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


class EksClusterServices(Component[ClusterServicesOutputs]):
    """Names resolve, volumes bind, pools grow and shrink, load balancers come, metrics and GPUs are there.

    Everything runs on the system pool, in two replicas on two machines that are not taken away at once, but for what
    runs on every machine. DNS comes first: all the others call AWS by name. Each of those that calls AWS has a role
    of its own, limited to this cluster, before its pods start; region and network are given, for pods do not reach
    the metadata service. What must be there before machines (network plugin, Pod Identity agent) belongs to the
    cluster. Volumes are encrypted with a key of their own, and go with their claims.
    """

    def __init__(
        self,
        name: str,
        spec: EksServicesSpec,
        *,
        place: AwsPlace,
        network: NetworkOutputs,
        cluster: ClusterOutputs,
        system: NodePoolOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, network, cluster, system)
        self._stem, self._place, self._cluster, self._labels = name, place, cluster, system.labels
        dns = self._addon("coredns", values.coredns(system.labels))
        self._storage(dns)
        self._addon("eks-node-monitoring-agent", {}, dns)
        self._chart("metrics-server", values.metrics_server(system.labels), dns)
        self._autoscaler(dns)
        self._load_balancer_controller(network, dns)
        if spec.device_plugin:
            self._chart("nvidia-device-plugin", values.device_plugin(spec.pools_with_own_plugin), dns)
        self.outputs = self.promise(ClusterServicesOutputs(storage_class=Output.from_input(STORAGE_CLASS)))

    def _addon(self, addon: str, configuration: Mapping[str, Any], *after: Resource) -> eks.Addon:
        return eks.Addon(
            f"{self._stem}-{addon}",
            cluster_name=self._cluster.name,
            addon_name=addon,
            configuration_values=Output.json_dumps(configuration) if configuration else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=self.child_with(depends_on=after),
        )

    def _chart(self, chart: str, configuration: Mapping[str, Any], *after: Resource) -> None:
        release(self, f"{self._stem}-{chart}", chart, NAMESPACE, configuration, depends_on=after)

    def _identity(
        self, name: str, service_account: str, statements: Statements, *policy_arns: str
    ) -> eks.PodIdentityAssociation:
        _, association = pod_identity(
            self,
            f"{self._stem}-{name}",
            self._place,
            self._cluster,
            namespace=NAMESPACE,
            service_account=service_account,
            statements=statements,
            policy_arns=policy_arns,
        )
        return association

    def _storage(self, dns: Resource) -> None:
        key = customer_key(self, f"{self._stem}-volumes", self._place)
        policy = f"arn:{self._place.partition}:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"
        statements = key.arn.apply(rights.volumes)
        identity = self._identity("volumes", "ebs-csi-controller-sa", statements, policy)
        driver = self._addon("aws-ebs-csi-driver", values.storage_driver(self._labels), dns, identity)
        self._storage_class(key, driver)

    def _storage_class(self, key: kms.Key, driver: Resource) -> None:
        storage.v1.StorageClass(
            f"{self._stem}-{STORAGE_CLASS}",
            metadata={"name": STORAGE_CLASS, "annotations": {DEFAULT_CLASS: "true"}},
            provisioner="ebs.csi.aws.com",
            parameters={"type": "gp3", "encrypted": "true", "kmsKeyId": key.arn, "csi.storage.k8s.io/fstype": "ext4"},
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            reclaim_policy="Delete",
            opts=self.child_with(depends_on=[driver]),
        )

    def _autoscaler(self, dns: Resource) -> None:
        statements = self._cluster.name.apply(lambda cluster: rights.autoscaler(self._place, cluster))
        identity = self._identity("autoscaler", "cluster-autoscaler", statements)
        configuration = values.autoscaler(self._place, self._cluster, self._labels)
        self._chart("cluster-autoscaler", configuration, dns, identity)

    def _load_balancer_controller(self, network: NetworkOutputs, dns: Resource) -> None:
        statements = Output.all(self._cluster.name, network.vpc_id).apply(
            lambda known: rights.load_balancer_controller(self._place, *known)
        )
        identity = self._identity("load-balancers", "aws-load-balancer-controller", statements)
        configuration = values.load_balancer_controller(self._place, self._cluster, network, self._labels)
        self._chart("aws-load-balancer-controller", configuration, dns, identity)

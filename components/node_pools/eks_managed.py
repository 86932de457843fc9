"""A pool of machines in Amazon EKS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from pulumi import Output
from pulumi_aws import autoscaling, ec2, eks, iam

from components.component import Component
from components.errors import UserError
from components.node_pools.ami import is_bottlerocket
from components.node_pools.contract import SYSTEM, EksManagedSpec, NodePoolOutputs, system_pool_problem
from components.node_pools.template_tags import ENABLED, discovery_tag, template_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi import ResourceOptions

    from components.base import AwsPlace
    from components.cluster.contract import ClusterOutputs
    from components.network.contract import NetworkOutputs

EFFECTS = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}
"""Kubernetes' word -> that of EKS."""

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore")
"""What a machine may do: join, pull images, and be looked at without SSH. Pods have identities of their own."""

ROOT, BOTTLEROCKET_DATA = "/dev/xvda", "/dev/xvdb"


class EksManagedNodePool(Component[NodePoolOutputs]):
    """A managed node group that scales from zero, with a role and a launch template of its own.

    Volumes are encrypted by AWS's own EBS key, pods do not get the machine's credentials, there is no SSH key, and
    machines that fail are replaced. Size at run time is the autoscaler's matter. The nodes follow the cluster's
    release of Kubernetes. The pool is named by a prefix: what replaces it is there before the old one goes. It
    installs nothing: GPUs of an Amazon Linux image need the device plugin.

    Raises:
        UserError: A zone has no private subnet, or the system pool cannot hold the add-ons.
    """

    def __init__(
        self,
        name: str,
        spec: EksManagedSpec,
        *,
        place: AwsPlace,
        network: NetworkOutputs,
        cluster: ClusterOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        subnets = _subnets(name, spec, network)
        _refuse_as_system_pool(name, spec)
        super().__init__(name, spec, opts, network, cluster)
        self._pool, self._place, self._values = name, place, spec
        group = self._group(cluster, subnets)
        self._describe(group.resources.apply(_group_name), cluster)
        taints = [taint.model_dump() for taint in spec.node_taints]
        self.outputs = self.promise(
            NodePoolOutputs(
                labels=Output.from_input(spec.node_labels(name)),
                taints=Output.from_input(taints),
                accelerators=Output.from_input(spec.accelerators),
            )
        )

    def _group(self, cluster: ClusterOutputs, subnets: Mapping[str, Output[str]]) -> eks.NodeGroup:
        spec, template = self._values, self._template()
        role, rights = self._role()
        return eks.NodeGroup(
            self._pool,
            cluster_name=cluster.name,
            node_group_name_prefix=f"{self._pool}-",
            version=cluster.version,
            node_role_arn=role.arn,
            subnet_ids=list(subnets.values()),
            ami_type=spec.ami,
            instance_types=list(spec.instance_types),
            capacity_type=spec.capacity.upper(),
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            labels=spec.node_labels(self._pool),
            taints=[
                {"key": taint.key, "value": taint.value, "effect": EFFECTS[taint.effect]} for taint in spec.node_taints
            ],
            scaling_config={
                "min_size": spec.min_size,
                "max_size": spec.max_size,
                "desired_size": spec.first_size,
            },
            update_config={"max_unavailable_percentage": 33},
            node_repair_config={"enabled": True},
            opts=self.child_with(depends_on=rights, ignore_changes=_at_start(spec)),
        )

    def _role(self) -> tuple[iam.Role, Sequence[iam.RolePolicyAttachment]]:
        role = iam.Role(
            self._pool,
            name_prefix=self._place.role_prefix(self._pool),
            description=f"Machines of the pool {self._pool} of {self._place.environment}",
            assume_role_policy=json.dumps(_TRUST),
            opts=self.child,
        )
        managed = f"arn:{self._place.partition}:iam::aws:policy"
        rights = [
            iam.RolePolicyAttachment(
                f"{self._pool}-{policy}", role=role.name, policy_arn=f"{managed}/{policy}", opts=self.child
            )
            for policy in NODE_POLICIES
        ]
        return role, rights

    def _template(self) -> ec2.LaunchTemplate:
        place = self._place
        tags = {
            "Name": f"{place.prefix}-{self._pool}",
            "stackwright:environment": place.environment,
            "stackwright:tier": place.tier.value,
            "stackwright:pool": self._pool,
        }
        return ec2.LaunchTemplate(
            self._pool,
            name_prefix=f"{place.prefix}-{self._pool}-",
            description=f"Machines of the pool {self._pool} of {place.environment}",
            update_default_version=True,
            block_device_mappings=_volumes(self._values),
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "disabled",
            },
            tag_specifications=[
                {"resource_type": kind, "tags": tags} for kind in ("instance", "network-interface", "volume")
            ],
            opts=self.child,
        )

    def _describe(self, group_name: Output[str], cluster: ClusterOutputs) -> None:
        """Tell the autoscaler what it cannot see as long as the pool is empty."""
        self._tag("enabled", group_name, ENABLED, "true")
        self._tag("cluster", group_name, cluster.name.apply(discovery_tag), "owned")
        for key, value in template_tags(self._values, self._pool).items():
            self._tag(key.partition("/node-template/")[2].replace("/", "-", 1), group_name, key, value)

    def _tag(self, suffix: str, group_name: Output[str], key: str | Output[str], value: str) -> None:
        autoscaling.Tag(
            f"{self._pool}-{suffix}",
            autoscaling_group_name=group_name,
            tag={"key": key, "value": value, "propagate_at_launch": False},
            opts=self.child,
        )


_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def _volumes(spec: EksManagedSpec) -> list[ec2.LaunchTemplateBlockDeviceMappingArgsDict]:
    data = _volume(BOTTLEROCKET_DATA if is_bottlerocket(spec.ami) else ROOT, spec.disk_gib)
    return [_volume(ROOT), data] if is_bottlerocket(spec.ami) else [data]


def _volume(device: str, size_gib: int | None = None) -> ec2.LaunchTemplateBlockDeviceMappingArgsDict:
    size: ec2.LaunchTemplateBlockDeviceMappingEbsArgsDict = {"volume_size": size_gib} if size_gib else {}
    return {
        "device_name": device,
        "ebs": {"volume_type": "gp3", "encrypted": "true", "delete_on_termination": "true", **size},
    }


def _group_name(resources: Sequence[eks.outputs.NodeGroupResource]) -> str:
    groups = cast("Sequence[eks.outputs.NodeGroupResourceAutoscalingGroup]", resources[0].autoscaling_groups)
    return cast("str", groups[0].name)


def _at_start(spec: EksManagedSpec) -> list[str]:
    """Return what is decided once: other subnets would replace the pool whenever the network gets a zone."""
    return ["scalingConfig.desiredSize"] if spec.zones else ["scalingConfig.desiredSize", "subnetIds"]


def _subnets(name: str, spec: EksManagedSpec, network: NetworkOutputs) -> Mapping[str, Output[str]]:
    private = network.private_subnet_ids
    zones = sorted(private) if spec.zones is None else sorted(set(spec.zones))
    if missing := [zone for zone in zones if zone not in private]:
        told = f"no private subnet in this zone; choose from {', '.join(sorted(private))}"
        raise UserError(f"{name}: zones: `{zone}`: {told}" for zone in missing)
    return {zone: private[zone] for zone in zones}


def _refuse_as_system_pool(name: str, spec: EksManagedSpec) -> None:
    if name == SYSTEM and (problem := system_pool_problem(spec)):
        raise UserError(f"{name}: {problem}")

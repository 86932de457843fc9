"""A Kubernetes cluster in Amazon EKS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from pulumi import Output
from pulumi_aws import cloudwatch, ec2, eks, iam, vpc

from components.aws_key import customer_key
from components.cluster.contract import AddonName, ClusterOutputs, EksSpec
from components.component import Component
from components.errors import UserError
from components.pod_identity import pod_identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi import Resource, ResourceOptions
    from pulumi_aws import kms

    from components.base import AwsPlace
    from components.network.contract import NetworkOutputs
    from components.runners.contract import RunnersOutputs

LOGS = ("api", "audit", "authenticator")

CNI_SETTINGS = {"enableNetworkPolicy": "true"}
"""Without it the cluster takes NetworkPolicies and keeps none of them."""


class EksCluster(Component[ClusterOutputs]):
    """A cluster whose API server answers in the network, with what nodes need before they come.

    Rights are access entries, and nobody is an administrator by having created it. Secrets are encrypted by a
    customer key before they are stored, the control plane's log by the same one; its group is there first, so that
    it has an end. From `staging` on the cluster is protected. It has no nodes, and installs nothing that needs one.

    Raises:
        UserError: A zone of the control plane has no private subnet.
    """

    def __init__(
        self,
        name: str,
        spec: EksSpec,
        *,
        place: AwsPlace,
        network: NetworkOutputs,
        runners: RunnersOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        subnets = _subnets(name, spec, network)
        super().__init__(name, spec, opts, network, runners)
        self._stem, self._place, self._values = name, place, spec
        entrance = self._entrance(network, runners)
        cluster = self._cluster(subnets, entrance)
        outputs = _outputs(cluster)
        self._admins(cluster)
        self._addons(outputs)
        self.outputs = self.promise(outputs)

    def _entrance(self, network: NetworkOutputs, runners: RunnersOutputs) -> ec2.SecurityGroup:
        """Let runners reach the API server, and only it: nodes are not in this group."""
        group = ec2.SecurityGroup(
            self._stem,
            name_prefix=f"{self._place.prefix}-{self._stem}-",
            description=f"API server of {self._place.environment}: HTTPS from runners",
            vpc_id=network.vpc_id,
            opts=self.child,
        )
        for runner, runner_group_id in sorted(runners.security_group_ids.items()):
            vpc.SecurityGroupIngressRule(
                f"{self._stem}-from-{runner}",
                security_group_id=group.id,
                referenced_security_group_id=runner_group_id,
                description=f"HTTPS from {runner}",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                opts=self.child,
            )
        return group

    def _cluster(self, subnets: Mapping[str, Output[str]], entrance: ec2.SecurityGroup) -> eks.Cluster:
        spec, place = self._values, self._place
        key = customer_key(
            self, self._stem, place, deletion_days=spec.key_deletion_days, statements=[_log_encryption(place)]
        )
        role, rights = self._role(key)
        return eks.Cluster(
            self._stem,
            name=place.prefix,
            version=spec.version,
            role_arn=role.arn,
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            bootstrap_self_managed_addons=False,
            deletion_protection=not place.disposable,
            enabled_cluster_log_types=list(LOGS),
            encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
            upgrade_policy={"support_type": "STANDARD"},
            vpc_config=_reach(spec, subnets, entrance),
            opts=self.child_with(
                depends_on=[*rights, self._log(key)],
                protect=not place.disposable,
                ignore_changes=None if spec.zones else ["vpcConfig.subnetIds"],
            ),
        )

    def _log(self, key: kms.Key) -> cloudwatch.LogGroup:
        return cloudwatch.LogGroup(
            self._stem,
            name=_log_group(self._place),
            retention_in_days=self._values.log_retention_days,
            kms_key_id=key.arn,
            opts=self.child,
        )

    def _role(self, key: kms.Key) -> tuple[iam.Role, Sequence[Resource]]:
        role = iam.Role(
            self._stem,
            name_prefix=self._place.role_prefix(self._stem),
            description=f"Control plane of {self._place.environment}",
            assume_role_policy=json.dumps(_trust(self._place)),
            opts=self.child,
        )
        managed = iam.RolePolicyAttachment(
            self._stem,
            role=role.name,
            policy_arn=f"arn:{self._place.partition}:iam::aws:policy/AmazonEKSClusterPolicy",
            opts=self.child,
        )
        own = iam.RolePolicy(
            self._stem,
            role=role.name,
            policy=Output.json_dumps(key.arn.apply(_rights)),
            opts=self.child,
        )
        return role, [managed, own]

    def _admins(self, cluster: eks.Cluster) -> None:
        policy = f"arn:{self._place.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
        for arn in sorted(set(self._values.admin_role_arns)):
            name = f"{self._stem}-{_short(arn)}"
            entry = eks.AccessEntry(
                name, cluster_name=cluster.name, principal_arn=arn, type="STANDARD", opts=self.child
            )
            eks.AccessPolicyAssociation(
                name,
                cluster_name=cluster.name,
                principal_arn=entry.principal_arn,
                policy_arn=policy,
                access_scope={"type": "cluster"},
                opts=self.child,
            )

    def _addons(self, cluster: ClusterOutputs) -> None:
        """Install what a node needs to become ready; all of it may be there before the first node."""
        agent = self._addon(cluster, "eks-pod-identity-agent")
        self._addon(cluster, "kube-proxy")
        policy = f"arn:{self._place.partition}:iam::aws:policy/AmazonEKS_CNI_Policy"
        _, identity = pod_identity(
            self,
            f"{self._stem}-vpc-cni",
            self._place,
            cluster,
            namespace="kube-system",
            service_account="aws-node",
            policy_arns=[policy],
        )
        self._addon(cluster, "vpc-cni", CNI_SETTINGS, after=[agent, identity])

    def _addon(
        self,
        cluster: ClusterOutputs,
        addon: AddonName,
        settings: Mapping[str, Any] | None = None,
        *,
        after: Sequence[Resource] = (),
    ) -> eks.Addon:
        return eks.Addon(
            f"{self._stem}-{addon}",
            cluster_name=cluster.name,
            addon_name=addon,
            addon_version=self._values.addon_versions.get(addon),
            configuration_values=json.dumps(settings) if settings else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=self.child_with(depends_on=after),
        )


def _reach(
    spec: EksSpec, subnets: Mapping[str, Output[str]], entrance: ec2.SecurityGroup
) -> eks.ClusterVpcConfigArgsDict:
    inside: eks.ClusterVpcConfigArgsDict = {
        "subnet_ids": list(subnets.values()),
        "security_group_ids": [entrance.id],
        "endpoint_private_access": True,
        "endpoint_public_access": not spec.private_only,
    }
    return inside if spec.private_only else {**inside, "public_access_cidrs": list(spec.public_cidrs)}


def _outputs(cluster: eks.Cluster) -> ClusterOutputs:
    network = cluster.vpc_config
    return ClusterOutputs(
        name=cluster.name,
        endpoint=cluster.endpoint,
        certificate_authority=cluster.certificate_authority.apply(lambda authority: cast("str", authority.data)),
        identifier=cluster.arn,
        version=cluster.version,
        security_group_ids={"cluster": network.apply(lambda found: cast("str", found.cluster_security_group_id))},
        audience=Output.from_input(None),
    )


def _subnets(name: str, spec: EksSpec, network: NetworkOutputs) -> dict[str, Output[str]]:
    private = network.private_subnet_ids
    zones = sorted(private) if spec.zones is None else spec.zones
    if missing := [zone for zone in zones if zone not in private]:
        told = f"no private subnet in this zone; choose from {', '.join(sorted(private))}"
        raise UserError(f"{name}: zones: `{zone}`: {told}" for zone in missing)
    return {zone: private[zone] for zone in zones}


def _short(role_arn: str) -> str:
    """Return what tells roles apart, the account of each with them."""
    _, _, rest = role_arn.partition("::")
    account, _, path = rest.partition(":role/")
    return f"{account}-{path.replace('/', '-')}"


def _log_group(place: AwsPlace) -> str:
    """Return the one name that EKS writes to."""
    return f"/aws/eks/{place.prefix}/cluster"


def _log_encryption(place: AwsPlace) -> dict[str, Any]:
    """Let CloudWatch Logs use the key for this log group only.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    group = f"arn:{place.partition}:logs:{place.region}:{place.account}:log-group:{_log_group(place)}"
    return {
        "Sid": "UseForTheLog",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{place.region}.{place.domain}"},
        "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": group}},
    }


def _trust(place: AwsPlace) -> dict[str, Any]:
    """Trust EKS for this cluster only.

    Source: docs.aws.amazon.com/eks/latest/userguide/cross-service-confused-deputy-prevention.html
    """
    cluster = f"arn:{place.partition}:eks:{place.region}:{place.account}:cluster/{place.prefix}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "eks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": place.account},
                    "ArnLike": {"aws:SourceArn": cluster},
                },
            }
        ],
    }


def _rights(key_arn: str) -> dict[str, Any]:
    """Let the control plane use its key."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"],
                "Resource": key_arn,
            },
        ],
    }

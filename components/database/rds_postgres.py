"""PostgreSQL in Amazon RDS."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pulumi import Output
from pulumi_aws import ec2, rds, vpc

from components.aws_key import customer_key
from components.base import Tier
from components.component import Component
from components.database.contract import DatabaseOutputs, RdsPostgresSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi import ResourceOptions
    from pulumi_aws import kms

    from components.base import AwsPlace
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.network.contract import NetworkOutputs

PORT = 5432
ADMIN = "platform_admin"


class RdsPostgresDatabase(Component[DatabaseOutputs]):
    """A private, encrypted PostgreSQL that only its clients' security groups reach, by TLS.

    RDS makes the administrator's password, keeps it in Secrets Manager and rotates it every seven days. From
    `staging` on the instance is protected, and a deletion leaves a final snapshot that is named after this life of
    the database, so that up, destroy and up again works. A prod database stands by in a second zone. It makes no
    users, and grants nobody the administrator's secret.

    Args:
        client_security_group_ids: Name of a client -> the security group that its machines are in. One more client
            changes nothing of the others, and the database does not wait for any.
    """

    def __init__(
        self,
        name: str,
        spec: RdsPostgresSpec,
        *,
        place: AwsPlace,
        network: NetworkOutputs,
        services: ClusterServicesOutputs | None = None,
        client_security_group_ids: Mapping[str, Output[str]] | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, network, services)
        self._stem, self._place, self._prefix = name, place, f"{place.prefix}-{name}-"
        key = customer_key(self, name, place, deletion_days=spec.key_deletion_days)
        entrance = self._entrance(network, client_security_group_ids or {})
        instance = self._instance(spec, key, self._subnets(network), entrance)
        self.outputs = self.promise(
            DatabaseOutputs(
                host=instance.address,
                port=Output.from_input(PORT),
                name=Output.from_input(spec.database),
                admin_secret=instance.master_user_secrets.apply(_arn_of_the_only_one),
                admin_secret_key_arn=key.arn,
                resource_id=instance.resource_id,
                certificates=Output.from_input(None),
            )
        )

    def _subnets(self, network: NetworkOutputs) -> rds.SubnetGroup:
        return rds.SubnetGroup(
            self._stem,
            name_prefix=self._prefix,
            description=f"Isolated subnets of {self._place.environment}",
            subnet_ids=list(network.isolated_subnet_ids.values()),
            opts=self.child,
        )

    def _entrance(self, network: NetworkOutputs, clients: Mapping[str, Output[str]]) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self._stem,
            name_prefix=self._prefix,
            description=f"PostgreSQL of {self._place.environment}: its clients only",
            vpc_id=network.vpc_id,
            opts=self.child,
        )
        for client, client_group_id in sorted(clients.items()):
            vpc.SecurityGroupIngressRule(
                f"{self._stem}-from-{client}",
                security_group_id=group.id,
                referenced_security_group_id=client_group_id,
                description=f"PostgreSQL from {client}",
                ip_protocol="tcp",
                from_port=PORT,
                to_port=PORT,
                opts=self.child,
            )
        return group

    def _parameters(self, spec: RdsPostgresSpec) -> rds.ParameterGroup:
        return rds.ParameterGroup(
            self._stem,
            name_prefix=self._prefix,
            family=f"postgres{spec.major_version}",
            description=f"PostgreSQL of {self._place.environment}: TLS only",
            parameters=[{"name": "rds.force_ssl", "value": "1", "apply_method": "immediate"}],
            opts=self.child,
        )

    def _instance(
        self, spec: RdsPostgresSpec, key: kms.Key, subnets: rds.SubnetGroup, entrance: ec2.SecurityGroup
    ) -> rds.Instance:
        place = self._place
        return rds.Instance(
            self._stem,
            identifier_prefix=self._prefix,
            engine="postgres",
            engine_version=spec.major_version,
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=spec.major_upgrade_allowed,
            parameter_group_name=self._parameters(spec).name,
            instance_class=spec.instance_class,
            multi_az=place.tier is Tier.PROD,
            storage_type="gp3",
            allocated_storage=spec.storage_gib,
            max_allocated_storage=spec.max_storage_gib,
            storage_encrypted=True,
            kms_key_id=key.arn,
            db_name=spec.database,
            username=ADMIN,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=key.arn,
            iam_database_authentication_enabled=True,
            port=PORT,
            publicly_accessible=False,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[entrance.id],
            ca_cert_identifier="rds-ca-rsa2048-g1",
            performance_insights_enabled=True,
            performance_insights_kms_key_id=key.arn,
            performance_insights_retention_period=7,
            backup_retention_period=spec.backup_days,
            backup_window=spec.backup_window,
            maintenance_window=spec.maintenance_window,
            copy_tags_to_snapshot=True,
            delete_automated_backups=place.disposable,
            deletion_protection=not place.disposable,
            skip_final_snapshot=place.disposable,
            final_snapshot_identifier=None if place.disposable else Output.concat(subnets.name, "-final"),
            opts=self.child_with(protect=not place.disposable),
        )


def _arn_of_the_only_one(secrets: Sequence[rds.outputs.InstanceMasterUserSecret]) -> str:
    return cast("str", secrets[0].secret_arn)

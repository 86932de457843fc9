"""Where data, images, secrets and logs are kept: Amazon RDS, ECR, Secrets Manager, CloudWatch Logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tests.harness.aws_plugin.cloud import GoneError
from tests.harness.aws_plugin.handlers.base import TAGS, Given, Handler, Names

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud


class SubnetGroup(Handler):
    type = "rds/subnetGroup:SubnetGroup"
    named = "name"

    def create(self, aws: Cloud, given: Given) -> str:
        return aws.rds.create_db_subnet_group(
            DBSubnetGroupName=given.physical("name", "namePrefix"),
            DBSubnetGroupDescription=given.get("description", "Managed by Pulumi"),
            SubnetIds=given["subnetIds"],
            Tags=aws.tag_list(given.tags),
        )["DBSubnetGroup"]["DBSubnetGroupName"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.rds.describe_db_subnet_groups(DBSubnetGroupName=id_)["DBSubnetGroups"][0]
        subnets = [subnet["SubnetIdentifier"] for subnet in live["Subnets"]]
        return {"name": id_, "arn": live["DBSubnetGroupArn"], "vpcId": live["VpcId"], "subnetIds": subnets}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        if changed - TAGS:
            super().update(aws, id_, given, changed)  # moto loses the group when it changes its subnets
        arn = self.read(aws, id_, given)["arn"]
        aws.rds.add_tags_to_resource(ResourceName=arn, Tags=aws.tag_list(given.tags))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.rds.delete_db_subnet_group(DBSubnetGroupName=id_)


class ParameterGroup(Handler):
    type = "rds/parameterGroup:ParameterGroup"
    named = "name"
    names = Names(name="ParameterName", value="ParameterValue")

    def create(self, aws: Cloud, given: Given) -> str:
        name = given.physical("name", "namePrefix")
        aws.rds.create_db_parameter_group(
            DBParameterGroupName=name,
            DBParameterGroupFamily=given["family"],
            Description=given.get("description", "Managed by Pulumi"),
            Tags=aws.tag_list(given.tags),
        )
        self._set(aws, name, given)
        return name

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        found = aws.rds.describe_db_parameter_groups(DBParameterGroupName=id_)["DBParameterGroups"]
        if not found:
            raise GoneError(id_)
        live = found[0]
        return {"name": id_, "arn": live["DBParameterGroupArn"], "family": live["DBParameterGroupFamily"]}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        self._set(aws, id_, given)

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.rds.delete_db_parameter_group(DBParameterGroupName=id_)

    def _set(self, aws: Cloud, name: str, given: Given) -> None:
        if given.get("parameters"):
            aws.rds.modify_db_parameter_group(
                DBParameterGroupName=name, Parameters=self.names.to_aws(given["parameters"])
            )


class Instance(Handler):
    type = "rds/instance:Instance"
    named = "identifier"
    later = frozenset(
        {"skipFinalSnapshot", "finalSnapshotIdentifier", "deleteAutomatedBackups", "applyImmediately"}
        | {"allowMajorVersionUpgrade"}
    )
    same = (
        *("allocatedStorage", "autoMinorVersionUpgrade", "backupRetentionPeriod", "copyTagsToSnapshot"),
        *("deletionProtection", "engine", "engineVersion", "kmsKeyId", "manageMasterUserPassword"),
        *("masterUserSecretKmsKeyId", "maxAllocatedStorage", "port", "publiclyAccessible", "storageEncrypted"),
        *("storageType", "iops", "storageThroughput", "monitoringInterval", "monitoringRoleArn"),
    )
    renamed: ClassVar = {
        "CACertificateIdentifier": "caCertIdentifier",
        "DBInstanceClass": "instanceClass",
        "DBName": "dbName",
        "DBParameterGroupName": "parameterGroupName",
        "DBSubnetGroupName": "dbSubnetGroupName",
        "EnableCloudwatchLogsExports": "enabledCloudwatchLogsExports",
        "EnableIAMDatabaseAuthentication": "iamDatabaseAuthenticationEnabled",
        "EnablePerformanceInsights": "performanceInsightsEnabled",
        "MasterUserPassword": "password",
        "MasterUsername": "username",
        "MultiAZ": "multiAz",
        "PerformanceInsightsKMSKeyId": "performanceInsightsKmsKeyId",
        "PerformanceInsightsRetentionPeriod": "performanceInsightsRetentionPeriod",
        "PreferredBackupWindow": "backupWindow",
        "PreferredMaintenanceWindow": "maintenanceWindow",
        "VpcSecurityGroupIds": "vpcSecurityGroupIds",
    }
    fixed = frozenset(
        {"Engine", "KmsKeyId", "StorageEncrypted", "MasterUsername", "DBName", "DBSubnetGroupName", "Port"}
    )
    """Arguments that only its creation takes."""
    drifts: ClassVar = {
        "backupRetentionPeriod": "BackupRetentionPeriod",
        "deletionProtection": "DeletionProtection",
        "instanceClass": "DBInstanceClass",
        "multiAz": "MultiAZ",
        "publiclyAccessible": "PubliclyAccessible",
    }
    """Inputs that a refresh reads."""

    def create(self, aws: Cloud, given: Given) -> str:
        name = given.physical("identifier", "identifierPrefix")
        wanted = given.only(*self.same, **self.renamed)
        made = aws.rds.create_db_instance(DBInstanceIdentifier=name, **wanted, Tags=aws.tag_list(given.tags))
        return made["DBInstance"]["DbiResourceId"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = self._live(aws, id_)
        secret = live.get("MasterUserSecret")
        endpoint = live["Endpoint"]
        return {
            "identifier": live["DBInstanceIdentifier"],
            "arn": live["DBInstanceArn"],
            "resourceId": id_,
            "address": endpoint["Address"],
            "endpoint": f"{endpoint['Address']}:{endpoint['Port']}",
            "status": live["DBInstanceStatus"],
            "engineVersionActual": live["EngineVersion"],
            "masterUserSecrets": [
                {"secretArn": secret["SecretArn"], "kmsKeyId": secret["KmsKeyId"], "secretStatus": "active"}
            ]
            if secret
            else [],
            **{key: live.get(name) for key, name in self.drifts.items()},
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        renamed = {name: key for name, key in self.renamed.items() if key in changed}
        wanted = given.only(*(key for key in self.same if key in changed), **renamed)
        takes = set(aws.rds.meta.service_model.operation_model("ModifyDBInstance").input_shape.members)
        kept = {name: value for name, value in wanted.items() if name in takes and name not in self.fixed}
        live = self._live(aws, id_)
        if kept:
            aws.rds.modify_db_instance(DBInstanceIdentifier=live["DBInstanceIdentifier"], ApplyImmediately=True, **kept)
        aws.rds.add_tags_to_resource(ResourceName=live["DBInstanceArn"], Tags=aws.tag_list(given.tags))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        name = self._live(aws, id_)["DBInstanceIdentifier"]
        last = {} if given.get("skipFinalSnapshot") else {"FinalDBSnapshotIdentifier": given["finalSnapshotIdentifier"]}
        aws.rds.delete_db_instance(
            DBInstanceIdentifier=name,
            SkipFinalSnapshot=bool(given.get("skipFinalSnapshot")),
            DeleteAutomatedBackups=given.get("deleteAutomatedBackups", True),
            **last,
        )

    def _live(self, aws: Cloud, id_: str) -> dict[str, Any]:
        found = [live for live in aws.rds.describe_db_instances()["DBInstances"] if live["DbiResourceId"] == id_]
        if not found:
            raise GoneError(id_)
        return found[0]


class Repository(Handler):
    type = "ecr/repository:Repository"
    named = "name"
    later = frozenset({"forceDelete"})
    replaces = frozenset({"encryptionConfigurations"})

    def create(self, aws: Cloud, given: Given) -> str:
        encryption = given.get("encryptionConfigurations") or [{}]
        return aws.ecr.create_repository(
            repositoryName=given.physical("name", "namePrefix"),
            imageTagMutability=given.get("imageTagMutability", "MUTABLE"),
            imageScanningConfiguration=given.get("imageScanningConfiguration") or {"scanOnPush": False},
            **({"encryptionConfiguration": encryption[0]} if encryption[0] else {}),
            tags=aws.tag_list(given.tags),
        )["repository"]["repositoryName"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.ecr.describe_repositories(repositoryNames=[id_])["repositories"][0]
        return {
            "name": id_,
            "arn": live["repositoryArn"],
            "repositoryUrl": live["repositoryUri"],
            "registryId": live["registryId"],
            "imageTagMutability": live["imageTagMutability"],
            "imageScanningConfiguration": live["imageScanningConfiguration"],
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        aws.ecr.put_image_tag_mutability(
            repositoryName=id_, imageTagMutability=given.get("imageTagMutability", "MUTABLE")
        )
        scanning = given.get("imageScanningConfiguration") or {"scanOnPush": False}
        aws.ecr.put_image_scanning_configuration(repositoryName=id_, imageScanningConfiguration=scanning)

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.ecr.delete_repository(repositoryName=id_, force=bool(given.get("forceDelete")))


class LifecyclePolicy(Handler):
    type = "ecr/lifecyclePolicy:LifecyclePolicy"
    replaces = frozenset({"repository"})

    def create(self, aws: Cloud, given: Given) -> str:
        aws.ecr.put_lifecycle_policy(repositoryName=given["repository"], lifecyclePolicyText=given["policy"])
        return given["repository"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.ecr.get_lifecycle_policy(repositoryName=id_)
        return {"repository": id_, "policy": live["lifecyclePolicyText"], "registryId": live["registryId"]}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        self.create(aws, given)

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.ecr.delete_lifecycle_policy(repositoryName=id_)


class Secret(Handler):
    type = "secretsmanager/secret:Secret"
    named = "name"
    later = frozenset({"recoveryWindowInDays", "forceOverwriteReplicaSecret"})

    def create(self, aws: Cloud, given: Given) -> str:
        return aws.secretsmanager.create_secret(
            Name=given.physical("name", "namePrefix"),
            **given.only("description", "kmsKeyId"),
            Tags=aws.tag_list(given.tags),
        )["ARN"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.secretsmanager.describe_secret(SecretId=id_)
        if live.get("DeletedDate"):
            raise GoneError(id_)
        shown = {"name": live["Name"], "arn": id_, "kmsKeyId": live.get("KmsKeyId")}
        return shown | {"description": live.get("Description")}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        aws.secretsmanager.update_secret(SecretId=id_, **given.only("description", "kmsKeyId"))
        aws.secretsmanager.tag_resource(SecretId=id_, Tags=aws.tag_list(given.tags))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        days = given.get("recoveryWindowInDays", 30)
        how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        aws.secretsmanager.delete_secret(SecretId=id_, **how)


class SecretVersion(Handler):
    """Its id is `arn|version`."""

    type = "secretsmanager/secretVersion:SecretVersion"
    replaces = frozenset({"secretId", "secretString"})

    def create(self, aws: Cloud, given: Given) -> str:
        made = aws.secretsmanager.put_secret_value(SecretId=given["secretId"], SecretString=given["secretString"])
        return f"{given['secretId']}|{made['VersionId']}"

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        secret, _, version = id_.partition("|")
        live = aws.secretsmanager.get_secret_value(SecretId=secret, VersionId=version)
        return {"secretId": secret, "arn": live["ARN"], "versionId": version, "secretString": live["SecretString"]}

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        """Leave it: the last version of a secret goes with it, as the provider does."""


class LogGroup(Handler):
    type = "cloudwatch/logGroup:LogGroup"
    named = "name"
    later = frozenset({"skipDestroy"})

    def create(self, aws: Cloud, given: Given) -> str:
        name = given.physical("name", "namePrefix")
        tags = {"tags": given.tags} if given.tags else {}
        aws.logs.create_log_group(logGroupName=name, **given.only(kmsKeyId="kmsKeyId"), **tags)
        self._keep(aws, name, given)
        return name

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        found = aws.logs.describe_log_groups(logGroupNamePrefix=id_)["logGroups"]
        live = next((group for group in found if group["logGroupName"] == id_), None)
        if not live:
            raise GoneError(id_)
        arn = live["arn"].removesuffix(":*")
        return {
            "name": id_,
            "arn": arn,
            "retentionInDays": live.get("retentionInDays"),
            "kmsKeyId": live.get("kmsKeyId"),
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        self._keep(aws, id_, given)

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        if not given.get("skipDestroy"):
            aws.logs.delete_log_group(logGroupName=id_)

    def _keep(self, aws: Cloud, name: str, given: Given) -> None:
        if given.get("retentionInDays"):
            aws.logs.put_retention_policy(logGroupName=name, retentionInDays=given["retentionInDays"])
        else:
            aws.logs.delete_retention_policy(logGroupName=name)

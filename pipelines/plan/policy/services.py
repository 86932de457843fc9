"""Keys, databases, registries, clusters, topics and logs."""

from __future__ import annotations

from pipelines.plan.graph import GraphResource
from pipelines.plan.policy.base import Policy, each, inside, items

KEY = "aws:kms/key:Key"
DATABASE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
REPOSITORY = "aws:ecr/repository:Repository"
CLUSTER = "aws:eks/cluster:Cluster"
TOPIC = "aws:sns/topic:Topic"
QUEUE = "aws:sqs/queue:Queue"
LOG = "aws:cloudwatch/logGroup:LogGroup"


@each(KEY)
def _rotation(key: GraphResource) -> str | None:
    symmetric = key.inputs.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
    rotates = key.inputs.get("enableKeyRotation") is True
    return "never changes its key material; set `enableKeyRotation`" if symmetric and not rotates else None


@each(DATABASE)
def _reachable(database: GraphResource) -> str | None:
    return (
        "has a public address; set `publiclyAccessible` to false" if database.inputs.get("publiclyAccessible") else None
    )


@each(DATABASE)
def _database_key(database: GraphResource) -> str | None:
    encrypted = database.inputs.get("storageEncrypted") is True and database.inputs.get("kmsKeyId")
    return None if encrypted else "is not encrypted by a customer key; set `storageEncrypted` and `kmsKeyId`"


@each(DATABASE)
def _password(database: GraphResource) -> str | None:
    managed = database.inputs.get("manageMasterUserPassword") is True
    if managed or database.inputs.get("replicateSourceDb"):
        return None
    return "its password passes through this program; set `manageMasterUserPassword` instead"


@each(DATABASE)
def _backups(database: GraphResource) -> str | None:
    days = database.inputs.get("backupRetentionPeriod", 0)
    return None if isinstance(days, int) and days >= 7 else f"keeps {days} days of backups; keep at least 7"


@each(PARAMETERS)
def _database_tls(group: GraphResource) -> str | None:
    if not str(group.inputs.get("family", "")).startswith("postgres"):
        return None
    parameters = items(group.inputs.get("parameters"))
    forced = any(item.get("name") == "rds.force_ssl" and str(item.get("value")) == "1" for item in parameters)
    return None if forced else "lets clients connect without TLS; set the parameter `rds.force_ssl` to 1"


@each(REPOSITORY)
def _immutable(repository: GraphResource) -> str | None:
    kind = str(repository.inputs.get("imageTagMutability"))
    return None if kind.startswith("IMMUTABLE") else "its tags can be moved; set `imageTagMutability` to `IMMUTABLE`"


@each(REPOSITORY)
def _scanned(repository: GraphResource) -> str | None:
    scans = inside(repository.inputs, "imageScanningConfiguration").get("scanOnPush") is True
    return None if scans else "takes images unseen; set `imageScanningConfiguration.scanOnPush`"


@each(CLUSTER)
def _public_endpoint(cluster: GraphResource) -> str | None:
    network = inside(cluster.inputs, "vpcConfig")
    ranges = items(network.get("publicAccessCidrs")) or ["0.0.0.0/0"]
    if network.get("endpointPublicAccess", True) and {"0.0.0.0/0", "::/0"} & set(ranges):
        return "its API answers the whole internet; close `endpointPublicAccess`, or list `publicAccessCidrs`"
    return None


@each(CLUSTER)
def _audited(cluster: GraphResource) -> str | None:
    missing = {"api", "audit", "authenticator"} - set(items(cluster.inputs.get("enabledClusterLogTypes")))
    return f"does not log {', '.join(sorted(missing))}; add to `enabledClusterLogTypes`" if missing else None


@each(TOPIC, QUEUE)
def _messages(channel: GraphResource) -> str | None:
    return None if channel.inputs.get("kmsMasterKeyId") else "is not encrypted by a customer key; set `kmsMasterKeyId`"


@each(LOG)
def _retention(group: GraphResource) -> str | None:
    return None if group.inputs.get("retentionInDays") else "keeps its log for ever; set `retentionInDays`"


_ENDPOINT = {"endpointPublicAccess": True, "endpointPrivateAccess": True}
_LOGGED = ["api", "audit", "authenticator"]

POLICIES = (
    Policy(
        id="kms-rotates",
        reason="A key that leaked once decrypts everything that is written later, too.",
        source="AWS Security Hub, KMS controls KMS.4",
        check=_rotation,
        fires=[{f"{KEY} data": {}}],
        holds=[
            {f"{KEY} data": {"enableKeyRotation": True}},
            {f"{KEY} sign": {"customerMasterKeySpec": "ECC_NIST_P256"}},
        ],
    ),
    Policy(
        id="rds-private",
        reason="A database on the internet is protected by its password alone.",
        source="AWS Security Hub, RDS controls RDS.2",
        check=_reachable,
        fires=[{f"{DATABASE} db": {"publiclyAccessible": True}}],
        holds=[{f"{DATABASE} db": {"publiclyAccessible": False}}, {f"{DATABASE} db": {}}],
    ),
    Policy(
        id="rds-own-key",
        reason="Snapshots that are not encrypted can be copied and shared by anyone who may read them.",
        source="AWS Security Hub, RDS controls RDS.3",
        check=_database_key,
        fires=[{f"{DATABASE} db": {}}, {f"{DATABASE} db": {"storageEncrypted": True}}],
        holds=[{f"{DATABASE} db": {"storageEncrypted": True, "kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k"}}],
    ),
    Policy(
        id="rds-managed-password",
        reason="A password that passes through a program ends in its state, its logs or its history.",
        source="Amazon RDS User Guide, password management with Amazon RDS and AWS Secrets Manager",
        check=_password,
        fires=[{f"{DATABASE} db": {"password": {"secret": True}}}],
        holds=[{f"{DATABASE} db": {"manageMasterUserPassword": True}}],
    ),
    Policy(
        id="rds-backups",
        reason="A mistake that is noticed after the weekend cannot be undone.",
        source="AWS Security Hub, RDS controls RDS.11",
        check=_backups,
        fires=[{f"{DATABASE} db": {}}, {f"{DATABASE} db": {"backupRetentionPeriod": 1}}],
        holds=[{f"{DATABASE} db": {"backupRetentionPeriod": 7}}],
    ),
    Policy(
        id="rds-tls-only",
        reason="Passwords and rows would travel readable.",
        source="Amazon RDS User Guide, requiring an SSL connection to a PostgreSQL DB instance",
        check=_database_tls,
        fires=[{f"{PARAMETERS} db": {"family": "postgres17", "parameters": [{"name": "rds.force_ssl", "value": "0"}]}}],
        holds=[{f"{PARAMETERS} db": {"family": "postgres17", "parameters": [{"name": "rds.force_ssl", "value": "1"}]}}],
    ),
    Policy(
        id="ecr-immutable",
        reason="A tag that can be moved makes what was tested something else than what runs.",
        source="AWS Security Hub, ECR controls ECR.2",
        check=_immutable,
        fires=[{f"{REPOSITORY} images": {}}],
        holds=[{f"{REPOSITORY} images": {"imageTagMutability": "IMMUTABLE"}}],
    ),
    Policy(
        id="ecr-scanned",
        reason="Known holes in an image are noticed by those who look for them.",
        source="AWS Security Hub, ECR controls ECR.1",
        check=_scanned,
        fires=[{f"{REPOSITORY} images": {}}],
        holds=[{f"{REPOSITORY} images": {"imageScanningConfiguration": {"scanOnPush": True}}}],
    ),
    Policy(
        id="eks-endpoint-limited",
        reason="A stolen token works from everywhere, and so does the next hole in the API server.",
        source="AWS Security Hub, EKS controls EKS.1",
        check=_public_endpoint,
        fires=[{f"{CLUSTER} main": {}}, {f"{CLUSTER} main": {"vpcConfig": _ENDPOINT}}],
        holds=[
            {f"{CLUSTER} main": {"vpcConfig": {"endpointPublicAccess": False}}},
            {f"{CLUSTER} main": {"vpcConfig": {**_ENDPOINT, "publicAccessCidrs": ["192.0.2.0/24"]}}},
        ],
    ),
    Policy(
        id="eks-audited",
        reason="Without these logs nobody can say who changed what in the cluster.",
        source="AWS Security Hub, EKS controls EKS.8",
        check=_audited,
        fires=[{f"{CLUSTER} main": {}}, {f"{CLUSTER} main": {"enabledClusterLogTypes": ["api"]}}],
        holds=[{f"{CLUSTER} main": {"enabledClusterLogTypes": _LOGGED}}],
    ),
    Policy(
        id="messages-own-key",
        reason="Alerts and events say more about a system than it seems.",
        source="AWS Security Hub, controls SNS.1, SQS.1",
        check=_messages,
        fires=[{f"{TOPIC} alerts": {}}, {f"{QUEUE} events": {"sqsManagedSseEnabled": True}}],
        holds=[{f"{TOPIC} alerts": {"kmsMasterKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k"}}],
    ),
    Policy(
        id="logs-retention",
        reason="Logs that nobody deletes cost more every month, and keep personal data too long.",
        source="AWS Security Hub, CloudWatch controls CloudWatch.16",
        check=_retention,
        fires=[{f"{LOG} api": {}}],
        holds=[{f"{LOG} api": {"retentionInDays": 90}}],
    ),
)

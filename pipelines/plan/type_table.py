"""Pulumi's AWS types -> the CloudFormation types that describe the same thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Row:
    """How one Pulumi type is described by CloudFormation's schemas."""

    cfn: str
    """`AWS::S3::Bucket`."""
    within: tuple[str, ...] = ()
    """Path of the property that the type is a part of, where CloudFormation has no type of its own."""
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """Input -> property, where they differ by more than the case of letters."""
    replaces: frozenset[str] = frozenset()
    """Inputs whose change replaces it, beside what the schema says."""
    in_place: frozenset[str] = frozenset()
    """Inputs that the provider changes in place, where the schema says that this depends."""


def _row(cfn: str, names: str = "", *, within: str = "", replaces: str = "", in_place: str = "") -> Row:
    pairs = dict(pair.split("=") for pair in names.split())
    parts = tuple(part for part in within.split("/") if part)
    return Row(
        cfn=cfn,
        within=parts,
        names=pairs,
        replaces=frozenset(replaces.split()),
        in_place=frozenset(in_place.split()),
    )


_RULE = "cidrIpv4=CidrIp securityGroupId=GroupId"
_FLOW = "iamRoleArn=DeliverLogsPermissionArn vpcId=ResourceId subnetId=ResourceId eniId=ResourceId"
_DATABASE = (
    "identifier=DBInstanceIdentifier username=MasterUsername password=MasterUserPassword instanceClass=DBInstanceClass "
    "parameterGroupName=DBParameterGroupName maintenanceWindow=PreferredMaintenanceWindow "
    "backupWindow=PreferredBackupWindow vpcSecurityGroupIds=VPCSecurityGroups snapshotIdentifier=DBSnapshotIdentifier "
    "replicateSourceDb=SourceDBInstanceIdentifier caCertIdentifier=CACertificateIdentifier "
    "enabledCloudwatchLogsExports=EnableCloudwatchLogsExports iamDatabaseAuthenticationEnabled="
    "EnableIAMDatabaseAuthentication performanceInsightsEnabled=EnablePerformanceInsights"
)
_DATABASE_IN_PLACE = "autoMinorVersionUpgrade backupRetentionPeriod maintenanceWindow multiAz parameterGroupName"

TYPES: Mapping[str, Row] = {
    "aws:acm/certificate:Certificate": _row("AWS::CertificateManager::Certificate", replaces="validationMethod"),
    "aws:autoscaling/tag:Tag": _row(
        "AWS::AutoScaling::AutoScalingGroup", within="Tags", replaces="autoscalingGroupName tag.key", in_place="tag"
    ),
    "aws:budgets/budget:Budget": _row("AWS::Budgets::Budget", "name=BudgetName", within="Budget"),
    "aws:cloudwatch/logGroup:LogGroup": _row("AWS::Logs::LogGroup", "name=LogGroupName", replaces="logGroupClass"),
    "aws:codebuild/project:Project": _row(
        "AWS::CodeBuild::Project", "buildTimeout=TimeoutInMinutes queuedTimeout=QueuedTimeoutInMinutes"
    ),
    "aws:codebuild/webhook:Webhook": _row(
        "AWS::CodeBuild::Project", within="Triggers", replaces="projectName scopeConfiguration manualCreation"
    ),
    "aws:ec2/eip:Eip": _row("AWS::EC2::EIP", replaces="domain publicIpv4Pool customerOwnedIpv4Pool"),
    "aws:ec2/flowLog:FlowLog": _row("AWS::EC2::FlowLog", _FLOW),
    "aws:ec2/internetGateway:InternetGateway": _row("AWS::EC2::InternetGateway"),
    "aws:ec2/launchTemplate:LaunchTemplate": _row(
        "AWS::EC2::LaunchTemplate",
        within="LaunchTemplateData",
        replaces="name",
        in_place="description defaultVersion updateDefaultVersion",
    ),
    "aws:ec2/natGateway:NatGateway": _row("AWS::EC2::NatGateway", "privateIp=PrivateIpAddress"),
    "aws:ec2/route:Route": _row("AWS::EC2::Route"),
    "aws:ec2/routeTable:RouteTable": _row("AWS::EC2::RouteTable"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _row("AWS::EC2::SubnetRouteTableAssociation"),
    "aws:ec2/securityGroup:SecurityGroup": _row(
        "AWS::EC2::SecurityGroup",
        "description=GroupDescription name=GroupName ingress=SecurityGroupIngress egress=SecurityGroupEgress",
    ),
    "aws:ec2/subnet:Subnet": _row("AWS::EC2::Subnet"),
    "aws:ec2/vpc:Vpc": _row("AWS::EC2::VPC"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _row("AWS::EC2::VPCEndpoint", "policy=PolicyDocument"),
    "aws:ecr/repository:Repository": _row(
        "AWS::ECR::Repository", "name=RepositoryName encryptionConfigurations=EncryptionConfiguration"
    ),
    "aws:eks/accessEntry:AccessEntry": _row("AWS::EKS::AccessEntry"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _row(
        "AWS::EKS::AccessEntry", within="AccessPolicies", replaces="clusterName principalArn policyArn accessScope"
    ),
    "aws:eks/addon:Addon": _row("AWS::EKS::Addon"),
    "aws:eks/cluster:Cluster": _row(
        "AWS::EKS::Cluster",
        "vpcConfig=ResourcesVpcConfig enabledClusterLogTypes=Logging",
        replaces="defaultAddonsToRemoves",
    ),
    "aws:eks/nodeGroup:NodeGroup": _row(
        "AWS::EKS::Nodegroup",
        "nodeRoleArn=NodeRole subnetIds=Subnets nodeGroupName=NodegroupName",
        replaces="launchTemplate.id launchTemplate.name",
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _row("AWS::EKS::PodIdentityAssociation"),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _row(
        "AWS::IAM::OIDCProvider", "clientIdLists=ClientIdList thumbprintLists=ThumbprintList"
    ),
    "aws:iam/policy:Policy": _row("AWS::IAM::ManagedPolicy", "policy=PolicyDocument name=ManagedPolicyName"),
    "aws:iam/role:Role": _row("AWS::IAM::Role", "assumeRolePolicy=AssumeRolePolicyDocument name=RoleName"),
    "aws:iam/rolePolicy:RolePolicy": _row(
        "AWS::IAM::RolePolicy", "policy=PolicyDocument name=PolicyName role=RoleName"
    ),
    "aws:kms/alias:Alias": _row("AWS::KMS::Alias", "name=AliasName"),
    "aws:kms/key:Key": _row(
        "AWS::KMS::Key",
        "policy=KeyPolicy customerMasterKeySpec=KeySpec isEnabled=Enabled deletionWindowInDays=PendingWindowInDays",
        replaces="keyUsage customerMasterKeySpec multiRegion customKeyStoreId xksKeyId",
    ),
    "aws:rds/instance:Instance": _row(
        "AWS::RDS::DBInstance", _DATABASE, replaces="engine", in_place=_DATABASE_IN_PLACE
    ),
    "aws:rds/parameterGroup:ParameterGroup": _row("AWS::RDS::DBParameterGroup", "name=DBParameterGroupName"),
    "aws:rds/subnetGroup:SubnetGroup": _row(
        "AWS::RDS::DBSubnetGroup", "name=DBSubnetGroupName description=DBSubnetGroupDescription"
    ),
    "aws:route53/record:Record": _row("AWS::Route53::RecordSet", "zoneId=HostedZoneId records=ResourceRecords ttl=TTL"),
    "aws:s3/bucket:Bucket": _row("AWS::S3::Bucket", "bucket=BucketName", replaces="bucketPrefix objectLockEnabled"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _row(
        "AWS::S3::Bucket", within="LifecycleConfiguration", replaces="bucket"
    ),
    "aws:s3/bucketLogging:BucketLogging": _row("AWS::S3::Bucket", replaces="bucket"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _row(
        "AWS::S3::Bucket", "rule=Rules", within="OwnershipControls", replaces="bucket"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _row("AWS::S3::BucketPolicy", "policy=PolicyDocument"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _row(
        "AWS::S3::Bucket", within="PublicAccessBlockConfiguration", replaces="bucket"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _row(
        "AWS::S3::Bucket",
        "rules=ServerSideEncryptionConfiguration applyServerSideEncryptionByDefault=ServerSideEncryptionByDefault",
        within="BucketEncryption",
        replaces="bucket",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _row("AWS::S3::Bucket", replaces="bucket"),
    "aws:secretsmanager/secret:Secret": _row("AWS::SecretsManager::Secret"),
    "aws:sns/topic:Topic": _row("AWS::SNS::Topic", "name=TopicName"),
    "aws:sns/topicPolicy:TopicPolicy": _row("AWS::SNS::TopicInlinePolicy", "arn=TopicArn policy=PolicyDocument"),
    "aws:sns/topicSubscription:TopicSubscription": _row("AWS::SNS::Subscription", "topic=TopicArn"),
    "aws:sqs/queue:Queue": _row(
        "AWS::SQS::Queue",
        "name=QueueName maxMessageSize=MaximumMessageSize messageRetentionSeconds=MessageRetentionPeriod "
        "receiveWaitTimeSeconds=ReceiveMessageWaitTimeSeconds visibilityTimeoutSeconds=VisibilityTimeout "
        "kmsDataKeyReusePeriodSeconds=KmsDataKeyReusePeriodSeconds",
    ),
    "aws:sqs/queuePolicy:QueuePolicy": _row("AWS::SQS::QueueInlinePolicy", "queueUrl=Queue policy=PolicyDocument"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _row(
        "AWS::EC2::SecurityGroupEgress",
        f"{_RULE} referencedSecurityGroupId=DestinationSecurityGroupId prefixListId=DestinationPrefixListId",
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _row(
        "AWS::EC2::SecurityGroupIngress",
        f"{_RULE} referencedSecurityGroupId=SourceSecurityGroupId prefixListId=SourcePrefixListId",
    ),
}
"""Every mapped type; a type that is missing here may be replaced by any change."""

ALWAYS_REPLACES = frozenset({"region", "namePrefix", "bucketPrefix", "identifierPrefix", "nodeGroupNamePrefix"})
"""Inputs of any AWS type that are part of its identity."""

ALWAYS_IN_PLACE = frozenset(
    {
        "allowMajorVersionUpgrade",
        "applyImmediately",
        "deleteAutomatedBackups",
        "finalSnapshotIdentifier",
        "forceDelete",
        "forceDestroy",
        "forceDetachPolicies",
        "forceOverwriteReplicaSecret",
        "forceUpdateVersion",
        "preserve",
        "recoveryWindowInDays",
        "resolveConflictsOnCreate",
        "resolveConflictsOnUpdate",
        "revokeRulesOnDelete",
        "skipDestroy",
        "skipFinalSnapshot",
        "tags",
        "tagsAll",
        "timeouts",
    }
)
"""Inputs that only tell the provider how to act, and tags."""

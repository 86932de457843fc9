"""The shape of `stacks/examples/aws/Pulumi.prod.yaml` in AWS CDK: `python app.py <folder>` synthesizes it.

Constructs are those that somebody would take: L2 where there is one that needs no look-up, L1 for EKS, whose L2 brings
Lambda functions of its own, and for budgets and CodeBuild. What CloudFormation has as a property of a resource (the
settings of a bucket, the subnets of an endpoint, the tags of an Auto Scaling group) is one there. The objects in the
cluster are left out: CDK applies them by a Lambda function at deploy time.
"""

import sys

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_eks as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

ACCOUNT, REGION, PREFIX = "333333333333", "eu-central-1", "acme-prod"
DOMAIN = "prod.ml.acme.example"
SERVICES = (
    "autoscaling",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "kms",
    "logs",
    "secretsmanager",
    "ssm",
    "ssmmessages",
    "sts",
)
ADDONS = (
    "aws-ebs-csi-driver",
    "coredns",
    "eks-node-monitoring-agent",
    "eks-pod-identity-agent",
    "kube-proxy",
    "vpc-cni",
)
PODS = ("aws-load-balancer-controller", "cluster-autoscaler", "ebs-csi", "mlflow-server", "mlflow-setup", "vpc-cni")
POOLS = {"cpu": ("m7i.xlarge", 0, 20), "gpu": ("g6.xlarge", 0, 8), "system": ("m7i.large", 2, 4)}
NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore")


def key(stack: cdk.Stack, name: str) -> kms.Key:
    """Make a key that rotates, with its alias."""
    return kms.Key(
        stack,
        f"{name}-key",
        alias=f"alias/{PREFIX}-{name}",
        enable_key_rotation=True,
        pending_window=cdk.Duration.days(30),
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )


def network(stack: cdk.Stack) -> ec2.Vpc:
    """Make nine subnets in three zones, a NAT gateway in each, flow logs, and endpoints."""
    kinds = (
        ("public", ec2.SubnetType.PUBLIC, 24),
        ("private", ec2.SubnetType.PRIVATE_WITH_EGRESS, 20),
        ("isolated", ec2.SubnetType.PRIVATE_ISOLATED, 24),
    )
    vpc = ec2.Vpc(
        stack,
        "network",
        ip_addresses=ec2.IpAddresses.cidr("10.30.0.0/16"),
        availability_zones=[f"{REGION}{letter}" for letter in "abc"],
        nat_gateways=3,
        subnet_configuration=[
            ec2.SubnetConfiguration(name=name, subnet_type=kind, cidr_mask=mask) for name, kind, mask in kinds
        ],
    )
    group = logs.LogGroup(stack, "flow-logs", retention=logs.RetentionDays.ONE_YEAR, encryption_key=key(stack, "flow"))
    vpc.add_flow_log("flow", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group))
    vpc.add_gateway_endpoint("s3", service=ec2.GatewayVpcEndpointAwsService.S3)
    entrance = ec2.SecurityGroup(stack, "endpoints", vpc=vpc, allow_all_outbound=False)
    entrance.add_ingress_rule(ec2.Peer.ipv4("10.30.0.0/16"), ec2.Port.tcp(443), "HTTPS from inside the network")
    for service in SERVICES:
        vpc.add_interface_endpoint(
            service, service=ec2.InterfaceVpcEndpointAwsService(service), security_groups=[entrance], open=False
        )
    return vpc


def cluster(stack: cdk.Stack, vpc: ec2.Vpc) -> eks.CfnCluster:
    """Make a private cluster, its add-ons, and the roles of the pods that reach AWS."""
    secret_key = key(stack, "cluster")
    role = iam.Role(
        stack,
        "cluster-role",
        assumed_by=iam.ServicePrincipal("eks.amazonaws.com"),
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AmazonEKSClusterPolicy")],
    )
    secret_key.grant_encrypt_decrypt(role)
    logs.LogGroup(
        stack,
        "cluster-log",
        log_group_name=f"/aws/eks/{PREFIX}/cluster",
        retention=logs.RetentionDays.ONE_YEAR,
        encryption_key=secret_key,
    )
    entrance = ec2.SecurityGroup(stack, "api-server", vpc=vpc, allow_all_outbound=False)
    made = eks.CfnCluster(
        stack,
        "cluster",
        name=PREFIX,
        version="1.35",
        role_arn=role.role_arn,
        access_config=eks.CfnCluster.AccessConfigProperty(authentication_mode="API"),
        deletion_protection=True,
        encryption_config=[
            eks.CfnCluster.EncryptionConfigProperty(
                provider=eks.CfnCluster.ProviderProperty(key_arn=secret_key.key_arn), resources=["secrets"]
            )
        ],
        logging=eks.CfnCluster.LoggingProperty(
            cluster_logging=eks.CfnCluster.ClusterLoggingProperty(
                enabled_types=[
                    eks.CfnCluster.LoggingTypeConfigProperty(type=kind) for kind in ("api", "audit", "authenticator")
                ]
            )
        ),
        resources_vpc_config=eks.CfnCluster.ResourcesVpcConfigProperty(
            subnet_ids=vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids,
            security_group_ids=[entrance.security_group_id],
            endpoint_private_access=True,
            endpoint_public_access=False,
        ),
    )
    admin = eks.CfnAccessEntry.AccessPolicyProperty(
        access_scope=eks.CfnAccessEntry.AccessScopeProperty(type="cluster"),
        policy_arn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    )
    eks.CfnAccessEntry(
        stack,
        "admin",
        cluster_name=made.ref,
        access_policies=[admin],
        principal_arn=f"arn:aws:iam::{ACCOUNT}:role/acme-prod-apply",
    )
    for addon in ADDONS:
        eks.CfnAddon(stack, f"addon-{addon}", addon_name=addon, cluster_name=made.ref)
    for pod in PODS:
        identity(stack, made, pod)
    return made


def identity(stack: cdk.Stack, made: eks.CfnCluster, pod: str) -> None:
    """Let one service account act as a role of its own."""
    principal = iam.ServicePrincipal("pods.eks.amazonaws.com").with_session_tags()
    role = iam.Role(stack, f"{pod}-role", assumed_by=principal)
    role.add_to_policy(iam.PolicyStatement(actions=["ec2:DescribeInstances"], resources=["*"]))
    eks.CfnPodIdentityAssociation(
        stack,
        f"{pod}-identity",
        cluster_name=made.ref,
        namespace="kube-system",
        role_arn=role.role_arn,
        service_account=pod,
    )


def pools(stack: cdk.Stack, vpc: ec2.Vpc, made: eks.CfnCluster) -> None:
    """Make the managed node groups, each with a role and a launch template of its own."""
    subnets = vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids
    for name, (machine, least, most) in POOLS.items():
        role = iam.Role(
            stack,
            f"{name}-role",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(p) for p in NODE_POLICIES],
        )
        volume = ec2.BlockDeviceVolume.ebs(100, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3)
        template = ec2.LaunchTemplate(
            stack,
            f"{name}-template",
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            block_devices=[ec2.BlockDevice(device_name="/dev/xvda", volume=volume)],
        )
        eks.CfnNodegroup(
            stack,
            f"{name}-pool",
            cluster_name=made.ref,
            node_role=role.role_arn,
            subnets=subnets,
            instance_types=[machine],
            labels={"stackwright/pool": name},
            launch_template=eks.CfnNodegroup.LaunchTemplateSpecificationProperty(
                id=template.launch_template_id, version=template.latest_version_number
            ),
            scaling_config=eks.CfnNodegroup.ScalingConfigProperty(min_size=least, max_size=most, desired_size=least),
            update_config=eks.CfnNodegroup.UpdateConfigProperty(max_unavailable_percentage=33),
        )


def data(stack: cdk.Stack, vpc: ec2.Vpc) -> None:
    """Make buckets, images, the database and the secrets."""
    access = s3.Bucket(
        stack,
        "access-logs",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=True,
        minimum_tls_version=1.2,
    )
    s3.Bucket(
        stack,
        "artifacts",
        bucket_name=f"{PREFIX}-artifacts-{ACCOUNT}",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        bucket_key_enabled=True,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key(stack, "artifacts"),
        enforce_ssl=True,
        lifecycle_rules=[s3.LifecycleRule(noncurrent_version_expiration=cdk.Duration.days(90))],
        minimum_tls_version=1.2,
        server_access_logs_bucket=access,
        versioned=True,
    )
    ecr.Repository(
        stack,
        "images",
        repository_name=f"{PREFIX}/images",
        image_scan_on_push=True,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        encryption_key=key(stack, "images"),
        lifecycle_rules=[ecr.LifecycleRule(max_image_age=cdk.Duration.days(14), tag_status=ecr.TagStatus.UNTAGGED)],
    )
    engine = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.of("17", "17"))
    database_key = key(stack, "database")
    rds.DatabaseInstance(
        stack,
        "database",
        engine=engine,
        instance_type=ec2.InstanceType("m7g.large"),
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        multi_az=True,
        allocated_storage=20,
        max_allocated_storage=200,
        storage_encrypted=True,
        storage_encryption_key=database_key,
        deletion_protection=True,
        iam_authentication=True,
        backup_retention=cdk.Duration.days(7),
        parameter_group=rds.ParameterGroup(stack, "tls-only", engine=engine, parameters={"rds.force_ssl": "1"}),
    )
    secret_key = key(stack, "secrets")
    for name in ("mlflow-admin", "mlflow-database"):
        secretsmanager.Secret(stack, name, secret_name=f"{PREFIX}/{name}", encryption_key=secret_key)


def people(stack: cdk.Stack, vpc: ec2.Vpc) -> None:
    """Make what people meet: alerts, the budget, names, and the machines of their jobs."""
    topic = sns.Topic(stack, "alerts", master_key=key(stack, "alerts"), enforce_ssl=True)
    topic.add_subscription(subscriptions.EmailSubscription("ml-oncall@acme.example"))
    subscriber = budgets.CfnBudget.SubscriberProperty(address=topic.topic_arn, subscription_type="SNS")
    budgets.CfnBudget(
        stack,
        "budget",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(amount=3000, unit="USD"),
        ),
        notifications_with_subscribers=[
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    comparison_operator="GREATER_THAN", notification_type="ACTUAL", threshold=percent
                ),
                subscribers=[subscriber],
            )
            for percent in (50, 80, 100)
        ],
    )
    zone = route53.HostedZone.from_hosted_zone_attributes(
        stack, "zone", hosted_zone_id="Z0000000000EXAMPLE", zone_name=DOMAIN
    )
    acm.Certificate(
        stack, "certificate", domain_name=f"*.{DOMAIN}", validation=acm.CertificateValidation.from_dns(zone)
    )
    route53.CnameRecord(stack, "services", zone=zone, record_name="*", domain_name=f"ingress.{DOMAIN}")
    role = iam.Role(stack, "runners-role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    group = ec2.SecurityGroup(stack, "runners-group", vpc=vpc)
    logs.LogGroup(stack, "runners-log", retention=logs.RetentionDays.THREE_MONTHS)
    role.add_to_policy(iam.PolicyStatement(actions=["ec2:CreateNetworkInterface"], resources=["*"]))
    codebuild.CfnProject(
        stack,
        "runners",
        name=f"{PREFIX}-runners",
        service_role=role.role_arn,
        artifacts=codebuild.CfnProject.ArtifactsProperty(type="NO_ARTIFACTS"),
        environment=codebuild.CfnProject.EnvironmentProperty(
            type="LINUX_CONTAINER", compute_type="BUILD_GENERAL1_MEDIUM", image="aws/codebuild/standard:7.0"
        ),
        source=codebuild.CfnProject.SourceProperty(type="GITHUB", location="CODEBUILD_DEFAULT_WEBHOOK_SOURCE_LOCATION"),
        vpc_config=codebuild.CfnProject.VpcConfigProperty(
            vpc_id=vpc.vpc_id,
            subnets=vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids,
            security_group_ids=[group.security_group_id],
        ),
    )


def main(folder: str) -> None:
    """Synthesize the stack into a folder."""
    app = cdk.App(outdir=folder, analytics_reporting=False)
    stack = cdk.Stack(app, PREFIX, env=cdk.Environment(account=ACCOUNT, region=REGION))
    cdk.Tags.of(stack).add("stackwright:environment", "prod")
    vpc = network(stack)
    pools(stack, vpc, cluster(stack, vpc))
    data(stack, vpc)
    people(stack, vpc)
    app.synth()


if __name__ == "__main__":
    main(sys.argv[1])

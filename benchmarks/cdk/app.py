"""The shape of `stacks/examples/aws/Pulumi.prod.yaml` in AWS CDK: `python app.py <folder> <objects>` synthesizes it.

Constructs are those that somebody would take: L2 where there is one that needs no look-up, L1 for budgets and
CodeBuild. What CloudFormation has as a property of a resource (the settings of a bucket, the subnets of an endpoint,
the tags of an Auto Scaling group) is one there. `<objects>` is a file of what our own plan has in the cluster:
manifests and charts, as `KubernetesManifest` and `HelmChart` take them.
"""

import json
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_eks as eks
from aws_cdk import aws_eks_v2 as eks_v2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk.lambda_layer_kubectl_v35 import KubectlV35Layer

ACCOUNT, REGION, PREFIX = "333333333333", "eu-central-1", "acme-prod"
DOMAIN = "prod.ml.acme.example"
ZONES = [f"{REGION}{letter}" for letter in "abc"]
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
        availability_zones=ZONES,
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


def cluster(stack: cdk.Stack, vpc: ec2.Vpc) -> eks_v2.Cluster:
    """Make a private cluster, its add-ons, and the roles of the pods that reach AWS."""
    secret_key = key(stack, "cluster")
    logs.LogGroup(
        stack,
        "cluster-log",
        log_group_name=f"/aws/eks/{PREFIX}/cluster",
        retention=logs.RetentionDays.ONE_YEAR,
        encryption_key=secret_key,
    )
    private = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
    made = eks_v2.Cluster(
        stack,
        "cluster",
        cluster_name=PREFIX,
        version=eks_v2.KubernetesVersion.of("1.35"),
        vpc=vpc,
        vpc_subnets=[private],
        endpoint_access=eks_v2.EndpointAccess.PRIVATE,
        default_capacity_type=eks_v2.DefaultCapacityType.NODEGROUP,
        default_capacity=0,
        secrets_encryption_key=secret_key,
        cluster_logging=[
            eks_v2.ClusterLoggingTypes.API,
            eks_v2.ClusterLoggingTypes.AUDIT,
            eks_v2.ClusterLoggingTypes.AUTHENTICATOR,
        ],
        kubectl_provider_options=eks_v2.KubectlProviderOptions(kubectl_layer=KubectlV35Layer(stack, "kubectl")),
    )
    made.grant_cluster_admin("admin", f"arn:aws:iam::{ACCOUNT}:role/acme-prod-apply")
    for addon in ADDONS:
        eks.CfnAddon(stack, f"addon-{addon}", addon_name=addon, cluster_name=made.cluster_name)
    for pod in PODS:
        identity(stack, made, pod)
    return made


def objects(made: eks_v2.Cluster, wanted: list[dict[str, Any]]) -> None:
    """Put manifests and charts into the cluster."""
    for place, each in enumerate(wanted):
        if "chart" in each:
            made.add_helm_chart(f"chart-{place}", **each)
        else:
            made.add_manifest(f"object-{place}", each)


def identity(stack: cdk.Stack, made: eks_v2.Cluster, pod: str) -> None:
    """Let one service account act as a role of its own."""
    principal = iam.ServicePrincipal("pods.eks.amazonaws.com").with_session_tags()
    role = iam.Role(stack, f"{pod}-role", assumed_by=principal)
    role.add_to_policy(iam.PolicyStatement(actions=["ec2:DescribeInstances"], resources=["*"]))
    eks.CfnPodIdentityAssociation(
        stack,
        f"{pod}-identity",
        cluster_name=made.cluster_name,
        namespace="kube-system",
        role_arn=role.role_arn,
        service_account=pod,
    )


def pools(stack: cdk.Stack, vpc: ec2.Vpc, made: eks_v2.Cluster) -> None:
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
            cluster_name=made.cluster_name,
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


def main(folder: str, wanted: str) -> None:
    """Synthesize the stack into a folder."""
    known = {f"availability-zones:account={ACCOUNT}:region={REGION}": ZONES}
    app = cdk.App(outdir=folder, analytics_reporting=False, context=known)
    stack = cdk.Stack(app, PREFIX, env=cdk.Environment(account=ACCOUNT, region=REGION))
    cdk.Tags.of(stack).add("stackwright:environment", "prod")
    vpc = network(stack)
    made = cluster(stack, vpc)
    pools(stack, vpc, made)
    objects(made, json.loads(Path(wanted).read_text()))
    data(stack, vpc)
    people(stack, vpc)
    app.synth()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

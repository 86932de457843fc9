"""What is in an account, by boto3: to show that nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.harness.aws_plugin.cloud import Cloud

_LISTS: dict[str, Callable[[Cloud], list[Any]]] = {
    "addresses": lambda aws: [item["AllocationId"] for item in aws.ec2.describe_addresses()["Addresses"]],
    "aliases": lambda aws: [item["AliasName"] for item in aws.kms.list_aliases()["Aliases"]],
    "buckets": lambda aws: [item["Name"] for item in aws.s3.list_buckets()["Buckets"]],
    "budgets": lambda aws: [
        item["BudgetName"] for item in aws.budgets.describe_budgets(AccountId=aws.account).get("Budgets", [])
    ],
    "databases": lambda aws: [item["DBInstanceArn"] for item in aws.rds.describe_db_instances()["DBInstances"]],
    "endpoints": lambda aws: [
        item["VpcEndpointId"]
        for item in aws.ec2.describe_vpc_endpoints()["VpcEndpoints"]
        if item["State"] not in ("deleting", "deleted")
    ],
    "flow logs": lambda aws: [item["FlowLogId"] for item in aws.ec2.describe_flow_logs()["FlowLogs"]],
    "gateways": lambda aws: [
        item["InternetGatewayId"] for item in aws.ec2.describe_internet_gateways()["InternetGateways"]
    ],
    "groups": lambda aws: [item["GroupId"] for item in aws.ec2.describe_security_groups()["SecurityGroups"]],
    "keys": lambda aws: [key["KeyId"] for key in live_keys(aws)],
    "log groups": lambda aws: [item["logGroupName"] for item in aws.logs.describe_log_groups()["logGroups"]],
    "NAT gateways": lambda aws: [
        item["NatGatewayId"]
        for item in aws.ec2.describe_nat_gateways()["NatGateways"]
        if item["State"] not in ("deleting", "deleted")
    ],
    "networks": lambda aws: [item["VpcId"] for item in aws.ec2.describe_vpcs()["Vpcs"]],
    "parameter groups": lambda aws: [
        item["DBParameterGroupName"] for item in aws.rds.describe_db_parameter_groups()["DBParameterGroups"]
    ],
    "policies": lambda aws: [item["Arn"] for item in aws.iam.list_policies(Scope="Local")["Policies"]],
    "providers": lambda aws: [
        item["Arn"] for item in aws.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    ],
    "repositories": lambda aws: [item["repositoryName"] for item in aws.ecr.describe_repositories()["repositories"]],
    "roles": lambda aws: [item["RoleName"] for item in aws.iam.list_roles()["Roles"]],
    "route tables": lambda aws: [item["RouteTableId"] for item in aws.ec2.describe_route_tables()["RouteTables"]],
    "secrets": lambda aws: [item["ARN"] for item in aws.secretsmanager.list_secrets()["SecretList"]],
    "snapshots": lambda aws: [item["DBSnapshotArn"] for item in aws.rds.describe_db_snapshots()["DBSnapshots"]],
    "subnet groups": lambda aws: [
        item["DBSubnetGroupName"] for item in aws.rds.describe_db_subnet_groups()["DBSubnetGroups"]
    ],
    "subnets": lambda aws: [item["SubnetId"] for item in aws.ec2.describe_subnets()["Subnets"]],
    "topics": lambda aws: [item["TopicArn"] for item in aws.sns.list_topics()["Topics"]],
}


def inventory(aws: Cloud) -> dict[str, list[str]]:
    """Return the names or ids of everything in an account, by sort; sorts of which it has none are left out."""
    found = {sort: sorted(listed(aws)) for sort, listed in _LISTS.items()}
    return {sort: names for sort, names in found.items() if names}


def live_keys(aws: Cloud) -> list[dict[str, Any]]:
    """Return the account's own keys that are not about to be deleted."""
    listed = [aws.kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in aws.kms.list_keys()["Keys"]]
    return [key for key in listed if key["KeyManager"] == "CUSTOMER" and key["KeyState"] != "PendingDeletion"]

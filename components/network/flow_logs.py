"""The record of all connections of a VPC."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pulumi import Output
from pulumi_aws import cloudwatch, ec2, iam

if TYPE_CHECKING:
    from components.base import AwsPlace
    from components.component import Component
    from components.network.contract import NetworkOutputs

FLOW_LOGS = "vpc-flow-logs.amazonaws.com"


def record_connections(
    owner: Component[NetworkOutputs], name: str, place: AwsPlace, vpc: ec2.Vpc, retention_days: int
) -> None:
    """Record every connection, accepted or not, in a log group that only this record writes."""
    group = cloudwatch.LogGroup(
        f"{name}-flow-logs",
        name_prefix=f"/{place.organization}/{place.environment}/{name}-flow-logs-",
        retention_in_days=retention_days,
        opts=owner.child,
    )
    role = iam.Role(
        f"{name}-flow-logs",
        name_prefix=place.role_prefix(f"{name}-flow-logs"),
        description=f"Writes the flow logs of {place.environment}",
        assume_role_policy=json.dumps(_trust(place)),
        opts=owner.child,
    )
    writing = iam.RolePolicy(
        f"{name}-flow-logs",
        role=role.name,
        policy=Output.json_dumps(group.arn.apply(lambda arn: _write(arn, place))),
        opts=owner.child,
    )
    ec2.FlowLog(
        f"{name}-flow-logs",
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        opts=owner.child_with(depends_on=[writing]),
    )


def _trust(place: AwsPlace) -> dict[str, Any]:
    source = f"arn:{place.partition}:ec2:{place.region}:{place.account}:vpc-flow-log/*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": FLOW_LOGS},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": place.account},
                    "ArnLike": {"aws:SourceArn": source},
                },
            }
        ],
    }


def _write(group_arn: str, place: AwsPlace) -> dict[str, Any]:
    groups = f"arn:{place.partition}:logs:{place.region}:{place.account}:log-group:*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                "Resource": [group_arn, f"{group_arn}:*"],
            },
            {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": groups},
        ],
    }

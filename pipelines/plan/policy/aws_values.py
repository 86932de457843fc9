"""Values that AWS would refuse only in the middle of an `up`."""

from __future__ import annotations

from pipelines.plan.policy.base import Policy
from pipelines.plan.values import wrong_values

POLICIES = (
    Policy(
        id="aws-values",
        reason="An `up` that AWS refuses half-way leaves an environment half changed.",
        source="AWS CloudFormation resource provider schemas, as bundled with cfn-lint",
        check=wrong_values,
        fires=[
            {
                "aws:eks/nodeGroup:NodeGroup gpu": {
                    "clusterName": "a",
                    "subnetIds": [],
                    "nodeRoleArn": "b",
                    "amiType": "AL9",
                }
            },
            {"aws:kms/key:Key data": {"deletionWindowInDays": 3}},
            {"aws:ec2/subnet:Subnet a": {"cidrBlock": "10.0.0.0/24"}},
        ],
        holds=[{"aws:kms/key:Key data": {"deletionWindowInDays": 7}}],
    ),
)

"""Alerts through Amazon SNS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_aws import sns

from components.alerts.contract import AlertsOutputs, SnsSpec
from components.aws_key import customer_key, service_use
from components.component import Component

if TYPE_CHECKING:
    from components.base import AwsPlace

PUBLISHERS = ("budgets.amazonaws.com", "cloudwatch.amazonaws.com")
"""Services that publish for the account; roles of the account have policies of their own."""


class SnsAlerts(Component[AlertsOutputs]):
    """An encrypted topic that only the account's own roles, budgets and alarms may publish to."""

    def __init__(
        self, name: str, spec: SnsSpec, *, place: AwsPlace, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, spec, opts)
        allowed = [service_use(service, place) for service in PUBLISHERS]
        key = customer_key(self, name, place, deletion_days=spec.key_deletion_days, statements=allowed)
        topic = sns.Topic(name, name_prefix=f"{place.prefix}-{name}-", kms_master_key_id=key.arn, opts=self.child)
        policy = topic.arn.apply(lambda arn: _publishers_of(arn, place))
        sns.TopicPolicy(name, arn=topic.arn, policy=pulumi.Output.json_dumps(policy), opts=self.child)
        for email in spec.emails:
            sns.TopicSubscription(f"{name}-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=self.child)
        self.outputs = self.promise(AlertsOutputs(channel=topic.arn, encryption_key=key.arn))


def _publishers_of(arn: str, place: AwsPlace) -> dict[str, Any]:
    statement = {
        "Sid": "ServicesOfThisAccount",
        "Effect": "Allow",
        "Principal": {"Service": list(PUBLISHERS)},
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}

"""Who is told: Amazon SNS and AWS Budgets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.harness.aws_plugin.cloud import GoneError
from tests.harness.aws_plugin.handlers.base import TAGS, Given, Handler

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud


class Topic(Handler):
    type = "sns/topic:Topic"
    named = "name"

    def create(self, aws: Cloud, given: Given) -> str:
        return aws.sns.create_topic(
            Name=given.physical("name", "namePrefix"),
            Attributes=given.only("displayName", "kmsMasterKeyId"),
            Tags=aws.tag_list(given.tags),
        )["TopicArn"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.sns.get_topic_attributes(TopicArn=id_)["Attributes"]
        shown = {"name": id_.rsplit(":", 1)[1], "arn": id_, "owner": live["Owner"]}
        return shown | {"kmsMasterKeyId": live.get("KmsMasterKeyId")}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        for name, value in given.only("displayName", "kmsMasterKeyId").items():
            aws.sns.set_topic_attributes(TopicArn=id_, AttributeName=name, AttributeValue=value)
        aws.sns.tag_resource(ResourceArn=id_, Tags=aws.tag_list(given.tags))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.sns.delete_topic(TopicArn=id_)


class TopicPolicy(Handler):
    """A deletion leaves a policy that only the account's owner is in, as the provider does."""

    type = "sns/topicPolicy:TopicPolicy"
    replaces = frozenset({"arn"})

    def create(self, aws: Cloud, given: Given) -> str:
        self._put(aws, given["arn"], given["policy"])
        return given["arn"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.sns.get_topic_attributes(TopicArn=id_)["Attributes"]
        return {"arn": id_, "owner": live["Owner"], "policy": live["Policy"]}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        self._put(aws, id_, given["policy"])

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        owner = {"AWS": f"arn:aws:iam::{aws.account}:root"}
        statement = {"Effect": "Allow", "Principal": owner, "Action": "sns:Publish", "Resource": id_}
        self._put(aws, id_, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def _put(self, aws: Cloud, id_: str, policy: str) -> None:
        aws.sns.set_topic_attributes(TopicArn=id_, AttributeName="Policy", AttributeValue=policy)


class TopicSubscription(Handler):
    type = "sns/topicSubscription:TopicSubscription"

    def create(self, aws: Cloud, given: Given) -> str:
        return aws.sns.subscribe(
            TopicArn=given["topic"], Protocol=given["protocol"], Endpoint=given["endpoint"], ReturnSubscriptionArn=True
        )["SubscriptionArn"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.sns.get_subscription_attributes(SubscriptionArn=id_)["Attributes"]
        return {"arn": id_, "topic": live["TopicArn"], "protocol": live["Protocol"], "endpoint": live["Endpoint"]}

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.sns.unsubscribe(SubscriptionArn=id_)


class Budget(Handler):
    """Its id is `account:name`; moto keeps no tags of it, and changes none."""

    type = "budgets/budget:Budget"
    named = "name"

    def create(self, aws: Cloud, given: Given) -> str:
        name = given.physical("name", "namePrefix")
        aws.budgets.create_budget(
            AccountId=aws.account,
            Budget={
                "BudgetName": name,
                "BudgetLimit": {"Amount": given["limitAmount"], "Unit": given["limitUnit"]},
                **given.only("budgetType", "timeUnit"),
            },
            NotificationsWithSubscribers=[_notification(item) for item in given.get("notifications", [])],
        )
        return f"{aws.account}:{name}"

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        account, _, name = id_.partition(":")
        live = aws.budgets.describe_budget(AccountId=account, BudgetName=name)["Budget"]
        if live["BudgetName"] != name:
            raise GoneError(id_)
        amount = live["BudgetLimit"]["Amount"]
        same = "limitAmount" in given and float(amount) == float(given["limitAmount"])
        return {
            "name": name,
            "accountId": account,
            "arn": f"arn:aws:budgets::{account}:budget/{name}",
            "limitAmount": given["limitAmount"] if same else amount,
            "budgetType": live["BudgetType"],
            "timeUnit": live["TimeUnit"],
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        if changed - TAGS:
            super().update(aws, id_, given, changed)

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        account, _, name = id_.partition(":")
        aws.budgets.delete_budget(AccountId=account, BudgetName=name)


def _notification(item: dict[str, Any]) -> dict[str, Any]:
    people = [("EMAIL", address) for address in item.get("subscriberEmailAddresses", [])]
    topics = [("SNS", arn) for arn in item.get("subscriberSnsTopicArns", [])]
    names = ("notificationType", "comparisonOperator", "threshold", "thresholdType")
    return {
        "Notification": {name[:1].upper() + name[1:]: item[name] for name in names if name in item},
        "Subscribers": [{"SubscriptionType": kind, "Address": address} for kind, address in [*people, *topics]],
    }

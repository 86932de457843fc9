from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.alerts.contract import SnsSpec
from components.alerts.sns import SnsAlerts
from components.base import Tier
from tests.harness.recorded import PLACES, Recorded, deploy, statements


def alerts(*emails: str) -> Recorded:
    """An environment's alerts."""
    return deploy(lambda opts: SnsAlerts("alerts", SnsSpec(emails=emails), place=PLACES[Tier.PROD], opts=opts))


def test_only_the_account_may_publish() -> None:
    """No principal is a wildcard, and services act for this account only."""
    (allowed,) = statements(alerts()["TopicPolicy"]).values()

    assert {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]} == allowed["Principal"]
    assert "sns:Publish" == allowed["Action"]
    assert {"StringEquals": {"aws:SourceAccount": "111122223333"}} == allowed["Condition"]


def test_messages_are_encrypted_and_publishers_can_use_the_key() -> None:
    """A topic with a customer key is silent unless its publishers may use the key, so the policy lets them."""
    graph = alerts()
    rights = statements(graph["Key"])

    assert "${aws:kms/key:Key::alerts.arn}" == graph["Topic"].inputs["kmsMasterKeyId"]
    for sid in ("UseBudgets", "UseCloudwatch"):
        assert ["kms:Decrypt", "kms:GenerateDataKey*"] == rights[sid]["Action"]
        assert {"StringEquals": {"aws:SourceAccount": "111122223333"}} == rights[sid]["Condition"]


def test_everybody_on_the_list_is_told() -> None:
    """Each address is a subscription of its own, so that one more changes no other."""
    told = alerts("a@acme.example", "b@acme.example").all("TopicSubscription")

    endpoints = {name: item.inputs["endpoint"] for name, item in told.items()}
    assert {"alerts-a@acme.example": "a@acme.example", "alerts-b@acme.example": "b@acme.example"} == endpoints


def test_a_new_topic_comes_before_the_old_one_goes() -> None:
    """The topic has a name prefix, not a name: a replacement would delete first otherwise."""
    made = alerts()["Topic"].inputs

    assert ("acme-prod-alerts-", None) == (made["namePrefix"], made.get("name"))


def test_an_address_that_is_none_is_refused() -> None:
    """A typo is found before anything is made."""
    with pytest.raises(ValidationError):
        SnsSpec(emails=("oncall",))

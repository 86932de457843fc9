"""A webhook of somebody's: no resources, and an address that may be a secret."""

from __future__ import annotations

from typing import Any

import pytest

from components.alerts.contract import AlertsSection, WebhookSpec
from components.conformance import Case
from components.errors import UserError
from stacks.load import validate

URL = "https://hooks.acme.example/ml"


def spec(**values: Any) -> WebhookSpec:
    """A spec as a stack file gives it."""
    return validate({"flavor": "webhook", **values}, WebhookSpec, "dev.yaml")


@pytest.mark.parametrize(
    ("values", "channel"), [({"url": URL}, URL), ({"secret": "alerts"}, "kubernetes:///monitoring/alerts#url")]
)
@pytest.mark.parametrize("cloud", [True, False])
def test_it_says_where_to_post_and_makes_nothing(values: dict[str, str], channel: str, *, cloud: bool) -> None:
    """The channel is the address, or where in the cluster it is; a section of a contract may say both."""
    built = Case(spec(**values), cloud=cloud).built()

    assert [] == built.managed
    assert {"channel": channel} == built.root.outputs
    assert channel == AlertsSection(flavor="webhook", channel=channel).channel


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "give one of url, secret; none of them is given"),
        ({"url": URL, "secret": "alerts"}, "give one of url, secret; url and secret are given"),
        ({"url": "http://hooks.acme.example"}, "url: `http://hooks.acme.example`: string should match pattern"),
        ({"secret": "Alerts"}, "secret: `Alerts`: string should match pattern"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, str], told: str) -> None:
    """One address, by TLS."""
    with pytest.raises(UserError) as refused:
        spec(**values)

    assert told in str(refused.value)

"""The encryption key of one class of data in one environment, on AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pulumi_aws import kms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from components.base import AwsPlace, OutputsT
    from components.component import Component


def customer_key(
    owner: Component[OutputsT],
    name: str,
    place: AwsPlace,
    *,
    deletion_days: int = 30,
    statements: Sequence[Mapping[str, Any]] = (),
) -> kms.Key:
    """Make a key that rotates every year, with an alias, as children of a component.

    The account's own policies say who may use it; `statements` are for services that act for no role of the
    account. A policy never names a principal of another environment: AWS refuses one that does not exist yet.

    Args:
        owner: The component whose data it encrypts.
        name: Logical name; the alias is `alias/<organization>-<environment>-<name>`.
        place: The account that owns it.
        deletion_days: Days during which a deletion can be taken back (7 to 30).
        statements: Rights beside those that the account gives by its own policies.
    """
    key = kms.Key(
        name,
        description=f"Encrypts {name} of {place.environment}",
        enable_key_rotation=True,
        deletion_window_in_days=7 if place.disposable else deletion_days,
        policy=json.dumps({"Version": "2012-10-17", "Statement": [_by_account(place), *statements]}),
        opts=owner.data(protect=not place.disposable),
    )
    kms.Alias(name, name=f"alias/{place.prefix}-{name}", target_key_id=key.key_id, opts=owner.child)
    return key


def service_use(service: str, place: AwsPlace) -> dict[str, Any]:
    """Let an AWS service encrypt and decrypt for resources of this account only (no confused deputy)."""
    return {
        "Sid": f"Use{''.join(part.title() for part in service.split('.')[0].split('-'))}",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
    }


def _by_account(place: AwsPlace) -> dict[str, Any]:
    return {
        "Sid": "RightsByPoliciesOfTheAccount",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{place.partition}:iam::{place.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import ValidationError

from components.base import AwsPlace, Outputs, Spec, Tier

GOOD = {
    "organization": "acme",
    "environment": "dev",
    "tier": Tier.DEV,
    "account": "111122223333",
    "region": "eu-west-1",
}


@pytest.mark.parametrize(("tier", "expected"), [(Tier.LOCAL, True), (Tier.DEV, True), (Tier.STAGING, False)])
def test_data_goes_with_an_environment_up_to_dev(tier: Tier, expected: bool) -> None:
    """The tier decides what may be lost, not the name of the environment."""
    assert expected == AwsPlace.model_validate(GOOD | {"tier": tier, "environment": "sandbox"}).disposable


@pytest.mark.parametrize(
    ("region", "partition", "domain"),
    [
        ("eu-west-1", "aws", "amazonaws.com"),
        ("ap-southeast-2", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
    ],
)
def test_a_region_says_its_partition(region: str, partition: str, domain: str) -> None:
    """ARNs and addresses of China and the US government begin and end differently."""
    place = AwsPlace.model_validate(GOOD | {"region": region})

    assert (partition, domain) == (place.partition, place.domain)


@pytest.mark.parametrize(
    "wrong",
    [
        {"organization": "a-company-name"},
        {"organization": "Acme"},
        {"environment": "dev-"},
        {"environment": "production-eu"},
        {"account": "1111"},
        {"account": 111122223333},
        {"region": "eu-west-1a"},
    ],
    ids=str,
)
def test_a_place_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    """Names that would not fit into the cloud's, and accounts that lost their zeros, are found before anything is."""
    with pytest.raises(ValidationError):
        AwsPlace.model_validate(GOOD | wrong)


class Door(Spec[Outputs]):
    """A way in."""

    one_of: ClassVar[tuple[str, ...]] = ("key", "code")
    key: str | None = None
    code: str | None = None


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "give one of key, code; none of them is given"),
        ({"key": "a", "code": "b"}, "give one of key, code; key and code are given"),
    ],
)
def test_of_fields_that_exclude_each_other_one_is_given(values: dict[str, str], told: str) -> None:
    """Neither none nor two of them."""
    with pytest.raises(ValidationError, match=told):
        Door(**values)

    assert ("a", None) == (Door(key="a").key, Door(key="a").code)


def test_a_spec_needs_nothing_of_a_cluster_unless_it_says_so() -> None:
    """So that a flavor without objects in a cluster says nothing about one."""
    assert () == Door(key="a").api_groups

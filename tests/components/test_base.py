from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.base import AwsPlace, Tier

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

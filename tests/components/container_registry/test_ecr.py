from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from components.base import AwsPlace, Tier
from components.container_registry.contract import EcrSpec
from components.container_registry.ecr import EcrContainerRegistry
from tests.harness.recorded import PLACES, Recorded, deploy


def registry(spec: EcrSpec | None = None, tier: Tier = Tier.DEV, place: AwsPlace | None = None) -> Recorded:
    """An environment's registry."""
    where = place or PLACES[tier]
    return deploy(lambda opts: EcrContainerRegistry("images", spec or EcrSpec(), place=where, opts=opts))


def test_an_image_stays_what_it_was() -> None:
    """Tags never move, each push is scanned, and a key of the environment encrypts."""
    made = registry()["Repository"].inputs

    assert "IMMUTABLE" == made["imageTagMutability"]
    assert {"scanOnPush": True} == made["imageScanningConfiguration"]
    expected = [{"encryptionType": "KMS", "kmsKey": "${aws:kms/key:Key::images.arn}"}]
    assert expected == made["encryptionConfigurations"]


def test_only_untagged_images_expire() -> None:
    """A pin may name any tagged image, so age removes none of them."""
    (rule,) = json.loads(registry(EcrSpec(untagged_expiration_days=3))["LifecyclePolicy"].inputs["policy"])["rules"]

    expected = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 3}
    assert expected == rule["selection"]
    assert {"type": "expire"} == rule["action"]


@pytest.mark.parametrize(("tier", "goes"), [(Tier.DEV, True), (Tier.STAGING, False), (Tier.PROD, False)])
def test_images_go_with_dev_only(tier: Tier, goes: bool) -> None:
    """Repositories are protected outside dev; in dev they are deleted with their images."""
    made = registry(tier=tier)["Repository"]

    assert (goes, not goes) == (made.inputs["forceDelete"], made.protect)


def test_two_environments_share_an_account() -> None:
    """Repositories begin with the environment, and nothing that an account has once is touched."""
    graph = registry(EcrSpec(repositories=("platform", "training-base")), Tier.STAGING)

    names = {item.inputs["name"] for item in graph.all("Repository").values()}
    assert {"acme-staging/platform", "acme-staging/training-base"} == names
    assert {"Alias", "Key", "LifecyclePolicy", "Repository"} == {item.type.rsplit(":")[-1] for item in graph.managed}


@pytest.mark.parametrize(("region", "host"), [("eu-west-1", "amazonaws.com"), ("cn-north-1", "amazonaws.com.cn")])
def test_it_promises_where_images_go(region: str, host: str) -> None:
    """The address is the account's registry and the environment, in China too."""
    place = PLACES[Tier.DEV].model_copy(update={"region": region})
    expected = f"111122223333.dkr.ecr.{region}.{host}/acme-dev"

    assert expected == registry(place=place)["EcrContainerRegistry"].outputs["uri"]


@pytest.mark.parametrize("name", ["Upper", "trailing-", "a" * 65, "two words"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """Names of repositories are lower case and short."""
    with pytest.raises(ValidationError):
        EcrSpec(repositories=(name,))

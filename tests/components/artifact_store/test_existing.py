from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.artifact_store.contract import ExistingSpec
from components.artifact_store.existing import ExistingArtifactStore
from components.base import Tier
from tests.harness.recorded import PLACES, deploy

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_it_promises_what_was_written_and_makes_nothing() -> None:
    """A bucket of somebody else is passed on as it is."""
    spec = ExistingSpec(flavor="existing", uri="s3://shared-data/ml", encryption_key=KEY)
    graph = deploy(lambda opts: ExistingArtifactStore("artifacts", spec, place=PLACES[Tier.PROD], opts=opts))

    assert [] == graph.managed
    assert {"uri": "s3://shared-data/ml", "encryption_key": KEY} == graph["ExistingArtifactStore"].outputs


def test_an_api_elsewhere_is_reached_by_keys_that_its_owner_gave() -> None:
    """The address holds inside of the cluster and outside; the region is the usual one unless another is said."""
    spec = ExistingSpec(
        flavor="existing", uri="s3://ml-data", endpoint="https://s3.acme.example", credentials_secret="storage/keys"
    )
    graph = deploy(lambda opts: ExistingArtifactStore("artifacts", spec, place=PLACES[Tier.PROD], opts=opts))

    assert {
        "uri": "s3://ml-data",
        "endpoint": "https://s3.acme.example",
        "endpoint_inside": "https://s3.acme.example",
        "region": "us-east-1",
        "credentials_secret": "storage/keys",
    } == graph["ExistingArtifactStore"].outputs


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"endpoint": "https://s3.acme.example"}, "endpoint and credentials_secret belong together"),
        ({"credentials_secret": "storage/keys"}, "endpoint and credentials_secret belong together"),
        ({"region": "eu-west-1"}, "region means nothing without endpoint"),
        ({"endpoint": "http://s3.acme.example", "credentials_secret": "storage/keys"}, "endpoint"),
    ],
)
def test_an_address_without_keys_or_tls_is_refused(values: dict[str, str], told: str) -> None:
    """Keys would go over the network in the open, or nobody could sign in."""
    with pytest.raises(ValidationError, match=told):
        ExistingSpec.model_validate({"flavor": "existing", "uri": "s3://ml-data", **values})


@pytest.mark.parametrize("uri", ["shared-data", "s3://shared-data/", "s3://UPPER", "https://shared-data"])
def test_an_address_that_is_none_is_refused(uri: str) -> None:
    """A root has a scheme and a bucket, and no trailing slash."""
    with pytest.raises(ValidationError):
        ExistingSpec(flavor="existing", uri=uri)

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


@pytest.mark.parametrize("uri", ["shared-data", "s3://shared-data/", "s3://UPPER", "https://shared-data"])
def test_an_address_that_is_none_is_refused(uri: str) -> None:
    """A root has a scheme and a bucket, and no trailing slash."""
    with pytest.raises(ValidationError):
        ExistingSpec(flavor="existing", uri=uri)

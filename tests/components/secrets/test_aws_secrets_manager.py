from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.base import Tier
from components.secrets.aws_secrets_manager import AwsSecretsManagerSecrets
from components.secrets.contract import AwsSecretsManagerSpec
from tests.harness.recorded import PLACES, Recorded, deploy


def secrets(*names: str, tier: Tier = Tier.DEV) -> Recorded:
    """An environment's secrets."""
    spec = AwsSecretsManagerSpec(names=names)
    return deploy(lambda opts: AwsSecretsManagerSecrets("secrets", spec, place=PLACES[tier], opts=opts))


def test_no_value_is_in_the_program() -> None:
    """Secrets are made empty: their values are put there by others, so that no state file holds one."""
    graph = secrets("github/app-key")

    assert {} == graph.all("SecretVersion")
    assert {"secretString", "secretBinary"}.isdisjoint(graph["Secret"].inputs)


def test_a_key_of_the_environment_encrypts() -> None:
    """Names begin with the environment, and one rotating key encrypts all."""
    graph = secrets("github/app-key")

    assert "acme-dev/github/app-key" == graph["Secret"].inputs["name"]
    assert "${aws:kms/key:Key::secrets.arn}" == graph["Secret"].inputs["kmsKeyId"]
    assert graph["Key"].inputs["enableKeyRotation"]


@pytest.mark.parametrize(("tier", "days"), [(Tier.DEV, 0), (Tier.STAGING, 30), (Tier.PROD, 30)])
def test_a_name_is_free_again_at_once_in_dev(tier: Tier, days: int) -> None:
    """Up, destroy, up works in dev; elsewhere a deletion can be taken back, and is refused to begin with."""
    made = secrets("token", tier=tier)["Secret"]

    assert (days, tier > Tier.DEV) == (made.inputs["recoveryWindowInDays"], made.protect)


def test_it_promises_the_prefix() -> None:
    """Whoever may read the environment's secrets may read what begins with this."""
    assert "acme-dev/" == secrets()["AwsSecretsManagerSecrets"].outputs["prefix"]


@pytest.mark.parametrize("name", ["/leading", "Upper", "two words", "trailing/"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """Names are lower case, with slashes between parts only."""
    with pytest.raises(ValidationError):
        AwsSecretsManagerSpec(names=(name,))

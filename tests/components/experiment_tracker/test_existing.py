"""A tracker that somebody else runs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.conformance import Case
from components.experiment_tracker.contract import ExistingSpec
from tests.harness.tracker import needs_of_trackers

VALUES: dict[str, Any] = {"flavor": "existing", "tracking_uri": "https://mlflow.acme.example", "version": "3.17"}


@pytest.mark.parametrize("secret", [None, "acme-dev/mlflow-projects"])
def test_it_promises_what_was_written_and_makes_nothing(secret: str | None) -> None:
    """A tracker of somebody else is passed on as it is."""
    built = Case(ExistingSpec(**VALUES, credentials_secret=secret), needs_of_trackers()).built()
    expected = {"tracking_uri": "https://mlflow.acme.example", "version": "3.17", "credentials_secret": secret}

    assert [] == built.managed
    assert {name: value for name, value in expected.items() if value} == built.root.outputs


@pytest.mark.parametrize(
    "wrong",
    [
        {"tracking_uri": "http://mlflow.acme.example"},
        {"tracking_uri": "https://mlflow.acme.example/"},
        {"version": "3"},
        {"version": "3.17.2"},
    ],
)
def test_an_address_or_release_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    """Clients sign in with a password, so the address is one of TLS; releases match by major and minor."""
    with pytest.raises(ValidationError):
        ExistingSpec(**{**VALUES, **wrong})

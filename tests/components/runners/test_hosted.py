"""GitHub's own runners."""

from __future__ import annotations

from components.conformance import Case
from components.runners.contract import HostedSpec


def test_it_creates_nothing() -> None:
    """A label of a release, and nothing that is in the network."""
    built = Case(HostedSpec()).built()

    assert [] == built.managed
    assert {"runs_on": "ubuntu-24.04", "security_group_ids": {}} == built.root.outputs
    assert not HostedSpec.inside

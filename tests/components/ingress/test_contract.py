"""Who may be reached, and by whom."""

from __future__ import annotations

from typing import Any

import pytest

from components.errors import UserError
from components.ingress.contract import PRIVATE_RANGES, AlbSpec
from stacks.load import validate

WHERE = "Pulumi.dev.yaml"
VALUES = {"domain": "dev.ml.acme.example", "zone_id": "Z0123456789ABCDEFGHIJ"}


def read(**values: Any) -> AlbSpec:
    """A spec as a stack file gives it."""
    return validate({**VALUES, **values}, AlbSpec, WHERE)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, PRIVATE_RANGES),
        ({"allowed_cidrs": ["10.20.0.0/16"]}, ("10.20.0.0/16",)),
        ({"internal": False, "allowed_cidrs": ["198.51.100.0/24"]}, ("198.51.100.0/24",)),
    ],
)
def test_private_addresses_connect_unless_others_are_named(values: dict[str, Any], expected: tuple[str, ...]) -> None:
    """Nobody has to list the ranges that only machines of an organisation have."""
    assert expected == read(**values).visitors


CIDR = "not a range of IPv4 addresses; write `10.0.0.0/8`, with no bit set after its length"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"allowed_cidrs": ["10.20.0.1/16"]}, f"allowed_cidrs.0: `10.20.0.1/16`: {CIDR}"),
        ({"allowed_cidrs": ["::/0"]}, f"allowed_cidrs.0: `::/0`: {CIDR}"),
        ({"domain": "ml"}, "domain: `ml`: string should match pattern"),
        ({"domain": "*.acme.example"}, "domain: `*.acme.example`: string should match pattern"),
        ({"domain": "Dev.acme.example"}, "domain: `Dev.acme.example`: string should match pattern"),
        ({"domain": f"{'d' * 60}.acme.example"}, "string should have at most 64 characters"),
        ({"zone_id": "acme.example"}, "zone_id: `acme.example`: string should match pattern"),
        ({"internal": False}, "a public load balancer needs allowed_cidrs; add the ranges of its visitors"),
        ({"interal": False}, "interal: unknown field; did you mean `internal`?"),
    ],
)
def test_mistakes_are_told(values: dict[str, Any], told: str) -> None:
    """Each names its place and what is wrong."""
    with pytest.raises(UserError) as refused:
        read(**values)

    (problem,) = refused.value.problems
    assert problem.startswith(f"{WHERE}: ")
    assert told in problem

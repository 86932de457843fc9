"""A cluster that somebody else owns."""

from __future__ import annotations

import pytest

from components.cluster.contract import ExistingSpec
from components.conformance import Case
from components.conformance.standins import examples
from components.errors import UserError
from stacks.load import validate

SPEC = examples(ExistingSpec)[0]


def test_it_creates_nothing() -> None:
    """Its promises are the spec's values."""
    built = Case(SPEC).built()

    assert [] == built.managed
    assert {
        "name": "shared",
        "identifier": "arn:aws:eks:eu-west-1:111122223333:cluster/shared",
        "version": "1.35",
        "security_group_ids": {"cluster": "sg-0123456789abcdef0"},
    } == {name: built.root.outputs[name] for name in ("name", "identifier", "version", "security_group_ids")}


def test_it_says_who_reaches_it() -> None:
    """Its owner knows whether the API server answers inside the network only."""
    values = SPEC.model_dump()

    assert [True, False] == [
        ExistingSpec.model_validate({**values, "private_only": private}).private_only for private in (True, False)
    ]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"endpoint": "http://shared"}, "endpoint: `http://shared`: string should match pattern"),
        ({"arn": "shared"}, "arn: `shared`: string should match pattern"),
        ({"security_group_ids": {"nodes": "default"}}, "security_group_ids.nodes: `default`: string should match"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, object], told: str) -> None:
    """A value that names nothing is told at its path."""
    with pytest.raises(UserError) as refused:
        validate({**SPEC.model_dump(), **values}, ExistingSpec, "spec.yaml")

    assert str(refused.value).startswith(f"spec.yaml: {told}")

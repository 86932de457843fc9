"""A way into the cluster that somebody else owns."""

from __future__ import annotations

from typing import Any

import pytest

from components.conformance import Case
from components.errors import UserError
from components.ingress.contract import ExistingSpec, IngressSection
from stacks.load import validate

DOMAIN = "dev.ml.acme.example"


def spec(**values: Any) -> ExistingSpec:
    """A spec as a stack file gives it."""
    return validate({"flavor": "existing", "domain": DOMAIN, **values}, ExistingSpec, "dev.yaml")


@pytest.mark.parametrize(
    ("values", "groups"),
    [({"class_name": "nginx"}, ()), ({"gateway": "networking/shared"}, ("gateway.networking.k8s.io",))],
)
@pytest.mark.parametrize("cloud", [True, False])
def test_it_creates_nothing(values: dict[str, str], groups: tuple[str, ...], *, cloud: bool) -> None:
    """A class of Ingresses or a Gateway: what attaches there, and what the cluster has to serve for it."""
    built = Case(spec(**values), cloud=cloud).built()

    assert [] == built.managed
    assert {"domain": DOMAIN, **values} == {name: value for name, value in built.root.outputs.items() if value}
    assert groups == spec(**values).api_groups
    assert values.items() <= IngressSection(domain=DOMAIN, **values).model_dump().items()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "give one of class_name, gateway; none of them is given"),
        (
            {"class_name": "nginx", "gateway": "a/b"},
            "give one of class_name, gateway; class_name and gateway are given",
        ),
        ({"gateway": "shared"}, "gateway: `shared`: string should match pattern"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, str], told: str) -> None:
    """Exactly one of the two, and of a Gateway its namespace."""
    with pytest.raises(UserError) as refused:
        spec(**values)

    assert told in str(refused.value)


@pytest.mark.parametrize("values", [{}, {"class_name": "alb", "gateway": "a/b"}])
def test_a_contract_says_one_of_them(values: dict[str, str]) -> None:
    """A project that finds both, or none, would have to guess."""
    with pytest.raises(UserError, match="exactly one of them says how services are reached"):
        validate({"domain": DOMAIN, **values}, IngressSection, "dev.json")

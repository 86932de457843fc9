"""Runners that somebody else operates."""

from __future__ import annotations

import pytest

from components.conformance import Case
from components.errors import UserError
from components.runners.contract import ExistingSpec
from stacks.load import validate

GROUPS = {"runners": "sg-0123456789abcdef0"}


@pytest.mark.parametrize(("inside", "groups"), [(True, GROUPS), (True, {}), (False, {})])
def test_it_creates_nothing(groups: dict[str, str], *, inside: bool) -> None:
    """Its owner says the label, whether they are in the network, and by which groups they are let in."""
    spec = ExistingSpec(flavor="existing", runs_on="acme-ml", inside=inside, security_group_ids=groups)
    built = Case(spec).built()

    assert [] == built.managed
    assert {"runs_on": "acme-ml", "security_group_ids": groups} == built.root.outputs
    assert inside is spec.inside


def test_runners_outside_have_no_groups_inside() -> None:
    """A security group is in the network, so whoever has one is too."""
    values = {"flavor": "existing", "runs_on": "acme-ml", "inside": False, "security_group_ids": GROUPS}
    with pytest.raises(UserError) as refused:
        validate(values, ExistingSpec, "spec.yaml")

    told = "security_group_ids: runners outside of the network have none in it; set inside, or leave them out"
    assert f"spec.yaml: {told}" == str(refused.value)

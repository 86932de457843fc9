"""The page of policies says what the policies say."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from pipelines.plan.policy.base import Policy
from pipelines.plan.policy.catalogue import POLICIES
from pipelines.plan.policy.reference import PAGE, firing, page
from pipelines.plan.policy.suppressions import Suppressions


def test_the_page_is_fresh() -> None:
    """Every policy is there as it is today: `python -m pipelines.plan.policy.reference` writes the page."""
    assert page() == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_each_shows_what_makes_it_fire(policy: Policy) -> None:
    """No policy stands on the page without a line that it says."""
    assert [] != list(firing(policy))


def test_the_suppression_it_shows_is_one() -> None:
    """What is shown of `suppressions.yaml` can be copied: a valid file, for a policy that exists."""
    (text,) = re.findall(r"```yaml\n(.*?)```", page(), re.DOTALL)
    shown = Suppressions.model_validate_json(json.dumps(yaml.safe_load(text))).suppressions

    assert {one.policy for one in shown} <= {policy.id for policy in POLICIES}

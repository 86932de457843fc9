"""When a flavor is done: the rules that every one keeps, ours and those of other packages.

A test of a flavor is a few lines:

    @pytest.mark.parametrize("rule", conformance.RULES, ids=lambda rule: rule.__name__)
    def test_conforms(rule):
        assert [] == [problem for case in conformance.cases(MinioSpec) for problem in rule(case)]
"""

from __future__ import annotations

from components.conformance.case import Built, Case, cases
from components.conformance.rules import RULES, Rule

__all__ = ["RULES", "Built", "Case", "Rule", "cases"]

"""Findings that somebody accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.errors import UserError
from pipelines.plan.policy.base import sketch
from pipelines.plan.policy.catalogue import judge, load_suppressions
from pipelines.plan.policy.suppressions import Suppression

GRAPH = sketch({"aws:cloudwatch/logGroup:LogGroup api": {}})
ACCEPTED = Suppression(
    policy="logs-retention", resource="aws:cloudwatch/logGroup:LogGroup api", reason="the auditors want all of it"
)


def write(folder: Path, text: str) -> Path:
    """Write a file of suppressions."""
    path = folder / "suppressions.yaml"
    path.write_text(text)
    return path


def test_a_suppressed_finding_is_listed_with_its_reason() -> None:
    """It does not block, and nobody can overlook it."""
    judgement = judge(GRAPH, (ACCEPTED,))

    assert () == judgement.findings
    assert ["the auditors want all of it"] == [found.suppressed for found in judgement.suppressed]
    assert () == judgement.unused


OTHERS = {
    "other policy": {"policy": "kms-rotates"},
    "other resource": {"resource": "aws:cloudwatch/logGroup:LogGroup ap"},
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=list(OTHERS))
def test_a_suppression_reaches_no_further_than_it_says(change: dict[str, str]) -> None:
    """Another policy or resource is still found, and the suppression is called unused."""
    other = ACCEPTED.model_copy(update=change)
    judgement = judge(GRAPH, (other,))

    assert ["logs-retention"] == [found.policy for found in judgement.findings]
    assert (other,) == judgement.unused


def test_a_pattern_reaches_all_it_matches() -> None:
    """`*` stands for any text."""
    wide = ACCEPTED.model_copy(update={"resource": "aws:cloudwatch/logGroup:LogGroup *"})

    assert () == judge(GRAPH, (wide,)).findings


def test_no_file_is_no_suppression(tmp_path: Path) -> None:
    """Nobody needs an empty file."""
    assert () == load_suppressions(tmp_path / "suppressions.yaml", "dev")


FILE = """
suppressions:
  - policy: logs-retention
    resource: aws:cloudwatch/logGroup:LogGroup api
    reason: the auditors want all of it
    environments: [prod]
"""


@pytest.mark.parametrize(("environment", "expected"), [("prod", 1), ("dev", 0)])
def test_a_suppression_may_be_for_some_environments(tmp_path: Path, environment: str, expected: int) -> None:
    """What is acceptable in one place is not acceptable everywhere."""
    assert expected == len(load_suppressions(write(tmp_path, FILE), environment))


WRONG = {
    "unknown policy": (
        FILE.replace("logs-retention", "logs-retentoin"),
        "suppressions.0.policy: `logs-retentoin` is not a policy; did you mean `logs-retention`?",
    ),
    "no reason": (
        FILE.replace("    reason: the auditors want all of it\n", ""),
        "suppressions.0.reason: missing; add it",
    ),
    "short reason": (
        FILE.replace("the auditors want all of it", "because"),
        "suppressions.0.reason: `because`: string should have at least 15",
    ),
    "no name": (
        FILE.replace("LogGroup api", "LogGroup"),
        "suppressions.0.resource: `aws:cloudwatch/logGroup:LogGroup`: string should match",
    ),
    "unknown field": (FILE.replace("reason", "reasn"), "suppressions.0.reasn: unknown field; did you mean `reason`?"),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A suppression without a reason is no suppression."""
    path = write(tmp_path, text)

    with pytest.raises(UserError) as refused:
        load_suppressions(path, "prod")

    assert any(problem.startswith(f"{path}: {said}") for problem in refused.value.problems)

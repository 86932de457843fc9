from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.harness.scaffold import ROOT, Platform

if TYPE_CHECKING:
    from pathlib import Path

QUESTIONS: dict[str, dict[str, Any]] = {
    name: value for name, value in yaml.safe_load((ROOT / "copier.yml").read_text()).items() if not name.startswith("_")
}
ASKED = {name: question for name, question in QUESTIONS.items() if question.get("when") is not False}


def test_there_are_at_most_eight_questions() -> None:
    """Nobody is asked what can be computed."""
    assert len(ASKED) <= 8


@pytest.mark.parametrize("name", sorted(ASKED))
def test_every_question_has_help_a_default_and_a_check(name: str) -> None:
    """Pressing enter always works, and a wrong answer is explained."""
    question = ASKED[name]

    assert question["help"].endswith(("?", "."))
    assert question["default"]
    assert "validator" in question or "choices" in question


def test_nothing_in_the_template_needs_trust() -> None:
    """No tasks, no migrations, no Jinja extensions."""
    settings = yaml.safe_load((ROOT / "copier.yml").read_text())

    assert {"_tasks", "_migrations", "_jinja_extensions"}.isdisjoint(settings)


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("project", "Churn", "`Churn` must be lower-case words"),
        ("project", "churn_model", "`churn_model` must be lower-case words"),
        ("project", "2churn", "start with a letter"),
        ("project", "churn-", "joined by single hyphens"),
        ("project", "churn\n", "must be lower-case words"),
        ("project", "a" * 41, "has 41 characters; 40 is the most"),
        ("project", "pandas", "means something else to Python or YAML"),
        ("project", "class", "means something else to Python or YAML"),
        ("project", "no", "means something else to Python or YAML"),
        ("description", "  ", "say in one line what the model predicts"),
        ("description", "two\nlines", "one line only"),
        ("description", "x" * 121, "121 characters are too long"),
        ("organisation", "acme inc", "must be letters, digits and hyphens"),
        ("owners", "acme", "must be @user, @organisation/team or an e-mail address"),
        ("owners", "@acme/ml, @bob", "separated by one space"),
        ("python_version", "3.8", "Invalid choice"),
    ],
)
def test_a_wrong_answer_is_refused(platform: Platform, tmp_path: Path, name: str, answer: str, said: str) -> None:
    """The message says what is wrong with the answer, and what is allowed."""
    with pytest.raises(ValueError, match=said):
        platform.render(tmp_path / "project", **{name: answer})

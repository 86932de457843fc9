"""The gate through the command: what blocks a promotion, and what does not."""

from __future__ import annotations

import json
import re

import pytest

from pipelines.release.evidence import evidence_path
from tests.harness.command import stackwright
from tests.harness.gated import candidate, evidence, gate, policy, promote
from tests.harness.project import Toy


def test_a_better_candidate_passes_and_is_promoted(released: Toy) -> None:
    """The gate says yes with its reasons, the promotion pins, and both exit with 0."""
    said = gate(released)

    assert 0 == said.code
    assert f"gate: release 2 ({candidate(released)[:19]}) in staging: may be pinned" == said.out.splitlines()[0]
    assert 0 == promote(released).code
    assert candidate(released) == released.pin("staging")["digest"]
    assert 2 == released.pin("staging")["release"]


def test_an_equal_candidate_passes_with_enough_rows(released: Toy) -> None:
    """Two models of one quality that disagree on 4% of rows: 1,000 rows are enough for a margin of 2 points."""
    champion_and_candidate(released, {"wrong_every": 50}, {"wrong_every": 50, "offset": 1})

    assert 0 == gate(released).code


def test_an_equal_candidate_with_few_rows_is_told_how_many_are_needed(released: Toy) -> None:
    """The same two models on 200 rows: blocked, with the number of rows that would decide."""
    champion_and_candidate(released, {"wrong_every": 50}, {"wrong_every": 50, "offset": 1})
    released.rows(200)

    said = gate(released)

    assert 4 == said.code
    assert "blocked (insufficient_data)" in said.out
    assert "200 rows (4 better, 4 worse); lower bound -0.0257, margin -0.02; needs 662 rows" in said.out


def test_a_clearly_better_candidate_passes_with_few_rows(released: Toy) -> None:
    """100 rows, the least that the rules allow, are enough for a candidate that is much better."""
    champion_and_candidate(released, {"wrong_every": 3}, {"wrong_every": 50})
    released.rows(100)

    assert 0 == gate(released).code


def test_a_worse_candidate_is_blocked(released: Toy) -> None:
    """A worse model fails the gate; evidence is written all the same, and the promotion is blocked by it."""
    released.publish(wrong_every=3)

    said, promotion = gate(released), promote(released)

    assert (4, 4) == (said.code, promotion.code)
    assert "blocked (fail)" in said.out
    assert "worse than the champion" in said.out
    assert any("fail: primary: accuracy -0.1340" in line for line in promotion.problems)
    assert 1 == released.pin("staging")["release"]


def test_a_model_below_a_floor_is_blocked_even_as_the_first(toy: Toy) -> None:
    """The first model has no champion, but floors and a dummy baseline."""
    toy.publish(wrong_every=2)

    said = gate(toy)

    assert 4 == said.code
    assert "baseline: first release: accuracy 0.5000, the dummy baseline has 0.5000" in said.out


def test_a_worse_slice_is_blocked(released: Toy) -> None:
    """A candidate that is better on the whole, and much worse for one group, is blocked by that group."""
    rules = released.root / "policies/gate.yaml"
    rules.write_text(rules.read_text().replace("margin: 0.2", "margin: 0.05"))

    said = gate(released)

    assert 4 == said.code
    assert ["slice group=even: accuracy -0.1340"] == [line.strip()[:34] for line in said.out.splitlines()[1:]]


@pytest.mark.parametrize(
    ("budget", "said"), [("package_mib", "package size"), ("score_milliseconds_per_row", "scoring time")]
)
def test_a_budget_blocks(budget: str, said: str, released: Toy) -> None:
    """A package that is too big, or too slow, is blocked."""
    rules = released.root / "policies/gate.yaml"
    rules.write_text(re.sub(f"{budget}: .*", f"{budget}: 0.000001", rules.read_text()))

    found = gate(released)

    assert 4 == found.code
    assert f"budget {said}: " in found.out


def test_the_pinned_digest_is_nothing_to_promote(released: Toy) -> None:
    """When source and target pin the same digest, neither gate nor promotion has anything to do."""
    released.advance("staging")

    assert (0, "is pinned in staging already") == (gate(released).code, gate(released).out.strip()[-28:])
    assert (0, "is pinned in staging already") == (promote(released).code, promote(released).out.strip()[-28:])


SCORES: dict[str, tuple[dict[str, object], str]] = {
    "NaN": ({"score": "nan"}, "scores: row 0: score: `nan` is not a finite number"),
    "infinite": ({"score": "1e999"}, "scores: row 0: score: `1e999` is not a finite number"),
    "empty": ({"score": ""}, "scores: row 0: score: `` is not a finite number"),
}


@pytest.mark.parametrize("name", SCORES)
def test_scores_that_are_no_numbers_block(name: str, released: Toy) -> None:
    """A candidate whose scores are missing or not finite never gets evidence."""
    values, problem = SCORES[name]
    released.publish(wrong_every=6, **values)

    said = gate(released)

    assert 4 == said.code
    assert problem == said.problems[0]
    assert 4 == promote(released).code


SCORERS = {
    "nothing": ("pass", 1, ".stackwright.yaml: score: `{python}` wrote nothing to --output"),
    "no rows": (
        "open(out, 'w').write('key,label,prediction,score\\n')",
        4,
        "scores: no rows; the gate needs rows to judge by",
    ),
    "no header": (
        "open(out, 'w').write('')",
        4,
        "scores: no column key, label, prediction, score; the header is empty",
    ),
    "a column missing": (
        "open(out, 'w').write('key,label,score\\n')",
        4,
        "scores: no column prediction; the header is key,label,score",
    ),
    "a key twice": (
        "open(out, 'w').write('key,label,prediction,score\\n1,1,1,1\\n1,0,0,0\\n')",
        4,
        "scores: keys are not unique; each row needs a key of its own",
    ),
    "one class only": (
        "open(out, 'w').write('key,label,prediction,score,group\\n1,1,1,1,a\\n2,1,1,1,a\\n')",
        4,
        "gate: candidate: roc_auc: `nan` is not a finite number",
    ),
    "a slice missing": (
        "open(out, 'w').write('key,label,prediction,score\\n1,1,1,1\\n2,0,0,0\\n')",
        4,
        "policies/gate.yaml: slices.columns: `group` is not in the scoring output; it has none",
    ),
    "other rows for each": (
        "import pathlib; open(out, 'w').write('key,label,prediction,score,group\\n1,1,1,1,a\\n%s,0,0,0,a\\n' "
        "% pathlib.Path(out).name)",
        4,
        "scores: candidate and champion were not scored on the same rows and labels",
    ),
    "a failure": ("raise SystemExit('no memory')", 1, ".stackwright.yaml: score: failed with 1: no memory"),
}


@pytest.mark.parametrize("name", SCORERS)
def test_what_a_scoring_command_does_wrong(name: str, released: Toy) -> None:
    """Whatever the scoring command writes instead of scores, it is said in one line, and there is no evidence."""
    code, exit_code, problem = SCORERS[name]
    python = scorer(released, f"import sys; out = sys.argv[sys.argv.index('--output') + 1]; {code}")
    if name == "one class only":
        floor = {"metric": "roc_auc", "direction": "higher", "bound": 0.5}
        released.edit("policies/gate.yaml", models={"toy": {**policy(released), "slices": None, "floors": [floor]}})

    said = gate(released)

    assert (exit_code, problem.format(python=python)) == (said.code, said.problems[0])
    assert not evidence(released).exists()


def test_a_scoring_command_has_no_token_of_the_job(released: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of a project cannot speak as the workflow, nor as a job of the environment; all else is there."""
    tokens = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "GITHUB_TOKEN", "PLATFORM_TOKEN"}
    watched = sorted({*tokens, "GH_TOKEN", "ANOTHER"})
    for name in watched:
        monkeypatch.setenv(name, "x")
    scorer(released, f"import os, sys; sys.exit(' '.join(name for name in {watched} if name in os.environ))")

    assert [".stackwright.yaml: score: failed with 1: ANOTHER"] == gate(released).problems


def scorer(toy: Toy, code: str) -> str:
    """Give a project another scoring command."""
    settings = json.loads(json.dumps(toy.project.settings.model_dump(mode="json")))
    python = settings["models"]["toy"]["score"][0]
    settings["models"]["toy"]["score"] = [python, "-c", code]
    toy.edit(".stackwright.yaml", **settings)
    return python


def test_a_refused_digest_is_neither_gated_nor_promoted(released: Toy) -> None:
    """A digest refused in dev is refused in staging, and its line says how to lift that."""
    refuse(released, "dev", candidate(released))

    said, promotion = gate(released), promote(released)

    problem = (
        f"promotions/refused.yaml: {candidate(released)[:19]} of toy was refused in dev: it lies; "
        "remove its line by pull request to lift this"
    )
    assert (4, [problem]) == (said.code, said.problems)
    assert (4, [problem]) == (promotion.code, promotion.problems)


def test_a_digest_refused_further_on_may_be_promoted_before(released: Toy) -> None:
    """What prod refused may still go to staging."""
    refuse(released, "prod", candidate(released))

    assert 0 == gate(released).code
    assert 0 == promote(released).code


def refuse(toy: Toy, environment: str, digest: str) -> None:
    """Refuse a digest in an environment."""
    line = {"model": "toy", "digest": digest, "environment": environment, "reason": "it lies"}
    toy.edit("promotions/refused.yaml", refused=[line])


def champion_and_candidate(toy: Toy, champion: dict[str, object], candidate: dict[str, object]) -> None:
    """Pin a champion in staging and a candidate in dev; the champion takes the policy's way."""
    rules = (toy.root / "policies/gate.yaml").read_text()
    (toy.root / "policies/gate.yaml").write_text(re.sub("margin: .*", "margin: 0.99", rules))
    toy.commit("any model may pass")
    toy.publish(**champion)
    toy.advance("staging")
    (toy.root / "policies/gate.yaml").write_text(rules)
    toy.commit("the rules again")
    toy.publish(**candidate)


def test_what_was_just_registered_is_gated_before_it_is_pinned(released: Toy) -> None:
    """In the first environment: against what the default branch pins there; committed, there is nothing to judge."""
    worse = released.build(wrong_every=3)
    assert 0 == stackwright("register", "--project", released.root).code

    said = stackwright("gate", "--env", "dev", "--project", released.root)
    released.commit("pin it all the same")
    again = stackwright("gate", "--env", "dev", "--project", released.root)

    assert 4 == said.code
    assert "worse than the champion" in said.out
    assert (released.root / evidence_path("dev", "toy", worse)).exists()
    assert (0, "is pinned in dev already") == (again.code, again.out.strip()[-24:])


def test_without_a_package_there_is_nothing_to_gate(toy: Toy) -> None:
    """In the first environment, `register` comes first."""
    said = stackwright("gate", "--env", "dev", "--project", toy.root)

    told = "promotions/dev/toy.yaml: nothing is pinned here; register the package that is to be judged first"
    assert (1, [told]) == (said.code, said.problems)

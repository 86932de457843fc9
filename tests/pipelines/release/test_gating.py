"""The gate through the command: what blocks a promotion, and what does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pipelines.release.evidence import Evidence, evidence_path, write_evidence
from pipelines.release.signing import open_signer
from stacks.load import load
from tests.harness.command import Outcome, stackwright
from tests.harness.project import Toy


def gate(toy: Toy, *words: object) -> Outcome:
    """Run the gate for staging."""
    return stackwright("gate", "--env", "staging", "--project", toy.root, *words)


def promote(toy: Toy) -> Outcome:
    """Promote into staging."""
    return stackwright("promote", "--env", "staging", "--project", toy.root)


def candidate(toy: Toy) -> str:
    """Return what dev pins."""
    return str(toy.pin("dev")["digest"])


def evidence(toy: Toy) -> Path:
    """Return the file of the evidence about it."""
    return toy.root / evidence_path("staging", "toy", candidate(toy))


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


def tamper(field: str, value: object) -> Callable[[Toy], None]:
    """Change one field of the evidence."""

    def change(toy: Toy) -> None:
        content = json.loads(evidence(toy).read_text())
        *parents, last = field.split(".")
        node = content
        for name in parents:
            node = node[name]
        node[last] = value
        evidence(toy).write_text(json.dumps(content))

    return change


def swap(toy: Toy) -> None:
    """Put the evidence about another candidate in its place."""
    first = evidence(toy).read_bytes()
    toy.publish(wrong_every=7)
    evidence(toy).write_bytes(first)
    toy.commit("swapped")


def from_prod(toy: Toy) -> None:
    """Put evidence for another environment in its place."""
    first = str(toy.pin("prod")["digest"])
    evidence(toy).write_bytes((toy.root / evidence_path("prod", "toy", first)).read_bytes())


def signed_by_prod(toy: Toy) -> None:
    """Sign the same evidence with the key of another environment."""
    signer = open_signer(toy.project.contract("prod"))
    evidence(toy).write_bytes(write_evidence(load(evidence(toy), Evidence), signer))


def forged_decision(toy: Toy) -> None:
    """Sign, with the right key, a decision that does not follow."""
    found = load(evidence(toy), Evidence)
    kinder = found.measurements.model_copy(update={"package_mib": 1000.0})
    signer = open_signer(toy.project.contract("staging"))
    evidence(toy).write_bytes(write_evidence(found.model_copy(update={"measurements": kinder}), signer))


def new_champion(toy: Toy) -> None:
    """Let another release be promoted in between."""
    second = candidate(toy)
    kept = evidence(toy).read_bytes()
    toy.publish(wrong_every=7)
    toy.advance("staging")
    toy.commit("another champion")
    (toy.root / evidence_path("staging", "toy", second)).write_bytes(kept)
    (toy.root / "promotions/dev/toy.yaml").write_text(toy.git("show", "HEAD~3:promotions/dev/toy.yaml") + "\n")
    toy.commit("back to the second in dev")


SIGNATURE = "{path}: signature: not by the key of staging; changed after the gate, or by another gate"
AGAIN = "stale; run `stackwright gate --env staging` again"
EVIDENCE: dict[str, tuple[Callable[[Toy], object], str]] = {
    "missing": (
        lambda toy: evidence(toy).unlink(),
        "{path}: no evidence about {short}; run `stackwright gate --env staging`",
    ),
    "empty": (
        lambda toy: evidence(toy).write_bytes(b""),
        "{path}: not JSON: Expecting value: line 1 column 1 (char 0)",
    ),
    "cut off": (
        lambda toy: evidence(toy).write_bytes(evidence(toy).read_bytes()[:100]),
        "{path}: not JSON: Unterminated string starting at: .*",
    ),
    "not a document": (lambda toy: evidence(toy).write_text("[]"), "{path}: expected a mapping of fields, found `[]`"),
    "NaN inside": (
        lambda toy: evidence(toy).write_text(re.sub('"rows": 1000', '"rows": NaN', evidence(toy).read_text())),
        "{path}: not JSON: NaN is not a number that JSON can hold",
    ),
    "another measurement": (tamper("measurements.candidate.accuracy", 0.99), SIGNATURE),
    "another verdict": (tamper("decision.verdict", "fail"), SIGNATURE),
    "another rule": (tamper("rules.primary.margin", 0.5), SIGNATURE),
    "no signature": (tamper("signature", ""), SIGNATURE),
    "a broken signature": (tamper("signature", "AAAA"), SIGNATURE),
    "an unknown field": (tamper("approver", "me"), "{path}: approver: unknown field"),
    "a decision that does not follow": (
        forged_decision,
        "{path}: decision: `pass` does not follow from its measurements and rules",
    ),
    "signed by another environment": (signed_by_prod, SIGNATURE),
    "about another candidate": (swap, "{path}: candidate: `"),
    "about another environment": (from_prod, "{path}: candidate: `"),
    "other rows since": (lambda toy: toy.rows(1001), f"{{path}}: rows: .* are not the current .*; {AGAIN}"),
    "another policy since": (
        lambda toy: toy.edit("policies/gate.yaml", models={"toy": {**policy(toy), "slices": None}}),
        f"{{path}}: policy: policies/gate.yaml has changed for toy; {AGAIN}",
    ),
    "another champion since": (
        new_champion,
        f"{{path}}: champion: compared with {{champion}}, staging pins release 3 .*; {AGAIN}",
    ),
}


def policy(toy: Toy) -> dict[str, object]:
    """Return the rules without those for slices."""
    rules = yaml.safe_load((toy.root / "policies/gate.yaml").read_text())["models"]["toy"]
    return {name: value for name, value in rules.items() if name != "slices"}


@pytest.mark.parametrize("name", EVIDENCE)
def test_evidence_that_does_not_hold_blocks(name: str, released: Toy) -> None:
    """Whatever happened to the evidence since, the promotion exits with 4 and its reason; nothing is pinned."""
    change, problem = EVIDENCE[name]
    champion = str(released.pin("staging")["digest"])[:19]
    assert 0 == gate(released).code
    change(released)
    pinned = released.pin("staging")

    said = promote(released)

    digest = candidate(released)
    path = evidence_path("staging", "toy", digest)
    expected = problem.format(path=path, short=digest[:19], champion=champion)
    assert 4 == said.code
    assert [] == [line for line in said.problems[:1] if not _is(expected, line)], said.err
    assert pinned == released.pin("staging")
    assert digest[7:] not in stored(released, "staging")


def _is(expected: str, line: str) -> bool:
    return re.match(re.escape(expected).replace(r"\.\*", ".*"), line) is not None


def stored(toy: Toy, environment: str) -> list[str]:
    """Return what lies in an environment's store."""
    return [path.name for path in (toy.environments / environment / "artifacts/toy/models/sha256").glob("*")]


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

"""Evidence that does not hold any more: whatever happened to it since the gate, nothing is promoted by it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from pipelines.release.evidence import Evidence, evidence_path, write_evidence
from pipelines.release.signing import open_signer
from stacks.load import load
from tests.harness.gated import candidate, evidence, gate, policy, promote
from tests.harness.project import Toy


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

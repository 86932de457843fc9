"""Pins that do not hold: one line each, all at once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from components.errors import UserError
from pipelines.project import Project
from pipelines.release.deployment import deploy
from pipelines.release.evidence import pinned_path
from tests.harness.command import stackwright
from tests.harness.project import Toy

STAGING, DEV, PROD = (f"promotions/{name}/toy.yaml" for name in ("staging", "dev", "prod"))
NEVER = "sha256:" + "0" * 64
FIELDS = "commit, contract_version, digest, evidence, image, model, pin_version, release"


def edit(**changes: object) -> Callable[[Toy], None]:
    """Change fields of staging's pin."""
    return lambda toy: toy.edit(STAGING, **changes)


def write(path: str, text: str) -> Callable[[Toy], object]:
    """Write a file of the project."""

    def change(toy: Toy) -> None:
        (toy.root / path).parent.mkdir(parents=True, exist_ok=True)
        (toy.root / path).write_text(text)

    return change


def append(path: str, text: str) -> Callable[[Toy], object]:
    """Add to a file of the project."""
    return lambda toy: (toy.root / path).write_text((toy.root / path).read_text() + text)


def refuse(environment: str) -> Callable[[Toy], None]:
    """Refuse the digest that staging and prod pin."""

    def change(toy: Toy) -> None:
        digest = toy.pin("staging")["digest"]
        line = {"model": "toy", "digest": digest, "environment": environment, "reason": "it lies"}
        toy.edit("promotions/refused.yaml", refused=[line])

    return change


def stale_evidence(toy: Toy) -> None:
    """Touch the evidence file that staging's pin names."""
    path = toy.root / pinned_path("staging", "toy", str(toy.pin("staging")["evidence"]))
    path.write_text(path.read_text() + "\n")


def contract(environment: str, /, **changes: object) -> Callable[[Toy], None]:
    """Change fields of a contract."""
    return lambda toy: toy.edit(f"stack/{environment}.json", **changes)


CASES: dict[str, tuple[Callable[[Toy], object], int, list[str]]] = {
    "an unknown field": (
        edit(realease=1),
        1,
        [f"{STAGING}: realease: unknown field; did you mean `release`?"],
    ),
    "an unknown field like no other": (
        edit(approver="me"),
        1,
        [f"{STAGING}: approver: unknown field; allowed: {FIELDS}"],
    ),
    "a field missing": (edit(commit=None), 1, [f"{STAGING}: commit: missing; add it"]),
    "a text that should be a number": (
        edit(release="one"),
        1,
        [f"{STAGING}: release: `one`: input should be a valid integer"],
    ),
    "a number as text": (edit(release="1"), 1, [f"{STAGING}: release: `1`: input should be a valid integer"]),
    "a truth value as a number": (
        edit(release=True),
        1,
        [f"{STAGING}: release: `True`: input should be a valid integer"],
    ),
    "release zero": (
        edit(release=0),
        1,
        [f"{STAGING}: release: `0`: input should be greater than or equal to 1"],
    ),
    "a number as a version": (
        edit(contract_version=1.0),
        1,
        [f"{STAGING}: contract_version: `1.0` is not text; write it in quotes"],
    ),
    "a short digest": (
        edit(digest="sha256:abc"),
        1,
        [f"{STAGING}: digest: `sha256:abc`: string should match pattern '^sha256:[0-9a-f]{{{{64}}}}$'"],
    ),
    "several at once": (
        edit(release=0, model=None, pinned=True),
        1,
        [
            f"{STAGING}: model: missing; add it",
            f"{STAGING}: pinned: unknown field; allowed: {FIELDS}",
            f"{STAGING}: release: `0`: input should be greater than or equal to 1",
        ],
    ),
    "another pin version": (edit(pin_version=2), 1, [f"{STAGING}: pin_version: `2`: input should be 1"]),
    "a list": (write(STAGING, "- a\n"), 1, [f"{STAGING}: expected a mapping of fields, found `['a']`"]),
    "an empty file": (write(STAGING, ""), 1, [f"{STAGING}: expected a mapping of fields, found `None`"]),
    "a field twice": (append(STAGING, "release: 2\n"), 1, [f"{STAGING}: line 8: `release` is given twice"]),
    "a tab": (
        write(STAGING, "\ta: 1\n"),
        1,
        [f"{STAGING}: line 1: found character '\\t' that cannot start any token"],
    ),
    "another model's name": (
        edit(model="cat"),
        1,
        [f"{STAGING}: model: `cat` is not `toy`; a pin is named after its model"],
    ),
    "a model that the project has not": (
        write("promotions/staging/cat.yaml", ""),
        1,
        ["promotions/staging/cat.yaml: `cat` is no model of this project; it has toy"],
    ),
    "an environment without a contract": (
        write("promotions/stagin/toy.yaml", ""),
        1,
        ["stack/stagin.json: not found; contracts exist for dev, prod, staging; did you mean `staging`?"],
    ),
    "a digest never pinned before": (
        edit(digest=NEVER),
        1,
        [
            f"{STAGING}: digest: {NEVER[:19]} was never pinned in dev; promote it there first",
            f"{{evidence}}: candidate: `{{digest}}` is not `{NEVER}`; evidence of something else",
        ],
    ),
    "another release number": (
        edit(release=7),
        1,
        [f"{STAGING}: release: `7`, dev pinned this digest with `1`"],
    ),
    "another commit": (
        edit(commit="f" * 40),
        1,
        [f"{STAGING}: commit: `{'f' * 40}`, dev pinned this digest with `{{commit}}`"],
    ),
    "another contract major": (
        edit(contract_version="2.0"),
        1,
        [
            f"{STAGING}: contract_version: `2.0` is another major; this release reads 1.x; "
            "update the platform revision in .stackwright.yaml"
        ],
    ),
    "an older contract major": (
        edit(contract_version="0.9"),
        1,
        [f"{STAGING}: contract_version: `0.9` is another major; this release reads 1.x; update the stack"],
    ),
    "no evidence named": (
        edit(evidence=None),
        4,
        [f"{STAGING}: evidence: missing; staging is gated, pin by `stackwright promote`"],
    ),
    "other evidence named": (
        edit(evidence=NEVER),
        4,
        [f"{pinned_path('staging', 'toy', NEVER)}: not found; {STAGING} names it as its evidence"],
    ),
    "evidence changed": (
        stale_evidence,
        4,
        [f"{{evidence}}: changed; {STAGING} names {{evidence_digest}}, this is .*"],
    ),
    "refused there": (
        refuse("staging"),
        4,
        [
            f"{PROD}: digest: {{short}} was refused in staging: it lies",
            f"{STAGING}: digest: {{short}} was refused in staging: it lies",
        ],
    ),
    "refused where it comes from": (
        refuse("dev"),
        4,
        [
            f"{PROD}: digest: {{short}} was refused in dev: it lies",
            f"{STAGING}: digest: {{short}} was refused in dev: it lies",
        ],
    ),
    "refused further on": (refuse("prod"), 4, [f"{PROD}: digest: {{short}} was refused in prod: it lies"]),
    "refused in a sibling": (refuse("prod-eu"), 0, []),
    "a refusal without a reason": (
        write("promotions/refused.yaml", f"refused: [{{model: toy, digest: '{NEVER}', environment: dev}}]\n"),
        1,
        ["promotions/refused.yaml: refused.0.reason: missing; add it"],
    ),
    "a contract of another major": (
        contract("prod", contract_version="2.1"),
        1,
        [
            "stack/prod.json: contract_version: `2.1` is another major; this release reads 1.x; "
            "update the platform revision in .stackwright.yaml"
        ],
    ),
    "a contract of another environment": (
        contract("prod", environment="prod-eu"),
        1,
        ["stack/prod.json: environment: `prod-eu` is another environment; pull it again"],
    ),
    "a circle of environments": (
        contract("dev", promotes_from="prod"),
        1,
        [
            f"{DEV}: digest: {{dev}} was never pinned in prod; promote it there first",
            f"{DEV}: evidence: missing; dev is gated, pin by `stackwright promote`",
            "stack/dev.json: promotes_from: `prod` closes a circle: prod <- staging <- dev",
            "stack/prod.json: promotes_from: `staging` closes a circle: staging <- dev <- prod",
            "stack/staging.json: promotes_from: `dev` closes a circle: dev <- prod <- staging",
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_verify_says(name: str, released: Toy) -> None:
    """`stackwright verify` names file, field, value and what to do, and exits with 1 for input and 4 for a block."""
    change, code, lines = CASES[name]
    pin = released.pin("staging")
    told = {
        "short": str(pin["digest"])[:19],
        "commit": pin["commit"],
        "dev": str(released.pin("dev")["digest"])[:19],
        "evidence": pinned_path("staging", "toy", str(pin["evidence"])),
        "evidence_digest": str(pin["evidence"])[:19],
        "digest": pin["digest"],
    }
    change(released)

    said = stackwright("verify", "--project", released.root)

    expected = sorted(line.format(**told) for line in lines)
    assert code == said.code, said.err
    assert expected == [expect(line, expected) for line in sorted(set(said.problems))]


def expect(line: str, expected: list[str]) -> str:
    """Return the expected line that a line equals up to its `.*`, or the line itself."""
    return next((want for want in expected if want.endswith(".*") and line.startswith(want[:-2])), line)


def test_pins_that_hold(released: Toy) -> None:
    """A project whose pins hold is told how many there are."""
    said = stackwright("verify", "--project", released.root)

    assert (0, "3 pins hold\n", "") == (said.code, said.out, said.err)


def test_a_digest_held_before_may_be_pinned_later(released: Toy) -> None:
    """Staging may pin what dev held once, though dev has moved on."""
    assert released.pin("dev")["digest"] != released.pin("staging")["digest"]

    assert 0 == stackwright("verify", "--project", released.root).code


def test_a_shallow_clone_is_refused_by_name(released: Toy, tmp_path: Path) -> None:
    """A history that is cut off cannot show what was pinned."""
    address = f"file://{released.root}"
    subprocess.run(["git", "clone", "-q", "--depth", "1", address, str(tmp_path / "shallow")], check=True)

    said = stackwright("verify", "--project", tmp_path / "shallow")

    problem = "shallow: a shallow clone does not hold the history of pins; run `git fetch --unshallow`"
    assert (1, [problem]) == (said.code, sorted(set(said.problems)))


def test_deploy_checks_what_verify_checks(released: Toy) -> None:
    """A pin that was merged by hand is not deployed when it does not hold."""
    released.edit(STAGING, digest=released.pin("dev")["digest"], release=2)
    released.commit("by hand")

    with pytest.raises(UserError, match="evidence of something else"):
        deploy(released.project, "staging", "toy")

    assert [] == released.servers()


def test_history_is_read_from_the_first_parent_and_merges(released: Toy) -> None:
    """A digest that dev pinned by a merged branch counts as held."""
    released.git("switch", "-q", "-c", "work")
    digest = released.publish(wrong_every=7)
    released.git("switch", "-q", "main")
    released.git("merge", "-q", "--no-ff", "-m", "merge", "work")
    released.publish(wrong_every=8)

    from pipelines.release.history import was_pinned

    held = was_pinned(Project(released.root), "HEAD", "dev", "toy", digest)

    assert held is not None
    assert digest == held.digest


def test_gating_a_package_again_does_not_unsettle_a_pin_that_it_had(released: Toy) -> None:
    """What a pin names as its evidence is never replaced, so that reverting to the pin with git alone works."""
    first = released.pin("staging")
    released.advance("staging")
    second = released.git("rev-parse", "HEAD")
    assert 0 == stackwright("gate", "-e", "staging", "--digest", first["digest"], "--project", released.root).code % 4
    released.commit("the gate was asked again")
    released.git("revert", "--no-edit", second)

    said = stackwright("verify", "--project", released.root)

    assert (0, first) == (said.code, released.pin("staging"))

"""The gate and the promotion of the toy into staging, through the command."""

from __future__ import annotations

from pathlib import Path

import yaml

from pipelines.release.evidence import evidence_path
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


def policy(toy: Toy) -> dict[str, object]:
    """Return the rules without those for slices."""
    rules = yaml.safe_load((toy.root / "policies/gate.yaml").read_text())["models"]["toy"]
    return {name: value for name, value in rules.items() if name != "slices"}

"""Run the gate: score candidate and champion, decide, write evidence."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines import writes
from pipelines.project import git
from pipelines.release.attestation import verify_attestation
from pipelines.release.candidate import find_candidate, find_registered
from pipelines.release.evidence import (
    Evidence,
    evidence_path,
    file_digest,
    gate_policy,
    policy_digest,
    write_evidence,
)
from pipelines.release.gate import decide
from pipelines.release.results import Result, Status
from pipelines.release.scoring import compare, score
from pipelines.release.signing import open_signer
from pipelines.release.supply import supply_of
from pipelines.store.open import source_of, store_of

if TYPE_CHECKING:
    from pipelines.project import Project
    from pipelines.release.candidate import Candidate
    from pipelines.release.gate import Measurements
    from pipelines.release.package import Package
    from pipelines.store.base import Store
    from stacks.contract import Contract


def gate(project: Project, environment: str, model: str, digest: str | None = None) -> Result:
    """Judge the candidate for an environment, and write the evidence whatever it says."""
    first = project.contract(environment).promotes_from is None
    candidate = (find_registered if first else find_candidate)(project, environment, model, digest)
    if candidate.is_pinned:
        return _result(candidate, "nothing to do", f"{candidate.pin.title} is pinned in {environment} already", [])
    rules = gate_policy(project, model)
    rows = project.settings.models[model].rows
    rows_digest = file_digest(project.root / rows, rows)
    measured = _measure(project, candidate)
    decision = decide(rules, measured)
    evidence = Evidence(
        environment=environment,
        model=model,
        candidate=candidate.pin.digest,
        champion=candidate.champion.digest if candidate.champion else None,
        rows=rows_digest,
        policy=policy_digest(rules),
        rules=rules,
        commit=git(project.root, "rev-parse", "HEAD").strip(),
        measurements=measured,
        decision=decision,
        supply=supply_of(project.root),
    )
    content = write_evidence(evidence, open_signer(candidate.target))
    writes.replace_file(project.root / evidence_path(environment, model, candidate.pin.digest), content)
    passed = decision.verdict == "pass"
    verdict = "may be pinned" if passed else f"blocked ({decision.verdict})"
    summary = f"{candidate.pin.title} in {environment}: {verdict}"
    return _result(candidate, "done" if passed else "blocked", summary, decision.reasons)


def open_attested(contract: Contract, digest: str, scratch: Path, store: Store | None = None) -> Package:
    """Return a package of an environment's store to read, its attestation by that environment verified.

    Args:
        contract: The environment.
        digest: The package.
        scratch: Where it is fetched to, if it is not on this machine.
        store: The environment's store as others see it; by default as its own jobs do.
    """
    store = store or store_of(contract)
    package = store.open(digest, scratch)
    where = f"{store.uri(digest)}.{contract.environment}.sig"
    attestation = store.read_attestation(digest, contract.environment)
    if attestation is None:
        raise UserError(f"{where}: missing; {contract.environment} has not attested this package")
    verify_attestation(attestation, package.folder, contract.signing_key.public_key, where)
    return package


def _measure(project: Project, candidate: Candidate) -> Measurements:
    settings = project.settings.models[candidate.model]
    rows = project.root / settings.rows
    with tempfile.TemporaryDirectory(prefix="stackwright-gate-") as name:
        folder = Path(name)
        store = (store_of if candidate.is_registered_here else source_of)(candidate.source)
        package = open_attested(candidate.source, candidate.pin.digest, folder / "candidate", store)
        scored = score(settings.score, project.root, package.folder, rows, folder / "candidate.csv")
        champion = None
        if candidate.champion:
            held = open_attested(candidate.target, candidate.champion.digest, folder / "champion")
            champion = score(settings.score, project.root, held.folder, rows, folder / "champion.csv")
        return compare(gate_policy(project, candidate.model), scored, champion, package)


def _result(candidate: Candidate, status: Status, summary: str, reasons: list[str]) -> Result:
    return Result(
        command="gate",
        status=status,
        environment=candidate.target.environment,
        model=candidate.model,
        summary=summary,
        details=reasons,
        data={
            "candidate": candidate.pin.digest,
            "champion": candidate.champion.digest if candidate.champion else None,
            "release": candidate.pin.release,
            "evidence": evidence_path(candidate.target.environment, candidate.model, candidate.pin.digest),
        },
    )

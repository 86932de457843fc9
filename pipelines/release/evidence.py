"""Evidence: the file that shows why a candidate may, or may not, be pinned."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from components.base import Document
from components.errors import Blocked, UserError
from pipelines.project import Project
from pipelines.release.gate import Decision, GatePolicy, Measurements, ModelGate, decide
from pipelines.release.keys import sign_bytes, verify_bytes
from pipelines.release.package import Digest
from pipelines.release.pin import short
from pipelines.release.supply import Supply
from stacks.load import parse

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.release.keys import Signer
    from pipelines.release.pin import Pin

GATE_POLICY = "policies/gate.yaml"


class Evidence(Document):
    """What was measured, on what, by which rules; signed by the environment that it is for."""

    evidence_version: Literal[1] = 1
    environment: str
    model: str
    candidate: Digest
    champion: Digest | None
    """What the environment pinned; none before the first release."""
    rows: Digest
    """Sha256 of the file of rows that both were scored on."""
    policy: Digest
    """Sha256 of the model's rules."""
    rules: ModelGate
    """The rules themselves: a later change of policy does not unsettle what was decided."""
    commit: str
    """Commit of the project whose scoring command ran."""
    measurements: Measurements
    decision: Decision
    supply: Supply | None = None
    """What the package was made with; none where nobody has said, as before release 0.2."""
    signature: str = ""
    """Of all the other fields, by the environment's key."""

    def signed_part(self) -> bytes:
        """Return the bytes that the signature is over."""
        return canonical({name: value for name, value in self.fields().items() if name != "signature"})

    def fields(self) -> dict[str, Any]:
        """Return the fields as they are written: what is not said is left out, so that old evidence stays as it is."""
        return self.model_dump(mode="json", exclude=set() if self.supply else {"supply"})


@dataclass(frozen=True)
class Subject:
    """What a decision is about, now."""

    environment: str
    champion: Pin | None
    rows: str
    policy: ModelGate


def canonical(value: object) -> bytes:
    """Write JSON in the one way that a digest can be taken of."""
    return (json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n").encode()


def digest_of(content: bytes) -> str:
    """Return the sha256 of some bytes, as digests are written."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def file_digest(path: Path, where: str) -> str:
    """Return the sha256 of a file."""
    try:
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        raise UserError(f"{where}: cannot be read: {error.strerror}; run the pipeline, or `dvc pull`") from error


def policy_digest(policy: ModelGate) -> str:
    """Return the identity of a model's rules."""
    return digest_of(canonical(policy.model_dump(mode="json")))


def evidence_path(environment: str, model: str, candidate: str) -> str:
    """Return where the gate writes the evidence about a candidate; gated again, it is replaced."""
    return f"promotions/evidence/{environment}/{model}/{candidate.removeprefix('sha256:')}.json"


def pinned_path(environment: str, model: str, evidence: str) -> str:
    """Return where the evidence that a pin names lies: by its own digest, so that it is never replaced."""
    return f"promotions/evidence/{environment}/{model}/pinned/{evidence.removeprefix('sha256:')}.json"


def gate_policy(project: Project, model: str) -> ModelGate:
    """Return the rules of a model; without rules nothing passes."""
    policy = project.load(GATE_POLICY, GatePolicy)
    if model not in policy.models:
        raise Blocked(f"{GATE_POLICY}: models: no rules for `{model}`; a model without a gate cannot be promoted")
    return policy.models[model]


def write_evidence(evidence: Evidence, signer: Signer) -> bytes:
    """Sign evidence and return the file's bytes."""
    signed = evidence.model_copy(update={"signature": sign_bytes(evidence.signed_part(), signer)})
    return (json.dumps(signed.fields(), indent=1, allow_nan=False) + "\n").encode()


def read_evidence(project: Project, path: str, missing: str) -> tuple[Evidence, bytes]:
    """Return evidence and the bytes it was read from; blocks when it is missing or unreadable."""
    content = project.read(path)
    if content is None:
        raise Blocked(f"{path}: {missing}")
    try:
        return parse(content, Evidence, path), content
    except UserError as error:
        raise Blocked(error.problems) from error


def check_evidence(
    path: str, evidence: Evidence, *, environment: str, model: str, candidate: str, public_key: str
) -> None:
    """Block evidence that is about something else, or was changed."""
    about = {"environment": environment, "model": model, "candidate": candidate}
    swapped = [
        f"{path}: {name}: `{getattr(evidence, name)}` is not `{value}`; evidence of something else"
        for name, value in about.items()
        if getattr(evidence, name) != value
    ]
    if swapped:
        raise Blocked(swapped)
    if not verify_bytes(evidence.signed_part(), evidence.signature, public_key):
        raise Blocked(f"{path}: signature: not by the key of {environment}; changed after the gate, or by another gate")


def check_decision(path: str, evidence: Evidence) -> None:
    """Recompute the decision; block unless it passes and is the one that the evidence tells."""
    decision = decide(evidence.rules, evidence.measurements)
    if decision != evidence.decision or policy_digest(evidence.rules) != evidence.policy:
        raise Blocked(
            f"{path}: decision: `{evidence.decision.verdict}` does not follow from its measurements and rules"
        )
    if decision.verdict != "pass":
        raise Blocked([f"{path}: {decision.verdict}: {reason}" for reason in decision.reasons])


def check_current(path: str, evidence: Evidence, subject: Subject) -> None:
    """Block evidence whose champion, rows or policy are no longer the current ones."""
    again = f"stale; run `stackwright gate --env {subject.environment}` again"
    now = subject.champion.digest if subject.champion else None
    problems = list[str]()
    if evidence.champion != now:
        held = subject.champion.title if subject.champion else "nothing"
        told = short(evidence.champion) if evidence.champion else "nothing"
        problems.append(f"{path}: champion: compared with {told}, {subject.environment} pins {held}; {again}")
    if evidence.rows != subject.rows:
        problems.append(f"{path}: rows: {short(evidence.rows)} are not the current {short(subject.rows)}; {again}")
    if evidence.policy != policy_digest(subject.policy):
        problems.append(f"{path}: policy: {GATE_POLICY} has changed for {evidence.model}; {again}")
    if problems:
        raise Blocked(problems)

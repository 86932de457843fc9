"""Promotion: the same artifact, from one environment into the next."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import writes
from pipelines.images.pinned import promote_image, promoted_image
from pipelines.registry.open import registry_of
from pipelines.release.attestation import attest
from pipelines.release.candidate import find_candidate, refuse_lost, refuse_moved
from pipelines.release.evidence import (
    Subject,
    check_current,
    check_decision,
    check_evidence,
    digest_of,
    evidence_path,
    file_digest,
    gate_policy,
    pinned_path,
    read_evidence,
)
from pipelines.release.gating import open_attested
from pipelines.release.locking import locked
from pipelines.release.pin import Pin, pin_text, read_pin, short
from pipelines.release.places import pin_path
from pipelines.release.results import Result, Status
from pipelines.release.signing import open_signer
from pipelines.store.base import copy_package
from pipelines.store.open import source_of, store_of

if TYPE_CHECKING:
    from pipelines.project import Project
    from pipelines.release.candidate import Candidate


def promote(project: Project, environment: str, model: str, digest: str | None = None) -> Result:
    """Copy a candidate that passed the gate into an environment, and pin it there; the pin is the last write."""
    with locked(project.root):
        candidate = find_candidate(project, environment, model, digest)
        refuse_lost(project, candidate)
        held = read_pin(project, environment, model)
        image = promoted_image(candidate.target, candidate.pin)
        if held and held.digest == candidate.pin.digest and held.image == image:
            return _result("nothing to do", candidate, held, f"{held.title} is pinned in {environment} already")
        refuse_moved(project, candidate)
        if held and held.digest == candidate.pin.digest:
            return _move_image(project, candidate, held, image)
        evidence = _passed(project, candidate)
        uri = _copy(candidate, image)
        pin = _pin(candidate, digest_of(evidence), image)
        registry = registry_of(candidate.target)
        registry.add(model, pin.digest, uri, pin.release, {"stackwright.commit": pin.commit})
        writes.replace_file(project.root / pinned_path(environment, model, digest_of(evidence)), evidence)
        writes.replace_file(project.root / pin_path(environment, model), pin_text(pin))
    return _result("done", candidate, pin, f"{pin.title} is pinned in {environment}")


def _move_image(project: Project, candidate: Candidate, held: Pin, image: str | None) -> Result:
    """Pin another image of the package that is pinned: the gate's decision about that package stands."""
    promote_image(candidate.source, candidate.target, image)
    pin = held.model_copy(update={"image": image})
    writes.replace_file(project.root / pin_path(candidate.target.environment, candidate.model), pin_text(pin))
    return _result("done", candidate, pin, f"{pin.title} is pinned in {candidate.target.environment}, its image anew")


def _passed(project: Project, candidate: Candidate) -> bytes:
    """Return the evidence by which the candidate passes, now."""
    environment, model, digest = candidate.target.environment, candidate.model, candidate.pin.digest
    path = evidence_path(environment, model, digest)
    missing = f"no evidence about {short(digest)}; run `stackwright gate --env {environment}`"
    evidence, content = read_evidence(project, path, missing)
    rows = project.settings.models[model].rows
    subject = Subject(
        environment=environment,
        champion=candidate.champion,
        rows=file_digest(project.root / rows, rows),
        policy=gate_policy(project, model),
    )
    key = candidate.target.signing_key.public_key
    check_evidence(path, evidence, environment=environment, model=model, candidate=digest, public_key=key)
    check_current(path, evidence, subject)
    check_decision(path, evidence)
    return content


def _copy(candidate: Candidate, image: str | None) -> str:
    digest = candidate.pin.digest
    target = store_of(candidate.target)
    with tempfile.TemporaryDirectory(prefix="stackwright-promote-") as name:
        scratch = Path(name)
        package = open_attested(candidate.source, digest, scratch, source_of(candidate.source))
        copy_package(package, target)
        attestation = attest(package.folder, open_signer(candidate.target))
        target.write_attestation(digest, candidate.target.environment, attestation)
    promote_image(candidate.source, candidate.target, image)
    return target.uri(digest)


def _pin(candidate: Candidate, evidence: str, image: str | None) -> Pin:
    changes = {"contract_version": candidate.target.contract_version, "evidence": evidence, "image": image}
    return candidate.pin.model_copy(update=changes)


def _result(status: Status, candidate: Candidate, pin: Pin, summary: str) -> Result:
    return Result(
        command="promote",
        status=status,
        environment=candidate.target.environment,
        model=candidate.model,
        summary=summary,
        data=pin.model_dump(mode="json"),
    )

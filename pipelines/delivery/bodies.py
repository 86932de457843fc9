"""What a pull request says: title, evidence, and what people still have to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.delivery.job import run_link
from pipelines.delivery.kinds import Kind
from pipelines.delivery.markdown import block, code, page, table
from pipelines.delivery.texts import read_text
from pipelines.release.evidence import Evidence, evidence_path, pinned_path
from pipelines.release.pin import Pin, short
from stacks.load import parse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipelines.delivery.wish import Wish
    from pipelines.project import Project
    from pipelines.release.supply import Supply

CONFLICT = "<<<<<<<"


def title_of(project: Project, wish: Wish, old: Pin | None, new: Pin | None) -> str:
    """Return a title; all words in it are names that were checked."""
    match wish.kind:
        case Kind.UPDATE:
            return f"Update to the platform at {_revision(project)}"
        case Kind.CONTRACT:
            return f"Pull the contract of {wish.environment}" if wish.environment else "Pull the contracts"
        case Kind.PIN:
            return f"Pin {wish.model} {_release(new)} in {wish.environment}"
        case Kind.PROMOTION:
            return f"Promote {wish.model} {_release(new)} to {wish.environment}"
        case Kind.ROLLBACK:
            return f"Roll {wish.model} in {wish.environment} back from {_release(old)} to {_release(new)}"


def evidence_of(environment: str, pin: Pin) -> str:
    """Return where the evidence about a pin lies; a pin where packages are registered names none."""
    if pin.evidence:
        return pinned_path(environment, pin.model, pin.evidence)
    return evidence_path(environment, pin.model, pin.digest)


def body_of(
    project: Project, wish: Wish, old: Pin | None, new: Pin | None, files: Sequence[str], shown: Sequence[Path]
) -> str:
    """Return what a pull request says beside what is to be done with it."""
    link = run_link()
    return page(
        f"Why: {code(wish.reason)}" if wish.reason else None,
        f"Retraining: {code(wish.key)}" if wish.key else None,
        _pins(wish, old, new) if wish.kind.moves_a_pin else _files(files),
        _conflicts(project, files) if wish.kind is Kind.UPDATE else None,
        *_evidence(project, new, wish),
        *(_shown(path) for path in shown),
        f"Made by {link}." if link else None,
    )


def _pins(wish: Wish, old: Pin | None, new: Pin | None) -> str:
    pairs = [
        ("release", _release(old), _release(new)),
        ("digest", *(short(pin.digest) if pin else "" for pin in (old, new))),
    ]
    pairs += [("code", *(pin.commit[:12] if pin else "" for pin in (old, new)))]
    return table(
        [f"{wish.environment}/{wish.model}", "now", "then"], [[name, *map(code, cells)] for name, *cells in pairs]
    )


def _evidence(project: Project, pin: Pin | None, wish: Wish) -> list[str]:
    """Show the evidence that the pin names, or that the gate wrote about its digest."""
    if pin is None or wish.kind is Kind.ROLLBACK or wish.environment is None:
        return []
    path = evidence_of(wish.environment, pin)
    content = project.read(path)
    return [f"Evidence: {code(path)}", *_measured(parse(content, Evidence, path))] if content else []


def _shown(path: Path) -> str:
    text = read_text(path)
    try:
        parts = _measured(parse(text.encode(), Evidence, "evidence.json"))
    except UserError:
        parts = [block(text)]
    return "\n\n".join([code(path.name), *parts])


def _measured(evidence: Evidence) -> list[str]:
    measured = evidence.measurements
    champion = measured.champion or {}
    metrics = [
        [
            code(name),
            *(f"{values[name]:.4f}" if name in values else "-" for values in (value, champion, measured.baseline)),
        ]
        for value in [measured.candidate]
        for name in sorted(value)
    ]
    findings = [[code(item.rule), item.verdict, code(item.reason)] for item in evidence.decision.findings]
    return [
        f"Gate: **{evidence.decision.verdict}**, on {measured.rows} rows",
        table(["metric", "candidate", "champion", "baseline"], metrics),
        table(["rule", "verdict", "reason"], findings),
        *([_made_with(evidence.supply)] if evidence.supply else []),
    ]


def _made_with(supply: Supply) -> str:
    """Say what the package was made with, by digests."""
    count = "" if supply.components is None else f" of {supply.components} libraries"
    listed = f", list{count} (SBOM) {code(supply.sbom)}" if supply.sbom else ", no list of libraries: `make sbom`"
    return f"Made with: lock {code(supply.lock)}{listed}"


def _files(files: Sequence[str]) -> str:
    listed = "\n".join(f"- {code(path)}" for path in files[:100])
    return f"{listed}\n- and {len(files) - 100} more" if len(files) > 100 else listed


def _conflicts(project: Project, files: Sequence[str]) -> str | None:
    """Name the files in which the update and the project disagree."""
    found = [path for path in files if CONFLICT in (project.read(path) or b"").decode(errors="replace")]
    found += [path for path in files if path.endswith(".rej") and path not in found]
    return f"**Resolve before merging:**\n\n{_files(found)}" if found else None


def _revision(project: Project) -> str:
    try:
        return project.settings.revision[:12]
    except UserError:
        return "another revision"


def _release(pin: Pin | None) -> str:
    return str(pin.release) if pin else "nothing"

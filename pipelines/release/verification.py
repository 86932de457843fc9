"""Does a pin hold? Every reason why it does not, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import Blocked, UserError
from pipelines.project import Project, tip
from pipelines.release.evidence import check_decision, check_evidence, digest_of, pinned_path, read_evidence
from pipelines.release.history import was_pinned
from pipelines.release.pin import lineage, read_pin, read_refused, refusal, short
from pipelines.release.places import pin_path
from stacks.contract import incompatible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.release.pin import Pin


def check_pin(project: Project, environment: str, model: str, commit: str) -> None:
    """Raise all that is wrong with a pin; `commit` is where the history of pins is read."""
    pin = read_pin(project, environment, model)
    if pin is None:
        return
    blocked, wrong = list[str](), list[str]()
    for check in (_contract, _not_refused, _held_before, _evidence):
        try:
            check(project, environment, pin, commit)
        except Blocked as error:
            blocked += error.problems
        except UserError as error:
            wrong += error.problems
    if wrong:
        raise UserError([*wrong, *blocked])
    if blocked:
        raise Blocked(blocked)


def verify(project: Project) -> tuple[int, list[UserError]]:
    """Check every pin of a working tree; return how many there are, and what is wrong."""
    commit = tip(project.root)
    pinned = list(_pins(project))
    errors = list[UserError]()
    for environment, model in pinned:
        try:
            _known(project, environment, model)
            check_pin(project, environment, model, commit)
        except UserError as error:
            errors.append(error)
    return len(pinned), errors


def _pins(project: Project) -> Iterator[tuple[str, str]]:
    for folder in sorted(path for path in (project.root / "promotions").glob("*") if path.is_dir()):
        if folder.name != "evidence":
            for model in project.names(f"promotions/{folder.name}", ".yaml"):
                yield folder.name, model


def _known(project: Project, environment: str, model: str) -> None:
    project.contract(environment)
    if model not in project.settings.models:
        known = ", ".join(sorted(project.settings.models))
        raise UserError(f"{pin_path(environment, model)}: `{model}` is no model of this project; it has {known}")


def _contract(project: Project, environment: str, pin: Pin, commit: str) -> None:  # noqa: ARG001 - one shape of check
    project.contract(environment)
    told = incompatible(pin.contract_version)
    if told:
        raise UserError(f"{pin_path(environment, pin.model)}: {told}")


def _not_refused(project: Project, environment: str, pin: Pin, commit: str) -> None:  # noqa: ARG001
    found = refusal(read_refused(project), lineage(project, environment), pin.model, pin.digest)
    if found:
        path = pin_path(environment, pin.model)
        raise Blocked(f"{path}: digest: {short(pin.digest)} was refused in {found.environment}: {found.reason}")


def _held_before(project: Project, environment: str, pin: Pin, commit: str) -> None:
    path, source = pin_path(environment, pin.model), project.contract(environment).promotes_from
    if source is None:
        return
    held = was_pinned(project, commit, source, pin.model, pin.digest)
    if held is None:
        raise UserError(f"{path}: digest: {short(pin.digest)} was never pinned in {source}; promote it there first")
    if pin.image and was_pinned(project, commit, source, pin.model, pin.digest, pin.image) is None:
        raise UserError(f"{path}: image: {short(pin.image)} was never pinned in {source} with this digest")
    for name in ("release", "commit"):
        ours, theirs = getattr(pin, name), getattr(held, name)
        if ours != theirs:
            raise UserError(f"{path}: {name}: `{ours}`, {source} pinned this digest with `{theirs}`")


def _evidence(project: Project, environment: str, pin: Pin, commit: str) -> None:  # noqa: ARG001
    contract = project.contract(environment)
    if contract.promotes_from is None:
        return
    path = pin_path(environment, pin.model)
    if pin.evidence is None:
        raise Blocked(f"{path}: evidence: missing; {environment} is gated, pin by `stackwright promote`")
    found = pinned_path(environment, pin.model, pin.evidence)
    evidence, content = read_evidence(project, found, f"not found; {path} names it as its evidence")
    if digest_of(content) != pin.evidence:
        raise Blocked(f"{found}: changed; {path} names {short(pin.evidence)}, this is {short(digest_of(content))}")
    key = contract.signing_key.public_key
    check_evidence(found, evidence, environment=environment, model=pin.model, candidate=pin.digest, public_key=key)
    check_decision(found, evidence)

"""What a gate or a promotion is about: the candidate, the champion, and whether the candidate may be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.errors import Blocked, UserError
from pipelines.project import Project, git, tip
from pipelines.release.history import was_pinned
from pipelines.release.pin import lineage, read_pin, read_refused, refusal, short
from pipelines.release.places import pin_path

if TYPE_CHECKING:
    from pipelines.release.pin import Pin
    from stacks.contract import Contract


@dataclass(frozen=True)
class Candidate:
    """One package on its way from one environment into the next."""

    model: str
    pin: Pin
    """The pin by which the source environment holds it."""
    source: Contract
    target: Contract
    champion: Pin | None
    """What the target pins at the tip of the default branch."""
    tip: str
    """The commit at that tip."""

    @property
    def is_registered_here(self) -> bool:
        """Whether it comes from no other environment."""
        return self.source.environment == self.target.environment

    @property
    def is_pinned(self) -> bool:
        """Whether the target runs it already."""
        return self.champion is not None and self.champion.digest == self.pin.digest


def find_candidate(project: Project, environment: str, model: str, digest: str | None) -> Candidate:
    """Return the candidate for an environment: what its source pins, or an earlier digest that it has held."""
    target = project.contract(environment)
    if target.promotes_from is None:
        raise UserError(
            f"stack/{environment}.json: promotes_from: none; packages come to {environment} by `stackwright register`"
        )
    commit = tip(project.root)
    at_tip = Project(project.root, commit)
    pin = _source_pin(at_tip, target.promotes_from, model, digest)
    refuse_refused(project, environment, model, pin.digest)
    return Candidate(
        model=model,
        pin=pin,
        source=project.contract(target.promotes_from),
        target=target,
        champion=read_pin(at_tip, environment, model),
        tip=commit,
    )


def find_registered(project: Project, environment: str, model: str, digest: str | None) -> Candidate:
    """Return the candidate for the first environment: what `register` has pinned in this working tree."""
    target = project.contract(environment)
    commit = tip(project.root)
    pin = read_pin(project, environment, model)
    if pin is None or (digest and digest != pin.digest):
        said = f"pins {pin.title}" if pin else "nothing is pinned"
        raise UserError(f"{pin_path(environment, model)}: {said} here; register the package that is to be judged first")
    refuse_refused(project, environment, model, pin.digest)
    champion = read_pin(Project(project.root, commit), environment, model)
    return Candidate(model=model, pin=pin, source=target, target=target, champion=champion, tip=commit)


def refuse_refused(project: Project, environment: str, model: str, digest: str) -> None:
    """Block a digest that was refused in an environment or in one that it promotes from."""
    found = refusal(read_refused(project), lineage(project, environment), model, digest)
    if found:
        raise Blocked(
            f"promotions/refused.yaml: {short(digest)} of {model} was refused in {found.environment}: {found.reason}; "
            "remove its line by pull request to lift this"
        )


def refuse_lost(project: Project, candidate: Candidate) -> None:
    """Block when the tip pins something else than where this clone left it: another clone was pushed first."""
    environment, model = candidate.target.environment, candidate.model
    base = git(project.root, "merge-base", "HEAD", candidate.tip).strip()
    then, now = read_pin(Project(project.root, base), environment, model), candidate.champion
    if then != now:
        raise Blocked(
            f"{pin_path(environment, model)}: {now.title if now else 'nothing'} is pinned at the tip of the default "
            "branch since this clone left it; another promotion came first: pull, then gate again"
        )


def refuse_moved(project: Project, candidate: Candidate) -> None:
    """Block when this working tree pins something else than the tip: another promotion was here first."""
    environment, model = candidate.target.environment, candidate.model
    here = read_pin(project, environment, model)
    if here == candidate.champion:
        return
    said = f"pins {here.title} here" if here else "pins nothing here"
    tip_said = f"{candidate.champion.title}" if candidate.champion else "nothing"
    raise Blocked(
        f"{pin_path(environment, model)}: {said}, and {tip_said} at the tip of the default branch; "
        "another promotion came first: commit and push it, or pull, then gate again"
    )


def _source_pin(at_tip: Project, source: str, model: str, digest: str | None) -> Pin:
    path = pin_path(source, model)
    if digest is None:
        pin = read_pin(at_tip, source, model)
        if pin is None:
            raise UserError(f"{path}: not at the tip of the default branch; pin it in {source} and commit first")
        return pin
    pin = was_pinned(at_tip, at_tip.commit or "HEAD", source, model, digest)
    if pin is None:
        raise UserError(f"{path}: {short(digest)} was never pinned in {source}; promote it there first")
    return pin

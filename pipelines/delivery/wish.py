"""What is to be proposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.delivery.job import run_identifier
from pipelines.delivery.kinds import Kind, branch_of, known_environment, known_key, known_model
from pipelines.delivery.marker import Proposal

if TYPE_CHECKING:
    from pipelines.project import Project


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be proposed; every word of it was checked."""

    kind: Kind
    environment: str | None = None
    model: str | None = None
    reason: str | None = None
    """Foreign text."""
    key: str | None = None
    emergency: bool = False
    subject: str = ""
    """Digest of what is proposed; known when the change is."""

    @classmethod
    def of(
        cls,
        project: Project,
        kind: Kind,
        environment: str | None,
        model: str | None,
        *,
        reason: str | None = None,
        key: str | None = None,
        emergency: bool = False,
    ) -> Wish:
        """Check what was asked for, or raise UserError."""
        place = known_environment(project, environment) if environment else None
        name = known_model(project, model) if model else None
        missing = [option for option, value in (("--environment", place), ("--model", name)) if value is None]
        if kind.moves_a_pin and missing:
            raise UserError(
                [f"{option}: missing; a {kind.value} is of one model in one environment" for option in missing]
            )
        if (name and not kind.moves_a_pin) or (place and kind is Kind.UPDATE):
            raise UserError(f"--kind: `{kind.value}` is not of one model; leave out what names one")
        if emergency and kind is not Kind.ROLLBACK:
            raise UserError(f"--emergency: not for `{kind.value}`; only a rollback is deployed before it is merged")
        return cls(
            kind=kind,
            environment=place,
            model=name,
            reason=reason or None,
            key=known_key(key) if key else None,
            emergency=emergency,
        )

    @property
    def branch(self) -> str:
        """The one branch of it."""
        return branch_of(self.kind, self.environment, self.model)

    def proposal(self) -> Proposal:
        """Return what a program reads of its pull request later."""
        return Proposal(
            proposes=self.kind.value,
            environment=self.environment,
            model=self.model,
            subject=self.subject,
            key=self.key,
            run=run_identifier(),
        )

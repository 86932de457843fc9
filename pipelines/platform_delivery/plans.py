"""What a merge would do to the stacks of the platform, as a document."""

from __future__ import annotations

from pydantic import Field

from components.base import Document


class Planned(Document):
    """What a merge would do to one stack."""

    stack: str
    """Its file."""
    resources: int = 0
    """How many a provider would manage; 0 where it cannot be planned."""
    counts: dict[str, int] = Field(default_factory=dict[str, int])
    """What happens -> to how many of them."""
    changes: tuple[str, ...] = ()
    """One line for each resource that does not stay as it is, the worst first."""
    note: str = ""
    """Why nothing is compared, where nothing is."""
    blocked: tuple[str, ...] = ()
    """Why this must not be applied."""


class Plans(Document):
    """What a merge would do to all of them."""

    stacks: tuple[Planned, ...]
    gone: tuple[str, ...] = ()
    """Stacks whose files would go; what they made stays."""

    @property
    def blocked(self) -> list[str]:
        """Why this must not be applied, each with its stack."""
        return [f"{stack.stack}: {said}" for stack in self.stacks for said in stack.blocked]


def told(stack: Planned) -> str:
    """Say in a few words what happens to a stack."""
    if stack.blocked:
        return f"blocked, for {len(stack.blocked)} reason{'s' if len(stack.blocked) > 1 else ''}"
    changes = ", ".join(f"{count} {action}" for action, count in stack.counts.items()) or "no change"
    return f"{stack.resources} resources, {stack.note or changes}"

"""The kinds of change that jobs propose: which files belong to each, and on which branch it lies."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.release.places import REFUSED, pin_path

if TYPE_CHECKING:
    from pipelines.project import Project

BRANCHES = "stackwright/"
"""What the names of all branches begin with that jobs write; no other branch is ever pushed."""
NAME = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,127}")


class Kind(enum.Enum):
    """What a proposed change is."""

    PIN = "pin"
    PROMOTION = "promotion"
    ROLLBACK = "rollback"
    UPDATE = "update"
    CONTRACT = "contract"

    @property
    def moves_a_pin(self) -> bool:
        """Whether it is about one model in one environment."""
        return self in {Kind.PIN, Kind.PROMOTION, Kind.ROLLBACK}


def branch_of(kind: Kind, environment: str | None, model: str | None) -> str:
    """Return the one branch of a kind of change."""
    words = [kind.value if kind.moves_a_pin or environment or kind is Kind.UPDATE else "contracts"]
    words += [word for word in (environment, model) if word]
    return BRANCHES + "/".join(words)


def belongs(kind: Kind, environment: str | None, model: str | None, path: str) -> bool:
    """Whether a changed file is part of a change; what is not is left where it is."""
    if kind is Kind.UPDATE:
        return True
    if kind is Kind.CONTRACT:
        return (
            path == f"stack/{environment}.json" if environment else re.fullmatch(r"stack/[^/]+\.json", path) is not None
        )
    assert environment is not None  # noqa: S101 - the kinds that are left move a pin
    assert model is not None  # noqa: S101
    if path == pin_path(environment, model):
        return True
    if kind is Kind.ROLLBACK:
        return path == REFUSED
    return path.startswith(f"promotions/evidence/{environment}/{model}/") or (kind is Kind.PIN and path == "dvc.lock")


def known_model(project: Project, name: str, where: str = "--model") -> str:
    """Return the name of a model of the project, fit for branches and messages."""
    named("model", name, where)
    project.model_names(name)
    return name


def known_environment(project: Project, name: str, where: str = "--environment") -> str:
    """Return the name of an environment that the project has a contract for."""
    named("environment", name, where)
    return project.contract(name).environment


def known_key(text: str, where: str = "--key") -> str:
    """Return an idempotency key, or say why it is none."""
    if not KEY.fullmatch(text):
        raise UserError(f"{where}: {shown(text)}: not a key; up to 128 letters, digits and any of . _ : / + -")
    return text


def named(what: str, text: str, where: str) -> None:
    """Refuse what is not a name, whatever it holds."""
    if not NAME.fullmatch(text) or len(text) > 64 or text.endswith(".lock"):
        allowed = "up to 64 letters and digits, with . _ - between them"
        raise UserError(f"{where}: {shown(text)}: not the name of any {what}; {allowed}")


def shown(text: str) -> str:
    """Return foreign text as one short line: what is not printable is written as its escape."""
    line = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text[:200])
    return f"`{line}`" if len(line) <= 60 else f"`{line[:57]}...`"

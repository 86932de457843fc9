"""Whether CODEOWNERS names somebody for what an approval is wanted for, and GitHub knows them.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
(2026-11)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines.release.places import REFUSED, pin_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.delivery.setup.findings import Findings
    from pipelines.delivery.setup.look import Look
    from pipelines.project import Project

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks; the first one counts."""


def check_owners(look: Look, found: Findings) -> None:
    """Find what CODEOWNERS leaves without an owner, or names and GitHub does not know."""
    place = place_of(look.project)
    if place is None:
        found.problems.append("CODEOWNERS: missing; say who approves pins, like `/promotions/ @acme/ml`")
        return
    rules = read_rules(look.project, place)
    pins = [path for item in look.approved for path in pins_of(look.project, item.environment)]
    for path in [place, REFUSED, *pins]:
        if not owners_of(rules, path):
            found.problems.append(f"{place}: {path}: has no owner, so that nobody is asked; add a line that names one")
    errors = look.host.owners_errors(look.branch)
    if errors is None:
        found.problems.append(f"{place}: not on `{look.branch}` at {look.host.name} yet; push it first")
    for error in errors or []:
        told = " ".join(str(error.get("message", "")).split())[:300]
        found.problems.append(f"{error.get('path', place)}: line {error.get('line')}: {error.get('kind')}: {told}")


def place_of(project: Project) -> str | None:
    """Return the file that counts."""
    return next((place for place in PLACES if project.read(place) is not None), None)


def pins_of(project: Project, environment: str) -> list[str]:
    """Return the files that say what an environment runs."""
    return [pin_path(environment, model) for model in project.model_names(None)]


def read_rules(project: Project, place: str) -> list[tuple[str, list[str]]]:
    """Read patterns and their owners, in order; the last that matches counts, also when it names nobody."""
    text = (project.read(place) or b"").decode("utf-8", errors="replace")
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    return [(words[0], words[1:]) for words in lines if words]


def owners_of(rules: Sequence[tuple[str, list[str]]], path: str) -> list[str]:
    """Return the owners of a file."""
    return next((owners for pattern, owners in reversed(rules) if matches(pattern, path)), list[str]())


def matches(pattern: str, path: str) -> bool:
    """Say whether a pattern of CODEOWNERS is about a file: like those of .gitignore, without `!` and `[]`."""
    body = pattern.strip("/")
    anchored = pattern.startswith("/") or "/" in body
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    middle = re.sub(r"\*\*/|\*\*|\*|\?|[^*?]+", lambda part: words.get(part[0]) or re.escape(part[0]), body)
    below = "/.*" if pattern.endswith("/") else "" if body.endswith("/*") else "(?:/.*)?"
    return re.fullmatch(f"{'' if anchored else '(?:.*/)?'}{middle}{below}", path) is not None

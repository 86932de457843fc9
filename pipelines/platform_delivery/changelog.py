"""The change log, in the form of Keep a Changelog 1.1: what one version says.

https://keepachangelog.com/en/1.1.0/
"""

from __future__ import annotations

import re

from components.errors import UserError

HEADING = re.compile(r"^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?.*$", re.MULTILINE)


def notes_of(text: str, version: str, where: str) -> str:
    """Return the section of a version, without its heading."""
    headings = list(HEADING.finditer(text))
    for number, heading in enumerate(headings):
        if heading[1] != version:
            continue
        end = headings[number + 1].start() if number + 1 < len(headings) else len(text)
        notes = text[heading.end() : end].strip()
        if heading[2] is None:
            raise UserError(f"{where}: [{version}]: has no date; write `## [{version}] - YYYY-MM-DD`")
        if not notes:
            raise UserError(f"{where}: [{version}]: is empty; say what is new for those who use it")
        return notes
    known = ", ".join(heading[1] for heading in headings) or "none"
    raise UserError(f"{where}: [{version}]: not found; it has {known}: rename `[Unreleased]`, and date it")

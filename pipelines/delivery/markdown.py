"""Markdown of jobs: foreign text in it is shown, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LINE, BLOCK = 300, 20_000
"""Signs of foreign text that are shown, in a line and in a block."""
BODY = 60_000
"""Signs of a body; GitHub takes 65,536."""


def code(text: object) -> str:
    """Return foreign text as code in a line or in a cell of a table.

    Each sign that is not a letter, a digit or a space becomes its number: none of them opens a tag, a link, a cell or
    a line, and nobody is mentioned.
    """
    words = " ".join(str(text).split())
    cut = words if len(words) <= LINE else f"{words[: LINE - 1]}…"
    return f"<code>{''.join(map(_number, cut))}</code>" if cut else "-"


def block(text: str) -> str:
    """Return foreign text as a block of code, behind a fence that it does not hold."""
    kept = "".join(sign for sign in text.replace("\r\n", "\n") if sign == "\n" or sign == "\t" or sign.isprintable())
    cut = kept if len(kept) <= BLOCK else f"{kept[:BLOCK]}\n… cut"
    longest = max(map(len, re.findall("`+", cut)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{cut.rstrip()}\n{fence}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def page(*parts: str | None) -> str:
    """Join paragraphs; what does not fit is left out, and said so."""
    text = "\n\n".join(part for part in parts if part)
    if len(text) <= BODY:
        return f"{text}\n"
    kept = text[:BODY].rpartition("\n\n")[0]
    fence = _open_fence(kept)
    return f"{kept}{f'{chr(10)}{fence}' if fence else ''}\n\nThe rest does not fit here; the run has it.\n"


def _open_fence(text: str) -> str | None:
    """Return the fence of the block that a text ends in, if it ends in one."""
    fence = None
    for line in text.splitlines():
        if fence is None and re.fullmatch("`{3,}text", line):
            fence = line.removesuffix("text")
        elif line == fence:
            fence = None
    return fence


def _number(sign: str) -> str:
    plain = (sign.isascii() and sign.isalnum()) or sign == " "
    return sign if plain else f"&#{ord(sign)};"

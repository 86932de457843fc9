"""Run the benchmarks, and write their tables into docs/benchmarks.md."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

PAGE = Path("docs/benchmarks.md")
NAMES = ("startup", "plan", "pools", "projects", "cluster", "rehearsal", "delivery", "history", "copy", "drift")


def main(names: list[str]) -> None:
    """Measure what was named, or everything."""
    for name in names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"{module.TITLE} …", flush=True)
        table = markdown(module.measure())
        print(table, flush=True)
        write(name, f"## {module.TITLE}\n\n{table}")


def markdown(rows: list[dict[str, str | float]]) -> str:
    """Write rows as a table; numbers with three digits."""
    header = list(rows[0])
    lines = [header, ["---"] * len(header), *([_cell(row[name]) for name in header] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def write(name: str, section: str) -> None:
    """Replace one benchmark's section of the page."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = PAGE.read_text(encoding="utf-8")
    body = f"{start}\n{section}\n{end}"
    changed, count = re.subn(f"{re.escape(start)}.*{re.escape(end)}", lambda _: body, text, flags=re.DOTALL)
    PAGE.write_text(changed if count else f"{text.rstrip()}\n\n{body}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

"""The rehearsal as one HTML page."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from pipelines import writes
from pipelines.release.pin import short

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.rehearsal.life import Done

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Rehearsal</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums }}
td:first-child {{ white-space: nowrap }}
td:last-child {{ overflow-wrap: anywhere }}
td.bar div {{ background: #4477aa; height: .8rem; min-width: 1px }}
code {{ font-size: .85rem }}
iframe {{ width: 100%; height: 40rem; border: 1px solid #ddd }}
</style></head><body>
<h1>Rehearsal</h1>
<p>{count} steps as they should be, in {total:.0f} seconds. After each step every environment was asked which
package it serves.</p>
<table><thead><tr><th>Step</th><th>Seconds</th><th></th><th>dev</th><th>staging</th><th>prod</th><th>What happened</th>
</tr></thead><tbody>
{rows}
</tbody></table>
{reports}
</body></html>
"""


def write_report(done: list[Done], folder: Path, path: Path) -> None:
    """Write the steps, and the monitoring reports that they made, as one self-contained page."""
    longest = max(step.seconds for step in done)
    page = PAGE.format(
        count=len(done),
        total=sum(step.seconds for step in done),
        rows="\n".join(_row(step, longest) for step in done),
        reports="\n".join(_embedded(report) for report in sorted(folder.glob("monitoring-*.html"))),
    )
    writes.replace_file(path, page.encode())


def _row(step: Done, longest: float) -> str:
    served = "".join(f"<td><code>{_digest(digest)}</code></td>" for digest in step.serving.values())
    width = 100 * step.seconds / longest
    return (
        f"<tr><td>{html.escape(step.title)}</td><td class=number>{step.seconds:.1f}</td>"
        f'<td class=bar><div style="width: {width:.0f}px"></div></td>{served}<td>{html.escape(step.outcome)}</td></tr>'
    )


def _embedded(report: Path) -> str:
    title = report.stem.replace("-", ": ", 1)
    page = html.escape(report.read_text(encoding="utf-8"))
    return f'<h2>{html.escape(title)}</h2><iframe title="{html.escape(title)}" srcdoc="{page}"></iframe>'


def _digest(digest: str | None) -> str:
    return short(digest).removeprefix("sha256:") if digest else "-"

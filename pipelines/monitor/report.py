"""One HTML file that shows a result: no script, nothing fetched, plots as inline SVG beside the numbers they draw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from pipelines import writes
from pipelines.monitor.plots import bars, interval
from pipelines.monitor.results import ColumnDrift, Measure, MonitorResult, Quality, Verdict, Window, effect

HEADLINES = {
    Verdict.OK: "Nothing to do",
    Verdict.INSUFFICIENT_DATA: "Too little data to say",
    Verdict.ALERT: "Somebody has to look",
    Verdict.RETRAIN: "Retrain",
}

STYLE = """
:root { color-scheme: light dark; --window: #0b62c4; --reference: #767b85; --bad: #b3261e; --rule: #c9ccd2 }
@media (prefers-color-scheme: dark) {
  :root { --window: #6cb0ff; --reference: #9aa0aa; --bad: #ff8a80; --rule: #4a4e56 }
}
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 } h2 { margin-top: 2.5rem } code { overflow-wrap: anywhere }
.verdict { font-weight: 600 } .drifted { color: var(--bad); font-weight: 600 }
table { border-collapse: collapse; margin: .5rem 0 } caption { text-align: left; font-weight: 600 }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; border-bottom: 1px solid var(--rule); vertical-align: top }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
.scroll { overflow-x: auto } svg { max-width: 100%; height: auto } svg text { fill: currentColor; font-size: 12px }
svg .share { font-size: 11px }
.window { fill: var(--window); stroke: var(--window) } .reference { fill: var(--reference); stroke: var(--reference) }
.rule { stroke: currentColor } .limit { stroke: var(--bad); stroke-dasharray: 4 3 }
"""


def write_report(result: MonitorResult, path: Path) -> None:
    """Write the report of a result; the file is replaced as a whole."""
    writes.replace_file(path, render(result).encode())


def render(result: MonitorResult) -> str:
    """Render a result as one HTML document."""
    parts = [
        f"<h1>{HEADLINES[result.verdict]}</h1>",
        f'<p class="verdict">{result.verdict}</p>',
        f"<p>Package <code>{escape(result.digest)}</code>, decided {_time(result.time)}.</p>",
        _section("Why", _list(result.reasons)),
        _section("Windows", _windows(result.windows)),
        _section("Quality", _quality(result)),
        _section("Columns of the newest window", _columns(result)),
        _section("Data", _data(result)),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Monitoring: {result.verdict}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}\n</section>"


def _list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>"


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int) -> str:
    """Render cells that are HTML already; columns from `numbers_from` on are numbers."""
    kind = [' class="number"' if place >= numbers_from else "" for place in range(len(header))]
    head = "".join(f'<th scope="col"{how}>{escape(name)}</th>' for name, how in zip(header, kind, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{how}>{cell}</td>" for cell, how in zip(row, kind, strict=True)) + "</tr>" for row in rows
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _windows(windows: Sequence[Window]) -> str:
    if not windows:
        return "<p>No window has enough rows.</p>"
    rows = [
        (str(place), _time(window.first), _time(window.last), _drifted(window.drifted), str(window.rows))
        for place, window in enumerate(windows, start=1)
    ]
    return _table("Newest first", ("window", "from", "to", "drifted columns", "rows"), rows, 4)


def _drifted(columns: Sequence[ColumnDrift]) -> str:
    names = ", ".join(escape(column.name) for column in columns)
    return f'<span class="drifted">{names}</span>' if names else "none"


def _quality(result: MonitorResult) -> str:
    asked = result.policy.quality
    if asked is None:
        return "<p>The policy does not ask for it.</p>"
    if result.quality is None:
        return f"<p>Not judged: {result.labels} labelled predictions, {asked.min_labels} are needed.</p>"
    return _accuracy(result.quality) + interval(result.quality.lower, result.quality.upper, asked.drop)


def _accuracy(quality: Quality) -> str:
    rows = [
        ("reference", f"{quality.reference:.4f}", str(quality.reference_rows)),
        ("newest labelled predictions", f"{quality.current:.4f}", str(quality.labels)),
    ]
    return _table("Accuracy", ("of", "accuracy", "labels"), rows, 1)


def _columns(result: MonitorResult) -> str:
    if not result.windows:
        return "<p>No window has enough rows.</p>"
    columns = sorted(result.windows[0].columns, key=effect, reverse=True)
    rows = [
        (
            escape(column.name),
            '<span class="drifted">yes</span>' if column.drifted else "no",
            *_measure(column.psi),
            *_measure(column.ks),
            f"{column.missing_window:.1%}",
        )
        for column in columns
    ]
    header = ("column", "drifted", "PSI", "by chance up to", "KS", "by chance up to", "missing")
    drift = result.policy.drift
    caption = f"Drift is beyond chance and at least PSI {drift.psi:g} or KS {drift.ks:g}"
    return _table(caption, header, rows, 2) + "".join(_plot(column) for column in columns)


def _measure(measure: Measure | None) -> tuple[str, str]:
    return (f"{measure.statistic:.4f}", f"{measure.bound:.4f}") if measure else ("none", "none")


def _plot(column: ColumnDrift) -> str:
    shown = " open" if column.drifted else ""
    values = _table(
        f"Share of rows in each bin of {column.name}",
        ("bin", "reference", "window"),
        [(escape(item.label), f"{item.reference:.1%}", f"{item.window:.1%}") for item in column.bins],
        1,
    )
    return (
        f"<details{shown}><summary>{escape(column.name)}</summary>{bars(column)}"
        f"<details><summary>Numbers</summary>{values}</details></details>"
    )


def _data(result: MonitorResult) -> str:
    facts = [
        f"{result.rows} predictions of this package in the log",
        f"{result.reference_rows} reference rows",
        f"{result.labels} labelled predictions judged",
    ]
    return _list([*facts, *result.notes])


def _time(time: datetime) -> str:
    return f'<time datetime="{time.isoformat()}">{time:%Y-%m-%d %H:%M:%S %Z}</time>'

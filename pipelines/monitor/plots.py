"""The plots of the report, as inline SVG: each says in words what it draws."""

from __future__ import annotations

from html import escape

from pipelines.monitor.results import Bin, ColumnDrift

WIDTH = 640
LABELS = 170
ROW = 36
LONGEST_LABEL = 24


def bars(column: ColumnDrift) -> str:
    """Draw the share of rows in each bin, the reference above the window."""
    most = max((max(item.reference, item.window) for item in column.bins), default=1.0)
    drawn = "".join(_pair(place, item, most) for place, item in enumerate(column.bins))
    return _figure(
        f"{column.name}: share of rows in each bin; grey is the reference, blue is the window",
        f'<g transform="translate(0 24)">{drawn}</g>{_legend()}',
        24 + ROW * len(column.bins),
    )


def interval(lower: float, upper: float, floor: float) -> str:
    """Draw how far accuracy fell, between its confidence bounds, on a scale with no drop and what matters."""
    low, high = min(lower, 0.0, floor) - 0.02, max(upper, 0.0, floor) + 0.02

    def across(value: float) -> float:
        return 10 + (WIDTH - 20) * (value - low) / (high - low)

    drawn = (
        f'<rect class="window" x="{across(lower):.1f}" y="34" width="{across(upper) - across(lower):.1f}" height="12"/>'
        f'<line class="rule" x1="{across(0):.1f}" x2="{across(0):.1f}" y1="20" y2="60"/>'
        f'<line class="limit" x1="{across(floor):.1f}" x2="{across(floor):.1f}" y1="20" y2="60"/>'
        f'<text x="{across(0):.1f}" y="14" text-anchor="middle">no drop</text>'
        f'<text x="{across(floor):.1f}" y="76" text-anchor="middle">{floor:g} matters</text>'
    )
    return _figure(f"Accuracy fell by {lower:.3f} to {upper:.3f}; {floor:g} matters", drawn, 84)


def _figure(words: str, drawn: str, height: int) -> str:
    return (
        f'<figure><svg role="img" aria-label="{escape(words)}" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}"><title>{escape(words)}</title>{drawn}</svg><figcaption>{escape(words)}</figcaption></figure>'
    )


def _legend() -> str:
    return (
        f'<rect class="reference" x="{LABELS}" y="4" width="10" height="10"/>'
        f'<text x="{LABELS + 16}" y="14">reference</text>'
        f'<rect class="window" x="{LABELS + 90}" y="4" width="10" height="10"/>'
        f'<text x="{LABELS + 106}" y="14">window</text>'
    )


def _pair(place: int, item: Bin, most: float) -> str:
    top = place * ROW
    room = WIDTH - LABELS - 60
    short = item.label if len(item.label) <= LONGEST_LABEL else f"{item.label[: LONGEST_LABEL - 1]}…"
    pieces = [f'<text x="{LABELS - 8}" y="{top + 19}" text-anchor="end">{escape(short)}</text>']
    for kind, share, below in (("reference", item.reference, 2), ("window", item.window, 16)):
        width = room * share / most
        pieces.append(f'<rect class="{kind}" x="{LABELS}" y="{top + below}" width="{width:.1f}" height="12"/>')
        pieces.append(f'<text class="share" x="{LABELS + width + 6:.1f}" y="{top + below + 10}">{share:.1%}</text>')
    return "".join(pieces)

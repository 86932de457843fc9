"""The gate's operating characteristic: how often candidates of known quality pass, by simulation.

`python -m benchmarks.gate_characteristic` writes the tables into docs/gate.md; a test holds them fresh.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipelines.release.gate import Paired, Primary, Verdict, non_inferior, rows_needed

PAGE = Path(__file__).parents[1] / "docs" / "gate.md"
BEGIN, END = "<!-- begin: python -m benchmarks.gate_characteristic -->\n", "<!-- end -->\n"
SEED, DRAWS = 20, 10_000
PRIMARY = Primary(metric="accuracy", direction="higher", margin=0.01, min_rows=200)
DISCORDANCE = 0.06
ROWS = (200, 500, 1000, 2000, 5000, 10_000)
POINTS = (-2, -1, 0, 1, 3)


def verdicts(rows: int, points: float, discordance: float = DISCORDANCE, draws: int = DRAWS) -> dict[Verdict, float]:
    """Return how often each verdict falls for a candidate that is truly better by some points of accuracy."""
    chances = [(discordance + points / 100) / 2, (discordance - points / 100) / 2, 1 - discordance]
    drawn = np.random.default_rng([SEED, rows, round(points * 10) + 1000]).multinomial(rows, chances, size=draws)
    pairs, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
    shares: dict[Verdict, float] = {"pass": 0.0, "insufficient_data": 0.0, "fail": 0.0}
    for (better, worse), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        paired = paired_of(rows, better, worse)
        finding = non_inferior("primary", paired, PRIMARY, PRIMARY.margin, PRIMARY.min_rows)
        shares[finding.verdict] += count / draws
    return shares


def paired_of(rows: int, better: int, worse: int) -> Paired:
    """Return the comparison of two classifiers that disagree on some rows."""
    mean = (better - worse) / rows
    variance = (better + worse) / rows - mean**2
    return Paired(rows=rows, mean=mean, variance=max(0.0, variance), better=better, worse=worse)


def tables() -> str:
    """Write the characteristic and the rows needed as Markdown."""
    head = ["rows", *(f"truly {points:+d} points" if points else "equal" for points in POINTS)]
    body = [[f"{rows:,}", *(_cell(verdicts(rows, points)) for points in POINTS)] for rows in ROWS]
    needed = [
        [f"{share:.0%}", *(f"{rows_needed(share, margin, 0.95, 0.8):,}" for margin in (0.005, 0.01, 0.02))]
        for share in (0.02, 0.06, 0.12, 0.20)
    ]
    return (
        "Passes (and, in brackets, is told that there are too few rows), at a margin of 1 point, confidence 0.95 and "
        f"{DISCORDANCE:.0%} of rows\non which candidate and champion disagree:\n\n"
        + _table(head, body)
        + "\nRows at which an equal candidate passes with 80% chance:\n\n"
        + _table(["disagreement", "margin 0.5 points", "1 point", "2 points"], needed)
    )


def page(text: str) -> str:
    """Return the page with its tables made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def _cell(shares: dict[Verdict, float]) -> str:
    return f"{shares['pass']:.1%} ({shares['insufficient_data']:.1%})"


def _table(head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---:"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
    print(tables())

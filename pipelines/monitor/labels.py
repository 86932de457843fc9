"""The labels of a model: `request_id,row,label` in `*.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from components.errors import UserError

Key: TypeAlias = tuple[str, int]
"""Request id and row: what a label and its prediction share."""

HEADER = ["request_id", "row", "label"]
MOST_LABELS = 1_000_000
"""Labels held in memory; files are read from the last name to the first, so that the newest are among them."""


@dataclass
class Labels:
    """Labels by request id and row, as comparable text."""

    values: dict[Key, str] = field(default_factory=dict[Key, str])
    notes: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """How many of what were left out."""


def read_labels(folder: Path, most: int = MOST_LABELS) -> Labels:
    """Read the labels in a folder; a missing folder holds none, and an empty label is not known yet.

    A label that is given again replaces the earlier one: files count in the order of their names.

    Raises:
        UserError: A file cannot be read, or a line is malformed.
    """
    labels, replaced, unread = Labels(), 0, 0
    for path in sorted(folder.glob("*.csv"), reverse=True):
        if len(labels.values) >= most:
            unread += 1
            continue
        problems: list[str] = []
        inside = dict(_labels(path, problems))
        if problems:
            raise UserError(problems[:20])
        replaced += sum(labels.values.get(key, label) != label for key, label in inside.items())
        labels.values = inside | labels.values
    labels.notes = [
        (replaced, "labels corrected by a later file"),
        (unread, f"files of old labels not read, because {most} labels are held already"),
    ]
    return labels


def answer(value: object) -> str:
    """Return a prediction or label as text that compares: `1`, `1.0` and `true` are one answer."""
    text = str(value).strip()
    if text.lower() in {"true", "false"}:
        return str(int(text.lower() == "true"))
    try:
        return f"{float(text):.12g}"
    except ValueError:
        return text


def _labels(path: Path, problems: list[str]) -> Iterator[tuple[Key, str]]:
    lines = read_csv(path)
    number, header = next(lines, (1, HEADER))
    if header != HEADER:
        raise UserError(f"{path}:{number}: the header is `{','.join(header):.60}`; expected `{','.join(HEADER)}`")
    for number, cells in lines:
        where = f"{path}:{number}"
        if len(cells) != len(HEADER):
            problems.append(f"{where}: {len(cells)} cells; expected {len(HEADER)}: {', '.join(HEADER)}")
        elif not (cells[1].isdecimal() and len(cells[1]) < 19):
            problems.append(f"{where}: row: `{cells[1]:.40}` is not a whole number")
        elif cells[2].strip():
            yield (cells[0], int(cells[1])), answer(cells[2])


def read_csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a CSV file with their numbers; empty lines are passed over.

    Raises:
        UserError: The file cannot be read, or is not CSV in UTF-8.
    """
    line = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for cells in reader:
                line = reader.line_num
                if cells:
                    yield line, cells
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: after line {line}: not UTF-8: {error.reason}") from error
    except csv.Error as error:
        raise UserError(f"{path}:{line + 1}: not CSV: {error}") from error

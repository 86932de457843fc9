"""The reference rows of a package (`reference.csv`), and predictions brought into the same columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from components.errors import UserError
from pipelines.monitor.drift import Column, Numbers, Texts, sample
from pipelines.monitor.labels import answer, read_csv
from pipelines.monitor.predictions import Prediction, Value, number
from stacks.load import parse_json

LABEL = "label"
PREDICTION = "prediction"
SCORE = "score"
MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Reference:
    """What the model saw and answered on held-out rows."""

    rows: int
    columns: dict[str, Numbers | Texts]
    """Features, `prediction` and `score`, prepared for comparison."""
    correct: tuple[int, int] | None
    """Rows answered correctly, and rows with a label; none without labels."""

    def window(self, predictions: Sequence[Prediction]) -> dict[str, Numbers | Texts]:
        """Bring predictions into the columns of the reference; a value that does not fit counts as missing."""
        return {
            name: sample(_column((_value(item, name) for item in predictions), numeric=isinstance(column, Numbers)))
            for name, column in self.columns.items()
        }


@dataclass(frozen=True)
class Signature:
    """What `signature.json` says that monitoring needs."""

    datatypes: dict[str, str]
    personal: frozenset[str]


def read_signature(path: Path | None) -> Signature:
    """Read the datatypes of inputs and outputs, and the names of personal columns.

    Raises:
        UserError: The file cannot be read, or does not list inputs with a name and a datatype.
    """
    if path is None:
        return Signature({}, frozenset())
    try:
        value = parse_json(path.read_bytes(), str(path))
        tensors = [*value["inputs"], *value.get("outputs", [])]
        return Signature(
            {str(tensor["name"]): str(tensor["datatype"]) for tensor in tensors}, frozenset(value.get("personal", {}))
        )
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{path}: inputs: every input and output needs a `name` and a `datatype`") from error


def read_reference(path: Path, signature: Signature) -> Reference:
    """Read `reference.csv`: features, `prediction`, `score` where the model has one, and `label`.

    A column is text where the signature says `BYTES`, numbers where it says another type; a column it does not know is
    numbers if all its cells are. Personal columns are not compared.

    Raises:
        UserError: The file cannot be read, is malformed, or has no rows.
    """
    cells = _cells(path)
    correct = _correct(cells[PREDICTION], cells.pop(LABEL)) if LABEL in cells else None
    problems: list[str] = []
    columns = {
        name: sample(_column(values, numeric=_numeric(path, name, values, signature.datatypes, problems)))
        for name, values in cells.items()
        if name not in signature.personal
    }
    if problems:
        raise UserError(problems[:MOST_PROBLEMS])
    return Reference(len(cells[PREDICTION]), columns, correct)


def _cells(path: Path) -> dict[str, list[str]]:
    lines = read_csv(path)
    _, header = next(lines, (0, cast("list[str]", [])))
    if PREDICTION not in header or len(set(header)) < len(header):
        raise UserError(
            f"{path}:1: the header needs `{PREDICTION}`, and each name once; it is `{','.join(header):.80}`"
        )
    rows: list[list[str]] = []
    for line, cells in lines:
        if len(cells) != len(header):
            raise UserError(f"{path}:{line}: {len(cells)} cells; the header has {len(header)}")
        rows.append(cells)
    if not rows:
        raise UserError(f"{path}: has no rows; a package needs reference rows to be monitored")
    return {name: list(column) for name, column in zip(header, zip(*rows, strict=True), strict=True)}


def _correct(predictions: list[str], labels: list[str]) -> tuple[int, int] | None:
    return hits((answer(made), answer(label)) for made, label in zip(predictions, labels, strict=True) if label.strip())


def hits(pairs: Iterable[tuple[str, str]]) -> tuple[int, int] | None:
    """Count pairs of equal answers, and pairs; none if there are no pairs."""
    equal = [made == label for made, label in pairs]
    return (sum(equal), len(equal)) if equal else None


def _numeric(path: Path, name: str, cells: list[str], datatypes: Mapping[str, str], problems: list[str]) -> bool:
    wrong = next((row for row, cell in enumerate(cells) if cell.strip() and not _reads_as_number(cell)), None)
    if name not in datatypes:
        return wrong is None
    if datatypes[name] == "BYTES":
        return False
    if wrong is not None:
        problems.append(f"{path}: {name}: `{cells[wrong]:.40}` in row {wrong + 1} is not of type {datatypes[name]}")
    return True


def _reads_as_number(cell: str) -> bool:
    return not math.isnan(number(cell)) or cell.strip().lower().lstrip("+-") in {"nan", "inf", "infinity"}


def _column(values: Iterable[Any], *, numeric: bool) -> Column:
    if numeric:
        return np.fromiter((number(value) for value in values), dtype=np.float64)
    return [_text(value) for value in values]


def _text(value: Value) -> str | None:
    return None if value is None or value == "" else str(value)


def _value(prediction: Prediction, name: str) -> Value:
    if name == PREDICTION:
        return prediction.prediction
    return prediction.score if name == SCORE else prediction.features.get(name)

"""Requests and responses of the Open Inference Protocol v2, read strictly.

This is the hot path: plain Python on purpose, one pass over the values, no models built for a request.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

REQUEST_FIELDS = frozenset({"id", "parameters", "inputs", "outputs"})
INPUT_FIELDS = frozenset({"name", "shape", "datatype", "parameters", "data"})
OUTPUT_FIELDS = frozenset({"name", "parameters"})
IDENTIFIER = re.compile(r"[\x21-\x7e]{1,128}")
LARGEST = float(np.finfo(np.float32).max)


class BadRequest(Exception):
    """Input that the caller has to change; the message says where and how."""


@dataclass(frozen=True, slots=True)
class Request:
    """An inference request that the model can answer."""

    id: str
    columns: NDArray[np.float32]
    outputs: tuple[str, ...]


class Reader:
    """Reads requests against a signature."""

    def __init__(self, signature: dict[str, Any]) -> None:
        self._names = [entry["name"] for entry in signature["inputs"]]
        self._datatypes = {entry["name"]: entry["datatype"] for entry in signature["inputs"]}
        self._outputs = tuple(entry["name"] for entry in signature["outputs"])

    def read(self, body: bytes) -> Request:
        """Return the request in a body, or raise `BadRequest`."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"body: not JSON: {error}") from error
        _fields(document, REQUEST_FIELDS, "body")
        inputs = self._inputs(document.get("inputs"))
        columns = [inputs[name] for name in self._names]
        if len({len(column) for column in columns}) > 1:
            raise BadRequest("inputs: all inputs must have the same number of rows")
        outputs = self._chosen(document["outputs"]) if "outputs" in document else self._outputs
        return Request(_identifier(document), np.array(columns, dtype=np.float32).T.copy(), outputs)

    def _inputs(self, entries: Any) -> dict[str, list[float]]:
        if not isinstance(entries, list):
            raise BadRequest("inputs: expected a list")
        found: dict[str, list[float]] = {}
        for index, entry in enumerate(entries):
            where = f"inputs[{index}]"
            _fields(entry, INPUT_FIELDS, where)
            name = entry.get("name")
            if not isinstance(name, str) or name not in self._datatypes:
                raise BadRequest(f"{where}.name: `{name!s:.60}` is no input; send {', '.join(self._names)}")
            if name in found:
                raise BadRequest(f"{where}.name: `{name}` is given twice")
            found[name] = self._values(entry, where, self._datatypes[name])
        missing = [name for name in self._names if name not in found]
        if missing:
            raise BadRequest(f"inputs: missing: {', '.join(missing)}")
        return found

    def _values(self, entry: dict[str, Any], where: str, datatype: str) -> list[float]:
        if entry.get("datatype") != datatype:
            raise BadRequest(f"{where}.datatype: `{entry.get('datatype')!s:.60}` must be {datatype}")
        shape = entry.get("shape")
        if not isinstance(shape, list) or len(shape) != 2 or type(shape[0]) is not int or type(shape[1]) is not int:
            raise BadRequest(f"{where}.shape: expected [rows, 1], found {shape!s:.60}")
        rows, width = shape
        if width != 1 or rows < 1:
            raise BadRequest(f"{where}.shape: expected [rows, 1] with at least one row, found {shape!s:.60}")
        values = _flat(entry.get("data"), f"{where}.data")
        if len(values) != rows:
            raise BadRequest(f"{where}.data: {len(values)} values do not fill shape {shape}")
        for value in values:
            if type(value) is not float and type(value) is not int:
                raise BadRequest(f"{where}.data: `{value!r:.60}` is not a number")
            if not -LARGEST <= value <= LARGEST:
                raise BadRequest(f"{where}.data: `{value!r:.60}` is beyond what the model can take")
        return values

    def _chosen(self, entries: Any) -> tuple[str, ...]:
        if not isinstance(entries, list) or not entries:
            raise BadRequest("outputs: expected a list of {name}, or leave it out for all")
        names = []
        for index, entry in enumerate(entries):
            _fields(entry, OUTPUT_FIELDS, f"outputs[{index}]")
            name = entry.get("name")
            if name not in self._outputs or name in names:
                raise BadRequest(f"outputs[{index}].name: choose each of {', '.join(self._outputs)} at most once")
            names.append(name)
        return tuple(names)


def response(request: Request, model: str, digest: str, values: dict[str, Sequence[float]]) -> bytes:
    """Return the body of an answer."""
    datatypes = {"prediction": "INT64", "score": "FP64"}
    outputs = [
        {"name": name, "datatype": datatypes[name], "shape": [len(values[name]), 1], "data": values[name]}
        for name in request.outputs
    ]
    return orjson.dumps({"model_name": model, "model_version": digest, "id": request.id, "outputs": outputs})


def _fields(value: Any, allowed: frozenset[str], where: str) -> None:
    if not isinstance(value, dict):
        raise BadRequest(f"{where}: expected an object")
    if not value.keys() <= allowed:
        unknown = min(value.keys() - allowed)
        raise BadRequest(f"{where}: unknown field `{unknown:.60}`; allowed: {', '.join(sorted(allowed))}")


def _identifier(document: dict[str, Any]) -> str:
    if "id" not in document:
        return uuid.uuid4().hex
    value = document["id"]
    if not isinstance(value, str) or not IDENTIFIER.fullmatch(value):
        raise BadRequest("id: expected 1 to 128 printable ASCII characters without spaces")
    return value


def _flat(data: Any, where: str) -> list[Any]:
    """Return the values of a column, given flat `[1, 2]` or nested `[[1], [2]]`."""
    if not isinstance(data, list):
        raise BadRequest(f"{where}: expected a list")
    if not data or not isinstance(data[0], list):
        return data
    if any(not isinstance(row, list) or len(row) != 1 for row in data):
        raise BadRequest(f"{where}: nested data needs one value in each row")
    return [row[0] for row in data]

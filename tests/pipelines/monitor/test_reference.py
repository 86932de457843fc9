import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import UserError
from pipelines.monitor.drift import Numbers, Texts
from pipelines.monitor.predictions import Prediction
from pipelines.monitor.reference import Reference, Signature, read_reference, read_signature

UNSIGNED = Signature({}, frozenset())


def read(folder: Path, content: str, **datatypes: str) -> Reference:
    """Read reference rows, with a signature of these types."""
    (folder / "reference.csv").write_text(content)
    return read_reference(folder / "reference.csv", Signature(datatypes, frozenset({"name"})))


def kinds(reference: Reference) -> dict[str, type]:
    """Return which columns are numbers and which text."""
    return {name: type(column) for name, column in reference.columns.items()}


def test_columns_without_a_signature_are_told_from_their_cells(tmp_path: Path):
    """Numbers, truth values and gaps are numbers; one other cell makes text."""
    reference = read(tmp_path, "a,b,c,d,prediction,label\n1,true,x,,1,1\n,False,2,,0,1\nnan,true,3,,1,\n")
    assert {"a": Numbers, "b": Numbers, "c": Texts, "d": Numbers, "prediction": Numbers} == kinds(reference)
    assert (3, [2, 0, 0, 3, 0]) == (reference.rows, [column.missing for column in reference.columns.values()])


def test_the_signature_decides_what_is_text(tmp_path: Path):
    """A code of digits is text where the signature says so."""
    reference = read(tmp_path, "code,prediction\n01234,1\n", code="BYTES", prediction="INT64")
    assert {"code": Texts, "prediction": Numbers} == kinds(reference)


def test_personal_columns_are_not_compared(tmp_path: Path):
    """Their hashes say nothing."""
    assert {"age": Numbers, "prediction": Numbers} == kinds(read(tmp_path, "name,age,prediction\nf3a,1,1\n"))


@pytest.mark.parametrize(
    ("content", "correct"),
    [
        ("prediction,label\n1,1\n0,1\n1.0,1\n", (2, 3)),
        ("prediction,label\nyes,yes\nno,\n", (1, 1)),
        ("prediction,label\n1,\n", None),
        ("prediction\n1\n", None),
    ],
)
def test_answers_are_compared_with_labels_that_are_there(tmp_path: Path, content: str, correct: tuple[int, int] | None):
    """A row without a label says nothing about quality."""
    assert correct == read(tmp_path, content).correct


def test_predictions_are_brought_into_the_columns_of_the_reference(tmp_path: Path):
    """What does not fit, or is not there, is missing; what the reference does not know is not compared."""
    reference = read(tmp_path, "age,plan,prediction,score\n1,a,1,0.5\n2,b,0,0.5\n")

    def made(features: dict[str, Any], score: float | None) -> Prediction:
        return Prediction(datetime.now(UTC), "r", 0, features, 1, score)

    window = reference.window([made({"age": 3, "plan": ""}, 0.1), made({"age": "old", "new": 1}, None)])
    age, plan, prediction, score = window.values()
    assert ([3.0], [1, 2, 0, 1]) == (age.values.tolist(), [c.missing for c in (age, plan, prediction, score)])
    assert [1.0, 1.0] == prediction.values.tolist()
    assert np.array_equal([0.1], score.values)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", r":1: the header needs `prediction`, and each name once; it is ``"),
        ("age,label\n1,1\n", r":1: the header needs `prediction`, and each name once; it is `age,label`"),
        ("a,a,prediction\n1,1,1\n", r":1: the header needs `prediction`, and each name once; it is `a,a,prediction`"),
        ("a,prediction\n1,1\n1\n", r":3: 1 cells; the header has 2"),
        ("a,prediction\n", r": has no rows; a package needs reference rows to be monitored"),
        ("age,prediction\n1,1\nold,1\n", r": age: `old` in row 2 is not of type FP64"),
        ('a,prediction\n"', r":2: not CSV: unexpected end of data"),
    ],
)
def test_malformed_reference_rows_are_named(tmp_path: Path, content: str, problem: str):
    """Every message says file, line or column, and what was expected."""
    with pytest.raises(UserError) as error:
        read(tmp_path, content, age="FP64")
    assert [f"{tmp_path}/reference.csv{problem}"] == error.value.problems


def test_missing_reference_rows_are_named(tmp_path: Path):
    """The file that a package lacks is said."""
    with pytest.raises(UserError, match=r"reference\.csv: cannot be read: No such file or directory"):
        read_reference(tmp_path / "reference.csv", UNSIGNED)


def test_a_signature_gives_types_and_personal_columns(tmp_path: Path):
    """Of inputs and outputs; other fields do not matter here."""
    path = tmp_path / "signature.json"
    tensor = {"datatype": "FP64", "shape": [-1, 1]}
    said = {"inputs": [{"name": "age"} | tensor], "outputs": [{"name": "score"} | tensor], "personal": {"id": "hash"}}
    path.write_text(json.dumps(said))
    assert Signature({"age": "FP64", "score": "FP64"}, frozenset({"id"})) == read_signature(path)


def test_no_signature_says_nothing():
    """Types are then told from the reference."""
    assert UNSIGNED == read_signature(None)


@pytest.mark.parametrize("content", ["[]", "{}", '{"inputs": [{"name": "a"}]}', '{"inputs": 1}', "1"])
def test_a_malformed_signature_is_named(tmp_path: Path, content: str):
    """Inputs need names and types."""
    (tmp_path / "signature.json").write_text(content)
    with pytest.raises(UserError, match=r"signature\.json: inputs: every input and output needs a `name` and a"):
        read_signature(tmp_path / "signature.json")


@pytest.mark.parametrize(
    ("content", "problem"), [("{", "not JSON: .*"), (None, "cannot be read: No such file or directory")]
)
def test_a_signature_that_cannot_be_read_is_named(tmp_path: Path, content: str | None, problem: str):
    """Absent or broken."""
    if content is not None:
        (tmp_path / "signature.json").write_text(content)
    with pytest.raises(UserError, match=rf"signature\.json: {problem}"):
        read_signature(tmp_path / "signature.json")

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.errors import UserError
from pipelines.monitor.labels import Labels
from pipelines.monitor.predictions import LONGEST_LINE, PredictionLog, number, read_predictions

DIGEST = "sha256:" + "a" * 64


def read(folder: Path, most: int = 100, **labels: str) -> PredictionLog:
    """Read a folder; labels are given as `r1="1"`, for row 0."""
    return read_predictions(folder, DIGEST, Labels({(name, 0): label for name, label in labels.items()}), most)


def test_the_newest_come_first_whatever_the_file(tmp_path: Path, prediction_line):
    """Servers log side by side; time decides."""
    (tmp_path / "a.jsonl").write_text(f"{prediction_line(1)}\n{prediction_line(4)}\n")
    (tmp_path / "b.jsonl").write_text(f"{prediction_line(3)}\n{prediction_line(2)}\n")
    assert ["r4", "r3", "r2", "r1"] == [item.request_id for item in read(tmp_path).newest]


def test_only_the_newest_are_kept(tmp_path: Path, prediction_line):
    """All are counted, `most` are held."""
    (tmp_path / "a.jsonl").write_text("".join(f"{prediction_line(n)}\n" for n in (5, 1, 4, 2, 3)))
    log = read(tmp_path, most=2)
    assert (5, ["r5", "r4"]) == (log.rows, [item.request_id for item in log.newest])


def test_memory_does_not_grow_with_the_log(tmp_path: Path, prediction_line):
    """Ten times the rows take the memory of the rows that are kept."""

    def peak(rows: int) -> int:
        (tmp_path / "a.jsonl").write_text("".join(f"{prediction_line(n)}\n" for n in range(rows)))
        tracemalloc.start()
        try:
            read(tmp_path, most=50)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small = peak(500)
    assert peak(5000) < 1.5 * small


def test_other_packages_are_passed_over(tmp_path: Path, prediction_line):
    """Only the predictions of the digest count."""
    (tmp_path / "a.jsonl").write_text(f"{prediction_line(1)}\n{prediction_line(2, digest='sha256:b')}\n")
    assert (1, ["r1"]) == (read(tmp_path).rows, [item.request_id for item in read(tmp_path).newest])


def test_no_folder_is_no_predictions(tmp_path: Path):
    """A model that nobody asked yet has no folder."""
    assert PredictionLog() == read(tmp_path / "absent")


@pytest.mark.parametrize("cut", [1, 40, -1])
def test_a_torn_last_line_is_left_out_and_counted(tmp_path: Path, prediction_line, cut: int):
    """A server that was killed loses its last line, and no other."""
    (tmp_path / "a.jsonl").write_text(f"{prediction_line(1)}\n{prediction_line(2)[:cut]}")
    log = read(tmp_path)
    assert (1, ["torn last lines left out, of servers killed while they wrote: 1"]) == (log.rows, log.notes)


def test_a_line_torn_inside_a_letter_is_left_out(tmp_path: Path, prediction_line):
    """The last bytes need not be text."""
    (tmp_path / "a.jsonl").write_bytes(f"{prediction_line(1)}\n".encode() + '{"time": "ü'.encode()[:-1])
    assert 1 == read(tmp_path).rows


def test_a_whole_last_line_counts_without_its_newline(tmp_path: Path, prediction_line):
    """Only the newline was lost."""
    (tmp_path / "a.jsonl").write_text(prediction_line(1))
    assert (1, []) == (read(tmp_path).rows, read(tmp_path).notes)


def test_a_row_that_was_logged_twice_counts_once(tmp_path: Path, prediction_line):
    """A log that was copied beside itself changes nothing."""
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(f"{prediction_line(1)}\n{prediction_line(2)}\n")
    log = read(tmp_path, r1="1")
    assert (2, 2, [("1", "1")], ["duplicate predictions left out: 2"]) == (
        log.rows,
        len(log.newest),
        log.labelled,
        log.notes,
    )


def test_predictions_join_their_labels(tmp_path: Path, prediction_line):
    """By request id and row, newest first; a prediction without a label is not judged."""
    (tmp_path / "a.jsonl").write_text(
        f"{prediction_line(1, prediction=0)}\n{prediction_line(2)}\n{prediction_line(3)}\n{prediction_line(1, row=1)}\n"
    )
    assert [("1", "1"), ("0", "1")] == read(tmp_path, r1="1", r3="1").labelled


def test_late_labels_are_judged_although_newer_predictions_fill_the_memory(tmp_path: Path, prediction_line):
    """The newest labelled predictions are kept apart from the newest predictions."""
    (tmp_path / "a.jsonl").write_text("".join(f"{prediction_line(n)}\n" for n in range(1, 50)))
    assert [("1", "0")] == read(tmp_path, most=3, r1="0").labelled


def test_a_request_id_used_twice_is_not_judged(tmp_path: Path, prediction_line):
    """A client that sends one id for all requests makes its labels ambiguous; drift still sees the rows."""
    (tmp_path / "a.jsonl").write_text(
        "".join(f"{prediction_line(n, request_id=name)}\n" for n, name in enumerate(["x", "x", "r9"]))
    )
    log = read(tmp_path, x="1", r9="1")
    assert (3, [("1", "1")]) == (log.rows, log.labelled)
    assert ["labelled predictions not judged, because their request id was used twice: 2"] == log.notes


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"row": "0"}, "row: `'0'` is not a whole number"),
        ({"row": True}, "row: `True` is not a whole number"),
        ({"features": []}, "features: `[]` is not a mapping"),
        ({"prediction": [1]}, "prediction: `[1]` is not one value"),
        ({"request_id": None}, "request_id: `None` is not text"),
        ({"time": "yesterday"}, "time: `'yesterday'` is not a time like 2026-11-21T07:52:35.123Z"),
        (
            {"time": "2026-11-21T07:52:35"},
            "time: `'2026-11-21T07:52:35'` has no zone; write it like 2026-11-21T07:52:35.123Z",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path: Path, prediction_line, fields: dict[str, object], problem: str):
    """Every message says file, line, field and what was expected."""
    (tmp_path / "a.jsonl").write_text(f"{prediction_line(1)}\n{prediction_line(2, **fields)}\n")
    with pytest.raises(UserError) as error:
        read(tmp_path)
    assert [f"{tmp_path}/a.jsonl:2: {problem}"] == error.value.problems


def test_a_missing_field_is_named(tmp_path: Path):
    """And what every prediction has."""
    (tmp_path / "a.jsonl").write_text('{"time": "2026-11-21T00:00:00Z"}\n')
    with pytest.raises(UserError, match=r"a\.jsonl:1: request_id: missing; every prediction has time, request_id, row"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{\n", "not JSON: .*; mend or remove the line"),
        (b"\xff\n", "not JSON: .*"),
        (b"[" * 100_000 + b"\n", "not JSON: .*recursion.*"),
        (b"[1]\n", r"expected a prediction, found `\[1\]`"),
        (b" " * (LONGEST_LINE + 1), f"longer than {LONGEST_LINE} bytes; this is no prediction log"),
    ],
)
def test_a_line_that_is_no_prediction_is_named(tmp_path: Path, prediction_line, content: bytes, problem: str):
    """A malformed line that is not the last, or is complete, is never passed over."""
    (tmp_path / "a.jsonl").write_bytes(f"{prediction_line(1)}\n".encode() + content)
    with pytest.raises(UserError, match=rf"a\.jsonl:2: {problem}$"):
        read(tmp_path)


def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path):
    """Memory stays bounded, whatever the file is."""
    (tmp_path / "a.jsonl").write_bytes(b" " * (20 * LONGEST_LINE))
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match="longer than"):
            read(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 5 * LONGEST_LINE
    finally:
        tracemalloc.stop()


def test_problems_come_at_once_but_not_without_end(tmp_path: Path):
    """A file that is something else is said twenty times, not a million."""
    (tmp_path / "a.jsonl").write_text("no\n" * 1000)
    with pytest.raises(UserError) as error:
        read(tmp_path)
    assert 20 == len(error.value.problems)


def test_what_cannot_be_read_is_named(tmp_path: Path):
    """A folder where a file is expected is said so."""
    (tmp_path / "a.jsonl").mkdir()
    with pytest.raises(UserError, match=r"a\.jsonl: cannot be read: Is a directory"):
        read(tmp_path)


@given(st.lists(st.binary(max_size=30) | st.just(b"{}") | st.just(b'{"row":'), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_read_or_explained(tmp_path: Path, lines: list[bytes]):
    """Nothing but an error for people comes out of a broken file."""
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    try:
        problems = ["no row is whole"] * read(tmp_path).rows
    except UserError as error:
        problems = error.problems
    assert all(problem.startswith(f"{tmp_path}/a.jsonl:") for problem in problems)


@pytest.mark.parametrize(
    ("value", "read_as"),
    [(1, 1.0), ("2.5", 2.5), (True, 1.0), ("False", 0.0), (None, None), ("x", None), ([1], None), (10**400, None)],
)
def test_a_value_is_a_number_or_missing(value: object, read_as: float | None):
    """Whatever is not a finite number is missing."""
    got = number(value)
    assert read_as == (None if got != got else got)


def test_nan_and_infinity_are_missing(tmp_path: Path, prediction_line):
    """Python writes them into JSON, where they do not belong."""
    row = prediction_line(1, features={"age": float("nan"), "plan": float("inf")})
    (tmp_path / "a.jsonl").write_text(row + "\n")
    assert {"age": None, "plan": None} == read(tmp_path).newest[0].features
    assert "NaN" in row
    assert json.loads(row)["request_id"] == "r1"

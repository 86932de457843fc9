from pathlib import Path

import pytest

from components.errors import UserError
from pipelines.monitor.labels import answer, read_labels


def write(folder: Path, name: str, *lines: str) -> None:
    """Write a file of labels with its header."""
    (folder / name).write_text("\n".join(["request_id,row,label", *lines]) + "\n")


def test_labels_are_found_by_request_and_row(tmp_path: Path):
    """All files of the folder count, and nothing else in it."""
    write(tmp_path, "a.csv", "x,0,1", "x,1,0")
    write(tmp_path, "b.csv", "y,0,1.0")
    (tmp_path / "notes.txt").write_text("not labels")
    assert {("x", 0): "1", ("x", 1): "0", ("y", 0): "1"} == read_labels(tmp_path).values


def test_no_folder_is_no_labels(tmp_path: Path):
    """Labels arrive later, so nothing is wrong."""
    assert {} == read_labels(tmp_path / "absent").values


@pytest.mark.parametrize("content", ["", "request_id,row,label\n", "\n\n", "request_id,row,label\n\nx,0,\n"])
def test_empty_files_and_labels_are_not_known_yet(tmp_path: Path, content: str):
    """An empty file, a header alone and an empty label say nothing."""
    (tmp_path / "a.csv").write_text(content)
    assert {} == read_labels(tmp_path).values


def test_a_later_file_corrects_an_earlier_one(tmp_path: Path):
    """Files count in the order of their names; only labels that changed are corrections."""
    write(tmp_path, "1.csv", "x,0,1", "y,0,1")
    write(tmp_path, "2.csv", "x,0,0", "y,0,1.0")
    labels = read_labels(tmp_path)
    assert ({("x", 0): "0", ("y", 0): "1"}, (1, "labels corrected by a later file")) == (
        labels.values,
        labels.notes[0],
    )


def test_old_files_are_left_out_when_memory_is_full(tmp_path: Path):
    """Files are read from the newest name on until enough labels are held, and the rest is counted."""
    for name in ("1.csv", "2.csv", "3.csv"):
        write(tmp_path, name, f"{name},0,1")
    labels = read_labels(tmp_path, most=1)
    assert ([("3.csv", 0)], (2, "files of old labels not read, because 1 labels are held already")) == (
        list(labels.values),
        labels.notes[1],
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"id,row,label\n", "a.csv:1: the header is `id,row,label`; expected `request_id,row,label`"),
        (b"request_id,row,label\nx,0\n", "a.csv:2: 2 cells; expected 3: request_id, row, label"),
        (b"request_id,row,label\n\nx,one,1\n", "a.csv:3: row: `one` is not a whole number"),
        (b"request_id,row,label\nx,-1,1\n", "a.csv:2: row: `-1` is not a whole number"),
        (b"request_id,row,label\nx,0,1\n" + b'"x,0,1\n', "a.csv:3: not CSV: unexpected end of data"),
        (b"\xff\n", "a.csv: after line 0: not UTF-8: invalid start byte"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(tmp_path: Path, content: bytes, problem: str):
    """Every message says file, line and what was expected."""
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(UserError) as error:
        read_labels(tmp_path)
    assert [f"{tmp_path}/{problem}"] == error.value.problems


def test_all_problems_of_a_file_come_at_once(tmp_path: Path):
    """Two bad lines are two problems."""
    write(tmp_path, "a.csv", "x", "y,?,1", "z,0,1")
    with pytest.raises(UserError) as error:
        read_labels(tmp_path)
    assert 2 == len(error.value.problems)


def test_what_cannot_be_read_is_named(tmp_path: Path):
    """A folder where a file is expected is said so."""
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(UserError, match=r"a\.csv: cannot be read: Is a directory"):
        read_labels(tmp_path)


@pytest.mark.parametrize(
    ("first", "second"), [(1, "1"), (1, "1.0"), (True, "true"), (True, 1), (False, "0"), ("yes", " yes ")]
)
def test_one_answer_written_two_ways_is_equal(first: object, second: object):
    """JSON and CSV write numbers and booleans differently."""
    assert answer(first) == answer(second)


@pytest.mark.parametrize(("first", "second"), [(1, 0), ("yes", "no"), ("1", "1.5"), (None, "0")])
def test_different_answers_differ(first: object, second: object):
    """What is not the same answer is not equal."""
    assert answer(first) != answer(second)

"""Documents that people write: every problem at once, path first, never a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from components.base import Document, Tier
from components.errors import UserError
from pipelines.release.gate import GatePolicy
from pipelines.release.pin import Pin, Refused
from stacks.load import load, parse, parse_json, parse_yaml


class Cat(Document):
    flavor: Literal["cat"] = "cat"
    lives: int = Field(default=9, ge=1)


class Dog(Document):
    flavor: Literal["dog"] = "dog"
    tricks: list[str] = Field(default=[])

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.tricks == ["none"]:
            raise ValueError("tricks: `none` is no trick; leave it out")
        if self.tricks == ["all"]:
            raise ValueError("no dog knows all tricks")
        return self


class House(Document):
    name: str
    since: str | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="flavor")] = Cat()
    rooms: dict[str, Cat] = Field(default={})
    guests: list[Dog] = Field(default=[])
    floors: dict[Annotated[str, Field(pattern="^[a-z]+$")], int] = Field(default={})
    stables: dict[Annotated[str, Field(pattern="^[a-z]+$")], Dog] = Field(default={})
    tier: Tier = Tier.DEV

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.since == "never":
            raise ValueError("since: `never` is no year; leave it out")
        if self.since == "home":
            raise ValueError("a home is not its own year")
        return self


HOUSE = "name: home\n"
CASES: dict[str, tuple[str, list[str]]] = {
    "an unknown field": (HOUSE + "pets: {}", ["h.yaml: pets: unknown field; did you mean `pet`?"]),
    "an unknown field like no other": (
        HOUSE + "x: 1",
        ["h.yaml: x: unknown field; allowed: floors, guests, name, pet, rooms, since, stables, tier"],
    ),
    "a tag that is not allowed": (
        HOUSE + "pet: {flavor: cow}",
        ["h.yaml: pet.flavor: `cow` is not allowed; choose one of cat, dog"],
    ),
    "a field of a chosen flavor": (
        HOUSE + "pet: {flavor: cat, live: 2}",
        ["h.yaml: pet.live: unknown field; did you mean `lives`?"],
    ),
    "a value of a chosen flavor": (
        HOUSE + "pet: {flavor: cat, lives: 0}",
        ["h.yaml: pet.lives: `0`: input should be greater than or equal to 1"],
    ),
    "inside a mapping": (
        HOUSE + "rooms: {hall: {lives: many}}",
        ["h.yaml: rooms.hall.lives: `many`: input should be a valid integer"],
    ),
    "inside a list": (
        HOUSE + "guests: [{flavor: dog}, {flavor: dog, trick: []}]",
        ["h.yaml: guests.1.trick: unknown field; did you mean `tricks`?"],
    ),
    "all at once, sorted": (
        "since: 1\nrooms: {a: {lives: 0}}\nzoo: 1",
        [
            "h.yaml: name: missing; add it",
            "h.yaml: rooms.a.lives: `0`: input should be greater than or equal to 1",
            "h.yaml: since: `1` is not text; write it in quotes",
            "h.yaml: zoo: unknown field; allowed: floors, guests, name, pet, rooms, since, stables, tier",
        ],
    ),
    "a long value": (f"name: [{'a' * 99}]", [f"h.yaml: name: `['{'a' * 55}...`: input should be a valid string"]),
    "a truth value": ("name: true", ["h.yaml: name: `True` is not text; write it in quotes"]),
    "a version without quotes": (HOUSE + "since: 1.30", ["h.yaml: since: `1.3` is not text; write it in quotes"]),
    "a tier without quotes": (HOUSE + "tier: 1", ["h.yaml: tier: `1` is not text; write it in quotes"]),
    "nothing behind a field": (
        "name:\npet:\nguests: [~]\nrooms: {a: {lives: ~}}\ntier: ~",
        [f"h.yaml: {path}: empty; give it a value" for path in ("guests.0", "name", "pet", "rooms.a.lives", "tier")],
    ),
    "a tag left out": (HOUSE + "pet: {}", ["h.yaml: pet.flavor: missing; choose one of cat, dog"]),
    "inside a mapping with fixed names": (
        HOUSE + "stables: {east: {trick: []}}",
        ["h.yaml: stables.east.trick: unknown field; did you mean `tricks`?"],
    ),
    "a field of a model that says it together": (
        HOUSE + "since: never",
        ["h.yaml: since: `never` is no year; leave it out"],
    ),
    "a model as a whole": (HOUSE + "since: home", ["h.yaml: a home is not its own year"]),
    "a field of a model inside that says it together": (
        HOUSE + "pet: {flavor: dog, tricks: [none]}\nguests: [{tricks: [none]}]",
        [f"h.yaml: {path}.tricks: `none` is no trick; leave it out" for path in ("guests.0", "pet")],
    ),
    "a model inside as a whole": (
        HOUSE + "pet: {flavor: dog, tricks: [all]}",
        ["h.yaml: pet: no dog knows all tricks"],
    ),
    "a text for a model": (HOUSE + "guests: [rex]", ["h.yaml: guests.0: `rex`: input should be an object"]),
    "a key that does not fit": (
        HOUSE + "floors: {Attic: 1}",
        ["h.yaml: floors.Attic: `Attic`: string should match pattern '^[a-z]+$'"],
    ),
    "a number": ("name: 12", ["h.yaml: name: `12` is not text; write it in quotes"]),
    "a field twice": (HOUSE + "name: b", ["h.yaml: line 2: `name` is given twice"]),
    "a field twice inside": (HOUSE + "rooms:\n  a: {}\n  a: {}", ["h.yaml: line 4: `a` is given twice"]),
    "a key that is a list": ("? [a]\n: b", ["h.yaml: line 1: a key must be plain text"]),
    "a tag of Python": (
        "name: !!python/object:os.system x",
        ["h.yaml: line 1: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object:os.system'"],
    ),
    "a set": ("name: !!set {a}", ["h.yaml: holds what JSON cannot: Object of type set is not JSON serializable"]),
    "a circle": ("name: &a [*a]", ["h.yaml: holds what JSON cannot: Circular reference detected"]),
    "a tag that lies": ("name: !!int x", ["h.yaml: not YAML: invalid literal for int() with base 10: 'x'"]),
    "an unknown anchor": ("name: *a", ["h.yaml: line 1: found undefined alias 'a'"]),
    "two documents": ("name: a\n---\nname: b", ["h.yaml: line 2: but found another document"]),
    "nothing": ("", ["h.yaml: expected a mapping of fields, found `None`"]),
    "a text": ("home", ["h.yaml: expected a mapping of fields, found `'home'`"]),
    "a control character": (
        "name: \0",
        [
            "h.yaml: not YAML: unacceptable character #x0000: special characters are not allowed "
            'in "<byte string>", position 6'
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_with_a_document(name: str) -> None:
    """Each problem is one line: file, path as typed (no union tags), value, what to do."""
    text, problems = CASES[name]

    with pytest.raises(UserError) as caught:
        parse(text.encode(), House, "h.yaml")

    assert problems == caught.value.problems


MEANT: dict[str, object] = {
    "on": "on",
    "yes": "yes",
    "NO": "NO",
    "y": "y",
    "true": True,
    "False": False,
    "2026-11-21": "2026-11-21",
    "2026-11-21 10:00:00": "2026-11-21 10:00:00",
    "1.10": 1.1,
    "'1.10'": "1.10",
    "~": None,
    "null": None,
    "1e3": "1e3",
    "{a: 1, <<: {b: 2}}": {"a": 1, "b": 2},
}


@pytest.mark.parametrize("text", MEANT)
def test_yaml_as_people_mean_it(text: str) -> None:
    """`on` and `no` are texts, and dates stay as they were typed."""
    assert MEANT[text] == parse_yaml(text, "x.yaml")


JSON = {
    '{"a": 1, "a": 2}': "x.json: not JSON: `a` is given twice",
    '{"b": {"a": 1, "a": 2}}': "x.json: not JSON: `a` is given twice",
    "NaN": "x.json: not JSON: NaN is not a number that JSON can hold",
    '{"a": -Infinity}': "x.json: not JSON: -Infinity is not a number that JSON can hold",
    "": "x.json: not JSON: Expecting value: line 1 column 1 (char 0)",
    "{'a': 1}": "x.json: not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
}


@pytest.mark.parametrize("text", JSON)
def test_what_is_not_json(text: str) -> None:
    """Duplicate keys, NaN and infinity are refused where they stand."""
    with pytest.raises(UserError) as caught:
        parse_json(text, "x.json")

    assert [JSON[text]] == caught.value.problems


def test_a_number_out_of_range_is_not_a_number() -> None:
    """JSON has no infinity, but a number may be written that no float can hold."""
    with pytest.raises(UserError, match="release: `inf`: input should be a valid integer"):
        parse(b'{"release": 1e999}', Pin, "pin.json")


def test_nesting_has_an_end() -> None:
    """What is nested too deep is not a document, in either language."""
    for name in ("x.yaml", "x.json"):
        with pytest.raises(UserError, match="maximum recursion depth"):
            parse(b"[" * 100_000, House, name)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    """The operating system's reason, after the name that the person knows."""
    with pytest.raises(UserError) as caught:
        load(tmp_path / "gone.yaml", House, "gone.yaml")

    assert ["gone.yaml: cannot be read: No such file or directory"] == caught.value.problems


TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=10)


@given(TEXTS)
def test_a_text_survives_yaml(text: str) -> None:
    """What we write as YAML is what we read: digits, `on` and dates included."""
    written = yaml.safe_dump({"name": text})

    assert text == parse(written.encode(), House, "h.yaml").name


@given(
    st.binary(max_size=60), st.sampled_from([House, Pin, Refused, GatePolicy]), st.sampled_from(["x.yaml", "x.json"])
)
def test_no_bytes_are_a_bug(content: bytes, model: type[Document], where: str) -> None:
    """Any bytes are a document or a user error whose lines begin with the file."""
    problems: list[str] = []
    try:
        parse(content, model, where)
    except UserError as error:
        problems = error.problems

    assert [] == [line for line in problems if not line.startswith(f"{where}: ") or "\n" in line]

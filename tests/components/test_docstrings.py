"""What the docstrings below fields say, as schemas show it."""

from __future__ import annotations

from pydantic import Field, create_model

from components.base import Document
from components.docstrings import docstrings


class Home(Document):
    """A place."""

    rooms: int
    """How many
    there are."""
    colour: str

    class Garden(Document):
        """Beside it."""

        trees: int
        """Big ones."""


class Castle(Home):
    """A larger one."""

    rooms: int = 99
    """Most of them cold."""
    towers: int
    """With flags."""
    garden: Home.Garden
    """Behind the wall."""
    moat: int = Field(description="Of water.")
    """Around it."""


def test_fields_are_described_by_the_class_that_writes_them_last() -> None:
    """What is inherited keeps its text, what is not documented has none, and a nested class is one of its own."""
    assert {"rooms": "How many\nthere are."} == docstrings(Home)
    assert {
        "rooms": "Most of them cold.",
        "towers": "With flags.",
        "garden": "Behind the wall.",
        "moat": "Around it.",
    } == docstrings(Castle)
    assert {"trees": "Big ones."} == docstrings(Home.Garden)


def test_a_class_in_a_function_and_one_without_source_are_read_too() -> None:
    """Nothing is said of what nobody wrote down."""

    class Hut(Document):
        rooms: int
        """One."""

    assert {"rooms": "One."} == docstrings(Hut)
    assert {} == docstrings(create_model("Made", __base__=Document, __module__="builtins", rooms=(int, 1)))


def test_a_schema_says_it() -> None:
    """Also where the field refers to another document; what a field says itself goes first."""
    fields = Castle.model_json_schema()["properties"]
    assert ["Most of them cold.", None, "With flags.", "Behind the wall.", "Of water."] == [
        fields[name].get("description") for name in ("rooms", "colour", "towers", "garden", "moat")
    ]

"""Errors that a person can act on."""

from __future__ import annotations

import pytest

from components.errors import Blocked, UserError, allowed_fields, closest


def test_a_block_is_told_from_wrong_input() -> None:
    """A gate that says no exits with 4, input that cannot be used with 1."""
    assert [1, 4] == [kind("no").exit_code for kind in (UserError, Blocked)]


@pytest.mark.parametrize(
    ("word", "told"),
    [("stagin", "; did you mean `staging`?"), ("qa", ""), ("", "")],
)
def test_the_nearest_word_is_suggested(word: str, told: str) -> None:
    """A slip of the finger gets a suggestion, anything else none."""
    assert told == closest(word, ["dev", "prod", "staging"])


def test_allowed_fields_are_listed_in_order() -> None:
    """Without a near field, all are named; of no fields there is nothing to say."""
    assert "; allowed: a, b" == allowed_fields(["b", "a"])
    assert "" == allowed_fields([])

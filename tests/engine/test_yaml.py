"""Our reader of stack files and Pulumi's own agree on what people write."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import yaml

from stacks.load import parse_yaml
from tests.harness.engine.stack import Engine

NEW = "\n"
TABLE = r"""
  switch: on
  answers: [on, off, yes, no, y, n, true, false, True, FALSE]
  day: 2026-11-21
  moment: 2026-11-21T10:00:00Z
  minor: 1.30
  exponent: 1e3
  big: 123456789012345678
  octal: 0o17
  old_octal: 017
  hex: 0x1F
  underscores: 1_000
  clock: 12:30
  base_sixty: 1:30:45
  nothing: ~
  word_null: null
  empty:
  empty_text: ""
  quoted: ["1.30", "0x1F", "on", "~", "2026-11-21"]
  account: "012345678901"
  nested: [[1, [2, {deep: [3]}]], []]
  unicode: grün ✓ 日本
  escaped: "tab\there é"
  folded: >-
    one
    line
  kept: |
    two
    lines
  minus: -0
  plus: +5
  dotted.key: {a.b: 1}
  merged: {<<: {a: 1}, b: 2}
"""
"""One key for each value that YAML readers are known to disagree on."""

DIFFERENT: dict[str, tuple[Any, Any]] = {
    "day": ("2026-11-21 00:00:00 +0000 UTC", "2026-11-21"),
    "moment": ("2026-11-21 10:00:00 +0000 UTC", "2026-11-21T10:00:00Z"),
    "exponent": (1000, "1e3"),
    "octal": (15, "0o17"),
    "clock": ("12:30", 750),
    "base_sixty": ("1:30:45", 5445),
}
"""Key -> what Pulumi's reader makes of it, and ours. Specs are strict, so one of the two is refused, but for dates:
those have to be quoted."""

ALONE = """
  values:flag: true
  values:number: 30
  values:minor: 1.30
  values:word: on
  values:day: 2026-11-21
"""
"""Values that are not inside of a structure."""

ALONE_READ = {"flag": "true", "number": "30", "minor": "1.3", "word": "on", "day": "2026-11-21 00:00:00 +0000 UTC"}
"""The same as the program gets them: all of them are text. So specs stand inside of one structure."""

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def read(small: Callable[[], Engine]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str | None]]:
    """The table by Pulumi's reader, the table by ours, and what stands alone by Pulumi's."""
    engine = small()
    text = f"config:\n  pulumi:disable-default-providers: ['*']{ALONE}  values:table:{TABLE.replace(NEW, NEW + '  ')}"
    engine.stack_file.write_text(text)
    theirs: dict[str, Any] = {}
    alone: dict[str, str | None] = {}

    def program() -> None:
        config = pulumi.Config("values")
        theirs.update(config.require_object("table"))
        alone.update({name: config.get(name) for name in ALONE_READ})

    engine.preview(program)
    return theirs, parse_yaml(text, "Pulumi.test.yaml")["config"]["values:table"], alone


@pytest.mark.parametrize("key", yaml.compose(TABLE).value, ids=lambda node: node[0].value)
def test_a_value_is_read_alike(read: tuple[dict[str, Any], dict[str, Any], Any], key: tuple[yaml.Node, Any]) -> None:
    """What a plan offline reads is what `pulumi up` reads, the types included."""
    theirs, ours, _ = read
    name = key[0].value
    expected = DIFFERENT.get(name, (theirs.get(name), theirs.get(name)))

    assert json.dumps(expected) == json.dumps((theirs.get(name), ours.get(name)))


def test_nothing_of_the_table_is_lost(read: tuple[dict[str, Any], dict[str, Any], Any]) -> None:
    """Both readers know every key."""
    theirs, ours, _ = read

    assert set(theirs) == set(ours)
    assert set(DIFFERENT) < set(ours)


def test_values_that_stand_alone_arrive_as_text(read: tuple[Any, Any, dict[str, str | None]]) -> None:
    """Pulumi turns every value that is no structure into text, a date into a moment."""
    assert ALONE_READ == read[2]

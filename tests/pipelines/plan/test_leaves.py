"""Which inputs differ, and which paths an option names."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.plan.leaves import MISSING, covers, differences

CASES: dict[str, tuple[Any, Any, list[Any]]] = {
    "nothing": ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, []),
    "deep": ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, [("a[1].b", 2, 3)]),
    "added": ({}, {"a": 1}, [("a", MISSING, 1)]),
    "removed": ({"a": 1}, {}, [("a", 1, MISSING)]),
    "longer list": ({"a": [1]}, {"a": [1, 2]}, [("a", [1], [1, 2])]),
    "same document": ({"a": '{"x": 1, "y": 2}'}, {"a": '{"y":2,"x":1}'}, []),
    "other document": ({"a": '{"x": 1}'}, {"a": '{"x": 2}'}, [("a", '{"x": 1}', '{"x": 2}')]),
    "not a document": ({"a": "{x"}, {"a": "{y"}, [("a", "{x", "{y")]),
    "now a secret": ({"a": {"b": 1}}, {"a": {"secret": True}}, [("a", {"b": 1}, {"secret": True})]),
}


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=list(CASES))
def test_the_smallest_parts_are_named(before: Any, after: Any, expected: list[Any]) -> None:
    """A reader sees the one value that changed, not the object around it."""
    assert expected == list(differences(before, after))


COVERED = [
    ("scalingConfig.desiredSize", "scalingConfig.desiredSize", True),
    ("scalingConfig", "scalingConfig.desiredSize", True),
    ("scalingConfig.desiredSize", "scalingConfig", False),
    ("rules[*].id", "rules[3].id", True),
    ("rules[0]", "rules[1].id", False),
    ('tags["a.b"]', "tags", False),
    ("*", "anything[0].at.all", True),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), COVERED)
def test_an_option_names_a_path_and_all_below(pattern: str, path: str, *, expected: bool) -> None:
    """As the engine reads `ignore_changes` and `replace_on_changes`."""
    assert expected is covers(pattern, path)

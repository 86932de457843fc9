"""Recording does without some of the SDK's work, and registers the same."""

from __future__ import annotations

import gc
from contextlib import contextmanager

import pulumi
import pytest

from components import recording
from components.recording import record
from components.shortcuts import Elders

A = "acme:index:Thing"


def thing(name: str, **options: object) -> pulumi.CustomResource:
    """Make a resource."""
    return pulumi.CustomResource(A, name, {}, pulumi.ResourceOptions(**options))


def nested() -> None:
    """Register components inside each other whose children wait for other ones."""
    outer = pulumi.ComponentResource("acme:index:Outer", "outer")
    inner = pulumi.ComponentResource("acme:index:Inner", "inner", opts=pulumi.ResourceOptions(parent=outer))
    first = thing("first", parent=inner)
    second = thing("second", parent=outer, depends_on=[first])
    pulumi.CustomResource(A, "third", {"of": second.id}, pulumi.ResourceOptions(depends_on=[outer]))


def test_the_same_is_registered_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the SDK's own search finds is what is found without it."""

    @contextmanager
    def none():
        yield Elders()

    quick = record(nested)
    monkeypatch.setattr(recording, "shortcuts", none)

    assert quick == record(nested)
    assert ["first", "second"] == [urn.rpartition("::")[2] for urn in _third(quick).dependencies]


def _third(resources: list[recording.RecordedResource]) -> recording.RecordedResource:
    return next(item for item in resources if item.name == "third")


def waits_for_its_parent() -> None:
    """Make a resource wait for the component that it is part of."""
    owner = pulumi.ComponentResource("acme:index:Outer", "owner")
    thing("part", parent=owner, depends_on=[owner])


def waits_for_a_younger_one() -> None:
    """Make two resources wait for each other, the older one by a value that comes later."""
    late: list[pulumi.Resource] = []
    older = thing("older", depends_on=pulumi.Output.from_input(None).apply(lambda _: late))
    late.append(thing("younger", depends_on=[older]))


@pytest.mark.parametrize("program", [waits_for_its_parent, waits_for_a_younger_one])
def test_a_circle_is_still_found(program: object) -> None:
    """Two resources that wait for each other are an error, not a program that never ends."""
    with pytest.raises(RuntimeError, match="circular dependency"):
        record(program)


def test_garbage_is_collected_again_afterwards() -> None:
    """A program that fails leaves the collector as it was."""
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(ZeroDivisionError):
            record(lambda: 1 / 0)
        found = gc.isenabled()
        gc.enable()

        assert enabled is found

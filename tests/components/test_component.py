from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
import pytest

from components.base import Outputs, Spec
from components.component import Component
from tests.harness.recorded import Recorded, before, deploy


@dataclass(frozen=True, kw_only=True)
class BoxOutputs(Outputs):
    """What a box promises."""

    lid: pulumi.Output[str]
    """Its lid."""


class BoxSpec(Spec[BoxOutputs]):
    """A box."""

    flavor: Literal["box"] = "box"


class Box(Component[BoxOutputs]):
    """Two parts, of which the second waits for the first."""

    def __init__(self, name: str, *needs: Outputs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, BoxSpec(), opts, *needs)
        lid = pulumi.CustomResource("aws:test:Lid", f"{name}-lid", {}, self.child)
        pulumi.CustomResource(
            "aws:test:Body", f"{name}-body", {}, self.child_with(depends_on=[lid], protect=True, deleted_with=lid)
        )
        self.outputs = self.promise(BoxOutputs(lid=lid.id))


class Crate(Component[BoxOutputs]):
    """A box in a box."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, BoxSpec(), opts)
        self.outputs = self.promise(Box(f"{name}-inner", opts=self.child).outputs)


def names(urns: tuple[str, ...]) -> set[str]:
    """Return the names in URNs."""
    return {urn.rsplit("::", 1)[1] for urn in urns}


def two_boxes() -> Recorded:
    """A box that another one needs."""

    def program(opts: pulumi.ResourceOptions) -> None:
        below = Box("below", opts=opts)
        Box("above", below.outputs, opts=opts)

    return deploy(program)


def test_the_token_is_kind_and_class() -> None:
    """The token is public: it names the folder of the module and the class."""
    assert "stackwright:components:Box" in {item.type for item in two_boxes().resources}


def test_a_child_waits_for_every_child_of_each_need() -> None:
    """A value of one child says nothing of its siblings, so each child waits for all; its own siblings are added."""
    found = {f"{item.type.rsplit(':', 1)[1]} {item.name}": item for item in two_boxes().managed}

    assert {"Lid below-lid", "Body below-body"} == before(found, "Lid above-lid")
    assert {"Lid below-lid", "Body below-body", "Lid above-lid"} == before(found, "Body above-body")
    assert set[str]() == before(found, "Lid below-lid")


def test_nothing_is_said_twice() -> None:
    """Who waits for the last of a need waits for all of it; thousands of other edges would say the same."""
    graph = two_boxes()

    assert {"below-body"} == names(graph.all("Lid")["above-lid"].dependencies)
    assert {"below-body", "above-lid"} == names(graph.all("Body")["above-body"].dependencies)


def test_values_stay_plain() -> None:
    """What a component waits for is not in its values: a replaced sibling would replace every consumer."""
    assert [{}] * 4 == [dict(item.property_dependencies) for item in two_boxes().managed]


def test_options_of_a_child_are_its_own() -> None:
    """Protection is set on one child and does not spread to others."""
    graph = two_boxes()

    assert [True, True] == [item.protect for item in graph.all("Body").values()]
    assert [False, False] == [item.protect for item in graph.all("Lid").values()]


def test_options_of_the_caller_are_the_components() -> None:
    """A caller's parent is the component's, never a child's."""

    def program(opts: pulumi.ResourceOptions) -> None:
        Box("inner", opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(parent=Box("outer", opts=opts))))

    found = deploy(program).all("Lid")["inner-lid"]

    assert "stackwright:components:Box$stackwright:components:Box" == (found.parent or "").split("::")[2]


def test_what_a_component_is_made_of_is_ready_too() -> None:
    """The resources of a component inside of a component belong to both."""
    ready: list[int] = []

    deploy(lambda opts: ready.append(len(Crate("crate", opts).outputs.ready)))

    assert [2] == ready


def test_what_is_promised_is_registered() -> None:
    """The engine knows a component's outputs, without what is ready."""
    found = two_boxes().all("Box")["below"].outputs

    assert {"lid": "${aws:test:Lid::below-lid.id}"} == found


@pytest.mark.parametrize("options", [{"parent": None}, {"opts": None}])
def test_a_child_cannot_leave_home(options: dict[str, None]) -> None:
    """The parent of a child is not up for choice."""
    with pytest.raises(TypeError):
        deploy(lambda opts: Box("box", opts=opts).child_with(**options))

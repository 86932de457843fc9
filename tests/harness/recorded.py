"""Components, recorded one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi

from components.base import AwsPlace, Tier
from components.recording import RecordedResource, record

PLACES = {
    tier: AwsPlace(organization="acme", environment=tier.value, tier=tier, account="111122223333", region="eu-west-1")
    for tier in (Tier.DEV, Tier.STAGING, Tier.PROD)
}


class Recorded:
    """The resources of one program, by the last part of their type, and by name where there are several."""

    def __init__(self, resources: list[RecordedResource]) -> None:
        self.resources = resources

    def all(self, type_: str) -> dict[str, RecordedResource]:
        """Return the resources of a type by name."""
        return {item.name: item for item in self.resources if item.type.endswith(f":{type_}")}

    def __getitem__(self, type_: str) -> RecordedResource:
        (only,) = self.all(type_).values()
        return only

    @property
    def managed(self) -> list[RecordedResource]:
        """Return what providers manage."""
        return [item for item in self.resources if item.custom and not item.type.startswith("pulumi:")]


def deploy(program: Callable[[pulumi.ResourceOptions], object], **how: Any) -> Recorded:
    """Run a program to its end, with the options that a stack gives to its components, and return what it registers."""

    def whole() -> None:
        aws = pulumi.ProviderResource("aws", "aws", {})
        program(pulumi.ResourceOptions(providers=[aws]))

    return Recorded(record(whole, **how))


def statements(item: RecordedResource) -> dict[str, dict[str, Any]]:
    """Return the statements of a policy by their ids."""
    return {statement["Sid"]: statement for statement in json.loads(item.inputs["policy"])["Statement"]}

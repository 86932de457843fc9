"""Components, recorded one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from components.base import AwsPlace, Tier
from components.conformance.case import PACKAGES
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
        providers = [pulumi.ProviderResource(name, name, {}) for name in PACKAGES]
        program(pulumi.ResourceOptions(providers=providers))

    return Recorded(record(whole, **how))


def statements(item: RecordedResource) -> dict[str, dict[str, Any]]:
    """Return the statements of a policy by their ids."""
    return {statement["Sid"]: statement for statement in json.loads(item.inputs["policy"])["Statement"]}


def before(found: Mapping[str, RecordedResource], name: str) -> set[str]:
    """Return what one of some resources is made after, at once or through others, by their names here."""
    names = {item.urn: key for key, item in found.items()}
    seen: set[str] = set()
    left = [name]
    while left:
        new = {names[urn] for urn in found[left.pop()].dependencies if urn in names} - seen
        seen |= new
        left += new
    return seen

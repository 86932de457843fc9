"""Examples of specs, and stand-ins for what a component needs: what a conformance case is built from."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar, cast

import pulumi

from components.base import AwsPlace, Outputs, Place, Spec, Tier
from components.catalogue import AnySpec, component_class, flavor_of
from components.errors import UserError

AnyOutputs = TypeVar("AnyOutputs", bound=Outputs)

NOT_NEEDS = {"self", "name", "spec", "opts"}
STAND_IN = "standin:index:Resource"
"""Type of the resources that stand in for those of other components."""


def examples(spec: AnySpec) -> tuple[Spec[Any], ...]:
    """Return a spec with nothing but what is required, and one with every value that its fields give as examples.

    Of fields that exclude each other the first one has the first of them, and the second one the last.
    """
    shown = {name: field.examples[0] for name, field in spec.model_fields.items() if field.examples}
    tag = {"flavor": flavor_of(spec)}
    needed = [name for name, field in spec.model_fields.items() if field.is_required() and name not in tag]
    if bare := [name for name in needed if name not in shown]:
        raise UserError(f"{spec.__name__}.{name}: has no example; add `Field(examples=[...])`" for name in bare)
    choices = [name for name in spec.one_of if name in shown]
    required = {name: shown[name] for name in [*needed, *choices[:1]]}
    shown = {name: value for name, value in shown.items() if name not in choices[:-1]}
    minimal, full = (spec.model_validate_json(json.dumps(values | tag)) for values in (required, shown))
    return minimal, full


def example_place(tier: Tier = Tier.DEV, *, longest: bool = False, cloud: bool = True) -> Place:
    """Return a place of a tier; `longest` has the longest names that are allowed, `cloud` an account of AWS."""
    names = ("o" * 12, "e" * 12) if longest else ("acme", tier.value)
    place = Place(organization=names[0], environment=names[1], tier=tier)
    return AwsPlace(**dict(place), account="111122223333", region="eu-west-1") if cloud else place


def is_of_cloud(spec: AnySpec) -> bool:
    """Return whether a flavor is built in an account of AWS only."""
    return parameters(spec).get("place") != "Place"


def required_needs(spec: AnySpec) -> set[str]:
    """Return the needs that a flavor cannot do without, beside the place."""
    found = inspect.signature(component_class(spec).__init__).parameters.values()
    return {each.name for each in found if each.default is each.empty} - NOT_NEEDS - {"place"}


def parameters(spec: AnySpec) -> dict[str, str]:
    """Return the needs of a flavor, the place included, as its constructor says them: name and annotation."""
    found = inspect.signature(component_class(spec).__init__).parameters
    return {name: str(parameter.annotation) for name, parameter in found.items() if name not in NOT_NEEDS}


def contract_of(spec: AnySpec) -> type[Outputs]:
    """Return the outputs that a spec says its kind promises: `class S3Spec(Spec[ArtifactStoreOutputs])`."""
    for base in spec.__mro__:
        arguments = cast("Any", base).__pydantic_generic_metadata__["args"] if issubclass(base, Spec) else ()
        if arguments:
            return arguments[0]
    return Outputs


def stand_in(contract: type[AnyOutputs], name: str) -> AnyOutputs:
    """Make the outputs of a component that is not there: values of one resource, and a sibling to wait for."""
    source, sibling = (pulumi.CustomResource(STAND_IN, f"{name}-{part}") for part in ("source", "sibling"))
    hints = typing.get_type_hints(contract, localns=_NAMES)
    values = {
        field.name: _value(hints[field.name], f"{name}-{field.name}", source)
        for field in fields(contract)
        if field.name != "ready"
    }
    return contract(**values, ready=(source, sibling))


def needs_of(spec: AnySpec) -> dict[str, Outputs]:
    """Make a stand-in for each need of a flavor."""
    known = {contract.__name__: contract for contract in _contracts(Outputs)}
    names = {need: annotation.split("|")[0].strip() for need, annotation in parameters(spec).items()}
    return {need: stand_in(known[contract], need) for need, contract in names.items() if contract in known}


def _contracts(base: type[Outputs]) -> Iterator[type[Outputs]]:
    for contract in base.__subclasses__():
        yield contract
        yield from _contracts(contract)


_NAMES = {
    "Mapping": Mapping,
    "Output": pulumi.Output,
    "ProviderResource": pulumi.ProviderResource,
    "Resource": pulumi.Resource,
    "Sequence": Sequence,
}


def _value(hint: Any, name: str, source: pulumi.CustomResource) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is pulumi.Output:
        plain = _value(arguments[0], name, source)
        return source.id.apply(lambda _: plain)
    if origin in (Sequence, tuple, list):
        return [_value(arguments[0], name, source)]
    if origin in (Mapping, dict):
        return {"one": _value(arguments[1], name, source)}
    if arguments:
        return _value(arguments[0], name, source)
    return {bool: True, int: 1}.get(hint, name)

"""What a person writes for an environment of any shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast, get_args

from pydantic import Field, ValidationInfo, field_validator

from components.base import Place, Spec
from components.catalogue import AnySpec, flavor_of, flavors, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stacks.stack_file import Flaw


class Environment(Place):
    """An environment, in the order of those that packages pass, made of the kinds of its shape."""

    foreign: ClassVar[str]
    """What is said of a flavor that exists, but not in this shape."""

    promotes_from: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=12)
    """The environment whose packages may be promoted here; none for the first one."""

    @field_validator("promotes_from")
    @classmethod
    def _not_itself(cls, source: str | None, info: ValidationInfo) -> str | None:
        if source is not None and source == info.data.get("environment"):
            raise ValueError("an environment cannot promote from itself; name the one before it")
        return source


def foreign_flavors(value: Any, model: type[Environment]) -> Iterator[Flaw]:
    """Yield the flavors of a stack file that exist, but not in its shape."""
    for name, field in model.model_fields.items():
        own = tuple(_specs_in(field.annotation))
        if not own:
            continue
        known = {flavor_of(spec) for spec in flavors() if kind_of(spec) == kind_of(own[0])}
        ours = sorted({flavor_of(spec) for spec in own})
        for path, flavor in _written(name, _fields(value).get(name)):
            if flavor in known and flavor not in ours:
                yield path, f"`{flavor}` {model.foreign}; choose one of {', '.join(ours)}"


def _written(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield path and flavor of a kind, or of each by name where there are several."""
    fields = _fields(value)
    if "flavor" in fields:
        yield f"{name}.flavor", fields["flavor"]
    else:
        yield from ((f"{name}.{each}.flavor", _fields(item).get("flavor")) for each, item in fields.items())


def _specs_in(hint: Any) -> Iterator[AnySpec]:
    if isinstance(hint, type) and issubclass(hint, Spec):
        yield cast("AnySpec", hint)
    for argument in get_args(hint):
        yield from _specs_in(argument)


def _fields(value: Any) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}

"""Models that people fill in, with the flavors of other installed packages in their kinds."""

from __future__ import annotations

import types
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Field, create_model

from components.base import Spec
from components.catalogue import OURS, AnySpec, flavors, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

Model = TypeVar("Model", bound=BaseModel)

_UNION: Any = Union
_CONTAINERS: frozenset[Any] = frozenset({dict, list, tuple})


def with_own_flavors(model: type[Model]) -> type[Model]:
    """Return a model whose kinds take the flavors of every installed package.

    The unions of the contracts name ours only: for type checkers, and for the JSON Schema that editors read. Where
    nothing else is installed the model itself is returned, otherwise a subclass with wider unions.
    """
    return _widened_model(model, tuple(spec for spec in flavors() if spec not in OURS))


@cache
def _widened_model(model: type[Model], joined: tuple[AnySpec, ...]) -> type[Model]:
    wider = {name: (_widened(field.annotation, joined), field) for name, field in model.model_fields.items()}
    changed: dict[str, Any] = {
        name: (hint, field) for name, (hint, field) in wider.items() if hint != model.model_fields[name].annotation
    }
    return create_model(model.__name__, __base__=model, __module__=model.__module__, **changed) if changed else model


def _widened(hint: Any, joined: Sequence[AnySpec]) -> Any:
    """Add flavors of the same kind to each spec or union of specs inside an annotation."""
    origin: Any = get_origin(hint)
    arguments = get_args(hint)
    if _is_spec(hint):
        return _any_of([hint], joined)
    if origin in (Union, types.UnionType):
        specs = [option for option in arguments if _is_spec(option)]
        others = [_widened(option, joined) for option in arguments if not _is_spec(option)]
        return _UNION[(*([_any_of(specs, joined)] if specs else []), *others)]
    if origin is Annotated:
        return Annotated[(_widened(arguments[0], joined), *arguments[1:])]
    if origin in _CONTAINERS:
        return origin[tuple(_widened(argument, joined) for argument in arguments)]
    return hint


def _is_spec(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Spec)


def _any_of(specs: Sequence[AnySpec], joined: Sequence[AnySpec]) -> Any:
    kin = [spec for spec in joined if kind_of(spec) == kind_of(specs[0])]
    union = _UNION[(*specs, *kin)]
    return Annotated[union, Field(discriminator="flavor")] if kin else union

"""The shape of a document: which kinds it has, by its field `shape`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.base import Document

Model = TypeVar("Model", bound="Document")

DEFAULT = "aws"
"""The shape of a document that names none."""


def of_shape(value: Any, models: Mapping[str, type[Model]], where: str) -> type[Model]:
    """Return the model of a document by the shape that it names.

    Args:
        value: The document, of which nothing else has to be right.
        models: Shape -> model.
        where: The file, for messages.
    """
    shape = cast("dict[str, Any]", value).get("shape", DEFAULT) if isinstance(value, dict) else DEFAULT
    model = models.get(shape) if isinstance(shape, str) else None
    if model is None:
        raise UserError(f"{where}: shape: `{shape}` is not a shape; choose one of {', '.join(sorted(models))}")
    return model

"""What the fields of documents mean: the docstrings below them, read when somebody asks.

pydantic can do it, too (`use_attribute_docstrings`), but looks for the source of each class while that is made: a third
of the time in which our models are imported, by commands that show none of it.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import sys
from collections.abc import Iterator

from pydantic import BaseModel


def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstring of each field of a model, also of those that it inherits."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        found |= _classes(base.__module__).get(base.__qualname__, {})
    return found


@functools.cache
def _classes(module: str) -> dict[str, dict[str, str]]:
    """Return the docstrings of all classes of a module by qualified name; nothing where it has no source."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError):
        return {}
    return {name: dict(_below(item.body)) for name, item in _found(tree, "")}


def _found(place: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for item in ast.iter_child_nodes(place):
        inside = prefix
        if isinstance(item, ast.ClassDef):
            yield prefix + item.name, item
            inside = f"{prefix}{item.name}."
        elif isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = f"{prefix}{item.name}.<locals>."
        yield from _found(item, inside)


def _below(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, text in itertools.pairwise(body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                yield name, inspect.cleandoc(said)
            case _:
                pass

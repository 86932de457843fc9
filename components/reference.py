"""The tables of the READMEs, made from the specs: `python -m components.reference` writes them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from components.base import Outputs
from components.catalogue import OURS, AnySpec, component_class, flavor_of, kind_of
from components.conformance import Case
from components.conformance.rules import documentation
from components.conformance.standins import contract_of, examples

BEGIN, END = "<!-- made from the specs: python -m components.reference -->", "<!-- end -->"
ROOT = Path(__file__).parent


def fresh(kind: str, text: str) -> str:
    """Return a README with the tables of its kind made again."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(kind)}\n{END}{after}"


def tables(kind: str) -> str:
    """Return what a kind promises, and what each of its flavors takes and makes."""
    specs = [spec for spec in OURS if kind_of(spec) == kind]
    parts = [promises(contract_of(specs[0])), *(flavor_section(spec) for spec in specs)]
    return "\n".join(parts)


def promises(contract: type[Outputs]) -> str:
    """Return the outputs of a kind as a table."""
    told = documentation(contract)
    rows = [(f"`{field.name}`", _cell(told[field.name])) for field in fields(contract) if field.name != "ready"]
    return f"## What it promises\n\n{_table(('output', 'meaning'), rows)}"


def flavor_section(spec: AnySpec) -> str:
    """Return one flavor: its fields, and the resources of its example."""
    _, _, more = (component_class(spec).__doc__ or "").partition("\n\n")
    title = f"## `{flavor_of(spec)}`\n\n{_cell(f'{spec.__doc__} {more}')}\n"
    made = Counter(item.type for item in Case(examples(spec)[1]).built().managed)
    rows = [(f"`{type_}`", str(number)) for type_, number in sorted(made.items())]
    resources = f"With the examples above it makes:\n\n{_table(('resource', 'number'), rows)}" if rows else ""
    return "\n".join(part for part in (title, _table(_HEADS, list(_fields(spec))), resources) if part)


_HEADS = ("field", "type", "default", "example", "meaning")


def _fields(spec: AnySpec) -> Iterator[tuple[str, ...]]:
    schema = spec.model_json_schema()
    for name, field in schema["properties"].items():
        if name == "flavor":
            continue
        shown = f"`{json.dumps(field['examples'][0])}`" if "examples" in field else ""
        default = "" if "default" not in field else f"`{json.dumps(field['default'])}`"
        required = name in schema.get("required", [])
        told = "required" if required else default
        yield f"`{name}`", _type(field), told, shown, _cell(field["description"])


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return f"`{field['$ref'].rsplit('/', 1)[1]}`"
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    words = {"array": "list", "object": "mapping", "string": "text", "integer": "number", "boolean": "true or false"}
    told = words.get(str(field.get("type")), "nothing")
    low, high = field.get("minimum"), field.get("maximum")
    return told if low is None else f"{told}, {low} to {high}" if high is not None else f"{told}, at least {low}"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) if rows else ""


def _cell(text: str | None) -> str:
    return re.sub(r"\s+", " ", (text or "").replace("|", "\\|")).strip()


def main() -> None:
    """Write the tables of every kind that has a README."""
    for path in sorted(ROOT.glob("*/README.md")):
        path.write_text(fresh(path.parent.name, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

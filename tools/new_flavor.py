"""Write a starting point for a flavor that keeps every rule: `python tools/new_flavor.py KIND NAME`.

The new flavor promises what its spec says, and makes nothing. Spec, component, row, test and README are written
together or not at all. Which shape takes it is for its author to say.
"""

from __future__ import annotations

import ast
import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from components.catalogue import OURS, AnySpec, component_class, flavor_of, kind_of
from components.conformance.rules import documentation
from components.conformance.standins import contract_of, parameters
from components.errors import UserError, closest

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
AFTERWARDS = (
    ["ruff", "check", "-q", "--select", "F401,I", "--fix"],
    ["ruff", "format", "-q"],
)
"""Commands that get the files that were written."""
GENERATED = ("components.reference", "stacks.schemas")
"""Modules that write what is made from the specs."""
EXAMPLES = {"str": '"{}"', "int": "1", "dict[str, str]": '{{"one": "{}"}}', "dict[str, int]": '{{"{}": 1}}'}
"""Type of a field -> an example of its value."""


@dataclass(frozen=True)
class NewFlavor:
    """A flavor that is about to be there, and another one of its kind to follow."""

    kind: str
    name: str
    sibling: AnySpec

    @property
    def spec(self) -> str:
        """Name of the class of its spec."""
        return f"{pascal(self.name)}Spec"

    @property
    def component(self) -> str:
        """Name of the class of its component: that of the sibling, with another beginning."""
        other = component_class(self.sibling).__name__
        return pascal(self.name) + (other.removeprefix(pascal(flavor_of(self.sibling))) or pascal(self.kind))

    @property
    def contract(self) -> str:
        """Name of the class of what the kind promises."""
        return contract_of(self.sibling).__name__

    @property
    def words(self) -> str:
        """The kind in words."""
        return self.kind.replace("_", " ")


def pascal(name: str) -> str:
    """Return a name as classes are called."""
    return "".join(part.title() for part in name.split("_"))


def checked(kind: str, name: str) -> NewFlavor:
    """Return the flavor to write, or say why there can be none."""
    taken = {(kind_of(spec), flavor_of(spec)): spec for spec in OURS}
    kinds = sorted({each for each, _ in taken})
    problems: list[str] = []
    if kind not in kinds:
        told = closest(kind, kinds) or f"; choose one of {', '.join(kinds)}"
        problems.append(f"KIND: `{kind}` is no kind{told}")
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name == "contract":
        problems.append(f"NAME: `{name}` cannot name a flavor; write it like `rds_postgres`")
    elif (kind, name) in taken or (ROOT / "components" / kind / f"{name}.py").exists():
        problems.append(f"NAME: `{name}` is taken in {kind}; choose another")
    if problems:
        raise UserError(problems)
    existing = taken.get((kind, "existing"))
    return NewFlavor(kind, name, existing or next(spec for spec in OURS if kind_of(spec) == kind))


def files(new: NewFlavor) -> dict[Path, str]:
    """Return every file to write, by its path."""
    folder = ROOT / "components" / new.kind
    contract, catalogue = folder / "contract.py", ROOT / "components" / "catalogue.py"
    return {
        contract: contract_with(new, contract.read_text(encoding="utf-8")),
        catalogue: catalogue_with(new, catalogue.read_text(encoding="utf-8")),
        folder / f"{new.name}.py": component_text(new),
        ROOT / "tests" / "components" / new.kind / f"test_{new.name}.py": test_text(new),
    }


def contract_with(new: NewFlavor, text: str) -> str:
    """Add the spec before the union of the kind, and to it."""
    union = [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and new.sibling.__name__ in ast.unparse(node.value)
    ][-1]
    lines = text.splitlines(keepends=True)
    written = "".join(lines[union.lineno - 1 : union.end_lineno])
    name, _, value = written.partition(" = ")
    if value.startswith("Annotated["):
        wider = written.replace(", Field(discriminator", f" | {new.spec}, Field(discriminator")
    else:
        wider = f'{name} = Annotated[{value.strip()} | {new.spec}, Field(discriminator="flavor")]\n'
    lines[union.lineno - 1 : union.end_lineno] = [spec_text(new), "\n\n", wider]
    needed = {"typing": {"Annotated", "Literal"}, "pydantic": {"Field"}}
    return "".join(import_line(line, needed) for line in lines)


def import_line(line: str, needed: Mapping[str, set[str]]) -> str:
    """Add names to a line that imports from one of some modules."""
    found = re.fullmatch(r"from (\w+) import ([\w, ]+)\n", line)
    if not found or found[1] not in needed:
        return line
    return f"from {found[1]} import {', '.join(sorted({*found[2].split(', '), *needed[found[1]]}))}\n"


def spec_text(new: NewFlavor) -> str:
    """Return the spec: a field for each output."""
    told = f"The `{new.name}` flavor of {new.words}, as somebody describes it."
    head = f'class {new.spec}(Spec[{new.contract}]):\n    """{told}"""\n\n'
    return head + f'    flavor: Literal["{new.name}"] = "{new.name}"\n' + "".join(_fields(new))


def _fields(new: NewFlavor) -> Iterator[str]:
    told = documentation(contract_of(new.sibling))
    for name, hint in promised(new).items():
        example = EXAMPLES.get(hint.removesuffix(" | None"), '[{{"one": "{}"}}]').format(name.replace("_", "-"))
        default = "default=None, " if hint.endswith(" | None") else ""
        text = re.sub(r"\s+", " ", told[name]).strip()
        body = textwrap.wrap(f'"""{text}"""', 116, break_long_words=False, break_on_hyphens=False)
        yield f"    {name}: {hint} = Field({default}examples=[{example}])\n" + "".join(f"    {line}\n" for line in body)


def promised(new: NewFlavor) -> dict[str, str]:
    """Return the outputs of the kind, and the type of the plain value of each."""
    hints = {each.name: str(each.type) for each in fields(contract_of(new.sibling)) if each.name != "ready"}
    return {
        name: "dict[str, str]" if hint.startswith("Mapping") else hint.removeprefix("Output[").removesuffix("]")
        for name, hint in hints.items()
    }


def catalogue_with(new: NewFlavor, text: str) -> str:
    """Add the row, where it belongs in the order of the rows."""
    row = f'    {new.kind}.{new.spec}: "components.{new.kind}.{new.name}:{new.component}",\n'
    head, begin, rest = text.partition("OURS: Mapping[AnySpec, str] = {\n")
    rows, end, tail = rest.partition("}\n")
    return head + begin + "".join(sorted([*rows.splitlines(keepends=True), row])) + end + tail


def component_text(new: NewFlavor) -> str:
    """Return the component: it promises what its spec says."""
    needs = parameters(new.sibling)
    arguments = [f"{argument}," + ("" if "Outputs" in argument else "  # noqa: ARG002") for argument in signature(new)]
    handed = ["name", "spec", "opts", *(name for name, hint in needs.items() if "Outputs" in hint)]
    kept = dict(imports(new))
    types = "\n".join(
        sorted({kept[word] for hint in needs.values() for word in re.findall(r"\w+", hint) if word in kept})
    )
    promises = "".join(f"{name}={_value(new, name)},\n" for name in promised(new))
    return f'''"""The `{new.name}` flavor of {new.words}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.{new.kind}.contract import {new.contract}, {new.spec}
from components.component import Component

if TYPE_CHECKING:
    from pulumi import ResourceOptions
{textwrap.indent(types, "    ")}


class {new.component}(Component[{new.contract}]):
    """The promises of its spec; no resources."""

    def __init__(
        self,
        name: str,
        spec: {new.spec},
        *,
{textwrap.indent(chr(10).join(arguments), "        ")}
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__({", ".join(handed)})
        self.outputs = self.promise({new.contract}(
{textwrap.indent(promises, "            ")}        ))
'''


def _value(new: NewFlavor, name: str) -> str:
    field = next(each for each in fields(contract_of(new.sibling)) if each.name == name)
    if str(field.type).startswith("Mapping"):
        return f"{{key: Output.from_input(value) for key, value in sorted(spec.{name}.items())}}"
    if not str(field.type).startswith("Output"):
        return f"spec.{name}"
    return f"Output.from_input(spec.{name})"


def source_of(new: NewFlavor) -> ast.Module:
    """Return the module of the sibling's component."""
    path = ROOT / Path(*component_class(new.sibling).__module__.split(".")).with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def signature(new: NewFlavor) -> Iterator[str]:
    """Yield the needs of the sibling as they are written, with their defaults."""
    made = component_class(new.sibling).__name__
    (owner,) = [node for node in source_of(new).body if isinstance(node, ast.ClassDef) and node.name == made]
    (start,) = [node for node in owner.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    for argument, default in zip(start.args.kwonlyargs, start.args.kw_defaults, strict=True):
        if argument.arg != "opts":
            yield ast.unparse(argument) + (f" = {ast.unparse(default)}" if default else "")


def imports(new: NewFlavor) -> Iterator[tuple[str, str]]:
    """Yield the names that the sibling imports beside those of Pulumi itself, and how."""
    for node in ast.walk(source_of(new)):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if node.module != "pulumi":
                    yield alias.name, f"from {node.module} import {alias.name}"


def test_text(new: NewFlavor) -> str:
    """Return its first test."""
    return f'''from __future__ import annotations

from components.conformance import Case
from components.conformance.standins import examples
from components.{new.kind}.contract import {new.spec}


def test_it_promises_what_was_written_and_makes_nothing() -> None:
    """What the spec says is passed on as it is."""
    for spec in examples({new.spec}):
        built = Case(spec).built()

        assert [] == built.managed
        assert spec.model_dump(exclude={{"flavor"}}, exclude_none=True) == dict(built.root.outputs)
'''


def write(planned: Mapping[Path, str]) -> None:
    """Write all files and what is made from the specs, or leave everything as it was."""
    made = [*ROOT.glob("components/*/README.md"), *ROOT.glob("stacks/schema/*.json")]
    before = {path: path.read_bytes() if path.exists() else None for path in [*planned, *made]}
    try:
        for path, text in planned.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for command in AFTERWARDS:
            subprocess.run([sys.executable, "-m", *command, *map(str, planned)], cwd=ROOT, check=True)
        for module in GENERATED:
            subprocess.run([sys.executable, "-m", module], cwd=ROOT, check=True)
    except BaseException:
        for path, content in before.items():
            path.unlink(missing_ok=True) if content is None else path.write_bytes(content)
        raise


def main(arguments: list[str]) -> int:
    """Write the flavor, and say what comes next."""
    try:
        kind, name = arguments
        new = checked(kind, name)
    except ValueError:
        sys.stderr.write("give both: make new-flavor KIND=artifact_store NAME=minio\n")
        return 1
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    planned = files(new)
    write(planned)
    for path in planned:
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    sys.stdout.write(
        f"next: give it resources, then pytest tests/components -k {name}; "
        "name it in the shapes that take it: stacks/environment/*spec.py, then python -m stacks.schemas\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

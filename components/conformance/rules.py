"""The rules, each a function whose docstring says what it asks."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from components.base import Document, Outputs, Tier
from components.catalogue import AnySpec, flavor_of, flavors, kind_of
from components.conformance.case import PACKAGES, STAND_IN, Case
from components.conformance.limits import STATEFUL, limits_of
from components.conformance.standins import contract_of, is_of_cloud, parameters, required_needs
from components.recording import Secret


def outputs_are_the_contract(case: Case) -> Iterator[str]:
    """The outputs are those of the kind, each of them is set, and all flavors promise the same."""
    built = case.built()
    contract = contract_of(type(case.spec))
    if type(built.component.outputs) is not contract or contract is Outputs:
        yield f"outputs are {type(built.component.outputs).__name__}; the spec says {contract.__name__}"
    for field in fields(contract):
        if getattr(built.component.outputs, field.name) is None and not str(field.type).endswith("| None"):
            yield f"{contract.__name__}.{field.name}: not set; `Output.from_input(None)` says that there is none"
    if extra := sorted(set(built.root.outputs) - {field.name for field in fields(contract)}):
        yield f"registers {extra}, which {contract.__name__} does not have; end with `self.promise(...)`"
    for other in _siblings(case):
        if contract_of(other) is not contract:
            yield f"{flavor_of(other)} promises {contract_of(other).__name__}, not {contract.__name__}"


def needs_are_the_same(case: Case) -> Iterator[str]:
    """A flavor takes what its siblings need, if the same program may build them."""
    own = type(case.spec)
    for other in _siblings(case):
        missing = sorted(required_needs(other) - parameters(own).keys())
        if missing and _built_alike(own, other):
            yield f"does not take {missing}, which {flavor_of(other)} needs"


def children_are_parented(case: Case) -> Iterator[str]:
    """Nothing that a component registers lies outside it."""
    built = case.built()
    inside = {item.urn for item in [built.root, *built.children]}
    for item in built.resources:
        given = item.type == STAND_IN or item.type.startswith("pulumi:")
        if item.urn not in inside and not given:
            yield f"{item.urn}: its parent is {item.parent}; make it `opts=self.child`"


def providers_are_explicit(case: Case) -> Iterator[str]:
    """Each resource has a provider, and of AWS and Kubernetes it is the one that was given."""
    for item in case.built().managed:
        package = item.type.split(":")[0]
        if package == "pulumi":
            continue
        if not item.provider:
            yield f"{item.urn}: no explicit provider"
        elif package in PACKAGES and f"::pulumi:providers:{package}::{package}::" not in item.provider:
            yield f"{item.urn}: not the provider that was given; make it `opts=self.child`"


def tags_reach_everything(case: Case) -> Iterator[str]:
    """The provider's tags are on all that is made: none is overridden, and machines get them from their template."""
    for item in case.built().managed:
        if overridden := sorted(TAGS & dict(item.inputs.get("tags") or {}).keys()):
            yield f"{item.urn}: tags: sets {overridden}; leave them to the provider"
        if item.type == "aws:ec2/launchTemplate:LaunchTemplate":
            told = {given["resourceType"]: given.get("tags", {}) for given in item.inputs.get("tagSpecifications", [])}
            for launched in ("instance", "volume"):
                if missing := sorted(TAGS - told.get(launched, {}).keys()):
                    yield f"{item.urn}: tagSpecifications: {launched}: lacks {missing}; no provider tags these"


def outputs_mean_ready(case: Case) -> Iterator[str]:
    """A consumer's children wait for every child of each need, and `ready` is every child of its own.

    Keys and secrets use no need, and wait for none: a destroy that may not delete them takes all the others.
    """
    built = case.built()
    for item in (made for made in built.managed if made.type not in DATA):
        if missing := built.needed - set(item.dependencies):
            yield f"{item.urn}: does not wait for {sorted(missing)}; make it `opts=self.child`"
    if len(built.component.outputs.ready) != len(built.managed):
        yield f"`ready` has {len(built.component.outputs.ready)} of {len(built.managed)} resources; promise last"


def fields_are_documented(case: Case) -> Iterator[str]:
    """Every field of the spec and of the outputs says what it means."""
    schema = type(case.spec).model_json_schema()
    for owner in [schema, *schema.get("$defs", {}).values()]:
        for name, field in owner.get("properties", {}).items():
            if name != "flavor" and not field.get("description"):
                yield f"{owner['title']}.{name}: no docstring under it"
    contract = contract_of(type(case.spec))
    for name in {field.name for field in fields(contract)} - documentation(contract).keys() - {"ready"}:
        yield f"{contract.__name__}.{name}: no docstring under it"
    for owner in (type(case.spec), type(case.built().component), contract):
        if not vars(owner).get("__doc__"):
            yield f"{owner.__name__}: no docstring"


def specs_need_no_provider(case: Case) -> Iterator[str]:
    """The module of a spec imports no provider, so that a command starts without one."""
    if found := providers_imported_by(type(case.spec).__module__):
        yield f"{type(case.spec).__module__} imports {found}"


def graphs_are_deterministic(case: Case) -> Iterator[str]:
    """Two runs of the same values register the same."""
    if case.built().resources != Case(case.spec, case.needs, case.cloud).built().resources:
        yield "two runs register different resources"


def unknown_values_are_fine(case: Case) -> Iterator[str]:
    """Before a first `up`, when what providers compute is unknown, the same resources are registered."""
    known, unknown = ({item.urn for item in case.built(preview=preview).resources} for preview in (False, True))
    for urn in known ^ unknown:
        yield f"{urn}: only {'known' if urn in known else 'unknown'} values register it"


def names_fit(case: Case) -> Iterator[str]:
    """Physical names keep the limits of the cloud, with the longest names of a place too."""
    for item in case.built().managed + case.built(Tier.PROD, longest=True).managed:
        for limit in limits_of(item.type):
            name = _at(item.inputs, limit.property)
            if isinstance(name, str) and "${" not in name and (problem := limit.refuses(name)):
                yield f"{item.urn}: {limit.property}: {problem}"


def secrets_are_marked(case: Case) -> Iterator[str]:
    """No password, token or private key is a plain input, a variable of a container or an entry of a Secret."""
    told = "a plain value; let the provider make it, or wrap it in `Output.secret`"
    for item in case.built().managed:
        whole = item.type == "kubernetes:core/v1:Secret"
        for path, value in _leaves(item.inputs, ""):
            entry = whole and path.startswith(("data.", "stringData."))
            if isinstance(value, str) and value and (entry or _SECRET_NAME.search(path)):
                yield f"{item.urn}: {path}: {told}"


def data_is_kept(case: Case) -> Iterator[str]:
    """What holds data is protected outside `dev`, and can go with a `dev` environment."""
    for tier in (Tier.DEV, Tier.STAGING, Tier.PROD):
        for item in case.built(tier, longest=tier is Tier.PROD).managed:
            if item.type not in STATEFUL:
                continue
            name, gone = STATEFUL[item.type]
            lost = item.inputs.get(name) == gone
            if item.protect == (tier is Tier.DEV) or lost != (tier is Tier.DEV):
                yield f"{item.urn}: in {tier.value} protect is {item.protect} and {name} {item.inputs.get(name)}"


def growth_changes_nothing_else(case: Case) -> Iterator[str]:
    """One more item in a list or mapping leaves the resources of its neighbours alone."""
    whole = case.built()
    types = Counter(item.type for item in whole.managed)
    by_urn = {item.urn: item for item in whole.managed}
    for smaller in _smaller(case):
        fewer = smaller.built()
        counted = Counter(item.type for item in fewer.managed)
        for item in fewer.managed:
            if types[item.type] > counted[item.type] and by_urn.get(item.urn) != item:
                yield f"{item.urn}: another item changes it; its name must not depend on a position"


DocumentT = TypeVar("DocumentT", bound=Document)

Rule = Callable[[Case], Iterator[str]]

RULES: tuple[Rule, ...] = (
    outputs_are_the_contract,
    needs_are_the_same,
    children_are_parented,
    providers_are_explicit,
    tags_reach_everything,
    outputs_mean_ready,
    fields_are_documented,
    specs_need_no_provider,
    graphs_are_deterministic,
    unknown_values_are_fine,
    names_fit,
    secrets_are_marked,
    data_is_kept,
    growth_changes_nothing_else,
)
"""Every rule; its docstring says what it asks."""

TAGS = {"stackwright:environment", "stackwright:tier"}
"""What the provider of an environment puts on everything."""

DATA = frozenset({"aws:kms/key:Key", "aws:secretsmanager/secret:Secret"})
"""What holds data by itself, and is made by `Component.data`."""

_SECRET_NAME = re.compile(r"(?i)(password|secret_?string|private_?key|token|api_?key|secret_?key)$")


def documentation(owner: type) -> dict[str, str]:
    """Return the docstrings under the fields of a class, those of its bases included."""
    found = dict[str, str]()
    for base in reversed(owner.__mro__[:-1]):
        body = cast("ast.ClassDef", ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]).body
        for field, text in itertools.pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found[cast("ast.Name", field.target).id] = str(text.value.value)
    return found


def _built_alike(one: AnySpec, other: AnySpec) -> bool:
    """Return whether one program may build both: on AWS, in any cluster, or wherever nothing else is needed."""
    anywhere = (not is_of_cloud(spec) and not required_needs(spec) for spec in (one, other))
    return is_of_cloud(one) == is_of_cloud(other) or any(anywhere)


def _siblings(case: Case) -> list[AnySpec]:
    kind = kind_of(type(case.spec))
    return [other for other in flavors() if kind_of(other) == kind and other is not type(case.spec)]


def _smaller(case: Case) -> Iterator[Case]:
    for spec in _without_one(case.spec):
        with suppress(ValidationError):
            yield Case(type(spec).model_validate_json(spec.model_dump_json(exclude_none=True)), case.needs, case.cloud)


def _without_one(document: DocumentT) -> Iterator[DocumentT]:
    """Yield what a spec would be with one item less, in each of its lists and mappings, those inside others too."""
    for name, value in dict(document).items():
        if isinstance(value, Document):
            yield from (document.model_copy(update={name: smaller}) for smaller in _without_one(value))
        elif isinstance(value, tuple | dict) and len(cast("tuple[Any, ...]", value)) > 1:
            yield document.model_copy(update={name: _without_first(value)})


def _without_first(value: Any) -> object:
    return value[1:] if isinstance(value, tuple) else dict(list(value.items())[1:])  # pyright: ignore[reportUnknownVariableType]


def _at(inputs: Any, path: str) -> Any:
    """Return what lies at a path; nothing where there is no such way."""
    for name in path.split("."):
        inputs = cast("Mapping[str, Any]", inputs).get(name) if isinstance(inputs, Mapping) else None
    return inputs


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every plain value with its path; a variable of a container counts under its own name."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        for name, item in fields.items():
            named = str(fields["name"]) if name == "value" and "name" in fields else name
            yield from _leaves(item, f"{path}.{named}" if path else named)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _leaves(item, path)
    elif not isinstance(value, Secret):
        yield path, value


@cache
def providers_imported_by(module: str) -> list[str]:
    """Return the modules of Pulumi and its providers that importing a module imports."""
    asked = f"import sys, {module}; print(*sorted(name for name in sys.modules if name.startswith('pulumi')))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return done.stdout.split()

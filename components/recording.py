"""Run a program in memory and keep what it registers: no cloud, no login, no engine."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pulumi
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, settings
from pulumi.runtime.rpc import UNKNOWN
from pulumi.runtime.stack import Stack

from components.placeholders import placeholders
from components.shortcuts import Elders, shortcuts

STACK = "pulumi:pulumi:Stack"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret value on Pulumi's wire

__all__ = ["UNKNOWN", "RecordedResource", "Secret", "record"]

Answers = Mapping[str, Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]]]
"""Token of a provider's function -> its answer, or what computes the answer from the arguments."""


_to_the_end: Callable[[Callable[[], object]], Callable[[], None]] = cast("Any", pulumi.runtime).test
"""Pulumi's own way to run a function and then wait for every registration."""


@dataclass(frozen=True)
class Secret:
    """A value that an engine encrypts."""

    value: Any = field(repr=False)
    """The value itself: do not print it."""


@dataclass(frozen=True, kw_only=True)
class RecordedResource:
    """One registration as an engine gets it. Nothing is checked: two resources may have the same URN."""

    urn: str
    """Identity in the stack, with the types of all parents, as the engine makes it."""
    type: str
    """Type token: `aws:s3/bucket:Bucket`."""
    name: str
    """Logical name."""
    custom: bool
    """Whether a provider manages it; false for components and the stack."""
    parent: str | None = None
    """URN of the parent; none for the stack itself."""
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Plain values by their names on the wire; `Secret` marks a secret, `UNKNOWN` what a preview cannot know."""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What a component or the stack registered as its outputs."""
    dependencies: tuple[str, ...] = ()
    """URNs that it waits for, sorted: by its inputs and by `depends_on`."""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Input -> URNs that its value comes from."""
    provider: str | None = None
    """`<urn>::<id>` of the explicit provider; none where there is none."""
    providers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Package -> provider that the children of a component inherit."""
    protect: bool = False
    """Whether the engine refuses to delete it."""
    aliases: tuple[str, ...] = ()
    """Former identities: URNs, or the changed parts of one as JSON."""
    ignore_changes: tuple[str, ...] = ()
    """Inputs whose changes the engine leaves alone."""
    replace_on_changes: tuple[str, ...] = ()
    """Inputs whose changes replace it."""
    delete_before_replace: bool | None = None
    """Whether a replacement deletes first; none where the provider decides."""
    retain_on_delete: bool = False
    """Whether a deletion leaves the real thing alone."""
    deleted_with: str | None = None
    """URN whose deletion deletes it too."""
    version: str = ""
    """Release of the provider that is asked for."""
    read: bool = False
    """Whether it is only read (`Bucket.get`), not managed."""


def record(
    program: Callable[[], object],
    *,
    project: str = "stackwright",
    stack: str = "recorded",
    preview: bool = False,
    answers: Answers | None = None,
) -> list[RecordedResource]:
    """Run a program to its end and return what it registered, the stack included, sorted by URN.

    Values that only a provider knows are placeholders that say whose they are
    (`${aws:kms/key:Key::artifacts.arn}`); with `preview` they are unknown, as before a first `up`.

    Args:
        program: What `__main__.py` would run; it may export stack outputs.
        project: Name of the Pulumi project.
        stack: Name of the stack.
        preview: Whether what a provider computes is unknown.
        answers: What the provider's functions answer.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    noise = logging.getLogger("asyncio")
    before = noise.disabled
    noise.disabled = True
    try:
        settings.reset_options()
        with shortcuts() as elders:
            monitor = _Monitor(_Answering(answers or {}, preview=preview), elders)
            mocks.set_mocks(monitor.mocks, project, stack, preview, monitor=monitor)
            _to_the_end(lambda: _run(program, monitor))()
        return monitor.recorded()
    finally:
        settings.reset_options()
        loop.close()
        asyncio.set_event_loop(None)
        noise.disabled = before


def _run(program: Callable[[], object], monitor: _Monitor) -> None:
    pulumi.runtime.register_stack_transformation(monitor.note)
    program()
    root = settings.get_root_resource()
    if isinstance(root, Stack):
        root.register_outputs(root.outputs)


class _Answering(mocks.Mocks):
    """Answers for the providers: inputs come back, what a provider computes is a placeholder."""

    def __init__(self, answers: Answers, *, preview: bool) -> None:
        self.answers = answers
        self.preview = preview
        self.computed: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)
        if self.preview:
            return "", inputs
        computed = self.computed.get((args.typ, args.name), {})
        return args.resource_id or f"${{{args.typ}::{args.name}.id}}", _filled(inputs, computed)

    def note(self, made: pulumi.ResourceTransformationArgs) -> None:
        """Work out what a provider would compute, in the thread of the program.

        Answers are given in other threads, in which no module of an SDK must be loaded: they load lazily, and not by
        two threads at once.
        """
        if not self.preview:
            whose = f"{made.type_}::{made.name}"
            self.computed[made.type_, made.name] = placeholders(type(made.resource), whose)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        answer = self.answers.get(args.token, {})
        return dict(answer(cast("dict[str, Any]", args.args)) if callable(answer) else answer), []


def _filled(given: Any, computed: Any) -> Any:
    """Return inputs with what is computed beside them, inside nested values too: `vpcConfig` of a cluster."""
    if isinstance(given, dict) and isinstance(computed, dict):
        inputs, more = cast("dict[str, Any]", given), cast("dict[str, Any]", computed)
        return more | {name: _filled(value, more.get(name)) for name, value in inputs.items()}
    return cast("Any", given)


class _Monitor(mocks.MockMonitor):
    """Keeps every request, and names resources as the engine does."""

    def __init__(self, answering: _Answering, elders: Elders) -> None:
        super().__init__(answering)
        self._answering, self._elders = answering, elders
        self._kept: list[RecordedResource] = []
        self._outputs: dict[str, dict[str, Any]] = {}

    def note(self, made: pulumi.ResourceTransformationArgs) -> None:
        self._answering.note(made)
        self._elders.note(made.resource)

    def recorded(self) -> list[RecordedResource]:
        whole = [replace(kept, outputs=self._outputs.get(kept.urn, {})) for kept in self._kept]
        return sorted(whole, key=lambda kept: (kept.urn, repr(kept)))

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        above = parent.split("::")[2] if parent else STACK
        qualified = type_ if above == STACK else f"{above}${type_}"
        return f"urn:pulumi:{settings.get_stack()}::{settings.get_project()}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name on the wire
        urn = self.make_urn(request.parent, request.type, request.name)
        self._kept.append(_registered(urn, request))
        return cast("Any", super()).RegisterResource(request)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 - the name on the wire
        urn = self.make_urn(request.parent, request.type, request.name)
        self._kept.append(_read(urn, request))
        return cast("Any", super()).ReadResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Empty:  # noqa: N802 - the name on the wire
        self._outputs[request.urn] = _plain(MessageToDict(request.outputs))
        return Empty()


def _registered(urn: str, request: Any) -> RecordedResource:
    depends = {key: tuple(sorted(value.urns)) for key, value in request.propertyDependencies.items() if value.urns}
    return RecordedResource(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent or None,
        inputs=_plain(MessageToDict(request.object)),
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies=dict(sorted(depends.items())),
        provider=request.provider or None,
        providers=dict(sorted(request.providers.items())),
        protect=request.protect,
        aliases=tuple(request.aliasURNs) + tuple(_alias(alias) for alias in request.aliases),
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith or None,
        version=request.version,
    )


def _read(urn: str, request: Any) -> RecordedResource:
    return RecordedResource(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=True,
        parent=request.parent or None,
        inputs={"id": request.id, **_plain(MessageToDict(request.properties))},
        dependencies=tuple(sorted(request.dependencies)),
        provider=request.provider or None,
        version=request.version,
        read=True,
    )


def _alias(alias: Any) -> str:
    return alias.urn or json.dumps(
        {key: value for key, value in MessageToDict(alias.spec).items() if value}, sort_keys=True
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain_map(cast("dict[str, Any]", value))
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain_map(value: dict[str, Any]) -> Any:
    if value.get(SIGNATURE) == SECRET:
        return Secret(_plain(value.get("value")))
    return {key: _plain(item) for key, item in sorted(value.items())}

"""The provider: what the engine calls."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi.provider.experimental import provider as engine

from tests.harness.aws_plugin import names, problems
from tests.harness.aws_plugin.changes import changes, same
from tests.harness.aws_plugin.classes import outputs_of
from tests.harness.aws_plugin.cloud import Cloud, is_gone
from tests.harness.aws_plugin.handlers.base import OF_THE_PROVIDER, Given, Handler
from tests.harness.aws_plugin.kept import KEPT, KeptHandler, Shelf
from tests.harness.aws_plugin.table import LIVE
from tests.harness.aws_plugin.wire import UNKNOWN, plain, secret_keys, wire

INPUTS = "__in"
"""Where the state keeps the inputs: the engine gives none to `diff`."""


class AwsStandIn(engine.Provider):
    """AWS, as far as docs/fidelity.md says.

    Args:
        endpoint: Address of moto's server, on loopback.
        account: Whose credentials these would be.
        folder: What is kept, what was called (`calls.jsonl`), and which create is to fail (`fault`, a number from 1).
    """

    def __init__(self, endpoint: str, account: str, folder: Path) -> None:
        self._endpoint, self._account, self._folder = endpoint, account, folder
        self._shelf = Shelf(folder / "kept.json")
        self._cloud = Cloud(endpoint, account, "us-east-1")
        self._tags: dict[str, str] = {}
        self._creates = 0

    async def configure(self, request: engine.ConfigureRequest) -> engine.ConfigureResponse:
        """Refuse another account, as the provider does; remember region and tags."""
        settings = {key: _parsed(value) for key, value in plain(request.args).items()}
        allowed = settings.get("allowedAccountIds")
        if allowed and self._account not in allowed:
            raise PermissionError(f"AWS account ID not allowed: {self._account}")
        if not settings.get("region"):
            raise ValueError("aws: region: missing; the stand-in takes no region from the machine")
        self._cloud = Cloud(self._endpoint, self._account, settings["region"])
        self._tags = (settings.get("defaultTags") or {}).get("tags") or {}
        return engine.ConfigureResponse(supports_preview=True, accept_secrets=True)

    async def check(self, request: engine.CheckRequest) -> engine.CheckResponse:
        """Refuse what `pulumi_aws` does not know or AWS would not take; fill in names and tags."""
        given, old = plain(request.new_inputs), plain(request.old_inputs)
        found = list(problems.found(_type_of(request), given, self._cloud.region))
        if found:
            failures = [engine.CheckFailure(path, reason) for path, reason in found]
            return engine.CheckResponse(inputs=request.new_inputs, failures=failures)
        named = names.fill(given, old, self._handler(_type_of(request)).named, request.name, request.random_seed)
        if "tagsAll" in outputs_of(_type_of(request)):
            named["tagsAll"] = self._tags | (named.get("tags") or {})
        return engine.CheckResponse(inputs=wire(named, secret_keys(request.new_inputs)))

    async def diff(self, request: engine.DiffRequest) -> engine.DiffResponse:
        """Compare with the inputs in the state."""
        handler = self._handler(_type_of(request))
        new = plain(request.new_inputs)
        found = changes(_type_of(request), handler, plain(request.old_state).get(INPUTS, {}), new)
        replaces = sorted({path.split(".")[0].split("[")[0] for path, change in found.items() if change.replaces})
        detailed = {path: engine.PropertyDiff(change.kind, input_diff=True) for path, change in found.items()}
        return engine.DiffResponse(
            changes=bool(found),
            diffs=sorted({path.split(".")[0].split("[")[0] for path in found}),
            replaces=replaces,
            delete_before_replace=bool(replaces) and names.is_fixed(new, handler.named),
            detailed_diff=detailed,
        )

    async def create(self, request: engine.CreateRequest) -> engine.CreateResponse:
        """Make it; in a preview say only what is known."""
        inputs, secrets = plain(request.properties), secret_keys(request.properties)
        if request.preview:
            later = dict.fromkeys(outputs_of(_type_of(request)) - set(inputs), UNKNOWN)
            return engine.CreateResponse("", wire(later | inputs, secrets))
        self._fail_if_told(request.urn)
        handler, given = self._handler(_type_of(request)), Given(inputs, uuid.uuid4().hex)
        id_ = handler.create(self._cloud, given)
        self._refuse_ignored(handler, id_, given)
        self._note("create", request.urn, id_)
        return engine.CreateResponse(id_, self._state(handler, id_, given, secrets))

    async def read(self, request: engine.ReadRequest) -> engine.ReadResponse:
        """Say what is live."""
        state = plain(request.properties)
        inputs = plain(request.inputs) or state.get(INPUTS, {})
        secrets = secret_keys(request.properties) | secret_keys(request.inputs)
        handler, given = self._handler(_type_of(request)), Given(inputs, request.resource_id)
        try:
            live = handler.read(self._cloud, request.resource_id, given)
        except Exception as error:
            if is_gone(error):
                return engine.ReadResponse("", {}, {})
            raise
        now = {key: _current(value, live[key]) if key in live else value for key, value in inputs.items()}
        return engine.ReadResponse(
            request.resource_id, wire(_whole(now, live), secrets | {INPUTS} if secrets else set()), wire(now, secrets)
        )

    async def update(self, request: engine.UpdateRequest) -> engine.UpdateResponse:
        """Change it in place."""
        inputs, secrets = plain(request.news), secret_keys(request.news)
        if request.preview:
            return engine.UpdateResponse(wire(plain(request.olds) | inputs, secrets))
        handler, given = self._handler(_type_of(request)), Given(inputs, request.resource_id)
        old = plain(request.olds).get(INPUTS, {})
        found = {path.split(".")[0].split("[")[0] for path in changes(_type_of(request), handler, old, inputs)}
        if changed := found - handler.later - {"__defaults"}:
            handler.update(self._cloud, request.resource_id, given, changed)
        self._note("update", request.urn, request.resource_id)
        return engine.UpdateResponse(self._state(handler, request.resource_id, given, secrets))

    async def delete(self, request: engine.DeleteRequest) -> None:
        """Delete it; what is gone already is deleted."""
        given = Given(plain(request.properties).get(INPUTS, {}), request.resource_id)
        try:
            self._handler(_type_of(request)).delete(self._cloud, request.resource_id, given)
        except Exception as error:
            if not is_gone(error):
                raise
        self._note("delete", request.urn, request.resource_id)

    async def invoke(self, request: engine.InvokeRequest) -> engine.InvokeResponse:
        """Answer the few questions that have one here."""
        region, account = self._cloud.region, self._account
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": account, "id": account},
            "aws:index/getPartition:getPartition": {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"},
            "aws:index/getRegion:getRegion": {"name": region, "region": region, "id": region},
        }
        if request.tok not in answers:
            raise NotImplementedError(f"{request.tok}: the stand-in has no answer; see docs/fidelity.md")
        return engine.InvokeResponse(wire(answers[request.tok], set()))

    def _handler(self, type_: str) -> Handler | KeptHandler:
        short = type_.removeprefix("aws:")
        return LIVE.get(short) or KeptHandler(short, KEPT[short], self._shelf, lambda: uuid.uuid4().hex)

    def _state(self, handler: Handler | KeptHandler, id_: str, given: Given, secrets: set[str]) -> Mapping[str, Any]:
        live = handler.read(self._cloud, id_, given)
        return wire(_whole(dict(given), live), secrets | {INPUTS} if secrets else set())

    def _refuse_ignored(self, handler: Handler | KeptHandler, id_: str, given: Given) -> None:
        ignored = set(given) - given.used - handler.later - OF_THE_PROVIDER
        if ignored:
            handler.delete(self._cloud, id_, given)
            told = f"the stand-in does not act on {', '.join(sorted(ignored))}; teach it in tests/harness/aws_plugin"
            raise NotImplementedError(f"aws:{handler.type}: {told}")

    def _fail_if_told(self, urn: str) -> None:
        fault = self._folder / "fault"
        if fault.exists():
            self._creates += 1
            if self._creates == int(fault.read_text()):
                raise ConnectionError(f"{urn.rsplit('::', 1)[1]}: the stand-in was told to fail at this create")

    def _note(self, verb: str, urn: str, id_: str) -> None:
        with (self._folder / "calls.jsonl").open("a") as log:
            log.write(json.dumps({"verb": verb, "urn": urn, "id": id_}) + "\n")


def _type_of(request: Any) -> str:
    """Return the type of a resource; the engine's own property has the types of all parents before it."""
    return request.type.rsplit("$", 1)[-1]


def _whole(inputs: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in inputs.items() if not key.startswith("__")}
    return shown | {key: value for key, value in live.items() if value is not None} | {INPUTS: inputs}


def _current(given: Any, live: Any) -> Any:
    return given if same(given, live) else live


def _parsed(value: Any) -> Any:
    """Return a setting of the provider: whatever is not text travels as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
    except ValueError:
        return value

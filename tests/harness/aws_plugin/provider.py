"""The AWS provider: what the engine calls."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pulumi.provider.experimental import provider as engine

from tests.harness.aws_plugin import names, problems
from tests.harness.aws_plugin.changes import changes
from tests.harness.aws_plugin.classes import outputs_of
from tests.harness.aws_plugin.cloud import Cloud, is_gone
from tests.harness.aws_plugin.handlers.base import OF_THE_PROVIDER, Given, Handler
from tests.harness.aws_plugin.handlers.kms import public_key
from tests.harness.aws_plugin.kept import KEPT, KeptHandler, Shelf
from tests.harness.aws_plugin.table import LIVE
from tests.harness.plugin.changes import Change
from tests.harness.plugin.standin import Inputs, StandIn, settings
from tests.harness.plugin.wire import wire


class AwsStandIn(StandIn):
    """AWS, as far as docs/fidelity.md says.

    Args:
        endpoint: Address of moto's server, on loopback.
        account: Whose credentials these would be.
        folder: What is kept, what was called, and which create is to fail.
    """

    def __init__(self, endpoint: str, account: str, folder: Path) -> None:
        super().__init__(folder)
        self._endpoint, self._account = endpoint, account
        self._shelf = Shelf(folder / "kept.json")
        self._cloud = Cloud(endpoint, account, "us-east-1")
        self._tags: dict[str, str] = {}

    async def configure(self, request: engine.ConfigureRequest) -> engine.ConfigureResponse:
        """Refuse another account, as the provider does; remember region and tags."""
        given = settings(request.args)
        allowed = given.get("allowedAccountIds")
        if allowed and self._account not in allowed:
            raise PermissionError(f"AWS account ID not allowed: {self._account}")
        if not given.get("region"):
            raise ValueError("aws: region: missing; the stand-in takes no region from the machine")
        self._cloud = Cloud(self._endpoint, self._account, given["region"])
        self._tags = (given.get("defaultTags") or {}).get("tags") or {}
        return engine.ConfigureResponse(supports_preview=True, accept_secrets=True)

    async def invoke(self, request: engine.InvokeRequest) -> engine.InvokeResponse:
        """Answer the few questions that have one here."""
        if request.tok == "aws:kms/getPublicKey:getPublicKey":
            return engine.InvokeResponse(wire(public_key(self._cloud, settings(request.args)["keyId"]), set()))
        region, account = self._cloud.region, self._account
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": account, "id": account},
            "aws:index/getPartition:getPartition": {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"},
            "aws:index/getRegion:getRegion": {"name": region, "region": region, "id": region},
        }
        if request.tok not in answers:
            raise NotImplementedError(f"{request.tok}: the stand-in has no answer; see docs/fidelity.md")
        return engine.InvokeResponse(wire(answers[request.tok], set()))

    def problems(self, type_: str, given: Inputs) -> Iterable[tuple[str, str]]:
        """Return what `pulumi_aws` does not know or AWS would not take."""
        return problems.found(type_, given, self._cloud.region)

    def filled(self, type_: str, given: Inputs, old: Inputs, named: tuple[str, bytes]) -> Inputs:
        """Add a name and the provider's tags."""
        filled = names.fill(given, old, self._handler(type_).named, *named)
        if "tagsAll" in outputs_of(type_):
            filled["tagsAll"] = self._tags | (filled.get("tags") or {})
        return filled

    def changes(self, type_: str, old: Inputs, new: Inputs) -> dict[str, Change]:
        """Return what changed, by what the schemas of CloudFormation say."""
        return changes(type_, self._handler(type_), old, new)

    def is_fixed(self, type_: str, inputs: Inputs) -> bool:
        """Return whether the program gave the physical name."""
        return names.is_fixed(inputs, self._handler(type_).named)

    def outputs_of(self, type_: str) -> Iterable[str]:
        """Return what `pulumi_aws` has as outputs."""
        return outputs_of(type_)

    def make(self, type_: str, inputs: Inputs) -> str:
        """Make it; what its handler would ignore fails."""
        handler, given = self._handler(type_), Given(inputs, uuid.uuid4().hex)
        id_ = handler.create(self._cloud, given)
        if ignored := set(given) - given.used - handler.later - OF_THE_PROVIDER:
            handler.delete(self._cloud, id_, given)
            told = f"the stand-in does not act on {', '.join(sorted(ignored))}; teach it in tests/harness/aws_plugin"
            raise NotImplementedError(f"aws:{handler.type}: {told}")
        return id_

    def look(self, type_: str, id_: str, inputs: Inputs) -> dict[str, Any]:
        """Return what is live."""
        return self._handler(type_).read(self._cloud, id_, Given(inputs, id_))

    def alter(self, type_: str, id_: str, inputs: Inputs, changed: set[str]) -> None:
        """Change it, unless only its deletion is concerned."""
        handler = self._handler(type_)
        if changed := changed - handler.later:
            handler.update(self._cloud, id_, Given(inputs, id_), changed)

    def remove(self, type_: str, id_: str, inputs: Inputs) -> None:
        """Delete it."""
        self._handler(type_).delete(self._cloud, id_, Given(inputs, id_))

    def is_gone(self, error: Exception) -> bool:
        """Return whether AWS says that there is no such thing."""
        return is_gone(error)

    def _handler(self, type_: str) -> Handler | KeptHandler:
        short = type_.removeprefix("aws:")
        return LIVE.get(short) or KeptHandler(short, KEPT[short], self._shelf, lambda: uuid.uuid4().hex)

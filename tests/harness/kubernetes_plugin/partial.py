"""Resources that were made and did not become ready, told to the engine so that the state holds them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from pulumi.provider.experimental import server
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2, status_pb2


class PartialError(Exception):
    """A resource is there, but not as it has to be; the next `up` updates it.

    Args:
        id_: Its id.
        state: All that is known of it.
        inputs: What was asked for.
        reasons: Why it is not ready.
    """

    def __init__(
        self, id_: str, state: Mapping[str, PropertyValue], inputs: Mapping[str, PropertyValue], reasons: list[str]
    ) -> None:
        super().__init__("; ".join(reasons))
        self.id, self.state, self.inputs, self.reasons = id_, state, inputs, reasons


class Servicer(server.ProviderServicer):
    """The SDK's own, which has no word for such resources."""

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Make a resource."""
        return await _answered(super().Create, request, context)

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Change a resource."""
        return await _answered(super().Update, request, context)


def main(args: list[str], version: str, provider: Any) -> None:
    """Run a provider whose `create` and `update` may raise `PartialError`."""
    server.ProviderServicer = Servicer  # type: ignore[misc]
    server.main(args, version, provider)


async def _answered(ask: Callable[..., Awaitable[Any]], request: Any, context: Any) -> Any:
    try:
        return await ask(request, context)
    except Exception as error:
        if not isinstance(error.__context__, PartialError):
            raise
        partial = error.__context__
    await context.abort_with_status(_status(partial))
    return None


def _status(partial: PartialError) -> grpc.Status:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=partial.id,
        properties=PropertyValue.marshal_map(dict(partial.state)),
        inputs=PropertyValue.marshal_map(dict(partial.inputs)),
        reasons=partial.reasons,
    )
    whole = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(partial))
    whole.details.add().Pack(detail)
    status = grpc.Status()
    status.code, status.details = grpc.StatusCode.UNKNOWN, str(partial)
    status.trailing_metadata = (("grpc-status-details-bin", whole.SerializeToString()),)
    return status

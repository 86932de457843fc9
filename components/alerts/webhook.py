"""Alerts through a webhook of somebody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.alerts.contract import AlertsOutputs, WebhookSpec
from components.component import Component
from components.monitoring.contract import NAMESPACE

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place


class WebhookAlerts(Component[AlertsOutputs]):
    """The address that is told, or where in the cluster it is; no resources."""

    def __init__(
        self,
        name: str,
        spec: WebhookSpec,
        *,
        place: Place,  # noqa: ARG002
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts)
        channel = spec.url or f"kubernetes:///{NAMESPACE}/{spec.secret}#url"
        self.outputs = self.promise(
            AlertsOutputs(channel=Output.from_input(channel), encryption_key=Output.from_input(None))
        )

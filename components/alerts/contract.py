"""What every alerts flavor promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from components.base import Document, Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]


class AlertsSection(Document):
    """Where an environment's alerts go."""

    flavor: Literal["sns", "webhook"]
    channel: str = Field(pattern=r"^(arn:aws[a-z-]*:sns:\S+|https://\S+|kubernetes:///[a-z0-9.-]+/[a-z0-9.-]+#\S+)$")
    """ARN of the topic to publish to, address to post to, or `kubernetes:///<namespace>/<secret>#<key>` where that
    address is."""
    encryption_key: str | None = None
    """ARN of the key that encrypts messages, which publishers need rights on."""


@dataclass(frozen=True, kw_only=True)
class AlertsOutputs(Outputs):
    """What every alerts flavor promises."""

    channel: Output[str]
    """What alarms, budgets and monitors publish to: an ARN, an address, or where in the cluster the address is."""
    encryption_key: Output[str | None]
    """ARN of the key that encrypts messages, which publishers need rights on; none where there is no such key."""


class SnsSpec(Spec[AlertsOutputs]):
    """An encrypted Amazon SNS topic."""

    flavor: Literal["sns"] = "sns"
    emails: tuple[Email, ...] = Field(default=(), examples=[["ml-oncall@acme.example"]])
    """Who is told. Each address gets a message with a link, and hears nothing until somebody follows it."""
    key_deletion_days: int = Field(default=30, ge=7, le=30)
    """Days during which the deletion of the encryption key can be taken back."""


class WebhookSpec(Spec[AlertsOutputs]):
    """Somebody's webhook, which gets what Alertmanager sends."""

    flavor: Literal["webhook"]
    one_of: ClassVar[tuple[str, ...]] = ("url", "secret")
    url: str | None = Field(
        default=None, pattern=r"^https://[^\s@]+$", max_length=2048, examples=["https://hooks.acme.example/ml"]
    )
    """Its address, where knowing it lets nobody in."""
    secret: str | None = Field(default=None, pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", examples=["alerts"])
    """Name of the Secret in the namespace `monitoring` whose key `url` is its address; people put it there."""


AlertsSpec = Annotated[SnsSpec | WebhookSpec, Field(discriminator="flavor")]
"""Alerts of any flavor."""

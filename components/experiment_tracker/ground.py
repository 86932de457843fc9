"""What differs between the places where the tracker runs: who keeps secrets, and what pods are given to reach them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi import Input, Output, Resource


@dataclass(frozen=True, kw_only=True)
class Role:
    """What the pods of one role have here."""

    variables: Mapping[str, Input[str]] = field(default_factory=dict[str, "Input[str]"])
    """Variables of all containers; none of them is secret."""
    keys: str | None = None
    """Secret whose values the server has in its environment: keys to the artifact store."""
    mounted: str | None = None
    """Secret that the pod's first container has as a folder."""
    token: bool = False
    """Whether the pod may speak to the API server."""
    needed: Sequence[Resource] = ()
    """What has to be there before the pods."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where secrets are, what pods are given, and whom they reach."""

    secret: Input[str]
    """Address of the tracker's own secret, for the setup, which fills it."""
    secret_at_server: Input[str]
    """Address of the same secret, for the server, which reads it."""
    projects_secret: Input[str]
    """Address of the secret that projects sign in with."""
    admin_secret: Input[str]
    """Address of the administrator's secret of the database."""
    credentials_secret: Output[str]
    """What projects are told of theirs."""
    setup: Role
    """What the pods have that prepare."""
    server: Role
    """What the pods have that serve."""
    callers: Sequence[Any]
    """Who reaches the server beside projects, as peers of a network policy. Empty where anybody in the cluster does: no
    rule can say from where a gateway of somebody else sends, and the server asks everybody for a password."""
    egress: Sequence[Any]
    """Whom all pods reach, beside names, as rules of a network policy."""
    egress_of_setup: Sequence[Any] = ()
    """Whom the setup reaches, too."""

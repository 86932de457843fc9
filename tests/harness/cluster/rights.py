"""Who may do what, as the API server itself says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubernetes import client as kubernetes

if TYPE_CHECKING:
    from tests.harness.cluster.plane import Plane


@dataclass(frozen=True)
class Subject:
    """Somebody who asks."""

    user: str
    groups: tuple[str, ...] = ()

    @classmethod
    def service_account(cls, namespace: str, name: str) -> Subject:
        """Return the pods that run as a service account."""
        everyone = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return cls(f"system:serviceaccount:{namespace}:{name}", everyone)

    @classmethod
    def member(cls, group: str) -> Subject:
        """Return somebody of a group."""
        return cls("somebody", (group, "system:authenticated"))


Right = tuple[str, str, str]
"""Verb, group and resource: `("get", "apps", "deployments")`; with a subresource, `pods/log`."""


def allowed(plane: Plane, subject: Subject, rights: Iterable[Right], namespace: str | None = None) -> set[Right]:
    """Return those of some rights that somebody has: in one namespace, or for the whole cluster."""
    return set(_allowed(plane, subject, rights, namespace))


def _allowed(plane: Plane, subject: Subject, rights: Iterable[Right], namespace: str | None) -> Iterator[Right]:
    reviews = kubernetes.AuthorizationV1Api(plane.api())
    for verb, group, resource in rights:
        name, _, part = resource.partition("/")
        asked = {"verb": verb, "group": group, "resource": name, "subresource": part, "namespace": namespace}
        review = {"spec": {"user": subject.user, "groups": [*subject.groups], "resourceAttributes": asked}}
        if reviews.create_subject_access_review(review).status.allowed:
            yield verb, group, resource

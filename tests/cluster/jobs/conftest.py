"""A cluster that takes the tokens of GitHub's jobs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest

from components.base import Place, Tier
from components.ci_identity.groups import audience
from pipelines.bootstrap import cluster as bootstrap
from pipelines.hosts.github import Repository
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.rest import Rest
from tests.harness.cluster.tenants import IDS, OWNER_ID, PLATFORM_ID, Tenant, settle

PLACE = Place(organization="acme", environment="dev", tier=Tier.DEV)
PLATFORM = Repository("acme", OWNER_ID, "platform", PLATFORM_ID, "main", datetime(2026, 8, 1, tzinfo=UTC))


@pytest.fixture(scope="package")
def trusting(new_plane: Callable[[], AbstractContextManager[Plane]]) -> Generator[tuple[Plane, dict[str, Tenant]]]:
    """A cluster as its administrator prepared it for GitHub's tokens, with its projects."""
    with new_plane() as plane:
        plane.trust(bootstrap.authentication(audience("acme", "dev"), [OWNER_ID]))
        plane.install_crds(["gateway.networking.k8s.io"])
        Rest(plane.api()).apply(bootstrap.first_right(PLACE, PLATFORM), "test")
        yield plane, {name: settle(plane, "kubernetes", name) for name in IDS}

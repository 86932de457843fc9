from __future__ import annotations

from components.base import Tier
from components.container_registry.contract import ExistingSpec
from components.container_registry.existing import ExistingContainerRegistry
from tests.harness.recorded import PLACES, deploy


def test_a_registry_of_somebody_else_is_passed_on() -> None:
    """It promises what was written, and makes nothing."""
    spec = ExistingSpec(flavor="existing", uri="registry.acme.example/ml")
    graph = deploy(lambda opts: ExistingContainerRegistry("images", spec, place=PLACES[Tier.DEV], opts=opts))

    assert [] == graph.managed
    assert {"uri": "registry.acme.example/ml"} == graph["ExistingContainerRegistry"].outputs

"""Sections of documents as what components need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.artifact_store.contract import ArtifactStoreOutputs, ArtifactStoreSection
from components.base import Document, Outputs
from components.ingress.contract import IngressOutputs
from components.network.contract import NetworkOutputs
from components.node_pools.contract import NodePoolOutputs
from components.recording import record
from stacks.load import load
from stacks.outputs import outputs_of, values_of
from stacks.platform import KubernetesPlatform, Platform

FOLDER = Path(__file__).parents[2] / "stacks" / "examples"
PLATFORM = load(FOLDER / "aws" / "projects" / "platform" / "dev.json", Platform)
KUBERNETES = load(FOLDER / "kubernetes" / "projects" / "platform" / "dev.json", KubernetesPlatform)


def exported(section: Document, kind: type[Outputs]) -> dict[str, Any]:
    """Return the values of a section after it was the outputs of a component."""

    def program() -> None:
        pulumi.export("values", pulumi.Output.from_input(values_of(outputs_of(section, kind))))

    return next(item.outputs["values"] for item in record(program) if item.type == "pulumi:pulumi:Stack")


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        (PLATFORM.network, NetworkOutputs),
        (PLATFORM.node_pools["gpu"], NodePoolOutputs),
        (PLATFORM.artifact_store, ArtifactStoreOutputs),
        (ArtifactStoreSection(flavor="s3", uri="s3://plain"), ArtifactStoreOutputs),
        (KUBERNETES.artifact_store, ArtifactStoreOutputs),
        (KUBERNETES.ingress, IngressOutputs),
        (KUBERNETES.node_pools["gpu"], NodePoolOutputs),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_stay_what_they_are(section: Document, kind: type[Outputs]) -> None:
    """Texts, lists, mappings and nothing come through unchanged; only the flavor is not promised."""
    plain = {name: value for name, value in section.model_dump(mode="json").items() if name != "flavor"}
    assert plain == dict.fromkeys(plain) | exported(section, kind)


def test_what_decides_on_resources_stays_plain() -> None:
    """A mapping of outputs keeps its keys in the open, and there is nothing to wait for."""
    found: list[NetworkOutputs] = []
    record(lambda: found.append(outputs_of(PLATFORM.network, NetworkOutputs)))

    assert set(PLATFORM.network.private_subnet_ids) == set(found[0].private_subnet_ids)
    assert () == found[0].ready


def test_what_is_left_out_is_nothing() -> None:
    """Which of two ways there is, and whether there is something to make, is known before any value is."""
    found: list[Any] = []
    record(lambda: found.extend([outputs_of(KUBERNETES.ingress, IngressOutputs)]))
    record(lambda: found.extend([outputs_of(KUBERNETES.artifact_store, ArtifactStoreOutputs)]))

    assert found[0].class_name is None
    assert found[0].gateway is not None
    assert ("seaweedfs", None) == (found[1].users_namespace, found[1].credentials_secret)

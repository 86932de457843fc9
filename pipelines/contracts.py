"""Contracts without a stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from components.artifact_store.contract import ArtifactStoreSection
from components.base import Tier
from components.errors import UserError
from components.experiment_tracker.contract import ExperimentTrackerSection
from components.model_deployer.contract import ProcessSection
from components.monitoring.contract import MonitoringSection
from pipelines import writes
from pipelines.release.keys import FileSigner, make_key
from stacks.contract import Contract, DataRemote, SigningKey

if TYPE_CHECKING:
    from pipelines.project import Project

LOCAL = {Tier.DEV: None, Tier.STAGING: "dev", Tier.PROD: "staging"}


def write_local(project: Project, folder: Path) -> list[Path]:
    """Write contracts of dev, staging and prod whose kinds are folders, SQLite and processes below `folder`."""
    name, root = project.settings.project, folder.resolve()
    paths = [project.root / "stack" / f"{tier.value}.json" for tier in LOCAL]
    taken = [path for path in paths if path.exists()]
    for path in taken:
        _refuse_foreign(path, root, project.root)
    for path, (tier, source) in zip(paths, LOCAL.items(), strict=True):
        contract = local_contract(name, tier, source, root / tier.value)
        writes.replace_file(path, contract_text(contract))
    return paths


def local_contract(project: str, tier: Tier, promotes_from: str | None, folder: Path) -> Contract:
    """Return the contract of one local environment, its signing key made at the first call."""
    key = folder / "keys" / "signing.pem"
    public = FileSigner(key).public_key if key.exists() else make_key(key)
    folder.mkdir(parents=True, exist_ok=True)
    return Contract(
        project=project,
        environment=tier.value,
        tier=tier,
        promotes_from=promotes_from,
        artifact_store=ArtifactStoreSection(flavor="folder", uri=(folder / "artifacts").as_uri()),
        experiment_tracker=ExperimentTrackerSection(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}"),
        model_deployer=ProcessSection(flavor="process", uri=(folder / "serving").as_uri()),
        monitoring=MonitoringSection(
            flavor="folder",
            predictions_uri=(folder / "predictions").as_uri(),
            labels_uri=(folder / "labels").as_uri(),
        ),
        data_remote=DataRemote(uri=(folder / "data").as_uri()),
        signing_key=SigningKey(public_key=public, private_key_uri=key.as_uri()),
    )


def contract_text(contract: Contract) -> bytes:
    """Write a contract as the JSON that lies in a project."""
    return (json.dumps(contract.model_dump(mode="json", exclude_none=True), indent=2) + "\n").encode()


def _refuse_foreign(path: Path, root: Path, project: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if root.as_uri() not in text:
        raise UserError(
            f"{path.relative_to(project)}: is the contract of another stack; "
            "remove it first if this project shall use local environments"
        )

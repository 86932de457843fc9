"""Contracts without a stack, and whether a contract holds."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from components.artifact_store.contract import ArtifactStoreSection
from components.base import Tier
from components.errors import UserError
from components.experiment_tracker.contract import ExperimentTrackerSection
from components.model_deployer.contract import ModelDeployerSection
from components.monitoring.contract import MonitoringSection
from pipelines import writes
from pipelines.release.keys import FileSigner, make_key
from pipelines.uris import local_path
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
        model_deployer=ModelDeployerSection(flavor="process", uri=(folder / "serving").as_uri()),
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


def check(project: Project, *, live: bool) -> list[str]:
    """Return what is wrong with the contracts of a project; `live` asks their services too."""
    problems = list[str]()
    for environment in project.environments:
        try:
            contract = project.contract(environment)
        except UserError as error:
            problems += error.problems
            continue
        source = contract.promotes_from
        if source is not None and source not in project.environments:
            problems.append(f"stack/{environment}.json: promotes_from: `{source}` has no contract here; pull it")
        if contract.project != project.settings.project:
            problems.append(f"stack/{environment}.json: project: `{contract.project}` is another project")
        if live:
            problems += live_problems(contract)
    return problems


def live_problems(contract: Contract) -> list[str]:
    """Return what an environment's services say that its contract does not."""
    where = f"stack/{contract.environment}.json"
    uri = contract.experiment_tracker.tracking_uri
    problems = list[str]()
    if uri.startswith("http"):
        problems += _tracker_problems(where, contract)
    elif not Path(uri.removeprefix("sqlite:///")).parent.is_dir():
        problems.append(f"{where}: experiment_tracker.tracking_uri: the folder of `{uri}` does not exist")
    deployer = local_path(contract.model_deployer.uri)
    if not deployer.parent.is_dir():
        problems.append(f"{where}: model_deployer.uri: the folder of `{deployer}` does not exist")
    return problems


def _tracker_problems(where: str, contract: Contract) -> list[str]:
    tracker = contract.experiment_tracker
    try:
        with urllib.request.urlopen(f"{tracker.tracking_uri}/version", timeout=5) as answer:  # noqa: S310 - http(s) only
            version = answer.read(40).decode()
    except (urllib.error.URLError, OSError) as error:
        return [f"{where}: experiment_tracker.tracking_uri: `{tracker.tracking_uri}` does not answer: {error}"]
    if not version.startswith(f"{tracker.version}."):
        return [f"{where}: experiment_tracker.version: `{tracker.version}`, the server says `{version}`; pull it again"]
    return []


def _refuse_foreign(path: Path, root: Path, project: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if root.as_uri() not in text:
        raise UserError(
            f"{path.relative_to(project)}: is the contract of another stack; "
            "remove it first if this project shall use local environments"
        )

"""Deploy: make an environment run what the tip of the default branch pins."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import Blocked, UserError
from pipelines.connect.live import live_problems
from pipelines.deploy.open import open_deployer
from pipelines.images.pinned import check_image
from pipelines.project import Project, tip
from pipelines.release.emergency import in_force, reverted_pin, rollback_branch
from pipelines.release.gating import open_attested
from pipelines.release.package import read_package
from pipelines.release.pin import read_pin
from pipelines.release.places import pin_path
from pipelines.release.results import Result, Status
from pipelines.release.verification import check_pin
from pipelines.store.open import store_of
from pipelines.uris import local_path

if TYPE_CHECKING:
    from pipelines.deploy.base import Endpoint
    from pipelines.release.package import Package
    from pipelines.release.pin import Pin
    from pipelines.store.base import Store
    from stacks.contract import Contract


def deploy(project: Project, environment: str, model: str, ref: str | None = None) -> Result:
    """Make an environment serve what is pinned; no pin, no server; twice changes nothing.

    Args:
        project: Any clone of it.
        environment: Where.
        model: Which.
        ref: A rollback that is not merged yet, in an emergency; by default the tip of the default branch counts.
    """
    commit = tip(project.root)
    at_tip = Project(project.root, commit)
    if ref is not None:
        at_tip = Project(project.root, reverted_pin(project, ref, commit, environment, model)[0])
    elif held := in_force(at_tip, environment, model):
        raise Blocked(
            f"{pin_path(environment, model)}: held back: an emergency rolled {environment} back to {held.title}; merge "
            f"the pull request of {rollback_branch(environment, model)}, or close it and delete the branch"
        )
    contract = at_tip.contract(environment)
    deployer = open_deployer(at_tip, contract)
    pin = read_pin(at_tip, environment, model)
    if pin is None:
        removed = deployer.remove(model)
        summary = f"nothing is pinned in {environment}" + ("; its server is stopped" if removed else "")
        return _result("done" if removed else "nothing to do", contract, model, summary, None, None)
    at_tip.model_names(model)
    check_pin(at_tip, environment, model, commit)
    _refuse_dead(contract)
    before = deployer.serving(model)
    with tempfile.TemporaryDirectory(prefix="stackwright-deploy-") as scratch:
        after = deployer.deploy(pin, _verified(contract, pin, Path(scratch)))
    changed = before != after
    summary = f"{environment} {'now serves' if changed else 'serves'} {pin.title} at {after.url}"
    return _result("done" if changed else "nothing to do", contract, model, summary, pin, after)


def deployable(project: Project, environment: str, chosen: str | None) -> list[str]:
    """Return the models to deploy: the chosen one, or all that the tip has or that are served though it lost them."""
    at_tip = Project(project.root, tip(project.root))
    served = open_deployer(at_tip, at_tip.contract(environment)).deployed()
    if chosen in served:
        return [chosen]
    return sorted({*at_tip.model_names(chosen), *([] if chosen else served)})


def _verified(contract: Contract, pin: Pin, scratch: Path) -> Package:
    """Return a pinned package, digest and attestation verified, and where an image runs it, that the image is there."""
    package = open_attested(contract, pin.digest, scratch)
    if contract.model_deployer.flavor == "process":
        return _kept(contract.model_deployer.uri, store_of(contract), pin.digest)
    check_image(contract, pin)
    return package


def _kept(uri: str, store: Store, digest: str) -> Package:
    """Return a verified package in the environment's own folder on this machine, where servers read it."""
    folder = local_path(uri) / "packages" / digest.removeprefix("sha256:")
    if not folder.exists():
        store.fetch(digest, folder)
    package = read_package(folder)
    if package.digest != digest:
        raise UserError(f"{folder}: holds {package.digest}; remove that folder and deploy again")
    return package


def _refuse_dead(contract: Contract) -> None:
    problems = live_problems(contract)
    if problems:
        raise UserError(problems)


def _result(
    status: Status, contract: Contract, model: str, summary: str, pin: Pin | None, endpoint: Endpoint | None
) -> Result:
    return Result(
        command="deploy",
        status=status,
        environment=contract.environment,
        model=model,
        summary=summary,
        data={
            "digest": pin.digest if pin else None,
            "release": pin.release if pin else None,
            "endpoint": endpoint.model_dump(mode="json") if endpoint else None,
        },
    )

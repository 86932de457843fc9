"""Register: a package that the pipeline built enters the first environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines import writes
from pipelines.images.pinned import chosen_image
from pipelines.project import Project, git
from pipelines.registry.open import registry_of
from pipelines.release.attestation import attest
from pipelines.release.candidate import refuse_refused
from pipelines.release.locking import locked
from pipelines.release.package import read_package
from pipelines.release.pin import Pin, pin_text, read_pin
from pipelines.release.places import pin_path
from pipelines.release.results import Result, Status
from pipelines.release.signing import open_signer
from pipelines.store.open import store_of

if TYPE_CHECKING:
    from pipelines.release.package import Package
    from stacks.contract import Contract


def register(project: Project, model: str, environment: str | None = None, image: str | None = None) -> Result:
    """Publish, attest and register a model's package, then pin it in the first environment.

    Args:
        project: The project, its code committed.
        model: Which of its models.
        environment: Where packages are registered; by default the one that promotes from no other.
        image: What serves the package, `<repository>@sha256:…`; by default the one that is pinned now.
    """
    contract = project.contract(environment or project.first_environment())
    if contract.promotes_from is not None:
        raise UserError(
            f"stack/{contract.environment}.json: promotes_from: `{contract.promotes_from}`; "
            f"packages come to {contract.environment} by `stackwright promote`"
        )
    settings = project.settings.models[model]
    package = read_package(project.root / settings.package, settings.package)
    refuse_refused(project, contract.environment, model, package.digest)
    with locked(project.root):
        held = read_pin(project, contract.environment, model)
        chosen = chosen_image(contract, image, held)
        if held and held.digest == package.digest:
            if held.image == chosen:
                told = f"{held.title} is pinned in {contract.environment} already"
                return _result("nothing to do", contract, held, told)
            pin = held.model_copy(update={"image": chosen})
        else:
            pin = _register(project, contract, model, package, chosen)
        writes.replace_file(project.root / pin_path(contract.environment, model), pin_text(pin))
    return _result("done", contract, pin, f"{pin.title} is registered and pinned in {contract.environment}")


def _register(project: Project, contract: Contract, model: str, package: Package, image: str | None) -> Pin:
    commit = clean_commit(project)
    store = store_of(contract)
    store.publish(package)
    attestation = attest(package.folder, open_signer(contract))
    store.write_attestation(package.digest, contract.environment, attestation)
    registry = registry_of(contract)
    entry = registry.add(model, package.digest, store.uri(package.digest), None, {"stackwright.commit": commit})
    return Pin(
        model=model,
        release=entry.release,
        digest=package.digest,
        commit=commit,
        contract_version=contract.contract_version,
        image=image,
    )


def clean_commit(project: Project) -> str:
    """Return the commit that made the package; refuse uncommitted code, which no commit can name."""
    changed = git(project.root, "status", "--porcelain", "--untracked-files=no").splitlines()
    paths = [line[3:] for line in changed]
    code = [path for path in paths if not path.startswith(("promotions/", "stack/")) and path != "dvc.lock"]
    if code:
        raise UserError([f"{path}: not committed; commit it, so that the package can name its code" for path in code])
    return git(project.root, "rev-parse", "HEAD").strip()


def _result(status: Status, contract: Contract, pin: Pin, summary: str) -> Result:
    return Result(
        command="register",
        status=status,
        environment=contract.environment,
        model=pin.model,
        summary=summary,
        data=pin.model_dump(mode="json"),
    )

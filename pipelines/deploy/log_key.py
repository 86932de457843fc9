"""What keys the hashes of personal columns in the prediction log of a served model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import UserError
from stacks.load import parse_json

if TYPE_CHECKING:
    from components.model_deployer.contract import KubernetesSection
    from pipelines.release.package import Package

SIGNATURE = "signature.json"


def log_secret(section: KubernetesSection, model: str, package: Package) -> str | None:
    """Return the Secret that a model needs for its log; none where it hashes no column.

    Raises:
        UserError: It hashes one, and the environment's contract names no Secret; or the signature cannot be read.
    """
    hashed = hashed_columns(package)
    if hashed and section.prediction_log_secret is None:
        raise UserError(
            f"model `{model}` hashes {', '.join(hashed)} in its prediction log, and the contract names no Secret with "
            "the key (model_deployer.prediction_log_secret); update the project's stack and pull its contract"
        )
    return section.prediction_log_secret if hashed else None


def hashed_columns(package: Package) -> list[str]:
    """Return the columns that the signature of a package says are hashed where predictions are logged."""
    if SIGNATURE not in {entry.path for entry in package.files}:
        return []
    path = package.folder / SIGNATURE
    try:
        value = parse_json(path.read_bytes(), str(path))
        return sorted(str(name) for name, rule in value.get("personal", {}).items() if rule == "hash")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except AttributeError as error:
        raise UserError(f"{path}: personal: expected a mapping of columns to `drop` or `hash`") from error

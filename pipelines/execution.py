"""Run a command as a job of an environment: with the addresses of its tracker and its store, and what opens them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from pipelines.project import Project
    from stacks.contract import Contract

KEY = "AWS_ACCESS_KEY_ID"
OTHER_KEYS = ("AWS_PROFILE", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
"""What a person's environment may say, and does not go with keys of the store."""
PLAIN = dict.fromkeys(("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION"), "when_required")
"""No checksums that only Amazon's store knows."""


def run_in(project: Project, environment: str, command: Sequence[str]) -> NoReturn:
    """Become a command that finds the tracker and the store of an environment; its exit code is the command's own.

    Passwords and keys are read when they are asked for, and lie in the variables of that command only.
    """
    found = variables_of(project, environment)
    others = OTHER_KEYS if KEY in found else ()
    variables = {name: value for name, value in os.environ.items() if name not in others} | found
    try:
        os.execvpe(command[0], list(command), variables)  # noqa: S606 - the command is what was asked for
    except OSError as error:
        raise UserError(f"{command[0]}: cannot be run: {error.strerror}") from error


def variables_of(project: Project, environment: str) -> dict[str, str]:
    """Return the variables by which MLflow finds the tracker of an environment, and clients of S3 its store.

    Amazon's store needs none: whoever runs the command has rights of its own there.
    """
    from pipelines.registry.credentials import VARIABLES, credentials_of

    contract = project.contract(environment)
    credentials = credentials_of(contract)
    found = {"MLFLOW_TRACKING_URI": contract.experiment_tracker.tracking_uri}
    if credentials:
        found |= {name: getattr(credentials, part) for part, name in VARIABLES.items()}
    return found | _storage(contract)


def _storage(contract: Contract) -> dict[str, str]:
    from pipelines.store.access import VARIABLES, access_of

    access = access_of(contract)
    if not access:
        return {}
    found = {name: access[argument] for name, argument in VARIABLES.items() if argument in access}
    if "region_name" in access:
        found["AWS_DEFAULT_REGION"] = access["region_name"]
    return found | PLAIN | {"AWS_ENDPOINT_URL_S3": access["endpoint_url"]}

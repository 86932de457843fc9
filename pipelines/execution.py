"""Run a command as a job of an environment: with the address of its tracker, and what signs in to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from pipelines.project import Project


def run_in(project: Project, environment: str, command: Sequence[str]) -> NoReturn:
    """Become a command that finds the tracker of an environment; its exit code is the command's own.

    The password is read when it is asked for, and lies in the variables of that command only.
    """
    variables = {**os.environ, **variables_of(project, environment)}
    try:
        os.execvpe(command[0], list(command), variables)  # noqa: S606 - the command is what was asked for
    except OSError as error:
        raise UserError(f"{command[0]}: cannot be run: {error.strerror}") from error


def variables_of(project: Project, environment: str) -> Mapping[str, str]:
    """Return the variables by which MLflow finds the tracker of an environment, and signs in."""
    from pipelines.registry.credentials import VARIABLES, credentials_of

    contract = project.contract(environment)
    credentials = credentials_of(contract)
    found = {"MLFLOW_TRACKING_URI": contract.experiment_tracker.tracking_uri}
    if credentials:
        found |= {name: getattr(credentials, part) for part, name in VARIABLES.items()}
    return found

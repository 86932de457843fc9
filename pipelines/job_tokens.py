"""The tokens by which a job is known to its host: of the platform's command, and of no code of a project."""

from __future__ import annotations

import os

OF_THE_JOB = {
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "PLATFORM_TOKEN",
}


def variables_without_tokens() -> dict[str, str]:
    """Return the variables of this process but those, for a scoring or a serving command."""
    return {name: value for name, value in os.environ.items() if name not in OF_THE_JOB}

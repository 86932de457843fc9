"""Sign in as the organisation's app; without one, say which clicks are left to people."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines import aws
from pipelines.delivery.kinds import known_environment, shown
from pipelines.delivery.report import Report
from pipelines.hosts.github_app import App
from pipelines.hosts.github_rest import Rest
from pipelines.hosts.open import github_api, github_repository
from pipelines.project import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.project import Project
    from stacks.contract import Contract

PERMISSIONS = ("contents=write", "pull_requests=write")
AWS, CLUSTER = "awssecretsmanager:///", "kubernetes:///"
RIGHTS = "secretsmanager:GetSecretValue on it, and kms:Decrypt on its key"
CLICKS = [
    f"{SETTINGS}: app: none for this environment; the workflow's own token is used, and to people are left:",
    "  approve the checks of each pull request that a workflow opens (Checks, `Approve and run`)",
    "  merge each of them: a merge by that token would start no deployment",
    "  let workflows open pull requests (Settings, Actions, General), once",
    "  change .github/workflows by hand when the template's have changed: that token must not",
]


def token(project: Project, environment: str, asked: Sequence[str]) -> Report:
    """Return a token of the app for this repository, or nothing where there is no app."""
    known_environment(project, environment)
    permissions = permissions_of(asked or PERMISSIONS)
    app = project.settings.app
    if app is None or environment not in app.private_keys:
        return Report(command="token", lines=CLICKS, outputs={"app": "false"}, secret_outputs={"token": ""})
    if not os.environ.get("GITHUB_OUTPUT"):
        raise UserError("GITHUB_OUTPUT: not set; a token is given to the next steps of a job, and to nobody else")
    key = read_private_key(project.contract(environment), app.private_keys[environment])
    made = App(app.client_id, key).token(Rest(github_api()), github_repository(), permissions, datetime.now(UTC))
    told = ", ".join(f"{name}: {level}" for name, level in permissions.items())
    lines = [f"signed in as app {app.client_id} for {github_repository()}: {told}"]
    return Report(command="token", lines=lines, outputs={"app": "true"}, secret_outputs={"token": made})


def permissions_of(asked: Sequence[str]) -> dict[str, str]:
    """Read `contents=write`, each once."""
    found = dict[str, str]()
    for text in asked:
        name, _, level = text.partition("=")
        if not re.fullmatch(r"[a-z][a-z_]{0,40}", name) or level not in {"read", "write"} or name in found:
            raise UserError(f"--permission: {shown(text)}: not a permission; write each once, like `contents=write`")
        found[name] = level
    return found


def read_private_key(contract: Contract, address: str) -> bytes:
    """Return the key of the app, from where this environment keeps secrets."""
    if address.startswith(AWS):
        return _from_aws(contract, address.removeprefix(AWS))
    from pipelines.cluster import read_secret

    uri, _, name = address.partition("#")
    return read_secret(contract, uri, [name])[name]


def _from_aws(contract: Contract, name: str) -> bytes:
    known = {
        "ResourceNotFoundException": f"does not exist in {contract.region or 'the region of this machine'}; check "
        f"app.private_keys in {SETTINGS}",
        "InvalidRequestException": "is being deleted; restore it",
    }
    with aws.explained(f"secret `{name}`", "AWS Secrets Manager", RIGHTS, known):
        found = aws.client("secretsmanager", contract.region).get_secret_value(SecretId=name)
    return str(found.get("SecretString", "")).encode()

"""From a contract to its repository of images, and who signs in there."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines import aws
from pipelines.images.oci import Login, Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.contract import Contract


def repository_of(contract: Contract) -> Repository:
    """Return the project's repository in an environment, as its own jobs see it."""
    return _repository(contract, {})


def source_repository(contract: Contract) -> Repository:
    """Return the same, as the jobs of those that promote from the environment see it."""
    from pipelines.identity import source_credentials

    section = contract.container_registry
    credentials = source_credentials(contract) if section and section.flavor == "ecr" else None
    return _repository(contract, credentials or {})


def _repository(contract: Contract, credentials: Mapping[str, str]) -> Repository:
    section = contract.container_registry
    if section is None:
        where = f"stack/{contract.environment}.json: container_registry"
        raise UserError(f"{where}: none; {contract.environment} keeps no images")
    if section.flavor == "ecr":
        return Repository(section.uri, lambda: _ecr(section.uri, contract.region, credentials))
    return Repository(section.uri, lambda: _of_docker(section.uri))


def _ecr(uri: str, region: str | None, credentials: Mapping[str, str]) -> Login:
    with aws.explained(uri, "Amazon ECR", "ecr:GetAuthorizationToken"):
        found = aws.client("ecr", region, credentials).get_authorization_token()["authorizationData"][0]
    return _login(found["authorizationToken"], uri)


def _of_docker(uri: str) -> Login | None:
    """Return whom `docker login` signed in, on this machine; nobody where nobody did."""
    path = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    if not path.is_file():
        return None
    host = uri.partition("/")[0]
    try:
        document: Any = json.loads(path.read_bytes())
        known = document.get("auths", {}).get(host, {}).get("auth")
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: cannot be read as what `docker login` writes; sign in again") from error
    return _login(known, str(path)) if known else None


def _login(token: str, where: str) -> Login:
    username, separator, password = base64.b64decode(token).decode(errors="replace").partition(":")
    if not separator:
        raise UserError(f"{where}: what it says of a user is not base64 of `user:password`; sign in again")
    return Login(username, password)

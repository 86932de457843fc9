"""As whom jobs sign in to a tracking server: a user and a password, read when they are needed and kept in memory."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from components.errors import UserError
from pipelines import aws, cluster

if TYPE_CHECKING:
    from collections.abc import Generator

    from stacks.contract import Contract

VARIABLES = {"username": "MLFLOW_TRACKING_USERNAME", "password": "MLFLOW_TRACKING_PASSWORD"}
"""Where MLflow looks at each request."""
RIGHTS = "secretsmanager:GetSecretValue on it, and kms:Decrypt on its key"


@dataclass(frozen=True)
class Credentials:
    """A user of a tracking server."""

    username: str
    password: str = field(repr=False)

    @contextlib.contextmanager
    def used(self) -> Generator[None]:
        """Let MLflow sign in; what the environment said before, it says again afterwards."""
        before = {name: os.environ.get(name) for name in VARIABLES.values()}
        os.environ.update({name: getattr(self, part) for part, name in VARIABLES.items()})
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def credentials_of(contract: Contract, **settings: Any) -> Credentials | None:
    """Return the credentials that a contract names; none where nobody signs in.

    They lie in AWS Secrets Manager as JSON, or in a Secret of the environment's cluster (`kubernetes:///…`).

    Args:
        contract: Of the environment.
        settings: Of a client of AWS.
    """
    name = contract.experiment_tracker.credentials_secret
    if name is None:
        return None
    if name.startswith(cluster.SCHEME):
        found = cluster.read_secret(contract, name, list(VARIABLES))
        return Credentials(**{part: value.decode() for part, value in found.items()})
    where = f"secret `{name}`"
    known = {
        "ResourceNotFoundException": f"does not exist in {contract.region or 'the region of this machine'};"
        " check experiment_tracker.credentials_secret in the contract, or pull it again",
        "InvalidRequestException": "is being deleted; restore it, or let the project's stack make another",
    }
    with aws.explained(where, "AWS Secrets Manager", RIGHTS, known):
        found = aws.client("secretsmanager", contract.region, **settings).get_secret_value(SecretId=name)
    return parse_credentials(found.get("SecretString", ""), where)


def parse_credentials(text: str, where: str) -> Credentials:
    """Read `username` and `password`; nothing of what is there is said when it cannot be used."""
    import json

    try:
        value: Any = json.loads(text)
    except ValueError:
        value = None
    values = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    parts = {part: values.get(part) for part in VARIABLES}
    if not all(isinstance(part, str) and part for part in parts.values()):
        told = "its value is not a JSON object with `username` and `password`; write it again, both as text"
        raise UserError(f"{where}: {told}")
    return Credentials(str(parts["username"]), str(parts["password"]))

"""Clients of AWS, or of anything that speaks its protocol (`AWS_ENDPOINT_URL`), and what its refusals mean."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

ATTEMPTS = 4
DENIED = {"403", "AccessDenied", "AccessDeniedException", "AllAccessDisabled", "AccountProblem"}
CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidSignatureException",
    "InvalidToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


def client(
    service: str, region: str | None = None, credentials: Mapping[str, str] | None = None, **settings: Any
) -> Any:
    """Return a client that gives up after a bounded time.

    Args:
        service: As boto3 calls it.
        region: That of the environment's variables by default.
        credentials: Arguments of the client that say who asks, and where; whoever runs this by default.
        settings: Of botocore's `Config`.
    """
    import boto3
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    patience: dict[str, Any] = {"retries": retries, "connect_timeout": 5, "read_timeout": 60}
    untyped: Any = boto3
    who = {"region_name": region, **(credentials or {})}
    return untyped.client(service, config=Config(**patience | settings), **who)


@contextlib.contextmanager
def explained(where: str, what: str, rights: str, known: Mapping[str, str] | None = None) -> Generator[None]:
    """Turn what AWS says into an error that a person can act on.

    Args:
        where: What begins the line.
        what: Who was asked: `the artifact store`.
        rights: What the identity needs, for when it is denied.
        known: Code of an error -> what it means here.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise UserError(f"{where}: {_meaning(error, what, rights, known or {})}") from error
    except BotoCoreError as error:
        raise UserError(f"{where}: {what} cannot be reached: {error}") from error


def code_of(error: Any) -> str:
    """Return the code of an error, as AWS writes it."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _meaning(error: Any, what: str, rights: str, known: Mapping[str, str]) -> str:
    code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in known:
        return known[code]
    if code in DENIED:
        return f"access denied to {error.operation_name}; the identity needs {rights}"
    if code in CREDENTIALS:
        return f"credentials refused ({code}); sign in again"
    if status >= 500:
        return f"{what} answered {status} ({code}) {ATTEMPTS} times; try again later"
    return f"{error.operation_name} was refused: {code}: {error.response.get('Error', {}).get('Message', '')}"

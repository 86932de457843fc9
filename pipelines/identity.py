"""As whom a job reads the packages of the environment before its own: by a role there that trusts its token.

A job that promotes has two identities: its own, with which it writes, and the source's, which only reads. No role of
one environment is named in another.
"""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from components.errors import UserError
from pipelines import aws

if TYPE_CHECKING:
    from stacks.contract import Contract

AUDIENCE = "sts.amazonaws.com"
SECONDS = 10


def source_credentials(source: Contract) -> dict[str, str] | None:
    """Return credentials of the role that reads an environment's packages, as arguments of a client.

    None where there is no such role, or no token that it could trust: a person reads with their own rights.
    """
    role = source.roles.promotion if source.roles else None
    token = job_token() if role else None
    if role is None or token is None:
        return None
    refused = f"does not let this job in; it is for jobs of environments that promote from {source.environment}"
    known = {"AccessDenied": refused, "InvalidIdentityToken": refused, "ExpiredTokenException": "the token has expired"}
    with aws.explained(role, "AWS STS", "to be trusted by this role", known):
        client = aws.client("sts", source.region)
        found = client.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="stackwright-promotion", WebIdentityToken=token
        )["Credentials"]
    return {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }


def job_token() -> str | None:
    """Return the OIDC token of this job: from a file, or from GitHub; none where this is no job."""
    if path := os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        try:
            return Path(path).read_text("utf-8").strip()
        except OSError as error:
            raise UserError(f"AWS_WEB_IDENTITY_TOKEN_FILE: {path}: cannot be read: {error.strerror}") from error
    return github_token(AUDIENCE)


def github_token(audience: str) -> str | None:
    """Return a token that GitHub gives to this job for one reader; none where this is no job that may ask for it."""
    url, bearer = (os.environ.get(f"ACTIONS_ID_TOKEN_REQUEST_{part}") for part in ("URL", "TOKEN"))
    return _from_github(url, bearer, audience) if url and bearer else None


def _from_github(url: str, bearer: str, audience: str) -> str:
    request = urllib.request.Request(f"{url}&{urlencode({'audience': audience})}")  # noqa: S310 - the runner's own address
    request.add_unredirected_header("Authorization", f"Bearer {bearer}")
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - the runner's own address
            said: Any = json.loads(answer.read(1 << 16))
        return str(said["value"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"ACTIONS_ID_TOKEN_REQUEST_URL: gives no token: {error}; run the job again") from error

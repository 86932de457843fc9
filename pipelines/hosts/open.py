"""The host of the repository that a job belongs to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.hosts.github import API, NAME

if TYPE_CHECKING:
    from pipelines.hosts.base import Host
    from pipelines.hosts.github_releases import GithubReleases
    from pipelines.hosts.github_rest import Rest


def open_host() -> Host:
    """Return the host, as the variables of a job name it: GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_TOKEN."""
    from pipelines.hosts.github_delivery import GithubDelivery

    return GithubDelivery(_rest(), github_repository())


def open_releases() -> GithubReleases:
    """Return the releases of the repository of this job, by the same variables."""
    from pipelines.hosts.github_releases import GithubReleases

    return GithubReleases(_rest(), github_repository())


def _rest() -> Rest:
    from pipelines.hosts.github_rest import Rest

    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
    if not token:
        raise UserError("GITHUB_TOKEN: not set; give it to this step: `env: GITHUB_TOKEN: ${{ github.token }}`")
    return Rest(github_api(), token)


def github_repository() -> str:
    """Return `owner/name` of the repository of this job."""
    name = os.environ.get("GITHUB_REPOSITORY", "")
    if not NAME.fullmatch(name):
        raise UserError(f"GITHUB_REPOSITORY: `{name[:100]}` is not a repository; set it like `acme/churn`")
    return name


def github_api() -> str:
    """Return the address of GitHub's API."""
    return (os.environ.get("GITHUB_API_URL") or API).rstrip("/")

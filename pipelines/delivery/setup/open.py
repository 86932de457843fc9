"""Which repository is set up, and with which token."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from components.errors import UserError
from pipelines.delivery.setup.platform import repository_in
from pipelines.hosts.github import API, NAME
from pipelines.hosts.github_rest import Rest
from pipelines.hosts.github_settings import RIGHTS, GithubSettings
from pipelines.project import git

if TYPE_CHECKING:
    from pipelines.project import Project


def open_settings(project: Project, repository: str | None, api: str | None) -> tuple[GithubSettings, str]:
    """Return the settings of a project's repository, and the name of its server in addresses."""
    address = (api or os.environ.get("GITHUB_API_URL") or API).rstrip("/")
    server = server_of(address)
    name = repository or os.environ.get("GITHUB_REPOSITORY") or _remote(project, server)
    if not NAME.fullmatch(name):
        raise UserError(f"--repository: `{name[:100]}` is not a repository; write it like `acme/churn`")
    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
    if not token:
        raise UserError(f"GITHUB_TOKEN: not set; {RIGHTS}, like `GITHUB_TOKEN=$(gh auth token)`")
    return GithubSettings(Rest(address, token, hint=RIGHTS), name), server


def server_of(api: str) -> str:
    """Return the name that addresses of repositories have, where the API is at another."""
    named = os.environ.get("GITHUB_SERVER_URL")
    return urlsplit(named or api).netloc.removeprefix("api.")


def _remote(project: Project, server: str) -> str:
    """Return the repository that the clone came from."""
    if "origin" not in git(project.root, "remote").split():
        raise UserError("--repository: the clone has no remote `origin`; name the repository, like `acme/churn`")
    address = git(project.root, "remote", "get-url", "origin").strip()
    found = repository_in(address, server)
    if found is None:
        raise UserError(f"--repository: the remote `origin` is not at {server}; name the repository, like `acme/churn`")
    return found

"""What all checks of a repository's settings know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.base import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.delivery.setup.account import Account
    from pipelines.hosts.github_settings import GithubSettings
    from pipelines.project import Project
    from stacks.contract import Contract


@dataclass(frozen=True)
class Look:
    """A project, its contracts, and its repository at the host."""

    project: Project
    host: GithubSettings
    contracts: Sequence[Contract]
    """Of the environments that jobs can reach."""
    repository: Mapping[str, Any]
    """In GitHub's words."""
    account: Account
    server: str
    """Name of the host in addresses: `github.com`."""
    ask_reviewers: bool
    """Whether environments of prod are to ask reviewers, too."""

    @property
    def branch(self) -> str:
        """The default branch."""
        return str(self.repository.get("default_branch"))

    @property
    def approved(self) -> Sequence[Contract]:
        """The environments whose pins somebody approves: where packages come in, and prod."""
        return [item for item in self.contracts if item.promotes_from is None or item.tier is Tier.PROD]

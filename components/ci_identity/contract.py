"""What every CI identity promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from components.base import Outputs, Spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Output


EnvironmentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=12)]


@dataclass(frozen=True, kw_only=True)
class CiIdentityOutputs(Outputs):
    """What every CI identity promises: principals that may do nothing until the owners of resources say what."""

    deploy: Output[str]
    """The jobs that deploy: one repository, one environment, one branch. ARN of a role, or name of a Kubernetes group,
    by the flavor."""
    plan: Output[str]
    """The jobs that look at pull requests; they read only."""
    promotion: Sequence[Output[str]]
    """The jobs that deploy to the environments that promote from this one; they read only, too. Empty where nothing
    promotes from here; a group for each environment, or one role for all of them."""


class RepositorySpec(Spec[CiIdentityOutputs]):
    """One GitHub repository, recognized by its immutable ids: a name can be given to somebody else."""

    owner: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?$", examples=["acme"])
    """Name of the user or organization, as GitHub writes it: case counts."""
    owner_id: int = Field(gt=0, examples=[123456])
    """Id of the user or organization."""
    repository: str = Field(pattern=r"^[A-Za-z0-9._-]{1,100}$", examples=["churn"])
    """Name of the repository without its owner, as GitHub writes it: case counts."""
    repository_id: int = Field(gt=0, examples=[987654321])
    """Id of the repository."""
    branch: str = Field(default="main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")
    """The branch whose jobs deploy: the default branch of the repository."""
    promotes_to: tuple[EnvironmentName, ...] = Field(default=(), examples=[["prod"]])
    """Environments that promote from this one: the jobs that deploy there, in whatever account, get a role here that
    reads."""


class GithubSpec(RepositorySpec):
    """Jobs of one GitHub repository, as roles in AWS.

    Both ids: `gh api repos/OWNER/REPOSITORY --jq '.owner.id, .id'`.
    """

    flavor: Literal["github"] = "github"
    legacy_subject: bool = False
    """Whether tokens in the format without ids (`repo:OWNER/REPOSITORY:…`) are taken too. GitHub issues them for
    repositories that are older than 2026-07-15 and were neither renamed nor transferred since."""
    provider: Literal["create", "existing"] = "existing"
    """`existing` where the account has GitHub's OIDC provider already (`stackwright bootstrap` makes it); `create` to
    make it here. An account has one: with two environments in it, one creates."""
    session_hours: int = Field(default=1, ge=1, le=12)
    """Longest session; at least as long as the longest job."""
    permissions_boundary: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:policy/\S+$",
        examples=["arn:aws:iam::111122223333:policy/boundary"],
    )
    """ARN of the policy that bounds whatever is granted to the roles."""


class ApiServerSpec(RepositorySpec):
    """Jobs of one GitHub repository, as groups of a cluster whose API server takes GitHub's tokens.

    Both ids: `gh api repos/OWNER/REPOSITORY --jq '.owner.id, .id'`.
    """

    flavor: Literal["api_server"]


CiIdentitySpec = Annotated[GithubSpec | ApiServerSpec, Field(discriminator="flavor")]
"""A CI identity of any flavor."""

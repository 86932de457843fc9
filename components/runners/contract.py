"""What every runners flavor promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, Strict, model_validator

from components.base import Document, Outputs, Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Output


class RunnersSection(Document):
    """Where jobs run that reach an environment."""

    runs_on: str
    """What a workflow says in `runs-on`."""
    security_group_ids: dict[str, str] = Field(default_factory=dict[str, str])
    """Name -> security group of the runners that are in the network."""


@dataclass(frozen=True, kw_only=True)
class RunnersOutputs(Outputs):
    """What every runners flavor promises: a label for workflows."""

    runs_on: Output[str]
    """What a workflow says in `runs-on`."""
    security_group_ids: Mapping[str, Output[str]]
    """Name -> security group, which a private cluster lets in; empty where they are not in the network."""


Repository = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+\*?$", max_length=100)]
"""Name of a repository without its owner; a `*` at the end stands for any rest."""

SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")]


class HostedSpec(Spec[RunnersOutputs]):
    """GitHub's own machines, outside of the network: nothing is created."""

    flavor: Literal["hosted"] = "hosted"
    inside: ClassVar[bool] = False
    """They reach what the internet reaches, and no private endpoint."""


class CodebuildSpec(Spec[RunnersOutputs]):
    """Machines of AWS CodeBuild in the private subnets of the network, one for each job."""

    flavor: Literal["codebuild"] = "codebuild"
    inside: ClassVar[bool] = True
    """They reach private endpoints."""
    connection_arn: str = Field(
        pattern=r"^arn:aws[a-z-]*:codeconnections:[a-z0-9-]+:[0-9]{12}:connection/[0-9a-f-]{36}$",
        examples=["arn:aws:codeconnections:eu-west-1:111122223333:connection/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"],
    )
    """Connection of AWS CodeConnections to the GitHub organization, which a person has accepted there."""
    github_organization: str = Field(
        pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9])*$", max_length=39, examples=["acme-research"]
    )
    """Organization on GitHub that owns the repositories; the webhook is hers. Changing it replaces the webhook."""
    repositories: Annotated[tuple[Repository, ...], Strict(strict=False)] = Field(
        min_length=1, max_length=50, examples=[["platform", "ml-*"]]
    )
    """Repositories whose jobs run here: `platform`, or `ml-*` for all that begin so, new ones too."""
    size: Literal["small", "medium", "large"] = "medium"
    """Processors and memory of a job: 2 and 4 GiB, 4 and 8 GiB, 8 and 16 GiB."""
    image: str = Field(default="aws/codebuild/standard:7.0", pattern=r"^aws/codebuild/[a-z0-9_.-]+:[0-9.]+$")
    """What a job starts from: an image that CodeBuild maintains."""
    containers: bool = False
    """Whether jobs may build and run containers, which takes a privileged machine."""
    timeout_minutes: int = Field(default=60, ge=5, le=2160)
    """Minutes after which a job is stopped."""
    concurrent_jobs: int | None = Field(default=None, ge=1, le=1000)
    """Jobs at the same time; by default as many as the account's quota allows."""
    log_retention_days: Literal[30, 60, 90, 180, 365, 731, 1827] = 90
    """Days that the log of a job is kept on AWS, beside that on GitHub."""


class ExistingSpec(Spec[RunnersOutputs]):
    """Runners that somebody else operates: nothing is created."""

    flavor: Literal["existing"]
    runs_on: str = Field(min_length=1, max_length=256, examples=["acme-ml"])
    """The label by which a workflow asks for them."""
    inside: bool = Field(examples=[True])
    """Whether they are in the network, or in one that is connected to it, and so reach private endpoints."""
    security_group_ids: dict[str, SecurityGroupId] = Field(
        default_factory=dict[str, str], examples=[{"runners": "sg-0123456789abcdef0"}]
    )
    """Name -> security group of their machines, which a private cluster lets in."""

    @model_validator(mode="after")
    def _groups_are_inside(self) -> Self:
        if self.security_group_ids and not self.inside:
            raise ValueError(
                "security_group_ids: runners outside of the network have none in it; set inside, or leave them out"
            )
        return self


RunnersSpec = Annotated[HostedSpec | CodebuildSpec | ExistingSpec, Field(discriminator="flavor")]
"""Runners of any flavor; `inside` says of each whether they reach private endpoints."""

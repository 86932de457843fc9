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


RUNNERS_NAMESPACE = "runners"
"""Where runners of a cluster live, and the Secret by which they register."""


class ArcSpec(Spec[RunnersOutputs]):
    """Pods of the cluster, one for each job, by GitHub's Actions Runner Controller."""

    flavor: Literal["arc"]
    inside: ClassVar[bool] = True
    """They reach private endpoints."""
    github_url: str = Field(
        pattern=r"^https://[A-Za-z0-9.-]+(/[A-Za-z0-9_.-]+){1,3}$", examples=["https://github.com/acme-research"]
    )
    """Organization, repository or enterprise on GitHub whose jobs run here."""
    credentials_secret: str = Field(
        default="github-app", pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", examples=["github-app"]
    )
    """Name of the Secret in the namespace `runners` with what a GitHub App is known by: `github_app_id`,
    `github_app_installation_id`, `github_app_private_key`. People put it there; until then no job is taken."""
    runner_group: str | None = Field(default=None, max_length=100, examples=["platform"])
    """Group of runners on GitHub, which says what repositories may use them; by default that for everybody."""
    min_runners: int = Field(default=0, ge=0, le=1000, examples=[1])
    """Runners that wait for jobs all the time."""
    max_runners: int = Field(default=4, ge=1, le=1000, examples=[10])
    """Jobs at the same time, at most."""
    image: str | None = Field(default=None, pattern=r"^[a-z0-9./_-]+(:[A-Za-z0-9_.-]+)?@sha256:[0-9a-f]{64}$")
    """What a job starts from, by digest; by default GitHub's own image of a release. GitHub gives no jobs to runners
    that are some weeks behind, and they do not update themselves here."""
    controller: str = Field(default="arc-systems/arc-controller", pattern=r"^[a-z0-9-]{1,63}/[a-z0-9.-]{1,253}$")
    """`<namespace>/<name>` of the service account of the controller; by default of the one that the platform
    installs."""
    cpu_millicores: int = Field(default=1000, ge=100, le=64_000)
    """Processor time that a job is given, in thousandths of a core."""
    memory_mib: int = Field(default=4096, ge=512, le=524_288)
    """Memory of a job, in MiB."""

    @property
    def api_groups(self) -> tuple[str, ...]:
        """API groups that its cluster has to serve."""
        return ("actions.github.com",)

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.max_runners < self.min_runners:
            raise ValueError(f"max_runners: `{self.max_runners}` is less than min_runners `{self.min_runners}`")
        return self


RunnersSpec = Annotated[HostedSpec | CodebuildSpec | ArcSpec | ExistingSpec, Field(discriminator="flavor")]
"""Runners of any flavor; `inside` says of each whether they reach private endpoints."""

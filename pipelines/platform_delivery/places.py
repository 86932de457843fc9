"""The stacks of a platform's repository: those of its environments, and in each those of its projects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.base import AwsPlace, Tier
from components.errors import UserError
from pipelines.bootstrap.boundary import iam, state_bucket
from pipelines.delivery.kinds import named
from stacks.environment.config import KEY, AnyEnvironmentSpec, read_stack_file
from stacks.load import parse_json
from stacks.platform import AnyPlatform, platform_of
from stacks.project.config import PLATFORMS
from stacks.stack_file import read_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENVIRONMENTS, PROJECTS = Path("stacks/environment"), Path("stacks/project")
NONE_YET = (
    "no stack file of an organization is here yet, so there is nothing to do: "
    "`stackwright init` writes them; docs/from-nothing-to-prod.md goes on from there"
)


@dataclass(frozen=True)
class Stack:
    """One stack of Pulumi."""

    folder: Path
    """Of its Pulumi project, relative to the repository."""
    name: str
    environment: str
    project: str | None = None
    """The project that it is for; none for an environment's own."""

    @property
    def file(self) -> Path:
        """Its stack file."""
        return self.folder / f"Pulumi.{self.name}.yaml"

    def program(self, root: Path) -> Callable[[], None]:
        """Return what `pulumi up` runs for it."""

        def environment() -> None:
            from stacks.environment.config import from_engine
            from stacks.environment.program import program

            program(from_engine())

        def project() -> None:
            from stacks.project.config import from_engine
            from stacks.project.program import program

            program(*from_engine(root / self.folder))

        return project if self.project else environment


@dataclass(frozen=True)
class Place:
    """An environment of the platform, as its files say it."""

    spec: AnyEnvironmentSpec
    platform: AnyPlatform | None
    """What its stack promised when it was there; none before."""

    @property
    def name(self) -> str:
        """Name of the environment."""
        return self.spec.environment

    @property
    def account(self) -> AwsPlace | None:
        """Its account; none in a cluster without a cloud."""
        place = self.spec.place
        return place if isinstance(place, AwsPlace) else None

    def role(self, name: str) -> str | None:
        """Return the role that `stackwright bootstrap` made for a kind of job: `apply`, or `preview`."""
        return f"{iam(self.account)}:role/{self.account.prefix}-{name}" if self.account else None

    @property
    def backend(self) -> str | None:
        """Where the state is, as `stackwright bootstrap` made it."""
        return f"s3://{state_bucket(self.account)}?region={self.account.region}" if self.account else None


def environment_names(root: Path) -> list[str]:
    """Return the environments that have a stack file, lowest tier first; last, those whose file says none."""
    return sorted(_names(root / ENVIRONMENTS), key=lambda name: (_rank(root, name), name))


def place_of(root: Path, environment: str) -> Place:
    """Read an environment's stack file, and its platform document if there is one."""
    named("environment", environment, "--environment")
    if environment not in environment_names(root):
        known = ", ".join(environment_names(root)) or "none yet"
        raise UserError(f"--environment: `{environment}` has no stack file in {ENVIRONMENTS}; choose from {known}")
    path = root / PROJECTS / PLATFORMS / f"{environment}.json"
    where = str(path.relative_to(root))
    document = platform_of(parse_json(path.read_bytes(), where), where) if path.is_file() else None
    return Place(read_stack_file(root / ENVIRONMENTS / f"Pulumi.{environment}.yaml"), document)


def places(root: Path) -> list[Place]:
    """Return every environment, lowest tier first; all that is wrong with their files at once."""
    found, problems = list[Place](), list[str]()
    for name in environment_names(root):
        try:
            found.append(place_of(root, name))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return found


def stacks_of(root: Path, environment: str) -> list[Stack]:
    """Return the stacks of an environment: its own first, then those of projects in it."""
    others = set(environment_names(root)) - {environment}
    found = [(name, _project(name, environment, others)) for name in sorted(_names(root / PROJECTS))]
    of_projects = [Stack(PROJECTS, name, environment, project) for name, project in found if project]
    return [Stack(ENVIRONMENTS, environment, environment), *of_projects]


def _project(stack: str, environment: str, others: set[str]) -> str | None:
    """Return the project of a stack in an environment; `churn-prod-eu` is none of `eu` where `prod-eu` is one."""
    if not stack.endswith(f"-{environment}"):
        return None
    longer = any(stack.endswith(f"-{other}") and len(other) > len(environment) for other in others)
    return None if longer else stack.removesuffix(f"-{environment}")


def _rank(root: Path, environment: str) -> int:
    try:
        said = read_config(root / ENVIRONMENTS / f"Pulumi.{environment}.yaml", KEY)
        return list(Tier).index(Tier(said["tier"]))
    except (UserError, KeyError, TypeError, ValueError):
        return len(Tier)


def _names(folder: Path) -> Iterator[str]:
    for path in folder.glob("Pulumi.*.yaml"):
        yield path.name.removeprefix("Pulumi.").removesuffix(".yaml")

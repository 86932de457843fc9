"""Stack files of a project: one for each environment, with what only the host of its repository knows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from components.errors import UserError
from pipelines import writes
from stacks.load import parse_yaml
from stacks.project.config import KEY, PLATFORMS, project_stack, read_platform
from stacks.project.spec import ProjectName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.hosts.github import GithubHost, Repository
    from stacks.platform import AnyPlatform

FORM = """\
# yaml-language-server: $schema=../schema/project.json
# What the project {project} gets in {environment}: `pulumi up --stack {project}-{environment}`.
config:
  pulumi:disable-default-providers: ["*"]
  {key}:
    project: {project}
    environment: {environment} # platform/{environment}.json
    ci_identity: # whose jobs act for the project: names can change hands, ids cannot
      flavor: {flavor}
      owner: {owner} # as GitHub writes it
      owner_id: {owner_id}
      repository: {repository} # as GitHub writes it
      repository_id: {repository_id}
      branch: {branch} # its default branch: jobs of no other one deploy
"""
LEGACY = """\
      # Made on {created:%Y-%m-%d}: unless it was renamed since 2026-07-15, its tokens are without ids.
      legacy_subject: true
"""
PROMOTES = """\
      promotes_to: {targets} # their jobs read this environment's packages
"""
FLAVORS = {"aws": "github", "kubernetes": "api_server"}
"""Shape of an environment -> how it knows jobs."""
TAKEN = "{path}: exists and says something else; edit it, or move it away first"


@dataclass(frozen=True)
class Written:
    """What became of a project."""

    project: str
    repository: Repository
    paths: list[Path]
    """Files that were not there."""

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        found = self.repository
        return {
            "project": self.project,
            "repository": found.full_name,
            "owner_id": found.owner_id,
            "repository_id": found.repository_id,
            "default_branch": found.default_branch,
            "legacy_subject": found.legacy_subject,
            "stack_files": [str(path) for path in self.paths],
        }


def add_project(
    host: GithubHost, repository: str, environments: list[str], folder: Path, name: str | None = None
) -> Written:
    """Write `Pulumi.<project>-<environment>.yaml` for each environment; nothing is overwritten.

    Args:
        host: Where the repository is.
        repository: `owner/repo`.
        environments: Those that the project shall be in; each has its platform document.
        folder: Pulumi project of project stacks.
        name: Name of the project; that of the repository by default.

    Raises:
        UserError: Everything that stands in the way; nothing is written.
    """
    project = name or repository.rpartition("/")[2].lower()
    problems, platforms = _problems(project, environments, folder, named=bool(name))
    paths = {each: folder / f"Pulumi.{project}-{each}.yaml" for each in environments}
    try:
        found = host.repository(repository)
    except UserError as error:
        problems += error.problems
        raise UserError([*problems, *(TAKEN.format(path=path) for path in paths.values() if path.exists())]) from error
    texts = {path: _text(project, each, found, platforms) for each, path in paths.items() if each in platforms}
    there = [path for path in paths.values() if path.exists()]
    problems += [TAKEN.format(path=path) for path in there if path.read_text("utf-8") != texts.get(path)]
    if problems:
        raise UserError(problems)
    _check(texts, folder)
    missing = [path for path in texts if path not in there]
    for path in missing:
        writes.replace_file(path, texts[path].encode())
    return Written(project, found, missing)


def _problems(
    project: str, environments: list[str], folder: Path, *, named: bool
) -> tuple[list[str], dict[str, AnyPlatform]]:
    """Return what stands in the way here, and all environments that are known."""
    problems = list[str]()
    try:
        TypeAdapter(ProjectName).validate_python(project)
    except ValidationError:
        told = "not a project's name: small letters, digits and hyphens, a letter first, 40 characters at most"
        problems.append(f"{'--name' if named else 'project'}: `{project}`: {told}; choose one with --name")
    platforms: dict[str, AnyPlatform] = {}
    known = sorted(path.stem for path in (folder / PLATFORMS).glob("*.json"))
    for environment in dict.fromkeys([*environments, *known]):
        try:
            platforms[environment] = read_platform(folder / PLATFORMS, environment)
        except UserError as error:
            problems += error.problems
    return problems, platforms


def _text(project: str, environment: str, found: Repository, platforms: Mapping[str, AnyPlatform]) -> str:
    flavor = FLAVORS[platforms[environment].shape]
    text = FORM.format(
        flavor=flavor,
        key=KEY,
        project=project,
        environment=environment,
        owner=json.dumps(found.owner),
        owner_id=found.owner_id,
        repository=json.dumps(found.name),
        repository_id=found.repository_id,
        branch=json.dumps(found.default_branch),
    )
    if found.legacy_subject and flavor == "github":
        text += LEGACY.format(created=found.created)
    if targets := sorted(name for name, each in platforms.items() if each.promotes_from == environment):
        text += PROMOTES.format(targets=json.dumps(targets))
    return text


def _check(texts: dict[Path, str], folder: Path) -> None:
    """Refuse what `pulumi up` would refuse."""
    problems = list[str]()
    for path, text in texts.items():
        stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        try:
            project_stack(parse_yaml(text, str(path))["config"][KEY], str(path), stack, folder / PLATFORMS)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)

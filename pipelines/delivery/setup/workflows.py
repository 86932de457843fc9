"""What the workflows of a project say about themselves: their checks, and the branch that they deploy from."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import yaml

from components.errors import UserError
from pipelines.hosts.answers import mapping, sequence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.project import Project

CI, DEPLOY = ".github/workflows/ci.yml", ".github/workflows/deploy.yml"


def required_checks(project: Project) -> list[str]:
    """Return the names of the checks that CI makes on a pull request: those of its jobs."""
    jobs = mapping(_workflow(project, CI).get("jobs"))
    names = {str(name): str(mapping(job).get("name", name)) for name, job in jobs.items()}
    computed = [
        f"{CI}: jobs.{job}.name: `{name}` is computed, so that it cannot be required"
        for job, name in names.items()
        if "${{" in name
    ]
    if computed:
        raise UserError(computed)
    if not names:
        raise UserError(f"{CI}: jobs: none, so that nothing could be required of a pull request")
    return sorted(names.values())


def check_branch(project: Project, branch: str) -> None:
    """See that a push to the default branch deploys."""
    found = _workflow(project, DEPLOY)
    events = mapping(found.get("on", found.get(True)))  # YAML 1.1 reads the word `on` as true
    branches = sequence(mapping(events.get("push")).get("branches"))
    if branch not in branches:
        told = f"`{branch}`, the default branch, is not there, so that no merge deploys"
        raise UserError(f"{DEPLOY}: on.push.branches: {told}; rename the branch, or name it here and in the stacks")


def _workflow(project: Project, path: str) -> Mapping[Any, Any]:
    content = project.read(path)
    if content is None:
        raise UserError(f"{path}: missing; `copier update` brings it")
    try:
        return _parsed(content)
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error


@functools.cache
def _parsed(content: bytes) -> Mapping[Any, Any]:
    """Parse a file of many lines once, though more than one question is asked of it."""
    return mapping(yaml.safe_load(content))

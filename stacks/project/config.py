"""From a stack file and a platform document to what a project's program needs: every problem at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from components.errors import UserError
from components.own_flavors import with_own_flavors
from stacks.load import parse_json, validate
from stacks.platform import Platform, incompatible
from stacks.project.combinations import impossible, misfits
from stacks.project.spec import ProjectSpec
from stacks.stack_file import checked, config_of_engine, lines, read_config, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "stackwright:project"
PLATFORMS = "platform"
"""Folder of the platform documents, beside the stack files."""


def read_stack_file(path: Path) -> tuple[ProjectSpec, Platform]:
    """Read `Pulumi.<project>-<environment>.yaml` and `platform/<environment>.json`, as `pulumi up` would."""
    return project_stack(read_config(path, KEY), str(path), stack_of(path), path.parent / PLATFORMS)


def from_engine(folder: Path | None = None) -> tuple[ProjectSpec, Platform]:
    """Read the configuration that the engine gives to the program, and the platform document beside it.

    Args:
        folder: Folder of the Pulumi project, for a program that the engine did not start itself.
    """
    import pulumi

    stack, root = pulumi.get_stack(), folder or Path(pulumi.get_root_directory())
    return project_stack(config_of_engine(KEY), f"Pulumi.{stack}.yaml", stack, root / PLATFORMS)


def project_stack(value: Any, where: str, stack: str, platforms: Path) -> tuple[ProjectSpec, Platform]:
    """Turn configuration into a spec and find its platform, or name every problem of both."""
    problems: list[str] = []
    spec = _or_note(problems, partial(checked, value, with_own_flavors(ProjectSpec), where, partial(impossible, stack)))
    environment = spec.environment if spec else _environment(value)
    platform = _or_note(problems, partial(read_platform, platforms, environment)) if environment else None
    if spec and platform:
        problems += lines(misfits(spec, platform, _sources(platforms)), where)
    if problems or not spec or not platform:
        raise UserError(problems)
    return spec, platform


def read_platform(platforms: Path, environment: str) -> Platform:
    """Read the platform document of an environment."""
    path = platforms / f"{environment}.json"
    try:
        value = parse_json(path.read_bytes(), str(path))
    except OSError as error:
        told = f"`stackwright contract export --env {environment}` writes it"
        raise UserError(f"{path}: cannot be read: {error.strerror}; {told}") from error
    version = cast("dict[str, Any]", value).get("platform_version") if isinstance(value, dict) else None
    if isinstance(version, str) and (told := incompatible(version)):
        raise UserError(f"{path}: {told}")
    platform = validate(value, Platform, str(path))
    if platform.environment != environment:
        raise UserError(f"{path}: environment: `{platform.environment}` is not `{environment}`; export it again")
    return platform


def _sources(platforms: Path) -> dict[str, str | None]:
    """Return what each known environment promotes from."""
    known = [path.stem for path in sorted(platforms.glob("*.json"))]
    return {name: read_platform(platforms, name).promotes_from for name in known}


def _environment(value: Any) -> str | None:
    name = cast("dict[str, Any]", value).get("environment") if isinstance(value, dict) else None
    return name if isinstance(name, str) and name.replace("-", "").isalnum() else None


def _or_note(problems: list[str], read: Callable[[], Any]) -> Any:
    try:
        return read()
    except UserError as error:
        problems += error.problems
        return None

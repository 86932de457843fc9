"""From a stack file and a platform document to what a project's program needs: every problem at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from components.errors import UserError
from components.own_flavors import with_own_flavors
from stacks.load import parse_json
from stacks.platform import AnyPlatform, incompatible, platform_of
from stacks.project.combinations import impossible, misfits
from stacks.project.spec import ProjectSpec
from stacks.stack_file import checked, config_of_engine, read_config, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from stacks.stack_file import Flaw

KEY = "stackwright:project"
PLATFORMS = "platform"
"""Folder of the platform documents, beside the stack files."""


def read_stack_file(path: Path) -> tuple[ProjectSpec, AnyPlatform]:
    """Read `Pulumi.<project>-<environment>.yaml` and `platform/<environment>.json`, as `pulumi up` would."""
    return project_stack(read_config(path, KEY), str(path), stack_of(path), path.parent / PLATFORMS)


def from_engine(folder: Path | None = None) -> tuple[ProjectSpec, AnyPlatform]:
    """Read the configuration that the engine gives to the program, and the platform document beside it.

    Args:
        folder: Folder of the Pulumi project, for a program that the engine did not start itself.
    """
    import pulumi

    stack, root = pulumi.get_stack(), folder or Path(pulumi.get_root_directory())
    return project_stack(config_of_engine(KEY), f"Pulumi.{stack}.yaml", stack, root / PLATFORMS)


def project_stack(value: Any, where: str, stack: str, platforms: Path) -> tuple[ProjectSpec, AnyPlatform]:
    """Turn configuration into a spec and find its platform, or name every problem of both."""
    problems: list[str] = []
    environment = _environment(value)
    known = _known(platforms, environment, problems)
    platform = known.get(environment)
    sources = {name: each.promotes_from for name, each in known.items()}
    together = partial(_flaws, stack, platform, sources)
    spec = _or_note(problems, partial(checked, value, with_own_flavors(ProjectSpec), where, together))
    if problems or not spec or not platform:
        raise UserError(problems)
    return spec, platform


def _flaws(
    stack: str, platform: AnyPlatform | None, sources: Mapping[str, str | None], fields: Mapping[str, Any]
) -> Iterator[Flaw]:
    yield from impossible(stack, fields)
    if platform:
        yield from misfits(fields, platform, sources)


def read_platform(platforms: Path, environment: str) -> AnyPlatform:
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
    platform = platform_of(value, str(path))
    if platform.environment != environment:
        raise UserError(f"{path}: environment: `{platform.environment}` is not `{environment}`; export it again")
    return platform


def _known(platforms: Path, environment: str, problems: list[str]) -> dict[str, AnyPlatform]:
    """Return every platform document beside that of an environment, by its name, and note what is wrong in them."""
    names = {environment, *(path.stem for path in platforms.glob("*.json"))} - {""}
    read = {name: _or_note(problems, partial(read_platform, platforms, name)) for name in sorted(names)}
    return {name: platform for name, platform in read.items() if platform}


def _environment(value: Any) -> str:
    """Return the environment that a stack file names, if that is the name of a file."""
    name = cast("dict[str, Any]", value).get("environment") if isinstance(value, dict) else None
    return name if isinstance(name, str) and name.replace("-", "").isalnum() else ""


def _or_note(problems: list[str], read: Callable[[], Any]) -> Any:
    try:
        return read()
    except UserError as error:
        problems += error.problems
        return None

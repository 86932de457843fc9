"""`stackwright contract`: what a project knows of its environments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import UserError
from pipelines.options import EnvOption, Format, FormatOption, ProjectOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.connect.changes import Change

app = typer.Typer(no_args_is_help=True, help="Contracts: what a project knows of its environments.")


@app.command("local")
def local(
    folder: Annotated[Path, typer.Argument(help="Folder that will hold the environments.")],
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Write contracts of dev, staging and prod that are folders, SQLite and processes on this machine."""
    from pipelines import printing
    from pipelines.contracts import write_local
    from pipelines.project import find_project

    names = [f"stack/{path.name}" for path in write_local(find_project(project), folder)]
    if output is Format.JSON:
        printing.document({"contracts": names})
    else:
        printing.line("\n".join(f"wrote {name}" for name in names))


@app.command("pull")
def pull(
    env: Annotated[
        str | None, typer.Option("--env", "-e", help="One environment.", show_default="all that a stack has published")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Where it is published: s3://bucket/project/contract.json, or kubernetes://context/namespace/contract "
            "in a cluster of your kubeconfig. Needed once; from then on the contract itself says where.",
            show_default="where the contract that is here came from",
        ),
    ] = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Read the contracts that project stacks have published, check them, and write stack/<environment>.json.

    All of them are written or none. Commit what changed: a signing key that is another one, most of all, is for
    somebody to look at. `AWS_ENDPOINT_URL` and the usual AWS variables are honoured.
    """
    from pipelines.connect.pull import pull as run
    from pipelines.project import find_project

    if source and not env:
        raise typer.BadParameter("name the environment with --env", param_hint="--from")
    _changes(lambda: run(find_project(project), env, source), output)


@app.command("check")
def check(
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the services behind the contracts, too: a few seconds each.")
    ] = False,
    env: Annotated[str | None, typer.Option("--env", "-e", help="One environment.", show_default="all")] = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Check that the contracts of a project fit it, each other and this release."""
    from pipelines import printing
    from pipelines.connect.check import check as run
    from pipelines.project import find_project

    here = find_project(project)
    problems = run(here, live=live, environment=env)
    printing.results([], [UserError(problems)] if problems else [], as_json=output is Format.JSON)
    if problems:
        raise typer.Exit(UserError.exit_code)
    found = env or ", ".join(here.environments)
    said = f"contracts hold: {found}" if found else "not connected to an environment yet: no contract in stack/"
    printing.line(said, as_json=output is Format.JSON)


@app.command("export")
def export(
    env: EnvOption,
    folder: Annotated[Path, typer.Option("--folder", help="Pulumi project of the environment.")] = Path(
        "stacks/environment"
    ),
    to: Annotated[Path, typer.Option("--to", help="Folder of the platform documents.")] = Path(
        "stacks/project/platform"
    ),
    source: Annotated[
        str | None,
        typer.Option("--from", help="A file, or - for standard input.", show_default="pulumi stack output platform"),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Write what the stacks of projects may know of an environment: <to>/<environment>.json, for you to commit."""
    from pipelines.connect.export import export as run

    _changes(lambda: [run(env, folder, to, source)], output)


def _changes(run: Callable[[], list[Change]], output: Format) -> None:
    from pipelines import printing

    try:
        found = run()
    except UserError as error:
        printing.changes([], error.problems, as_json=output is Format.JSON)
        raise typer.Exit(error.exit_code) from error
    printing.changes(found, [], as_json=output is Format.JSON)

"""The `stackwright` command: thin; each sub-command is one function elsewhere, imported when it runs."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import UserError
from pipelines import cli_ci, cli_contract, cli_platform
from pipelines.options import DigestOption, EnvOption, Format, FormatOption, ModelOption, ProjectOption

if TYPE_CHECKING:
    from pipelines.project import Project
    from pipelines.release.results import Result

BUG, INTERRUPTED = 3, 130

app = typer.Typer(
    name="stackwright",
    help="One machine-learning platform: release the same package from dev to prod, and back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done or nothing to do, 1 your input, 2 usage, 3 a bug, 4 blocked by a gate.",
)
app.add_typer(cli_contract.app, name="contract")
app.add_typer(cli_ci.app, name="ci")
app.add_typer(cli_platform.project_app, name="project")
app.command()(cli_platform.init)
app.command()(cli_platform.bootstrap)


@app.command()
def register(
    env: Annotated[str | None, typer.Option("--env", "-e", show_default="the first one")] = None,
    model: ModelOption = None,
    image: Annotated[
        str | None,
        typer.Option("--image", help="What serves it, REPOSITORY@sha256:…", show_default="the one that is pinned"),
    ] = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Publish, sign and register the package that the pipeline built, and pin it in the first environment."""
    from pipelines.release.register import register as run

    _each(project, model, output, lambda here, name: run(here, name, env, image))


@app.command()
def gate(
    env: EnvOption,
    model: ModelOption = None,
    digest: DigestOption = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Score candidate and champion on the same rows, decide, and write the evidence."""
    from pipelines.release.gating import gate as run

    _each(project, model, output, lambda here, name: run(here, env, name, digest))


@app.command()
def promote(
    env: EnvOption,
    model: ModelOption = None,
    digest: DigestOption = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Copy the package that passed the gate into an environment, and pin it there."""
    from pipelines.release.promotion import promote as run

    _each(project, model, output, lambda here, name: run(here, env, name, digest))


@app.command()
def deploy(
    env: EnvOption,
    model: ModelOption = None,
    ref: Annotated[
        str | None,
        typer.Option(
            "--ref",
            help="In an emergency: branch or commit of a rollback that is not merged yet, and nothing else.",
            show_default="the tip of the default branch",
        ),
    ] = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Make an environment serve what the tip of the default branch pins."""
    from pipelines.release.deployment import deploy as run
    from pipelines.release.deployment import deployable

    def names(here: Project) -> list[str]:
        return deployable(here, env, model) if ref is None else here.model_names(model)

    _each(project, model, output, lambda here, name: run(here, env, name, ref), names)


@app.command()
def rollback(
    env: EnvOption,
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into promotions/refused.yaml.")],
    model: ModelOption = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Prepare the revert of a pin, and refuse the digest that it leaves; commit and deploy it."""
    from pipelines.release.rollback import one_model
    from pipelines.release.rollback import rollback as run

    _each(project, model, output, lambda here, name: run(here, env, name, reason), lambda here: one_model(here, model))


@app.command()
def monitor(
    env: EnvOption,
    model: ModelOption = None,
    report: Annotated[Path | None, typer.Option("--report", help="HTML file to write.", show_default="none")] = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Compare what a model is asked and answers with its reference: ok, insufficient_data, alert or retrain."""
    from pipelines.monitor.environment import monitor_environment as run

    _each(project, model, output, lambda here, name: run(here, env, name, report))


@app.command()
def status(model: ModelOption = None, project: ProjectOption = Path(), output: FormatOption = Format.TEXT) -> None:
    """Show what each environment pins, and what it serves."""
    from pipelines import printing
    from pipelines.project import find_project
    from pipelines.release.status import status as run

    rows = run(find_project(project), model)
    if output is Format.JSON:
        printing.document([row.model_dump(mode="json") for row in rows])
    else:
        printing.table(["environment", "model", "release", "pinned", "serving", "state"], [_cells(row) for row in rows])


@app.command()
def verify(project: ProjectOption = Path(), output: FormatOption = Format.TEXT) -> None:
    """Check every pin in the working tree: shape, history, evidence, refusals, contracts."""
    from pipelines import printing
    from pipelines.delivery.summary import summarize
    from pipelines.project import find_project
    from pipelines.release.verification import verify as run

    count, errors = run(find_project(project))
    printing.results([], errors, as_json=output is Format.JSON)
    summarize([], errors)
    if errors:
        raise typer.Exit(_code(errors))
    printing.line(f"{count} pins hold", as_json=output is Format.JSON)


@app.command()
def plan(
    *,
    env: EnvOption,
    project: Annotated[
        str | None, typer.Option("--project", help="A project's stack there.", show_default="the environment's own")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", help="Folder of the stack files.", show_default="stacks/environment or stacks/project"
        ),
    ] = None,
    saved: Annotated[Path | None, typer.Option("--saved", help="Graph to compare with.", show_default="none")] = None,
    save: Annotated[Path | None, typer.Option("--save", help="File to save the graph to.", show_default="none")] = None,
    allow: Annotated[bool, typer.Option("--allow-stateful-replacement", help="Accept that data is lost.")] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show offline what a stack would be, what policy says of it, and what changed since a saved graph."""
    from pipelines import printing
    from pipelines.plan.record import save_graph
    from pipelines.plan.stacks import plan_environment, plan_project
    from pipelines.plan.text import render
    from pipelines.short_lived import short_lived

    with short_lived():
        if project:
            stacks = folder or Path("stacks/project")
            result = plan_project(stacks, env, project, saved, allow_stateful_replacement=allow)
        else:
            stacks = folder or Path("stacks/environment")
            result = plan_environment(stacks, env, saved, allow_stateful_replacement=allow)
    if save:
        save_graph(result.graph, save)
    if output is Format.JSON:
        printing.document(result.as_json())
    else:
        printing.line(render(result))
    raise typer.Exit(result.exit_code)


@app.command("exec")
def execute(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND", help="What to run, with its own words.")],
    env: EnvOption,
    project: ProjectOption = Path(),
) -> None:
    """Run a command that finds the tracking server and the store of an environment, and signs in to them."""
    from pipelines.execution import run_in
    from pipelines.project import find_project

    run_in(find_project(project), env, command)


@app.command()
def rehearse(
    project: Annotated[
        Path | None, typer.Option("--project", help="A project to rehearse.", show_default="a new one")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="HTML file to write.", show_default="none")] = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Folder to work in and to keep.", show_default="a temporary one")
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Take a project through its whole life on this machine, and show what each environment serves after each step."""
    from pipelines.rehearsal.run import rehearse as run

    run(project, report, keep, as_json=output is Format.JSON)


def _each(
    start: Path,
    chosen: str | None,
    output: Format,
    run: Callable[[Project, str], Result],
    choose: Callable[[Project], list[str]] | None = None,
) -> None:
    from pipelines import printing
    from pipelines.delivery.summary import summarize
    from pipelines.project import find_project

    results: list[Result] = []
    errors: list[UserError] = []
    try:
        project = find_project(start)
        for name in choose(project) if choose else project.model_names(chosen):
            with printing.busy(name, quiet=output is Format.JSON):
                _collect(results, errors, lambda name=name: run(project, name))
    except UserError as error:
        errors.append(error)
    printing.results(results, errors, as_json=output is Format.JSON)
    summarize(results, errors)
    if errors:
        raise typer.Exit(_code(errors))
    if any(result.status == "blocked" for result in results):
        raise typer.Exit(4)


def _collect(results: list[Result], errors: list[UserError], run: Callable[[], Result]) -> None:
    """Keep a model's result or its problems: one bad model does not hide another's result."""
    try:
        results.append(run())
    except UserError as error:
        errors.append(error)


def _code(errors: list[UserError]) -> int:
    return min(error.exit_code for error in errors)


def _cells(row: Any) -> list[str]:
    from pipelines.release.pin import short

    digests = [short(value) if value else "-" for value in (row.pinned, row.serving)]
    return [row.environment, row.model, str(row.release or "-"), *digests, row.state]


def main() -> None:
    """Run the command; explain what a person can act on, and show a bug as a bug."""
    try:
        app(prog_name="stackwright")
    except UserError as error:
        from pipelines import printing
        from pipelines.delivery.summary import summarize

        printing.problem_lines(error.problems)
        summarize([], [error])
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            sys.stderr.write("interrupted; run the command again to complete it\n")
        raise
    except Exception:  # noqa: BLE001 - the one place where a bug becomes an exit code
        traceback.print_exc()
        sys.stderr.write("this is a bug in stackwright; please report it with the lines above\n")
        sys.exit(BUG)


if __name__ == "__main__":
    main()

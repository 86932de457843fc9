"""`stackwright ci platform`: what the jobs of the platform's own repository call, one command a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.options import Format, FormatOption

if TYPE_CHECKING:
    from pipelines.delivery.report import Report

app = typer.Typer(no_args_is_help=True, help="Of the platform's own repository: plan, apply, drift, release.")

EnvironmentOption = Annotated[
    str, typer.Option("--environment", "--env", "-e", help="Environment, as in Pulumi.<environment>.yaml.")
]
PlansOption = Annotated[Path, typer.Option("--plans", help="Folder of the saved plans, one for each stack.")]
TagOption = Annotated[str, typer.Option("--tag", help="The tag that is released: `v1.2.3`.")]
FolderOption = Annotated[Path, typer.Option("--folder", help="What the release is made of.")]
PLANS, PLANNED, RELEASE, DRIFT = Path("build/plans"), Path("build/plan"), Path("build/release"), Path("build/drift.txt")


@app.command("environments")
def environments(output: FormatOption = Format.TEXT) -> None:
    """List the environments that jobs apply: those that are there. Each needs its stack file and platform document.

    Outputs: `environments`, and for each tier `dev`, `staging`, `prod`: JSON lists; each item has environment, tier,
    runs_on, account, region, apply_role, preview_role.
    """
    from pipelines.platform_delivery.matrix import environments as run

    _say(run(Path()), output)


@app.command("plan")
def plan(
    base: Annotated[
        str | None, typer.Option("--base", help="Branch or commit to compare with.", show_default="none")
    ] = None,
    folder: Annotated[Path, typer.Option("--output", "-o", help="Folder for plan.md and plan.json.")] = PLANNED,
    output: FormatOption = Format.TEXT,
) -> None:
    """Plan every stack offline, and say what a merge would change. What blocks it is for `verdict`.

    Outputs: `organised` (`false` as long as there is no stack file), `blocked` (`true` or `false`).
    """
    from pipelines.platform_delivery.planning import plan as run

    _say(run(Path(), base, folder), output)


@app.command("verdict")
def verdict(
    folder: Annotated[Path, typer.Option("--folder", help="What `plan` wrote.")] = PLANNED,
    output: FormatOption = Format.TEXT,
) -> None:
    """Say what blocks the plans; exit code 4, or 0 when nothing does."""
    from pipelines.platform_delivery.planning import verdict as run

    _say(run(folder), output)


@app.command("preview")
def preview(environment: EnvironmentOption, plans: PlansOption = PLANS, output: FormatOption = Format.TEXT) -> None:
    """Ask the clouds what applying an environment would do, and save the plans. In an approved job only.

    Outputs: `plans` (a JSON list of stacks; empty when the branch has moved on, and a later run applies it).
    """
    from pipelines.platform_delivery.applying import engine_of
    from pipelines.platform_delivery.applying import preview as run

    _say(run(Path(), engine_of(Path(), environment), environment, plans), output)


@app.command("apply")
def apply(environment: EnvironmentOption, plans: PlansOption = PLANS, output: FormatOption = Format.TEXT) -> None:
    """Do what the saved plans of an environment say, and nothing else."""
    from pipelines.platform_delivery.applying import apply as run
    from pipelines.platform_delivery.applying import engine_of

    _say(run(Path(), engine_of(Path(), environment), environment, plans), output)


@app.command("drift")
def drift(
    environment: EnvironmentOption,
    file: Annotated[Path, typer.Option("--output", "-o", help="Text about what differs.")] = DRIFT,
    output: FormatOption = Format.TEXT,
) -> None:
    """See what somebody changed beside the stacks of an environment.

    Outputs: `drift` (`true` or `false`), `key` and `title` of its issue.
    """
    from pipelines.platform_delivery.applying import engine_of
    from pipelines.platform_delivery.drift import drift as run

    _say(run(Path(), engine_of(Path(), environment), environment, file), output)


@app.command("prepare")
def prepare(tag: TagOption, folder: FolderOption = RELEASE, output: FormatOption = Format.TEXT) -> None:
    """Check a tag, and write what its release is made of: notes, hashed pins, digests."""
    from pipelines.platform_delivery.release import prepare as run

    _say(run(Path(), tag, folder), output)


@app.command("release")
def release(tag: TagOption, folder: FolderOption = RELEASE, output: FormatOption = Format.TEXT) -> None:
    """Publish what was prepared. Outputs: `status` (published, unchanged), `url`."""
    from pipelines.hosts.open import open_releases
    from pipelines.platform_delivery.release import publish as run

    _say(run(Path(), open_releases(), tag, folder), output)


def _say(report: Report, output: Format) -> None:
    from pipelines.delivery.report import say

    say(report, as_json=output is Format.JSON)
    raise typer.Exit(report.exit_code)

"""`stackwright ci`: what the jobs of a project call, one command a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import UserError
from pipelines import cli_ci_platform, printing
from pipelines.delivery.kinds import Kind
from pipelines.options import Format, FormatOption, ModelOption, ProjectOption

if TYPE_CHECKING:
    from pipelines.delivery.report import Report

app = typer.Typer(no_args_is_help=True, help="Delivery: what a project's jobs run, one command a step.")
app.add_typer(cli_ci_platform.app, name="platform")

ApiOption = Annotated[
    str | None,
    typer.Option("--api-url", help="GitHub's API.", show_default="GITHUB_API_URL, or https://api.github.com"),
]
EnvironmentOption = Annotated[
    str | None, typer.Option("--environment", "--env", "-e", help="Environment, as in stack/<environment>.json.")
]
RequiredEnvironment = Annotated[
    str, typer.Option("--environment", "--env", "-e", help="Environment, as in stack/<environment>.json.")
]


@app.command("environments")
def environments(
    environment: EnvironmentOption = None,
    promoting_from: Annotated[
        str | None, typer.Option("--promoting-from", help="Those that promote from this one.", show_default="all")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Those whose pins or contract changed since this commit.", show_default="all"),
    ] = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """List the environments that jobs are for: a matrix, empty as long as no contract is there.

    Outputs: `environments` (a JSON list; each has environment, tier, first, promotes_from, promotes_to, runs_on,
    account, region, deploy_role, plan_role, source_promotion_role), `first` (a list of the one where packages are
    registered), `connected`, `models`.
    """
    from pipelines.delivery.environments import Choice
    from pipelines.delivery.environments import environments as run
    from pipelines.project import find_project

    _say(run(find_project(project), Choice(environment, promoting_from, since)), output)


@app.command("preview")
def preview(
    base: Annotated[str, typer.Option("--base", help="The branch or commit that it would be merged into.")],
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="Markdown file to write.", show_default="none")
    ] = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Say what a merge would do: for each environment and model the release it leaves and the one it gets."""
    from pipelines.delivery.preview import preview as run
    from pipelines.project import find_project

    _say(run(find_project(project), base, file), output)


@app.command("comment")
def comment(
    file: Annotated[Path, typer.Option("--file", help="Markdown to show; written by `ci preview`.")],
    pull_request: Annotated[int, typer.Option("--pull-request", min=1, help="Number of the pull request.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Show a text on a pull request: one comment, refreshed. A fork's token may not; then the summary has it."""
    from pipelines.delivery.comment import comment as run
    from pipelines.hosts.open import open_host

    _say(run(open_host(), pull_request, file), output)


@app.command("due")
def due(
    *,
    model: ModelOption = None,
    event: Annotated[
        Path | None,
        typer.Option("--event", help="The event that started the workflow.", show_default="GITHUB_EVENT_PATH"),
    ] = None,
    cool_down: Annotated[
        float, typer.Option("--cool-down-hours", min=0, help="Hours after a retraining without another.")
    ] = 24,
    claim: Annotated[bool, typer.Option("--claim/--look", help="Note the retraining, so that no other starts.")] = True,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Decide whether a model is to be retrained now, with the reason. Events may come twice.

    Outputs: `due` (`true` or `false`), `models` (a JSON list of those that are due), `key`.
    """
    from pipelines.delivery.retraining import retraining as run
    from pipelines.hosts.open import open_host
    from pipelines.project import find_project

    _say(run(find_project(project), open_host(), model, event, cool_down, claim=claim), output)


@app.command("propose")
def propose(
    *,
    kind: Annotated[Kind, typer.Option("--kind", help="What the change is.")],
    environment: EnvironmentOption = None,
    model: ModelOption = None,
    evidence: Annotated[
        list[Path] | None, typer.Option("--evidence", help="File to show: evidence (JSON), or any text; repeat it.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why; shown as it is, never run.", show_default="none")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency key of the retraining.", show_default="none")
    ] = None,
    emergency: Annotated[
        bool, typer.Option("--emergency", help="Of a rollback: push the branch only, for `stackwright deploy --ref`.")
    ] = False,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Commit what changed on the branch of its kind, and open or update its one pull request.

    Outputs: `status` (opened, updated, unchanged, declined, merged, pushed, nothing), `branch`, `commit`,
    `pull_request`, `url`.
    """
    from pipelines.delivery.propose import propose as run
    from pipelines.delivery.wish import Wish
    from pipelines.hosts.open import open_host
    from pipelines.project import find_project

    here = find_project(project)
    wish = Wish.of(here, kind, environment, model, reason=reason, key=key, emergency=emergency)
    _say(run(here, open_host(), wish, evidence or []), output)


@app.command("issue")
def issue(
    *,
    key: Annotated[str, typer.Option("--key", help="What it is about; one key, one issue: `drift/prod/churn`.")],
    title: Annotated[
        str | None, typer.Option("--title", help="One line.", show_default="kept, or made of the key")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Text to show, as it is.", show_default="none")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Close it: the finding is gone.")] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Keep one issue for a finding: open it, refresh it, or close it when it is gone.

    Outputs: `status` (opened, updated, unchanged, reopened, declined, closed, nothing), `issue`, `url`.
    """
    from pipelines.delivery.issue import keep, resolve
    from pipelines.hosts.open import open_host

    _say(resolve(open_host(), key) if resolved else keep(open_host(), key, title, file), output)


@app.command("dispatch")
def dispatch(
    event: Annotated[str, typer.Option("--event", help="Event: retrain or promote.")],
    environment: EnvironmentOption = None,
    model: ModelOption = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Of retrain: the same finding, the same key.", show_default="none")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, in a line.", show_default="none")] = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Start the retraining of a model, or what promotes from an environment.

    Events are delivered at least once; `ci due` sorts the second ones out, and promotions are the same twice.
    """
    from pipelines.delivery.dispatch import dispatch as run
    from pipelines.hosts.open import open_host
    from pipelines.project import find_project

    _say(run(find_project(project), open_host(), event, environment, model, key, reason), output)


@app.command("served")
def served(
    environment: RequiredEnvironment,
    model: ModelOption = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """See that an environment serves the digests that the tip of the default branch pins."""
    from pipelines.delivery.served import served as run
    from pipelines.project import find_project

    _say(run(find_project(project), environment, model), output)


@app.command("monitor")
def monitor(
    environment: RequiredEnvironment,
    model: Annotated[str, typer.Option("--model", "-m", help="One model.")],
    folder: Annotated[Path, typer.Option("--folder", help="Where the report goes.")] = Path("build/monitor"),
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Monitor one model, and say what follows: an issue, a retraining, or neither.

    Outputs: `verdict`, `finding` (`true`, `false`, or empty when nobody can tell), `key` and `title` of its issue,
    `retraining` (an idempotency key, or empty). Writes report.html, result.json and finding.md.
    """
    from pipelines.delivery.monitoring import monitoring as run
    from pipelines.project import find_project

    _say(run(find_project(project), environment, model, folder), output)


@app.command("token")
def token(
    environment: RequiredEnvironment,
    permission: Annotated[
        list[str] | None,
        typer.Option(
            "--permission",
            help="What the token may do: `contents=write`; repeat it.",
            show_default="contents=write, pull_requests=write",
        ),
    ] = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Sign in as the organisation's app: a token of one hour, for this repository and these permissions only.

    Outputs: `token` (masked in the log; empty without an app: use the workflow's own token then), `app`.
    """
    from pipelines.delivery.token import token as run
    from pipelines.project import find_project

    _say(run(find_project(project), environment, permission or []), output)


@app.command("setup")
def setup(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 4 when something is to be done.")
    ] = False,
    repository: Annotated[
        str | None,
        typer.Option("--repository", metavar="OWNER/REPO", help="On GitHub.", show_default="that of the remote origin"),
    ] = None,
    reviewers: Annotated[
        bool,
        typer.Option("--environment-reviewers", help="In prod, let owners of its pins review each job, too."),
    ] = False,
    api: ApiOption = None,
    project: ProjectOption = Path(),
    output: FormatOption = Format.TEXT,
) -> None:
    """Make the repository what delivery needs: environments, protection of the default branch, rights of tokens.

    Prints what the account's plan guarantees and every change before it makes the first; twice changes nothing. Asks
    GitHub as the administrator whose token is in GITHUB_TOKEN or GH_TOKEN. Sets no secret: it says which remain.
    """
    from pipelines.delivery.setup.open import open_settings
    from pipelines.delivery.setup.run import look_at, run
    from pipelines.project import find_project

    here = find_project(project)
    try:
        host, server = open_settings(here, repository, api)
        found = look_at(here, host, server, ask_reviewers=reviewers)
    except UserError as error:
        if output is Format.JSON:
            printing.document({"problems": error.problems})
            raise typer.Exit(error.exit_code) from error
        raise
    raise typer.Exit(run(found, check=check, as_json=output is Format.JSON))


def _say(report: Report, output: Format) -> None:
    from pipelines.delivery.report import say

    say(report, as_json=output is Format.JSON)
    raise typer.Exit(report.exit_code)

"""What people do in the platform's own repository, beside `init` and `plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from components.errors import UserError
from pipelines.bootstrap.formats import OidcProvider, TemplateFormat
from pipelines.options import Format, FormatOption

project_app = typer.Typer(no_args_is_help=True, help="Projects of the platform: their stacks.")

ApiOption = Annotated[
    str | None,
    typer.Option("--api-url", help="GitHub's API.", show_default="GITHUB_API_URL, or https://api.github.com"),
]


@project_app.command("add")
def add(
    repository: Annotated[str, typer.Argument(metavar="OWNER/REPO", help="The project's repository on GitHub.")],
    env: Annotated[
        list[str], typer.Option("--env", "-e", help="An environment that it shall be in; give it several times.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="The project's name.", show_default="REPO")] = None,
    folder: Annotated[Path, typer.Option("--folder", help="Pulumi project of project stacks.")] = Path(
        "stacks/project"
    ),
    api: ApiOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Look a repository up and write the project's stack files, one for each environment.

    The roles of a project trust its repository by ids that never change hands; they are asked of GitHub, with the
    token in GITHUB_TOKEN or GH_TOKEN if there is one. Each environment needs its platform document first:
    `stackwright contract export`. Nothing is overwritten.
    """
    from pipelines import printing
    from pipelines.hosts.github import GithubHost
    from pipelines.project_stacks import add_project

    try:
        added = add_project(GithubHost.from_environment(api), repository, env, folder, name)
    except UserError as error:
        if output is Format.JSON:
            printing.document({"problems": error.problems})
            raise typer.Exit(error.exit_code) from error
        raise
    if output is Format.JSON:
        printing.document({**added.as_json(), "problems": []})
        return
    printing.line("\n".join(f"wrote {path}" for path in added.paths) or f"the stack files of {added.project} are there")


def bootstrap(
    env: Annotated[str, typer.Option("--env", "-e", help="Environment, as in Pulumi.<environment>.yaml.")],
    repository: Annotated[
        str, typer.Option("--repository", metavar="OWNER/REPO", help="The platform's repository on GitHub.")
    ],
    folder: Annotated[Path, typer.Option("--folder", help="Folder of the stack files.")] = Path("stacks/environment"),
    provider: Annotated[
        OidcProvider, typer.Option("--oidc-provider", help="Whether the account has GitHub's already.")
    ] = OidcProvider.CREATE,
    owner_id: Annotated[int | None, typer.Option("--owner-id", help="Id of OWNER.", show_default="looked up")] = None,
    repository_id: Annotated[
        int | None, typer.Option("--repository-id", help="Id of the repository.", show_default="looked up")
    ] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", help="The branch whose jobs apply.", show_default="the default one")
    ] = None,
    api: ApiOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write.", show_default="standard output")
    ] = None,
    form: Annotated[TemplateFormat, typer.Option("--format", help="How to write it.")] = TemplateFormat.YAML,
) -> None:
    """Write the one CloudFormation template that the first `pulumi up` of an environment needs.

    It makes a bucket and a key for the state, GitHub's OIDC provider, a role that applies and one that looks, and the
    boundary that bounds both and every role that they make: it denies what the platform does not use, other regions,
    roles without it, and changes to itself, to both roles and to the state's bucket and key.
    """
    from pipelines import printing
    from pipelines.bootstrap.render import platform_repository, render, write_template
    from pipelines.hosts.github import GithubHost

    platform = platform_repository(GithubHost.from_environment(api), repository, owner_id, repository_id, branch)
    text = render(folder, env, platform, make_provider=provider is OidcProvider.CREATE, form=form)
    if output is None:
        printing.line(text.rstrip("\n"))
    elif write_template(output, text):
        printing.line(f"wrote {output}")
    else:
        printing.line(f"{output} is up to date")

"""What people do in the platform's own repository, beside `plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import UserError
from pipelines.bootstrap.formats import OidcProvider, TemplateFormat
from pipelines.options import Format, FormatOption

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def init(
    shape: Annotated[str, typer.Option("--shape", help="Reference shape: aws, kubernetes.")],
    organization: Annotated[str, typer.Option("--organization", help="First part of physical names.")],
    region: Annotated[
        str | None, typer.Option("--region", help="Region of the environments, in AWS.", show_default="eu-central-1")
    ] = None,
    env: Annotated[
        str | None, typer.Option("--env", "-e", help="The only environment to write.", show_default="all")
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            help="Context of your kubeconfig; with --env, and a shape that has its cluster already.",
            show_default="none: the cluster is to fill in",
        ),
    ] = None,
    fill: Annotated[
        list[str] | None,
        typer.Option("--fill", metavar="NAME=VALUE", help="What stands for <NAME>; give it several times."),
    ] = None,
    folder: Annotated[Path, typer.Option("--folder", help="Folder of the Pulumi project.")] = Path(
        "stacks/environment"
    ),
) -> None:
    """Write an organisation's own stack files, with comments and the places to fill in.

    With a context the cluster is asked what it is and what it has already: it is only looked at. Nothing is
    overwritten.
    """
    from pipelines import printing
    from pipelines.init import Wanted, write_stack_files

    wanted = Wanted(
        shape=shape, organization=organization, region=region, environment=env, context=context, fill=tuple(fill or ())
    )
    for path, left in write_stack_files(wanted, folder).items():
        printing.line(f"wrote {path}" + (f"; fill in {', '.join(left)}" if left else ""))


def bootstrap(
    env: Annotated[str, typer.Option("--env", "-e", help="Environment, as in Pulumi.<environment>.yaml.")],
    repository: Annotated[
        str, typer.Option("--repository", metavar="OWNER/REPO", help="The platform's repository on GitHub.")
    ],
    folder: Annotated[Path, typer.Option("--folder", help="Folder of the stack files.")] = Path("stacks/environment"),
    provider: Annotated[
        OidcProvider, typer.Option("--oidc-provider", help="AWS: whether the account has GitHub's already.")
    ] = OidcProvider.CREATE,
    also_owner: Annotated[
        list[int] | None,
        typer.Option("--also-owner", help="Cluster: id of one more owner whose repositories may be projects."),
    ] = None,
    issuer: Annotated[
        str | None, typer.Option("--issuer", help="Cluster: who signs tokens of jobs.", show_default="github.com's")
    ] = None,
    issuer_ca: Annotated[
        Path | None, typer.Option("--issuer-ca", help="Cluster: PEM file that proves the issuer's address.")
    ] = None,
    owner_id: Annotated[int | None, typer.Option("--owner-id", help="Id of OWNER.", show_default="looked up")] = None,
    repository_id: Annotated[
        int | None, typer.Option("--repository-id", help="Id of the repository.", show_default="looked up")
    ] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", help="The branch whose jobs apply.", show_default="the default one")
    ] = None,
    api: ApiOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; a folder for a cluster.", show_default="standard output"),
    ] = None,
    form: Annotated[TemplateFormat, typer.Option("--format", help="AWS: how to write it.")] = TemplateFormat.YAML,
) -> None:
    """Write what the first `pulumi up` of an environment needs.

    In AWS it is one CloudFormation template. It makes a bucket and a key for the state, GitHub's OIDC provider, a role
    that applies and one that looks, and the boundary that bounds both and every role that they make: it denies what the
    platform does not use, other regions, roles without it, and changes to itself, to both roles and to the state's
    bucket and key.

    In a cluster without a cloud it is two files: authentication.yaml, by which the API server knows GitHub's jobs, and
    rbac.yaml, by which those of the platform's repository may apply. For a context of kind, kind.yaml makes a cluster
    that reads the first. Of the stack file only the name and the audience of the cluster have to be there yet. The
    state is wherever `pulumi login` says.
    """
    from pipelines.bootstrap.cluster import ClusterNeeds, documents, issuer_of
    from pipelines.bootstrap.render import platform_repository, read_place, render
    from pipelines.hosts.github import GithubHost

    place = read_place(folder, env)
    platform = platform_repository(GithubHost.from_environment(api), repository, owner_id, repository_id, branch)
    if isinstance(place, ClusterNeeds):
        found = documents(place, platform, also_owner or (), issuer_of(issuer, issuer_ca))
        _write([(output / name if output else None, text) for name, text in found.items()])
        return
    if also_owner or issuer or issuer_ca:
        raise typer.BadParameter("is for a cluster without a cloud", param_hint="--also-owner, --issuer, --issuer-ca")
    _write([(output, render(place, platform, make_provider=provider is OidcProvider.CREATE, form=form))])


def _write(files: Sequence[tuple[Path | None, str]]) -> None:
    """Write files that have a name, and print those that have none."""
    from pipelines import printing
    from pipelines.bootstrap.render import write_new

    printed = [text for path, text in files if path is None]
    if printed:
        printing.line("---\n".join(printed).rstrip("\n"))
    for path, text in files:
        if path:
            printing.line(f"wrote {path}" if write_new(path, text) else f"{path} is up to date")

"""`stackwright bootstrap`: from a stack file to a template in a file."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines import writes
from pipelines.bootstrap.formats import TemplateFormat
from pipelines.bootstrap.template import template
from pipelines.hosts.github import Repository
from stacks.environment.config import read_stack_file

if TYPE_CHECKING:
    from pipelines.hosts.github import GithubHost

HEAD = """\
# {description}: once, by its administrator,
#   aws cloudformation deploy --stack-name {prefix}-bootstrap --capabilities CAPABILITY_NAMED_IAM \\
#     --region {region} --template-file FILE
"""


def render(folder: Path, environment: str, platform: Repository, *, make_provider: bool, form: TemplateFormat) -> str:
    """Return the template of an environment as text."""
    place = read_stack_file(folder / f"Pulumi.{environment}.yaml").place
    document = template(place, platform, make_provider=make_provider)
    if form is TemplateFormat.JSON:
        return json.dumps(document, indent=2) + "\n"
    import yaml

    head = HEAD.format(description=document["Description"], prefix=place.prefix, region=place.region)
    return head + yaml.dump(document, Dumper=_plain_dumper(), sort_keys=False, width=120)


def platform_repository(
    host: GithubHost, name: str, owner_id: int | None, repository_id: int | None, branch: str | None
) -> Repository:
    """Return the platform's repository: by ids that are given, or looked up."""
    if owner_id is None and repository_id is None:
        found = host.repository(name)
        return found if branch is None else replace(found, default_branch=branch)
    if owner_id is None or repository_id is None:
        raise UserError("--owner-id: goes with --repository-id; give both, or none to look them up")
    owner, _, repository = name.partition("/")
    if not owner or not repository or "/" in repository:
        raise UserError(f"--repository: `{name}` is not a repository; write it like `acme/platform`")
    return Repository(owner, owner_id, repository, repository_id, branch or "main", datetime.now(UTC))


def write_template(path: Path, text: str) -> bool:
    """Write a template; `False` when the file holds it already, and never over another one."""
    if path.exists():
        if path.read_text("utf-8") == text:
            return False
        raise UserError(f"{path}: exists and is another template; move it away, or choose another file")
    if not writes.create_file(path, text.encode()):
        raise UserError(f"{path}: somebody else has just written it; look at it first")
    return True


def _plain_dumper() -> type:
    """Return a dumper that writes what is said twice twice: anchors are hard to read, and not everywhere understood."""
    import yaml

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
            return True

    return Plain

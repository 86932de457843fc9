"""`stackwright bootstrap`: from a stack file to what prepares its environment, in files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from components.base import AwsPlace
from components.errors import UserError
from pipelines import writes
from pipelines.bootstrap.cluster import ClusterNeeds, cluster_needs
from pipelines.bootstrap.formats import TemplateFormat
from pipelines.bootstrap.template import template
from pipelines.hosts.github import Repository
from stacks.environment.config import KEY, SPECS, environment_spec
from stacks.environment.kubernetes_spec import KubernetesEnvironmentSpec
from stacks.shapes import of_shape
from stacks.stack_file import read_config

if TYPE_CHECKING:
    from pipelines.hosts.github import GithubHost

HEAD = """\
# {description}: once, by its administrator,
#   aws cloudformation deploy --stack-name {prefix}-bootstrap --capabilities CAPABILITY_NAMED_IAM \\
#     --region {region} --template-file FILE
"""


def read_place(folder: Path, environment: str) -> AwsPlace | ClusterNeeds:
    """Return where an environment shall be: an account, or a cluster of which the stack file may not say all yet."""
    path = folder / f"Pulumi.{environment}.yaml"
    value, where = read_config(path, KEY), str(path)
    if of_shape(value, SPECS, where) is KubernetesEnvironmentSpec:
        return cluster_needs(value, where)
    place = environment_spec(value, where, environment).place
    if not isinstance(place, AwsPlace):
        raise TypeError(f"{where}: {type(place).__name__} is no place that can be prepared")
    return place


def render(place: AwsPlace, platform: Repository, *, make_provider: bool, form: TemplateFormat) -> str:
    """Return the template of an environment in AWS as text."""
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


def write_new(path: Path, text: str) -> bool:
    """Write a file; `False` when it holds the same already, and never over another one."""
    if path.exists():
        if path.read_text("utf-8") == text:
            return False
        raise UserError(f"{path}: exists and says something else; move it away, or choose another file")
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

"""Values of a project that are right each by itself, but not together or not in its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.ci_identity.contract import ApiServerSpec, GithubSpec
from components.model_deployer.contract import KubernetesSpec
from components.node_pools.contract import GPU
from stacks.platform import KubernetesPlatform, Platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from components.ci_identity.contract import RepositorySpec
    from stacks.platform import AnyPlatform
    from stacks.stack_file import Flaw

LONGEST_ROLE = 64
"""Characters of a role's name, as IAM takes it."""


def impossible(stack: str, fields: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield what cannot be together, of the fields that are right by themselves."""
    project, environment = fields.get("project"), fields.get("environment")
    if project and environment and f"{project}-{environment}" != stack:
        yield "project", f"`{project}` in `{environment}` is not the stack `{stack}`; rename one of them"
    if project:
        for name, data in fields.get("reads", {}).items():
            if data.published_by == project:
                yield f"reads.{name}.published_by", f"`{project}` is the project itself, which reads its own; remove it"
    identity = fields.get("ci_identity")
    if identity and environment in identity.promotes_to:
        yield "ci_identity.promotes_to", f"`{environment}` is this environment; it cannot promote from itself"


def misfits(fields: Mapping[str, Any], platform: AnyPlatform, sources: Mapping[str, str | None]) -> Iterator[Flaw]:
    """Yield what cannot be in this environment, of the fields that are right by themselves.

    Args:
        fields: What the stack file says.
        platform: The environment.
        sources: Environment -> what it promotes from, as far as it is known.
    """
    there = platform.environment
    yield from _of_aws(fields, platform) if isinstance(platform, Platform) else _of_kubernetes(fields, platform)
    if project := fields.get("project"):
        address = f"https://{project}.{platform.ingress.domain}"
        for what, uri in _addresses(platform).items():
            if f"{uri}/".startswith(f"{address}/"):
                yield "project", f"`{project}`: {address} is {what}; choose another name"
    identity = fields.get("ci_identity")
    for target in identity.promotes_to if identity else ():
        source = sources.get(target, there)
        if source != there and target != there:
            told = f"promotes from {source}" if source else "promotes from nowhere"
            yield "ci_identity.promotes_to", f"`{target}` {told}, not from {there}; remove it"
    deployer = fields.get("model_deployer")
    gpus = deployer.quota.gpus if isinstance(deployer, KubernetesSpec) else 0
    if gpus and not any(GPU in pool.accelerators for pool in platform.node_pools.values()):
        yield "model_deployer.quota.gpus", f"`{gpus}`: no node pool of {there} has GPUs; leave it out"


def _addresses(platform: AnyPlatform) -> dict[str, str | None]:
    """Return what has a name of its own in the environment -> its address."""
    dashboards = platform.monitoring.dashboards_url if isinstance(platform, KubernetesPlatform) else None
    return {
        "the experiment tracker": platform.experiment_tracker.tracking_uri,
        "the artifact store": platform.artifact_store.endpoint,
        "the dashboards": dashboards,
    }


def _of_aws(fields: Mapping[str, Any], platform: Platform) -> Iterator[Flaw]:
    yield from _identity(fields, platform, GithubSpec, "github")
    project = fields.get("project", "")
    longest = f"{platform.prefix}-{project}-promotion"
    if len(longest) > LONGEST_ROLE:
        told = f"shorten it by {len(longest) - LONGEST_ROLE}"
        yield "project", f"`{project}`: role `{longest}` has more than {LONGEST_ROLE} characters; {told}"
    if fields.get("monitoring"):
        yield "monitoring", f"{platform.environment} has no Prometheus to ask served models; leave it out"
    for name, data in fields.get("reads", {}).items():
        if data.uri and f"{data.uri}/".startswith(f"{platform.artifact_store.uri}/"):
            told = "its owner publishes it by `published_by`"
            yield f"reads.{name}.uri", f"`{data.uri}` is in the artifact store of the environment; {told}"


def _of_kubernetes(fields: Mapping[str, Any], platform: KubernetesPlatform) -> Iterator[Flaw]:
    yield from _identity(fields, platform, ApiServerSpec, "api_server")
    for name, data in fields.get("reads", {}).items():
        if data.uri:
            told = f"jobs have no keys to it in {platform.environment}; have it published, and say `published_by`"
            yield f"reads.{name}.uri", f"`{data.uri}`: {told}"
    secret = platform.experiment_tracker.credentials_secret
    if secret and not secret.startswith("kubernetes:///"):
        told = f"`{secret}`, where its experiment tracker keeps passwords, is no Secret of its cluster"
        yield "environment", f"`{platform.environment}`: {told}; change credentials_secret there"


def _identity(
    fields: Mapping[str, Any], platform: AnyPlatform, expected: type[RepositorySpec], flavor: str
) -> Iterator[Flaw]:
    identity = fields.get("ci_identity")
    if identity and not isinstance(identity, expected):
        told = f"is for another shape than that of {platform.environment}; choose {flavor}"
        yield "ci_identity.flavor", f"`{identity.flavor}` {told}"

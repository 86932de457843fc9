"""Values of a project that are right each by itself, but not together or not in its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stacks.platform import Platform
    from stacks.project.spec import ProjectSpec
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


def misfits(spec: ProjectSpec, platform: Platform, sources: Mapping[str, str | None]) -> Iterator[Flaw]:
    """Yield what cannot be in this environment.

    Args:
        spec: What the stack file says.
        platform: The environment.
        sources: Environment -> what it promotes from, as far as it is known.
    """
    longest = f"{platform.prefix}-{spec.project}-promotion"
    if len(longest) > LONGEST_ROLE:
        told = f"shorten it by {len(longest) - LONGEST_ROLE}"
        yield "project", f"`{spec.project}`: role `{longest}` has more than {LONGEST_ROLE} characters; {told}"
    address = f"https://{spec.project}.{platform.ingress.domain}"
    if platform.experiment_tracker.tracking_uri.startswith(address):
        yield "project", f"`{spec.project}`: {address} is the experiment tracker; choose another name"
    for target in spec.ci_identity.promotes_to:
        source = sources.get(target, spec.environment)
        if source != spec.environment:
            told = f"promotes from {source}" if source else "promotes from nowhere"
            yield "ci_identity.promotes_to", f"`{target}` {told}, not from {spec.environment}; remove it"
    for name, data in spec.reads.items():
        if data.uri and f"{data.uri}/".startswith(f"{platform.artifact_store.uri}/"):
            told = "its owner publishes it by `published_by`"
            yield f"reads.{name}.uri", f"`{data.uri}` is in the artifact store of the environment; {told}"

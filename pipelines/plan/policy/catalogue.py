"""Every policy, and what they find in a graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from components.base import Document
from pipelines.plan.policy import aws_values, closure, kubernetes, network, rights, s3, services, trust
from pipelines.plan.policy.suppressions import Suppression, Suppressions

if TYPE_CHECKING:
    from pipelines.plan.graph import Graph
    from pipelines.plan.policy.base import Policy

POLICIES: tuple[Policy, ...] = (
    *aws_values.POLICIES,
    *s3.POLICIES,
    *rights.POLICIES,
    *trust.POLICIES,
    *network.POLICIES,
    *services.POLICIES,
    *kubernetes.POLICIES,
    *closure.POLICIES,
)
"""In the order in which findings are shown."""


class Finding(Document):
    """One resource that breaks one policy."""

    policy: str
    """Id of the policy."""
    urn: str
    """URN of the resource."""
    resource: str
    """How messages and suppressions call it: `<type> <name>`."""
    message: str
    """What is wrong, and what to do."""
    reason: str
    """What can happen otherwise."""
    source: str
    """Who says so."""
    suppressed: str | None = None
    """Why it is accepted; none where it is not."""


class Judgement(Document):
    """What the policies find in one graph."""

    findings: tuple[Finding, ...]
    """Each one blocks."""
    suppressed: tuple[Finding, ...]
    """Accepted, each with its reason."""
    unused: tuple[Suppression, ...]
    """Suppressions that match nothing any more: remove them."""


def judge(graph: Graph, suppressions: tuple[Suppression, ...] = ()) -> Judgement:
    """Hold a graph against every policy.

    Args:
        graph: What a program registers.
        suppressions: Findings that somebody accepts.
    """
    found = [_accepted(finding, suppressions) for finding in dict.fromkeys(_find(graph))]
    return Judgement(
        findings=tuple(finding for finding in found if not finding.suppressed),
        suppressed=tuple(finding for finding in found if finding.suppressed),
        unused=tuple(one for one in suppressions if not any(one.covers(it.policy, it.resource) for it in found)),
    )


def _accepted(finding: Finding, suppressions: tuple[Suppression, ...]) -> Finding:
    by = next((one for one in suppressions if one.covers(finding.policy, finding.resource)), None)
    return finding.model_copy(update={"suppressed": by.reason}) if by else finding


def _find(graph: Graph) -> list[Finding]:
    return [
        Finding(
            policy=policy.id,
            urn=resource.urn,
            resource=resource.label,
            message=message,
            reason=policy.reason,
            source=policy.source,
        )
        for policy in POLICIES
        for resource, message in policy.check(graph)
    ]


def load_suppressions(path: Path, environment: str) -> tuple[Suppression, ...]:
    """Read the suppressions of an environment; no file means none.

    Raises:
        UserError: The file is wrong, or names a policy that does not exist.
    """
    return Suppressions.read(path, environment, [policy.id for policy in POLICIES])

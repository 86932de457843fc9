"""IAM policy documents in a graph, statement by statement."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pipelines.plan.policy.base import inside

if TYPE_CHECKING:
    from pipelines.plan.graph import Graph, GraphResource

IDENTITY = {
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
}
"""Types that hold what somebody may do -> the input with the document."""

TRUST = {"aws:iam/role:Role": "assumeRolePolicy"}
"""Types that hold who may become somebody."""

RESOURCE = {
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
"""Types that hold who may do something with them."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a document, every field a list."""

    label: str
    """Its `Sid`, or its number."""
    allows: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    """Kind and name: `("Service", "ec2.amazonaws.com")`; everybody is `("AWS", "*")`."""
    excludes_principals: bool
    """Whether it holds for all but some: `NotPrincipal`."""
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Operator -> key in lower case -> values."""

    @property
    def condition_keys(self) -> set[str]:
        """The keys of all conditions, in lower case."""
        return {key for keys in self.conditions.values() for key in keys}


def statements(graph: Graph, *tables: Mapping[str, str]) -> Iterator[tuple[GraphResource, Statement]]:
    """Return every readable statement of some types, with the resource that holds it."""
    for resource, document in documents(graph, *tables):
        for index, statement in enumerate(_listed((document or {}).get("Statement"))):
            if isinstance(statement, dict):
                yield resource, _statement(cast("dict[str, Any]", statement), index)


def documents(graph: Graph, *tables: Mapping[str, str]) -> Iterator[tuple[GraphResource, dict[str, Any] | None]]:
    """Return every document of some types with its resource; none where it cannot be read."""
    for table in tables:
        for resource in graph.of_type(*table):
            value = resource.inputs.get(table[resource.type])
            if value is not None:
                yield resource, _read(value)


def _read(value: Any) -> dict[str, Any] | None:
    try:
        read = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return cast("dict[str, Any]", read) if isinstance(read, dict) and "Statement" in read else None


def _statement(found: dict[str, Any], index: int) -> Statement:
    return Statement(
        label=str(found.get("Sid") or f"statement {index + 1}"),
        allows=found.get("Effect") == "Allow",
        actions=_texts(found.get("Action")),
        not_actions=_texts(found.get("NotAction")),
        resources=_texts(found.get("Resource")),
        not_resources=_texts(found.get("NotResource")),
        principals=tuple(_principals(found.get("Principal"))),
        excludes_principals="NotPrincipal" in found,
        conditions={
            operator: {key.lower(): _texts(values) for key, values in inside(keys).items()}
            for operator, keys in inside(found, "Condition").items()
        },
    )


def _principals(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for kind, names in cast("dict[str, Any]", value).items():
            for name in _texts(names):
                yield kind, name
    elif value is not None:
        yield "AWS", str(value)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in _listed(value))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]

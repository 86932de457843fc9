"""The boundary holds all that the environments of the examples are made of, and what their roles may do."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.bootstrap.boundary import SERVICES, boundary
from pipelines.plan.access import Request, decide
from pipelines.plan.graph import Graph
from pipelines.plan.record import record
from stacks.environment.config import read_stack_file
from stacks.environment.program import program

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples" / "aws"
CALLED = {"vpc": "ec2", "cloudwatch": "logs", "iam": None}
"""Module of the provider -> what IAM calls its service, where that is another word; identities have their own rules."""


@functools.cache
def graph(environment: str) -> Graph:
    """Record an example."""
    spec = read_stack_file(EXAMPLES / f"Pulumi.{environment}.yaml")
    return record(functools.partial(program, spec), project="stackwright-environment", stack=environment)


def allowed_actions(found: Graph) -> Iterator[str]:
    """Yield what the policies of an environment's roles allow."""
    for resource in found.resources:
        if resource.type == "aws:iam/rolePolicy:RolePolicy":
            for statement in json.loads(resource.inputs["policy"])["Statement"]:
                if statement["Effect"] == "Allow":
                    listed: Any = statement["Action"]
                    yield from [listed] if isinstance(listed, str) else listed


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_service_of_the_platform_is_in_it(environment: str) -> None:
    """Whoever applies can make each resource."""
    modules = {
        item.type.split(":")[1].split("/")[0] for item in graph(environment).resources if item.type[:4] == "aws:"
    }
    services = {CALLED.get(module, module) for module in modules} - {None}

    assert modules
    assert set() == services - set(SERVICES)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_what_roles_may_do_is_within_it(environment: str) -> None:
    """A boundary takes away what it does not hold: nothing that a role of the platform needs."""
    place = read_stack_file(EXAMPLES / f"Pulumi.{environment}.yaml").place
    role = f"arn:aws:iam::{place.account}:role/aws-service-role/elasticloadbalancing.amazonaws.com/X"
    policy, region = boundary(place, "arn:aws:kms:none"), {"aws:RequestedRegion": place.region}

    def kept(action: str) -> bool:
        resource = role if action.startswith("iam:") else "*"
        return decide([policy], Request(action=action, resource=resource, context=region)).allowed

    actions = set(allowed_actions(graph(environment)))
    assert actions
    assert [] == sorted(action for action in actions if not kept(action))


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_whoever_applies_may_make_every_role(environment: str) -> None:
    """Rights on roles go by their names; each of an environment's can be made, with the boundary, and handed on."""
    place = read_stack_file(EXAMPLES / f"Pulumi.{environment}.yaml").place
    policy = boundary(place, "arn:aws:kms:none")
    context = {"aws:RequestedRegion": place.region, "iam:PermissionsBoundary": place.boundary_arn}
    inputs = [item.inputs for item in graph(environment).resources if item.type == "aws:iam/role:Role"]
    names = [str(role.get("name") or f"{role['namePrefix']}20261121") for role in inputs]
    asked = [
        Request(action=action, resource=f"arn:aws:iam::{place.account}:role/{name}", context=context)
        for name in names
        for action in ("iam:CreateRole", "iam:PassRole")
    ]

    assert names
    assert [] == [request for request in asked if not decide([policy], request).allowed]

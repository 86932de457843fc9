"""Who may act as a project's CI, decided by the policies that are written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.base import Tier
from components.ci_identity.contract import GithubSpec
from components.conformance import Case
from components.recording import RecordedResource
from pipelines.plan.access import Request, decide, web_identity

SPEC = GithubSpec(owner="Acme", owner_id=12, repository="churn", repository_id=345)
PROVIDER = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"

DEPLOY = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:Acme@12/churn@345:environment:prod",
    "repository_id": "345",
    "repository": "Acme/churn",
    "environment": "prod",
    "ref": "refs/heads/main",
}
PULL_REQUEST = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:Acme@12/churn@345:pull_request",
    "repository_id": "345",
    "repository": "Acme/churn",
    "ref": "refs/pull/7/merge",
}

TOKENS: dict[str, dict[str, str]] = {
    "deployment": DEPLOY,
    "pull request": PULL_REQUEST,
    "pull request that names the environment": DEPLOY | {"ref": "refs/pull/7/merge"},
    "other branch": DEPLOY | {"ref": "refs/heads/next"},
    "push without environment": {
        name: value
        for name, value in (DEPLOY | {"sub": "repo:Acme@12/churn@345:ref:refs/heads/main"}).items()
        if name != "environment"
    },
    "other environment": DEPLOY | {"sub": "repo:Acme@12/churn@345:environment:staging", "environment": "staging"},
    "pull request that names the other environment": DEPLOY
    | {
        "sub": "repo:Acme@12/churn@345:environment:staging",
        "environment": "staging",
        "ref": "refs/pull/7/merge",
    },
    "other environment of a fork": DEPLOY
    | {
        "sub": "repo:mallory@66/churn@777:environment:staging",
        "environment": "staging",
        "repository_id": "777",
    },
    "environment with a longer name": DEPLOY
    | {"sub": "repo:Acme@12/churn@345:environment:prod-eu", "environment": "prod-eu"},
    "fork": DEPLOY
    | {"sub": "repo:mallory@66/churn@777:environment:prod", "repository_id": "777", "repository": "mallory/churn"},
    "pull request in a fork": PULL_REQUEST | {"sub": "repo:mallory@66/churn@777:pull_request", "repository_id": "777"},
    "other repository of the owner": DEPLOY
    | {"sub": "repo:Acme@12/fraud@346:environment:prod", "repository_id": "346", "repository": "Acme/fraud"},
    "repository that took the name": DEPLOY
    | {"sub": "repo:Acme@99/churn@888:environment:prod", "repository_id": "888"},
    "subject that only looks right": DEPLOY | {"repository_id": "777"},
    "claims that only look right": DEPLOY | {"sub": "repo:mallory@66/churn@777:environment:prod"},
    "old subject": DEPLOY | {"sub": "repo:Acme/churn:environment:prod"},
    "old subject of a pull request": PULL_REQUEST | {"sub": "repo:Acme/churn:pull_request"},
    "old subject of a repository that took the name": DEPLOY
    | {"sub": "repo:Acme/churn:environment:prod", "repository_id": "888"},
    "other audience": DEPLOY | {"aud": "https://github.com/Acme"},
    "other case": DEPLOY | {"sub": "repo:acme@12/churn@345:environment:prod"},
    "no subject": {name: value for name, value in DEPLOY.items() if name != "sub"},
}


def roles(spec: GithubSpec, tier: Tier = Tier.PROD) -> dict[str, RecordedResource]:
    """The roles of an environment by the last word of their names."""
    found = [item for item in Case(spec).built(tier).managed if item.type == "aws:iam/role:Role"]
    return {item.name.rpartition("-")[2]: item for item in found}


def who_may_be(role: RecordedResource, provider: str = PROVIDER) -> list[str]:
    """Name the tokens with which a role can be assumed."""
    trust = role.inputs["assumeRolePolicy"]
    return [name for name, claims in TOKENS.items() if decide([trust], web_identity(provider, claims)).allowed]


def test_only_the_deployment_deploys() -> None:
    """The deploy role is for one token: its repository, by both ids, its environment, its branch."""
    assert ["deployment"] == who_may_be(roles(SPEC)["deploy"])


def test_only_pull_requests_plan() -> None:
    """The plan role is for pull requests of the repository; a deployment has no use of it."""
    assert ["pull request"] == who_may_be(roles(SPEC)["plan"])


def test_an_old_repository_keeps_its_ids() -> None:
    """The subject without ids is taken when it is asked for, and from the same repository only."""
    old = SPEC.model_copy(update={"legacy_subject": True})

    assert ["deployment", "old subject"] == who_may_be(roles(old)["deploy"])
    assert ["pull request", "old subject of a pull request"] == who_may_be(roles(old)["plan"])


@pytest.mark.parametrize(
    ("tier", "expected"), [(Tier.STAGING, ["other environment"]), (Tier.PROD, ["deployment"]), (Tier.DEV, [])]
)
def test_each_environment_has_its_own(tier: Tier, expected: list[str]) -> None:
    """The environment is that of the stack."""
    assert expected == who_may_be(roles(SPEC, tier)["deploy"])


def test_only_the_next_environment_promotes() -> None:
    """The promotion role is for the jobs that deploy to the environments that promote from here, and for no other."""
    one = SPEC.model_copy(update={"promotes_to": ("staging",)})
    two = SPEC.model_copy(update={"promotes_to": ("staging", "prod-eu")})

    assert ["other environment"] == who_may_be(roles(one)["promotion"])
    assert ["other environment", "environment with a longer name"] == who_may_be(roles(two)["promotion"])
    assert "promotion" not in roles(SPEC)


def test_promoting_changes_nothing_of_the_other_roles() -> None:
    """One more environment that promotes from here gets in by a role of its own."""
    with_target = roles(SPEC.model_copy(update={"promotes_to": ("staging",)}))

    assert roles(SPEC) == {name: role for name, role in with_target.items() if name != "promotion"}


@pytest.mark.parametrize(
    "provider",
    [PROVIDER.replace("111122223333", "444455556666"), PROVIDER.replace("githubusercontent.com", "example.com")],
)
def test_only_the_providers_own_tokens_count(provider: str) -> None:
    """A provider of another account or issuer is nobody."""
    assert [] == who_may_be(roles(SPEC)["deploy"], provider)


def test_trust_has_no_pattern() -> None:
    """No trust policy has a wildcard or a weak operator, whatever is asked for."""
    for spec in (SPEC, SPEC.model_copy(update={"legacy_subject": True, "promotes_to": ("staging", "qa")})):
        for role in roles(spec).values():
            [statement] = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
            assert "*" not in role.inputs["assumeRolePolicy"]
            assert {"StringEquals"} == set(statement["Condition"])


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("s3:GetObject", True),
        ("ecr:BatchGetImage", True),
        ("s3:PutObject", False),
        ("s3:DeleteObject", False),
        ("secretsmanager:GetSecretValue", False),
        ("iam:PassRole", False),
        ("sts:AssumeRole", False),
        ("kms:Sign", False),
    ],
)
def test_who_reads_never_writes(action: str, allowed: bool) -> None:
    """Even with every right attached to them, the plan and promotion roles read packages and nothing more."""
    spec = SPEC.model_copy(update={"promotes_to": ("staging",)})
    own = [item for item in Case(spec).built(Tier.PROD).managed if item.type == "aws:iam/rolePolicy:RolePolicy"]
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}

    names = {roles(spec)[role].inputs["name"] for role in ("plan", "promotion")}
    assert names == {item.inputs["role"] for item in own}
    for item in own:
        assert allowed is decide([item.inputs["policy"], everything], Request(action=action)).allowed
        assert not decide([item.inputs["policy"]], Request(action=action)).allowed


@pytest.mark.parametrize(("choice", "expected"), [("create", 1), ("existing", 0)])
def test_the_account_has_one_provider(choice: Any, expected: int) -> None:
    """One stack of an account creates the provider, and its roles wait for it; others find it by the same ARN."""
    spec = SPEC.model_copy(update={"provider": choice})
    made = [item for item in Case(spec).built().managed if "openIdConnectProvider" in item.type]

    assert [["sts.amazonaws.com"]] * expected == [item.inputs["clientIdLists"] for item in made]
    assert [["deployment"]] * 2 == [who_may_be(roles(each)["deploy"]) for each in (SPEC, spec)]
    for role in roles(spec, Tier.DEV).values():
        assert {item.urn for item in made} <= set(role.dependencies)


def test_two_environments_share_an_account() -> None:
    """Names tell the environments of one account apart."""
    names = [role.inputs["name"] for tier in (Tier.DEV, Tier.PROD) for role in roles(SPEC, tier).values()]

    assert [
        "acme-dev-ci-identity-deploy",
        "acme-dev-ci-identity-plan",
        "acme-prod-ci-identity-deploy",
        "acme-prod-ci-identity-plan",
    ] == sorted(names)


def test_rights_are_bounded() -> None:
    """A boundary and the longest session hold for both roles."""
    boundary = "arn:aws:iam::111122223333:policy/boundary"
    spec = SPEC.model_copy(update={"permissions_boundary": boundary, "session_hours": 3})

    found = [(role.inputs["permissionsBoundary"], role.inputs["maxSessionDuration"]) for role in roles(spec).values()]
    assert [(boundary, 10800)] * 2 == found
    assert all("permissionsBoundary" not in role.inputs for role in roles(SPEC).values())

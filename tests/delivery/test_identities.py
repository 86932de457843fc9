"""Which job of a project may be whom: the tokens of all its workflow files against what the stacks trust, in full."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import pytest

from components.ci_identity.groups import audience
from pipelines.bootstrap.cluster import authentication
from pipelines.identity import AUDIENCE, github_token
from pipelines.plan.access import decide, web_identity
from pipelines.plan.graph import Graph
from tests.harness.cel import Missing, of_claims
from tests.harness.github_jobs import (
    ISSUER,
    MAIN,
    OTHER,
    PULL_REQUEST,
    TAG,
    Claims,
    Issuer,
    Job,
    Repository,
    issuing,
    jobs,
)
from tests.harness.project_stack import EXAMPLES, KUBERNETES, example, recorded
from tests.harness.rbac import BINDING

CHURN = Repository("acme", 123456, "churn", 987654321)
FORK = Repository("mallory", 666, "churn", 777)
SIBLING = Repository("acme", 123456, "fraud", 987654322)
NAMESAKE = Repository("acme", 123456, "churn", 4711)
TOOK_BOTH_NAMES = Repository("acme", 99, "churn", 888)
SOURCES = {"dev": None, "staging": "dev", "prod": "staging"}

ACTS: dict[str, tuple[str, ...]] = {
    "deploy/deploy": ("dev", "staging", "prod"),
    "monitor/monitor": ("dev", "staging", "prod"),
    "promote/promote": ("staging", "prod"),
    "rollback/rollback": ("dev", "staging", "prod"),
    "train/train": ("dev",),
    "update/contract": ("dev", "staging", "prod"),
    "update/template": ("dev",),
}
"""Job that acts for environments -> which; no other may even ask for a token."""

INTENDED: dict[tuple[str | None, str], tuple[str, ...]] = {
    ("dev", MAIN): ("dev/deploy",),
    ("staging", MAIN): ("staging/deploy", "dev/promotion"),
    ("prod", MAIN): ("prod/deploy", "staging/promotion"),
    (None, PULL_REQUEST): ("dev/plan", "staging/plan", "prod/plan"),
}
"""What a job of this repository names, and where it runs -> who it may be. Every other pair is denied.

A fork's pull request runs in this repository, too; GitHub gives it no token unless the repository's settings say so."""

ROLES = sorted(
    {
        *(f"{name}/{role}" for name in SOURCES for role in ("deploy", "plan")),
        *(f"{source}/promotion" for source in SOURCES.values() if source),
    }
)

Trusts = Callable[[str, str, Claims], bool]
"""Environment, role and the claims of a token that its issuer has signed -> whether the token opens the role."""


@dataclass(frozen=True)
class Shape:
    """What the stacks of one shape trust."""

    audiences: Mapping[str, str]
    """Environment -> whom a token has to be for, to be looked at there."""
    trusts: Trusts


@pytest.fixture(scope="module")
def issuer() -> Generator[Issuer]:
    """GitHub's, on loopback."""
    with issuing() as found:
        yield found


@pytest.fixture(scope="module")
def written(rendered: Path) -> list[Job]:
    """Every job of the files of a rendered project."""
    return list(jobs(rendered, CHURN, SOURCES))


@pytest.fixture(scope="module")
def wished(written: list[Job]) -> list[Job]:
    """Those, and what somebody makes of them who can push a branch, or has another repository."""
    return [*written, *(other for job in written for other in _wishes(job))]


@pytest.fixture(scope="module")
def some(wished: list[Job]) -> list[Job]:
    """Those of one file."""
    return [job for job in wished if job.workflow == "deploy"]


def _wishes(job: Job) -> Iterator[Job]:
    """Yield the job as others would have it; each asks for a token, whatever the file says."""
    mine = job.changed("in the file of a branch", asks=True)
    yield mine.changed("a push to another branch", event="push", ref=OTHER)
    yield mine.changed("a tag called like the branch", event="push", ref=TAG)
    for environment in (*SOURCES, "prod:ref:refs/heads/main", "PROD", "prod-eu", "pull_request", None):
        yield mine.changed("in a pull request", event="pull_request", ref=PULL_REQUEST, environment=environment)
        yield mine.changed("on another branch", event="push", ref=OTHER, environment=environment)
    yield mine.changed("on the branch, without its environment", event="push", ref=MAIN, environment=None)
    yield mine.changed(
        "on the branch, as another environment", event="push", ref=MAIN, environment=f"{job.environment}-eu"
    )
    for told, repository in (
        ("in a fork", FORK),
        ("in another repository of the owner", SIBLING),
        ("in a repository that took the name", NAMESAKE),
        ("in a repository whose owner took both names", TOOK_BOTH_NAMES),
    ):
        yield mine.changed(told, repository=repository)


def graphs(folder: Path) -> dict[str, Graph]:
    """Return what the project's stacks register in all environments of an example."""
    return {name: recorded(example(f"churn-{name}", folder) | {"reads": {}}, folder) for name in SOURCES}


def aws(change: Callable[[dict[str, Any]], object] = lambda condition: None) -> Shape:
    """Return the shape with roles in accounts; `change` does something to the conditions of each trust policy."""
    found = graphs(EXAMPLES)
    policies = {(name, role): _trust(graph, role, change) for name, graph in found.items() for role in _roles_of(graph)}

    def trusts(environment: str, role: str, claims: Claims) -> bool:
        account = found[environment].outputs["contract"]["account"]
        provider = f"arn:aws:iam::{account}:oidc-provider/{ISSUER.removeprefix('https://')}"
        texts = {name: value for name, value in claims.items() if isinstance(value, str)}
        return decide([policies[environment, role]], web_identity(provider, texts)).allowed

    return Shape(dict.fromkeys(SOURCES, AUDIENCE), trusts)


def _roles_of(graph: Graph) -> dict[str, str]:
    """Return the roles that the contract names, by what they are for: their own names."""
    arns = graph.outputs["contract"]["roles"]
    return {role: arn.rpartition("/")[2] for role, arn in arns.items() if arn}


def _trust(graph: Graph, role: str, change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    name = _roles_of(graph)[role]
    [found] = [item for item in graph.of_type("aws:iam/role:Role") if item.inputs.get("name") == name]
    policy = json.loads(found.inputs["assumeRolePolicy"])
    for statement in policy["Statement"]:
        change(statement["Condition"])
    return policy


def kubernetes(change: Callable[[str], str] = lambda expression: expression) -> Shape:
    """Return the shape with groups at API servers; `change` does something to the expression that maps them."""
    found = graphs(KUBERNETES)
    configured = {name: authentication(audience("acme", name), [CHURN.owner_id]) for name in SOURCES}

    def trusts(environment: str, role: str, claims: Claims) -> bool:
        [rules] = configured[environment]["jwt"]
        if claims["iss"] != rules["issuer"]["url"] or claims["aud"] not in rules["issuer"]["audiences"]:
            return False
        try:
            known = all(of_claims(rule["expression"], claims) for rule in rules["claimValidationRules"])
            groups = of_claims(change(rules["claimMappings"]["groups"]["expression"]), claims)
        except Missing:
            return False
        return known and bool(set(groups) & _bound(found[environment], role))

    return Shape({name: audience("acme", name) for name in SOURCES}, trusts)


def _bound(graph: Graph, role: str) -> set[str]:
    """Return the groups that have the right of this name in the project's namespace."""
    mine = [item.inputs for item in graph.of_type(BINDING) if item.inputs["roleRef"]["name"] == role]
    return {subject["name"] for item in mine for subject in item["subjects"]}


def opened(shape: Shape, issuer: Issuer, job: Job) -> set[str]:
    """Return the roles that a job may be, with the token that each environment wants to see."""
    return {each for each in ROLES if _opens(shape, issuer, job, *each.split("/"))}


def _opens(shape: Shape, issuer: Issuer, job: Job, environment: str, role: str) -> bool:
    return shape.trusts(environment, role, _read_once(issuer, json.dumps(job.claims), shape.audiences[environment]))


@cache
def _read_once(issuer: Issuer, claims: str, wanted: str) -> Claims:
    return read(issuer, issuer.mint(json.loads(claims), wanted), wanted)


def read(issuer: Issuer, token: str, wanted: str) -> Claims:
    """Return what a token says, if the issuer has signed it for this reader."""
    return jwt.decode(token, issuer.key.public_key(), algorithms=["RS256"], audience=wanted, issuer=ISSUER)


def intended(job: Job) -> set[str]:
    """Return who a job is meant to be."""
    return set(INTENDED.get((job.environment, job.ref), ())) if job.repository == CHURN else set()


def differences(shape: Shape, issuer: Issuer, them: list[Job]) -> list[str]:
    """Say every pair of a job and a role that is not as intended; each token is looked at once."""
    distinct = {json.dumps(job.claims, sort_keys=True): job for job in reversed(them)}
    found = [(job, role) for job in distinct.values() for role in sorted(opened(shape, issuer, job) ^ intended(job))]
    return [f"{job.title}: {role} {'denied' if role in intended(job) else 'open'}" for job, role in found]


def test_only_the_jobs_that_act_ask_for_a_token(written: list[Job]) -> None:
    """Of all files: which jobs, and for which environments; none of a pull request, and no first job."""
    asking = {f"{job.workflow}/{job.name}" for job in written if job.asks}
    acting = {
        name: tuple(env for env in SOURCES if any(job.environment == env for job in written if _name(job) == name))
        for name in asking
    }

    assert ACTS == acting
    assert not [job.title for job in written if job.asks and job.event in {"pull_request", "merge_group"}]
    assert {"ci", *(name.partition("/")[0] for name in ACTS)} == {job.workflow for job in written}


def _name(job: Job) -> str:
    return f"{job.workflow}/{job.name}"


@pytest.mark.parametrize("shape", [aws, kubernetes])
def test_the_jobs_as_written_are_who_they_act_as(
    shape: Callable[[], Shape], issuer: Issuer, written: list[Job]
) -> None:
    """On the default branch each deploys to its environment, and reads the one before; elsewhere it is nobody."""
    trusting = shape()
    table = {job.title: opened(trusting, issuer, job) for job in written if job.asks}
    on_main = {_name(job): set[str]() for job in written if job.asks}
    for job in written:
        if job.asks and job.ref == MAIN:
            on_main[_name(job)] |= opened(trusting, issuer, job)

    expected = {name: {role for env in envs for role in INTENDED[env, MAIN]} for name, envs in ACTS.items()}
    assert expected == on_main
    assert {title for title in table if f" at {MAIN} " in title} == {title for title, roles in table.items() if roles}


@pytest.mark.parametrize("shape", [aws, kubernetes])
def test_exactly_the_intended_pairs_are_open(shape: Callable[[], Shape], issuer: Issuer, wished: list[Job]) -> None:
    """All jobs, as they are and as somebody would like them, by all roles: what is not on the list is denied."""
    assert [] == differences(shape(), issuer, wished)


def test_a_job_gets_its_token_from_the_runner(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command asks for it: by the bearer of the job, for one audience, signed by the key that is published."""
    job = Job(CHURN, "promote", "promote", "repository_dispatch", MAIN, "prod", asks=True)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", issuer.url)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", issuer.bearer(job.claims))
    token = github_token(AUDIENCE) or ""
    keys = jwt.PyJWKClient(issuer.url.replace("/token?api-version=2.0", "/.well-known/jwks"))
    said = jwt.decode(token, keys.get_signing_key_from_jwt(token), ["RS256"], audience=AUDIENCE, issuer=ISSUER)

    assert "repo:acme@123456/churn@987654321:environment:prod" == said["sub"]
    with pytest.raises(jwt.InvalidAudienceError):
        read(issuer, token, audience("acme", "prod"))


def _without(*names: str) -> Callable[[dict[str, Any]], object]:
    return lambda condition: [condition["StringEquals"].pop(f"{ISSUER[8:]}:{name}", None) for name in names]


def _like(pattern: str) -> Callable[[dict[str, Any]], object]:
    def change(condition: dict[str, Any]) -> None:
        _without("sub", "repository_id", "environment", "ref")(condition)
        condition["StringLike"] = {f"{ISSUER[8:]}:sub": pattern}

    return change


@pytest.mark.parametrize(
    ("change", "who"),
    [
        (_without("sub", "environment"), "of None, as written: prod/deploy open"),
        (_without("ref"), "in a pull request: prod/deploy open"),
        (_without("sub", "ref", "environment", "repository_id"), "in a fork: prod/deploy open"),
        (_like("repo:acme*:environment:prod"), "in another repository of the owner: dev/deploy open"),
        (_like("repo:acme/churn:*"), "as written: prod/deploy denied"),
    ],
)
def test_a_role_that_trusts_more_or_less_is_seen(
    change: Callable[[dict[str, Any]], object], who: str, issuer: Issuer, some: list[Job]
) -> None:
    """The repository without the environment, no branch, no repository, a pattern, the subject of old repositories."""
    assert [line for line in differences(aws(change), issuer, some) if line.endswith(who)]


@pytest.mark.parametrize(
    ("old", "new", "who"),
    [
        (' + ":ref:" + claims.ref]\n: claims.event', ' + ":ref:refs/heads/main"]\n: claims.event', "prod/deploy open"),
        ("claims.environment + ", '"prod" + ', "of dev, as written: prod/deploy open"),
        ('claims.repository_id + ":environment', '"987654321" + ":environment', "of the owner: prod/deploy open"),
        ('claims.event_name == "pull_request"', "1 == 1", "a push to another branch: prod/plan open"),
    ],
)
def test_a_group_that_holds_more_is_seen(old: str, new: str, who: str, issuer: Issuer, some: list[Job]) -> None:
    """No branch, no environment, no repository, or everybody among the pull requests."""

    def change(expression: str) -> str:
        assert old in expression
        return expression.replace(old, new)

    assert [line for line in differences(kubernetes(change), issuer, some) if line.endswith(who)]

"""As whom jobs are known to stacks, and how they read a private platform repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from components.base import Tier
from components.ci_identity.contract import GithubSpec
from components.ci_identity.groups import GROUPS
from components.conformance import Case
from pipelines.delivery.setup.platform import repository_in
from pipelines.plan.access import decide, web_identity
from tests.harness.cel import of_claims
from tests.harness.github_settings import environment
from tests.pipelines.delivery.setup.test_setup import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipelines.delivery.setup.conftest import Place

PREFIX = "repo:Acme@123456/churn@987654321"
SUBJECT = (
    f"subject of tokens: GitHub's own form, with ids: `{PREFIX}:environment:…`; whoever trusts another form has to "
    "trust this one"
)
CLAIMS = {
    "aud": "sts.amazonaws.com",
    "repository_id": "987654321",
    "repository_owner_id": "123456",
    "ref": "refs/heads/main",
    "event_name": "push",
}
"""Of a job of this repository, as the host writes them."""
APP = {"client_id": "Iv23liAbCdEf", "private_keys": {"dev": "awssecretsmanager:///key"}}


def quoted(place: Place) -> dict[str, str]:
    """Return, by environment, as whom its jobs are said to be known."""
    lines = told(place.setup("--check").out, "trust")
    return {line.partition(":")[0]: line.split("`")[1] for line in lines}


def test_the_subjects_that_are_told_are_those_that_stacks_trust(place: Place) -> None:
    """By the very policy of the role: what is told for prod opens prod, and nothing else does."""
    found = quoted(place)
    spec = GithubSpec(owner="Acme", owner_id=123456, repository="churn", repository_id=987654321)
    (role,) = [item for item in Case(spec).built(Tier.PROD).managed if item.inputs.get("name", "").endswith("-deploy")]
    provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"

    def opened(name: str) -> bool:
        claims = {**CLAIMS, "environment": name, "sub": found[name]}
        return decide([role.inputs["assumeRolePolicy"]], web_identity(provider, claims)).allowed

    assert {"dev": False, "staging": False, "prod": True} == {name: opened(name) for name in found}


def test_the_groups_that_are_told_are_those_of_the_api_server(place: Place) -> None:
    """By the very rule that reads them from a token."""
    place.clusters()

    groups = {name: of_claims(GROUPS, {**CLAIMS, "environment": name}) for name in ("dev", "staging", "prod")}

    assert {name: [group] for name, group in quoted(place).items()} == groups


def test_the_role_is_told_beside_the_subject(place: Place) -> None:
    """As the contract names it."""
    line = f"dev: `{PREFIX}:environment:dev` is arn:aws:iam::111122223333:role/acme-dev-churn-deploy"

    assert line == told(place.setup("--check").out, "trust")[0]


OWN = {"use_default": False, "include_claim_keys": ["repo", "context"], "use_immutable_subject": True}
SUBJECTS: dict[str, tuple[dict[str, Any], bool]] = {
    "with ids": ({"use_default": True, "use_immutable_subject": True}, False),
    "with ids, by the prefix": (
        {"use_default": True, "use_immutable_subject": False, "sub_claim_prefix": PREFIX},
        False,
    ),
    "without ids": ({"use_default": True, "use_immutable_subject": False, "sub_claim_prefix": "repo:Acme/churn"}, True),
    "without ids, unsaid": ({"use_default": True}, True),
    "of its own": (OWN, True),
    "of its own, with ids": ({**OWN, "sub_claim_prefix": PREFIX}, True),
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_subject_that_no_role_trusts_is_put_right(name: str, place: Place) -> None:
    """The prefix that the host names counts; once is enough."""
    place.converged()
    place.host.subject, changes = SUBJECTS[name]

    done = place.setup()

    assert (0, [SUBJECT] if changes else []) == (done.code, told(done.out, "will change"))
    assert (["PUT /actions/oidc/customization/sub"] if changes else []) == place.host.writes
    assert not changes or 0 == place.setup("--check").code


@pytest.mark.parametrize("name", SUBJECTS)
def test_an_api_server_reads_ids_whatever_the_subject_is(name: str, place: Place) -> None:
    """Without AWS the setting is left as it is."""
    place.converged()
    place.clusters()
    place.host.subject = SUBJECTS[name][0]

    assert (0, []) == (place.setup().code, place.host.writes)


def test_a_prefix_of_somebody_else_is_told(place: Place) -> None:
    """The repository is not the one that its stacks were made for."""
    place.host.subject["sub_claim_prefix"] = "repo:Acme@1/churn@2"

    done = place.setup()

    problem = (
        f"subject of tokens: `repo:Acme@1/churn@2`, where `{PREFIX}` was expected; "
        "add the project again where it was renamed or transferred"
    )
    assert (1, [problem], []) == (done.code, done.problems, place.host.writes)


def test_roles_do_not_trust_an_enterprise_server(place: Place) -> None:
    """An API server may: its subjects do not matter."""
    place.host.server_version = "3.21.0"

    done = place.setup()
    place.clusters()

    told_once = "subject of tokens: tokens of an enterprise server have subjects without ids and another issuer; "
    assert (1, [f"{told_once}no role of stack/ trusts them"]) == (done.code, done.problems)
    assert "public, plan enterprise, enterprise server" in place.setup().out
    assert 0 == place.setup("--check").code


def test_with_an_app_workflows_need_not_open_pull_requests(place: Place) -> None:
    """Where it is missing for one environment, they do."""
    keys = dict.fromkeys(("dev", "staging", "prod"), "awssecretsmanager:///key")
    place.settings(app={**APP, "private_keys": keys})

    done = place.setup()
    assert (0, False) == (done.code, place.host.workflow_token["can_approve_pull_request_reviews"])
    assert "Approve workflows to run" not in done.out

    place.settings(app=APP)
    (change,) = told(place.setup("--check").out, "would change")
    assert "token of workflows: may open pull requests, because there is no app for staging, prod" == change


def private_platform(place: Place) -> None:
    """Have a platform repository that not everybody reads."""
    place.host.others["acme/platform"] = True


def remaining(place: Place, *names: str) -> list[str]:
    """Return what a person has to do in environments."""
    command = "gh secret set PLATFORM_TOKEN --repo Acme/churn --env"
    return [f"environment {n}: give it a token that reads acme/platform: `{command} {n}`" for n in names]


def test_a_private_platform_needs_an_environment_more_and_secrets_that_a_person_sets(place: Place) -> None:
    """Jobs of pull requests enter it; the check goes on saying what remains, and is content in the end."""
    place.converged()
    private_platform(place)

    done, check = place.setup(), place.setup("--check")

    assert ["PUT /environments/platform", "POST /actions/variables"] == place.host.writes
    assert ({"PLATFORM_ENVIRONMENT": "platform"}, environment()) == (
        place.host.variables,
        place.host.environments["platform"],
    )
    assert (0, 4) == (done.code, check.code)
    names = ("dev", "staging", "prod", "platform")
    assert remaining(place, *names) == told(done.out, "by hand remains") == told(check.out, "by hand remains")
    for name in names:
        place.host.environments[name]["secrets"] = ["PLATFORM_TOKEN"]
    assert 0 == place.setup("--check").code


def test_no_secret_is_ever_sent(place: Place) -> None:
    """Whatever is set up."""
    private_platform(place)
    place.setup()

    assert "secret" not in json.dumps(place.host.bodies) + " ".join(place.host.writes)


def other_name(place: Place) -> None:
    """Have another environment for it already, which is fine."""
    place.host.variables["PLATFORM_ENVIRONMENT"] = "reader"
    place.host.environments["reader"] = environment(secrets=("PLATFORM_TOKEN",))


def closed(place: Place) -> None:
    """Have it closed to pull requests."""
    other_name(place)
    place.host.environments["reader"].update(environment("main", wait_timer=5, secrets=("PLATFORM_TOKEN",)))


def taken(place: Place) -> None:
    """Have named an environment of a contract."""
    place.host.variables["PLATFORM_ENVIRONMENT"] = "prod"


READERS: dict[str, tuple[Callable[[Place], None], int, list[str]]] = {
    "another name": (other_name, 0, []),
    "closed to pull requests": (closed, 0, ["PUT /environments/reader"]),
    "one of a contract": (taken, 1, []),
}


@pytest.mark.parametrize("name", READERS)
def test_the_environment_that_reads_the_platform_may_have_any_name(name: str, place: Place) -> None:
    """But that of an environment with a contract, which pull requests cannot enter."""
    place.converged()
    private_platform(place)
    prepare, code, writes = READERS[name]
    prepare(place)

    done = place.setup()

    assert (code, writes) == (done.code, place.host.writes)
    if name == "closed to pull requests":
        reader = place.host.environments["reader"]
        assert (None, {"wait_timer": 5}) == (reader["policy"], reader["rules"])
    if code:
        problem = (
            "variable PLATFORM_ENVIRONMENT: `prod`: is an environment of stack/, which pull requests cannot enter; "
        )
        assert [f"{problem}set the variable to another name, like `platform-reader`"] == done.problems


def test_a_platform_that_the_token_cannot_see_is_private(place: Place) -> None:
    """Which is said."""
    place.host.others.clear()

    done = place.setup()

    assert "acme/platform cannot be seen with this token, and is taken for private" in done.out
    assert {"PLATFORM_ENVIRONMENT": "platform"} == place.host.variables


def test_on_a_free_private_repository_no_job_can_read_a_private_platform(place: Place) -> None:
    """There are no secrets of environments; nothing is made that would not help."""
    private_platform(place)
    place.host.private, place.host.plan = True, "free"

    done = place.setup()

    (line,) = told(done.out, "by hand remains")
    assert "no job can read the platform; make one of both public, or upgrade" in line
    assert {} == place.host.variables


def test_a_platform_somewhere_else_is_not_checked(place: Place) -> None:
    """And that is said."""
    place.settings(platform="/srv/platform")

    assert ".stackwright.yaml: platform: not at github.com; that jobs can read it is not checked here" in (
        place.setup().out
    )


ADDRESSES = {
    "https://github.com/acme/platform": "acme/platform",
    "https://github.com/acme/platform.git": "acme/platform",
    "https://github.com/acme/platform/": "acme/platform",
    "git+https://github.com/acme/platform.git": "acme/platform",
    "gh:acme/platform": "acme/platform",
    "git@github.com:acme/platform.git": "acme/platform",
    "ssh://git@ssh.github.com/acme/platform.git": "acme/platform",
    "https://user@GitHub.com/acme/platform": "acme/platform",
    "https://gitlab.example/acme/platform": None,
    "https://github.com/acme/platform/tree/main": None,
    "https://github.com/acme": None,
    "https://github.com.example/acme/platform": None,
    "../platform": None,
    "": None,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_of_repositories_are_read_in_all_their_forms(address: str) -> None:
    """Only those at the server itself."""
    assert ADDRESSES[address] == repository_in(address, "github.com")

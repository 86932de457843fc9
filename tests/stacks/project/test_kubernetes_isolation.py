"""Without a cloud nothing of one project is readable by another: decided by the rights that are written."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from components.ci_identity.groups import branch_group, deploy_group, pull_request_group
from pipelines.plan.graph import Graph
from tests.harness.project_stack import KUBERNETES, example, recorded
from tests.harness.rbac import ROLE, groups, may

PROJECTS = {"churn": 1, "churn-eu": 2, "fraud": 3}
"""Name -> id of the repository; one name begins like another."""
OWNER = 123456
WHO = ("deploy", "plan", "promotion")
SECRETS = ("signing", "storage", "storage-promotion", "models")


@cache
def graph(project: str) -> Graph:
    """Return what a project registers in dev."""
    identity = example(folder=KUBERNETES)["ci_identity"] | {
        "repository": project,
        "repository_id": PROJECTS[project],
        "promotes_to": ["staging"],
    }
    return recorded(example(folder=KUBERNETES) | {"project": project, "ci_identity": identity, "reads": {}}, KUBERNETES)


def group(project: str, who: str) -> str:
    """Return the group of a project's jobs, as the API server reads it from their tokens."""
    identity = (OWNER, PROJECTS[project])
    if who == "plan":
        return pull_request_group(*identity)
    return deploy_group(*identity, "dev" if who == "deploy" else "staging", "main")


def belongings(project: str) -> dict[str, tuple[str, str, str, str, str]]:
    """Return what a project has to itself, and what it may read of the platform: what is asked of the API server."""
    home = f"project-{project}"
    return {
        "contract": ("", "get", "configmaps", home, "contract"),
        "deployments": ("apps", "list", "deployments", home, ""),
        "new deployment": ("apps", "create", "deployments", home, ""),
        "new job": ("batch", "create", "jobs", home, ""),
        "new route": ("gateway.networking.k8s.io", "create", "httproutes", home, ""),
        "new ingress": ("networking.k8s.io", "create", "ingresses", home, ""),
        "logs": ("", "get", "pods/log", home, "churn-1"),
        "every secret": ("", "list", "secrets", home, ""),
        "news of secrets": ("", "watch", "secrets", home, ""),
        "another secret": ("", "get", "secrets", home, "somebody-elses"),
        "key of the log": ("", "get", "secrets", home, "prediction-log"),
        "new secret": ("", "create", "secrets", home, ""),
        "shell": ("", "create", "pods/exec", home, "churn-1"),
        "rights": ("rbac.authorization.k8s.io", "create", "rolebindings", home, ""),
        "quota": ("", "update", "resourcequotas", home, "project"),
        "fence": ("networking.k8s.io", "delete", "networkpolicies", home, "deny"),
        "alert rules": ("monitoring.coreos.com", "update", "prometheusrules", home, "models"),
        **{name: ("", "get", "secrets", home, name) for name in SECRETS},
    }


SHARED = {
    "tracker": ("", "get", "secrets", "mlflow", "mlflow-projects"),
    "channel": ("", "get", "secrets", "monitoring", "alerts"),
    "administrator of the tracker": ("", "get", "secrets", "mlflow", "mlflow-admin"),
    "every secret of the tracker": ("", "list", "secrets", "mlflow", ""),
    "users of the store": ("", "get", "secrets", "seaweedfs", "project-churn-storage"),
    "administrator of the store": ("", "get", "secrets", "seaweedfs", "seaweedfs-admin"),
    "secrets of the platform": ("", "list", "secrets", "stackwright-secrets", ""),
}

LOOKS = {"contract", "deployments"}
OWN = {
    "deploy": LOOKS | {"new deployment", "new job", "new route", "logs", "signing", "storage"},
    "plan": LOOKS,
    "promotion": {"storage-promotion"},
}


def reached(project: str, who: str, asked: dict[str, tuple[str, str, str, str, str]]) -> set[str]:
    """Return what a project's jobs may do of what is asked."""
    return {
        name
        for name, (api, verb, resource, namespace, one) in asked.items()
        if may(graph(project), group(project, who), verb, resource, namespace, one, api=api)
    }


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("project", PROJECTS)
def test_a_group_reaches_what_is_its_own(project: str, who: str) -> None:
    """Each group can do its work, and no more of its own project than that."""
    assert OWN[who] == reached(project, who, belongings(project))


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("project", PROJECTS)
def test_a_group_reaches_nothing_of_another_project(project: str, who: str) -> None:
    """By the rights of all projects together, nothing in the namespace of another one is open."""
    others = [other for other in PROJECTS if other != project]
    found = [
        (other, name)
        for other in others
        for made_by in PROJECTS
        for name, (api, verb, resource, namespace, one) in belongings(other).items()
        if may(graph(made_by), group(project, who), verb, resource, namespace, one, api=api)
    ]

    assert [] == found


@pytest.mark.parametrize("who", WHO)
def test_of_the_platform_jobs_read_what_they_need_by_name(who: str) -> None:
    """Jobs that deploy sign in to the tracker and tell people; nobody lists, and nobody is an administrator."""
    assert ({"tracker", "channel"} if who == "deploy" else set()) == reached("churn", who, SHARED)


@pytest.mark.parametrize("project", PROJECTS)
def test_secrets_are_read_one_by_one(project: str) -> None:
    """Who may list or watch, even by name, is told of every change: a job asks for what it needs when it needs it."""
    rules = [rule for role in graph(project).of_type(ROLE) for rule in role.inputs["rules"]]
    secrets = [rule for rule in rules if "secrets" in rule["resources"]]

    assert secrets
    assert [] == [rule for rule in secrets if rule["verbs"] != ["get"] or not rule.get("resourceNames")]


@pytest.mark.parametrize("project", PROJECTS)
def test_other_jobs_are_nobody(project: str) -> None:
    """Only three groups are bound: no other branch, environment, or job that names none has a right."""
    identity = (OWNER, PROJECTS[project])
    bound = groups(graph(project))

    assert {group(project, who) for who in WHO} == bound
    strangers = {
        deploy_group(*identity, "prod", "main"),
        deploy_group(*identity, "dev", "next"),
        deploy_group(*identity, "staging", "next"),
        branch_group(*identity, "main"),
        deploy_group(666, PROJECTS[project], "dev", "main"),
    }
    assert set() == strangers & bound


def test_nothing_has_the_name_of_something_of_another_project() -> None:
    """Objects of two projects are never the same one, in namespaces that they share or for the whole cluster."""
    taken: dict[tuple[str, str, str], str] = {}
    for project in PROJECTS:
        for item in graph(project).managed:
            if item.type.startswith("kubernetes:"):
                metadata = item.inputs["metadata"]
                named = (item.type, metadata.get("namespace", ""), str(metadata["name"]))
                assert project == taken.setdefault(named, project), named


def users(found: Graph) -> dict[str, set[str]]:
    """Return what each user of the store may do, by the Secret that its keys are in."""
    rights: dict[str, set[str]] = {}
    for job in found.of_type("kubernetes:batch/v1:Job"):
        variables: list[dict[str, Any]] = job.inputs["spec"]["template"]["spec"]["containers"][0]["env"]
        values = {one["name"]: str(one.get("value")) for one in variables}
        rights[values["STORE_USER"]] = set(values["STORE_ACTIONS"].split(","))
    return rights


def test_users_of_the_store_are_kept_to_their_prefixes() -> None:
    """Jobs have the project's own; served models its packages and its log; who promotes reads packages."""
    bucket = "acme-dev-artifacts"

    assert {
        "project-churn-models": {
            *(f"{verb}:{bucket}/churn/models/*" for verb in ("Read", "List")),
            *(f"{verb}:{bucket}/churn/predictions/*" for verb in ("Read", "List", "Write")),
        },
        "project-churn-storage": {f"{verb}:{bucket}/churn/*" for verb in ("Read", "List", "Write")},
        "project-churn-storage-promotion": {f"{verb}:{bucket}/churn/models/*" for verb in ("Read", "List")},
    } == users(graph("churn"))


def test_published_data_is_read_by_who_was_let() -> None:
    """A data set of another project is read where the stack file says so, and nothing else of that project is."""
    found = users(recorded(example(folder=KUBERNETES), KUBERNETES))
    ledger = {right for rights in found.values() for right in rights if "ledger" in right}

    assert {f"{verb}:acme-dev-artifacts/ledger/published/transactions/*" for verb in ("Read", "List")} == ledger
    assert ledger <= found["project-churn-storage"]

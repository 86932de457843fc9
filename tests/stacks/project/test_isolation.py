"""Nothing of one project is readable by another: decided for the roles of two, by the policies that are written."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from pipelines.plan.access import Request, decide, web_identity
from pipelines.plan.graph import Graph, GraphResource
from tests.harness.project_stack import example, platform, recorded

PROVIDER = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
PROJECTS = {"churn": 1, "churn-eu": 2, "fraud": 3}
"""Name -> id of the repository; one name begins like another."""
BUCKET = "arn:aws:s3:::acme-dev-artifacts-111111111111"
ROLES = ("deploy", "plan", "promotion", "pods")
THROUGH_S3 = {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}


@cache
def graph(project: str) -> Graph:
    """Return what a project registers in dev; its jobs have a secret of their own."""
    identity = example()["ci_identity"] | {"repository": project, "repository_id": PROJECTS[project]}
    value = example() | {"project": project, "ci_identity": identity, "reads": {}}
    return recorded(value, experiment_tracker=platform().experiment_tracker.model_dump() | {"credentials_secret": None})


def role(project: str, which: str) -> GraphResource:
    """Return one of a project's roles."""
    name = project if which == "pods" else f"{project}-{which}"
    return next(item for item in graph(project).of_type("aws:iam/role:Role") if item.name == name)


def may(project: str, which: str, action: str, resource: str, context: dict[str, str] | None = None) -> bool:
    """Decide what a role may do by every policy that is attached to it."""
    owner = role(project, which).urn
    attached = graph(project).of_type("aws:iam/rolePolicy:RolePolicy")
    mine = [item.inputs["policy"] for item in attached if owner in item.property_dependencies["role"]]
    assert mine
    return decide(mine, Request(action=action, resource=resource, context=context or {})).allowed


def arn(type_: str, name: str) -> str:
    """Return the ARN of a resource of a project, as a recorded graph knows it."""
    return f"${{{type_}::{name}.arn}}"


def belongings(project: str) -> dict[str, tuple[str, str, dict[str, str]]]:
    """Return what a project has to itself: action, resource and the rest of the request."""
    secret, key = "aws:secretsmanager/secret:Secret", "aws:kms/key:Key"
    image = arn("aws:ecr/repository:Repository", project)
    return {
        "contract": ("s3:GetObject", f"{BUCKET}/{project}/contract.json", {}),
        "package": ("s3:GetObject", f"{BUCKET}/{project}/models/sha256/ab/model.onnx", {}),
        "keys of packages": ("s3:ListBucket", BUCKET, {"s3:prefix": f"{project}/models/sha256/ab"}),
        "data": ("s3:GetObject", f"{BUCKET}/{project}/data/files/md5/ab/cd", {}),
        "keys of everything": ("s3:ListBucket", BUCKET, {"s3:prefix": f"{project}/"}),
        "new package": ("s3:PutObject", f"{BUCKET}/{project}/models/sha256/cd/model.onnx", {}),
        "prediction": ("s3:PutObject", f"{BUCKET}/{project}/predictions/{project}/1.jsonl", {}),
        "image": ("ecr:BatchGetImage", image, {}),
        "new image": ("ecr:PutImage", image, {}),
        "attestation": ("kms:Sign", arn(key, f"{project}-signing"), {}),
        "password": ("secretsmanager:GetSecretValue", arn(secret, f"{project}-tracker"), {}),
    }


READS = {"package", "keys of packages", "image"}
OWN = {
    "deploy": set(belongings("churn")),
    "plan": READS | {"contract"},
    "promotion": READS,
    "pods": {"package", "keys of packages", "prediction"},
}


@pytest.mark.parametrize("which", ROLES)
@pytest.mark.parametrize("project", PROJECTS)
def test_a_role_reaches_what_is_its_own(project: str, which: str) -> None:
    """Each role can do its work, and no more of its own project than that."""
    assert OWN[which] == {name for name, asked in belongings(project).items() if may(project, which, *asked)}


@pytest.mark.parametrize("which", ROLES)
@pytest.mark.parametrize("project", PROJECTS)
def test_a_role_reaches_nothing_of_another_project(project: str, which: str) -> None:
    """Neither objects nor their names, nor images, keys or passwords of another project."""
    others = [other for other in PROJECTS if other != project]
    found = [
        (other, name) for other in others for name, asked in belongings(other).items() if may(project, which, *asked)
    ]

    assert [] == found


@pytest.mark.parametrize("prefix", ["", "c", "churn", "mlflow/"])
@pytest.mark.parametrize("which", ROLES)
def test_names_of_others_are_not_listed(which: str, prefix: str) -> None:
    """A list that would show keys of others is refused, and so is one without a prefix."""
    assert not may("churn", which, "s3:ListBucket", BUCKET, {"s3:prefix": prefix})
    assert not may("churn", which, "s3:ListBucket", BUCKET)


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:DeleteObject"])
def test_a_job_does_not_write_its_own_contract(action: str) -> None:
    """What an environment promises is said by its stack."""
    assert not may("churn", "deploy", action, f"{BUCKET}/churn/contract.json")


def test_nothing_is_deleted_by_a_job() -> None:
    """A pin may name any package or image that was there once."""
    repository = arn("aws:ecr/repository:Repository", "churn")
    for which in ROLES:
        assert not may("churn", which, "s3:DeleteObject", f"{BUCKET}/churn/models/sha256/ab/model.onnx")
        assert not may("churn", which, "ecr:BatchDeleteImage", repository)


def test_keys_that_all_share_are_used_through_their_service_only() -> None:
    """The key of the artifact store opens what S3 hands out to a role, and nothing beside it."""
    key = platform().artifact_store.encryption_key or ""
    for which in ("deploy", "plan", "promotion"):
        assert may("churn", which, "kms:Decrypt", key, THROUGH_S3)
        assert not may("churn", which, "kms:Decrypt", key, {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"})
        assert not may("churn", which, "kms:Decrypt", key)
    assert ["deploy"] == [which for which in ROLES[:3] if may("churn", which, "kms:GenerateDataKey", key, THROUGH_S3)]


def token(project: str, **claims: str) -> dict[str, Any]:
    """Return what a job of a project's repository shows that deploys to an environment."""
    environment = claims.get("environment", "dev")
    return {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:acme@123456/{project}@{PROJECTS[project]}:environment:{environment}",
        "repository_id": str(PROJECTS[project]),
        "environment": environment,
        "ref": "refs/heads/main",
    }


@pytest.mark.parametrize("project", PROJECTS)
def test_a_job_becomes_nobody_of_another_project(project: str) -> None:
    """A project's token opens its own roles: deploy in its environment, promotion from the next one."""
    for environment, expected in (("dev", "deploy"), ("staging", "promotion"), ("prod", "")):
        asked = web_identity(PROVIDER, token(project, environment=environment))
        opened = [
            (other, which)
            for other in PROJECTS
            for which in ("deploy", "plan", "promotion")
            if decide([role(other, which).inputs["assumeRolePolicy"]], asked).allowed
        ]
        assert ([(project, expected)] if expected else []) == opened


def test_in_the_cluster_a_job_is_in_its_own_namespace_only() -> None:
    """Groups, namespaces and names of cluster-wide objects of two projects are different ones."""
    seen = [_in_cluster(graph(project)) for project in PROJECTS]

    assert [] == [one & other for one in seen for other in seen if one is not other and one & other]
    assert all(seen)


def _in_cluster(found: Graph) -> set[str]:
    entries = found.of_type("aws:eks/accessEntry:AccessEntry")
    bindings = found.of_type("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding")
    groups = {group for entry in entries for group in entry.inputs["kubernetesGroups"]}
    bound = {subject["name"] for binding in bindings for subject in binding.inputs["subjects"]}
    assert groups == bound
    objects = [item.inputs["metadata"] for item in found.managed if item.type.startswith("kubernetes:")]
    return groups | {f"namespace {item.get('namespace', item['name'])}" for item in objects}


def test_physical_names_of_projects_do_not_meet() -> None:
    """Whatever has a fixed name in the account has the project in it."""
    taken: dict[tuple[str, str], str] = {}
    for project in PROJECTS:
        for item in graph(project).managed:
            name = item.inputs.get("name") or item.inputs.get("key")
            if item.type.startswith("aws:") and isinstance(name, str) and "${" not in name:
                assert project == taken.setdefault((item.type, name), project)
    assert 7 * len(PROJECTS) == len(taken), sorted(taken)


def test_published_data_is_read_by_who_was_let() -> None:
    """A data set of another project is read where the stack file says so, and nothing else of that project is."""
    value = example() | {"reads": {"transactions": {"published_by": "ledger"}}}
    found = recorded(value)
    (policy,) = [item for item in found.of_type("aws:iam/rolePolicy:RolePolicy") if item.name == "churn-deploy"]
    objects = {
        path: decide([policy.inputs["policy"]], Request(action="s3:GetObject", resource=f"{BUCKET}/{path}")).allowed
        for path in ("ledger/published/transactions/1.parquet", "ledger/published/salaries/1", "ledger/data/1")
    }

    assert [True, False, False] == list(objects.values())
    assert "ledger" not in json.dumps([item.inputs for item in found.of_type("aws:iam/role:Role")])

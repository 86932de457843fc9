"""The program of a project, recorded: what it makes, and what it tells the project."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.recording import record
from pipelines.plan.diff import Action, Change, compare
from pipelines.plan.graph import Graph
from pipelines.plan.policy.catalogue import judge
from stacks.contract import Contract
from stacks.load import validate
from stacks.project.config import read_stack_file
from stacks.project.program import program
from tests.harness.documents import PUBLIC_KEY
from tests.harness.project_stack import EXAMPLES, example, platform, recorded

STACKS = ("churn-dev", "churn-staging", "churn-prod", "ledger-dev")

REAL = {
    r"aws:iam/role:Role::([\w-]+)\.arn": r"arn:aws:iam::111111111111:role/acme-dev-\1",
    r"aws:ecr/repository:Repository::([\w-]+)\.repositoryUrl": (
        r"111111111111.dkr.ecr.eu-central-1.amazonaws.com/acme-dev/projects/\1"
    ),
    r"aws:kms/key:Key::([\w-]+)\.arn": r"arn:aws:kms:eu-central-1:111111111111:key/\1",
}
"""What a placeholder stands for -> what AWS would say."""


@pytest.mark.parametrize("stack", STACKS)
def test_policies_find_nothing(stack: str) -> None:
    """Every example keeps to every policy."""
    assert () == judge(recorded(example(stack))).findings


def contract(stack: str) -> Contract:
    """Return the contract that an up of an example would publish."""
    answers = {"aws:kms/getPublicKey:getPublicKey": {"publicKeyPem": PUBLIC_KEY}}
    spec, there = read_stack_file(EXAMPLES / f"Pulumi.{stack}.yaml")
    found = record(lambda: program(spec, there), answers=answers)
    (text,) = [item.inputs["content"] for item in found if item.type == "aws:s3/bucketObjectv2:BucketObjectv2"]
    for placeholder, real in REAL.items():
        text = re.sub(rf"\$\{{{placeholder}\}}", real, text)
    return validate(json.loads(text), Contract, stack)


def test_the_contract_says_where_everything_is() -> None:
    """What the program publishes is a contract, and names what the program made."""
    found, bucket = contract("churn-dev"), "s3://acme-dev-artifacts-111111111111"

    assert ("churn", "dev", None) == (found.project, found.environment, found.promotes_from)
    assert found.roles
    assert ["acme-dev-churn-deploy", "acme-dev-churn-plan", "acme-dev-churn-promotion"] == [
        str(role).rpartition("/")[2] for role in (found.roles.deploy, found.roles.plan, found.roles.promotion)
    ]
    assert found.container_registry
    assert found.container_registry.uri.endswith("/acme-dev/projects/churn")
    assert bucket == found.artifact_store.uri
    assert f"{bucket}/churn/data" == found.data_remote.uri
    assert {"transactions": f"{bucket}/ledger/published/transactions"} == found.data_sets
    assert f"{bucket}/churn/predictions" == found.monitoring.predictions_uri
    assert "https://churn.dev.ml.acme.example" == found.model_deployer.uri
    assert found.model_deployer.flavor == "kubernetes"
    assert "prediction-log" == found.model_deployer.prediction_log_secret
    assert PUBLIC_KEY == found.signing_key.public_key
    assert "awskms:///arn:aws:kms:eu-central-1:111111111111:key/churn-signing" == found.signing_key.private_key_uri
    assert {"nvidia.com/gpu": 1} == found.node_pools["gpu"].accelerators


def test_where_nothing_promotes_from_there_is_no_role_for_it() -> None:
    """The last environment has no promotion role, and its contract names none."""
    found = contract("churn-prod")

    assert "staging" == found.promotes_from
    assert found.roles
    assert found.roles.promotion is None
    assert [] == [item.name for item in recorded(example("churn-prod")).managed if "promotion" in item.name]


@pytest.mark.parametrize("stack", STACKS)
def test_the_contract_comes_last(stack: str) -> None:
    """Who reads the contract finds all that it names: it is published after every other resource."""
    found = recorded(example(stack))
    (published,) = found.of_type("aws:s3/bucketObjectv2:BucketObjectv2")
    others = {item.urn for item in found.managed if item is not published}

    assert others == {urn for urn in published.dependencies if urn in others}
    assert "aws:kms" == published.inputs["serverSideEncryption"]
    assert json.loads(published.inputs["content"]) == found.outputs["contract"]
    bucket = platform(example(stack)["environment"]).artifact_store.uri
    assert f"{bucket}/{example(stack)['project']}/contract.json" == found.outputs["contract_uri"]


def test_data_is_protected_outside_of_dev() -> None:
    """Images, the signing key and secrets refuse to be deleted in staging and prod, and go with a dev environment."""
    stateful = {
        "aws:ecr/repository:Repository",
        "aws:kms/key:Key",
        "aws:secretsmanager/secret:Secret",
        "kubernetes:core/v1:Secret",
        "random:index/randomPassword:RandomPassword",
    }
    for stack, protected in (("churn-dev", False), ("churn-staging", True), ("churn-prod", True)):
        kept = {item.type: item.protect for item in with_own_secret(stack).managed if item.type in stateful}
        assert dict.fromkeys(stateful, protected) == kept


def with_own_secret(stack: str = "churn-dev") -> Graph:
    """Record an example where each project signs in to the tracker by itself."""
    value = example(stack)
    tracker = platform(value["environment"]).experiment_tracker.model_dump() | {"credentials_secret": None}
    return recorded(value, experiment_tracker=tracker)


def test_packages_are_attested_by_a_key_that_never_leaves() -> None:
    """The key signs as local ones do (P-256), and is good for nothing else."""
    (key,) = recorded(example()).of_type("aws:kms/key:Key")
    assert ("ECC_NIST_P256", "SIGN_VERIFY") == (key.inputs["customerMasterKeySpec"], key.inputs["keyUsage"])


def test_a_secret_is_empty_until_somebody_fills_it() -> None:
    """The stack makes the place, encrypted by the environment's key, and holds no value."""
    found = with_own_secret()
    (secret,) = found.of_type("aws:secretsmanager/secret:Secret")

    assert "acme-dev/churn/tracker" == secret.inputs["name"]
    assert platform().secrets.encryption_key == secret.inputs["kmsKeyId"]
    assert [] == [item.type for item in found.managed if "secretVersion" in item.type]
    assert "acme-dev/churn/tracker" == found.outputs["contract"]["experiment_tracker"]["credentials_secret"]


def test_a_secret_that_all_share_is_not_made_again() -> None:
    """Where the tracker has one account for all projects, jobs may read its secret."""
    found = recorded(example())
    (deploy,) = [item for item in found.of_type("aws:iam/rolePolicy:RolePolicy") if item.name == "churn-deploy"]

    assert [] == list(found.of_type("aws:secretsmanager/secret:Secret"))
    assert "acme-dev/mlflow-projects" == found.outputs["contract"]["experiment_tracker"]["credentials_secret"]
    assert ":secret:acme-dev/mlflow-projects-??????" in deploy.inputs["policy"]


def test_a_registry_of_others_is_left_alone() -> None:
    """Where images are kept elsewhere, no repository is made and no right on one is given."""
    registry = {"flavor": "existing", "uri": "registry.acme.example/ml", "encryption_key": None}
    found = recorded(example(), container_registry=registry)
    policies = " ".join(item.inputs["policy"] for item in found.of_type("aws:iam/rolePolicy:RolePolicy"))

    assert [] == list(found.of_type("aws:ecr/repository:Repository"))
    assert "ecr:PutImage" not in policies
    assert "registry.acme.example/ml/projects/churn" == found.outputs["contract"]["container_registry"]["uri"]


def test_data_sets_of_a_bucket_come_with_their_key() -> None:
    """A bucket of somebody else is read with the key that encrypts it, and listed below its prefix only."""
    key = "arn:aws:kms:eu-central-1:444444444444:key/1"
    reads = {"customers": {"uri": "s3://warehouse/crm", "encryption_key": key}, "whole": {"uri": "s3://lake"}}
    found = recorded(example() | {"reads": reads})
    (deploy,) = [item for item in found.of_type("aws:iam/rolePolicy:RolePolicy") if item.name == "churn-deploy"]
    said = {one["Sid"]: one for one in json.loads(deploy.inputs["policy"])["Statement"]}

    assert ["arn:aws:s3:::lake/*", "arn:aws:s3:::warehouse/crm/*"] == said["ReadDataSets"]["Resource"]
    assert [key] == said["ReadDataSetKeys"]["Resource"]
    assert {"StringLike": {"s3:prefix": ["crm/*"]}} == said["ListDataSets2"]["Condition"]
    assert {"customers": "s3://warehouse/crm", "whole": "s3://lake"} == found.outputs["contract"]["data_sets"]


def test_every_resource_has_one_of_our_providers() -> None:
    """No default provider: what is in the cloud is bound to the account, what is in the cluster to the cluster."""
    found = recorded(example())
    kinds: dict[str, set[Any]] = {}
    for item in found.managed:
        kinds.setdefault(item.type.partition(":")[0], set()).add((item.provider or "").rpartition("::")[2])

    assert {"aws": {"aws"}, "kubernetes": {"kubernetes"}, "random": {"random"}} == kinds
    (cloud,) = [item for item in found.resources if item.type == "pulumi:providers:aws"]
    tags = {"stackwright:environment": "dev", "stackwright:tier": "dev", "stackwright:project": "churn"}
    assert tags == json.loads(cloud.inputs["defaultTags"])["tags"]
    assert ["111111111111"] == json.loads(cloud.inputs["allowedAccountIds"])


def test_environments_differ_only_in_size_protection_and_reach() -> None:
    """The same project has the same resources in each environment, but for the role of who promotes from it."""
    graphs = {stack: {(item.type, item.name) for item in recorded(example(stack)).managed} for stack in STACKS[:3]}
    promotion = {item for item in graphs["churn-dev"] if "promotion" in item[1]}

    assert graphs["churn-dev"] == graphs["churn-staging"]
    assert promotion == graphs["churn-dev"] - graphs["churn-prod"]
    assert set() == graphs["churn-prod"] - graphs["churn-dev"]


EDITS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a data set": (
        {"reads": {"transactions": {"published_by": "ledger"}, "customers": {"uri": "s3://warehouse/crm"}}},
        {"update RolePolicy churn-deploy", "update BucketObjectv2 contract"},
    ),
    "a quota": (
        {"model_deployer": {"flavor": "kubernetes", "quota": {"cpu": 9, "memory_gib": 32, "gpus": 1}}},
        {"update ResourceQuota churn"},
    ),
    "more copies": (
        {"model_deployer": example()["model_deployer"] | {"max_replicas": 9}},
        {"update BucketObjectv2 contract"},
    ),
    "nobody who promotes from it": (
        {"ci_identity": {name: value for name, value in example()["ci_identity"].items() if name != "promotes_to"}},
        {
            "delete Role churn-promotion",
            "delete RolePolicy churn-promotion",
            "delete RolePolicy churn-promotion-reads-only",
            "update BucketObjectv2 contract",
        },
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_what_it_says(name: str) -> None:
    """What one field is for changes, nothing beside it, and nothing is replaced."""
    changes, expected = EDITS[name]
    before, after = recorded(example()), recorded(example() | changes)
    found = compare(before, after).changes

    assert expected == {f"{_verb(item)} {item.type.rpartition(':')[2]} {item.name}" for item in found}


def _verb(change: Change) -> str:
    """Return what happens; of objects in S3 no schema says that another content is another version of the same."""
    unknown = change.action is Action.MAY_REPLACE and change.type == "aws:s3/bucketObjectv2:BucketObjectv2"
    return "update" if unknown else change.action.value

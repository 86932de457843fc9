"""The program of a project without a cloud, recorded: what it makes, and what it tells the project."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.ci_identity.groups import deploy_group
from components.model_deployer.contract import KubernetesSection
from components.recording import Secret, record
from pipelines.plan.diff import compare
from pipelines.plan.graph import Graph
from pipelines.plan.policy.catalogue import judge
from pipelines.plan.stacks import plan_project
from stacks.contract import Contract
from stacks.load import validate
from stacks.project.config import read_stack_file
from stacks.project.program import program
from tests.harness.cel import evaluate
from tests.harness.documents import PUBLIC_KEY
from tests.harness.project_stack import EXAMPLES, KUBERNETES, example, kubernetes_platform, recorded
from tests.harness.rbac import may

STACKS = ("churn-dev", "churn-staging", "churn-prod", "ledger-dev")
CONFIG_MAP, SECRET = "kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret"
KEY = "tls:index/privateKey:PrivateKey"
POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"


def graph(name: str = "churn-dev", **changes: Any) -> Graph:
    """Record an example, with other values in its stack file."""
    return recorded(example(name, KUBERNETES) | changes, KUBERNETES)


def contract_object(found: Graph) -> Any:
    """Return the config map that the contract is in."""
    (published,) = [item for item in found.of_type(CONFIG_MAP) if item.name == "contract"]
    return published


@pytest.mark.parametrize("stack", STACKS)
def test_policies_find_nothing(stack: str) -> None:
    """Every example keeps to every policy, by what its platform says that the cluster has."""
    name, _, environment = stack.partition("-")
    assert () == plan_project(KUBERNETES, environment, name).judgement.findings


def test_what_watches_models_has_to_be_in_the_cluster() -> None:
    """On a platform without Prometheus's API the plan says what the cluster lacks."""
    had = kubernetes_platform().abilities
    lacking = had.model_copy(
        update={"api_groups": tuple(group for group in had.api_groups if group != "monitoring.coreos.com")}
    )
    found = judge(graph().model_copy(update={"abilities": lacking})).findings

    assert {"PodMonitor churn-models", "PrometheusRule churn-models"} == {
        finding.resource.rpartition("/")[2].partition(":")[2] for finding in found
    }


def published(stack: str) -> Contract:
    """Return the contract that an up of an example would publish."""
    spec, there = read_stack_file(KUBERNETES / f"Pulumi.{stack}.yaml")
    found = record(lambda: program(spec, there))
    (text,) = [item.inputs["data"]["contract.json"] for item in found if item.name == "contract"]
    document = json.loads(text)
    assert f"${{{KEY}::{spec.project}-signing.publicKeyPem}}" == document["signing_key"]["public_key"]
    document["signing_key"]["public_key"] = PUBLIC_KEY
    return validate(document, Contract, stack)


def test_the_contract_says_where_everything_is() -> None:
    """What the program publishes is a contract like every other; what only AWS has is left out."""
    found, bucket, home = published("churn-dev"), "s3://acme-dev-artifacts", "kubernetes:///project-churn"
    deployer = found.model_deployer

    assert ("churn", "dev", None) == (found.project, found.environment, found.promotes_from)
    assert (None, None, None) == (found.account, found.region, found.roles)
    assert found.container_registry
    assert "registry.acme.example/ml-dev/projects/churn" == found.container_registry.uri
    assert (bucket, "https://s3.dev.ml.acme.example") == (found.artifact_store.uri, found.artifact_store.endpoint)
    assert (None, None) == (found.artifact_store.users_namespace, found.artifact_store.credentials_secret)
    assert {"transactions": f"{bucket}/ledger/published/transactions"} == found.data_sets
    assert "kubernetes:///mlflow/mlflow-projects" == found.experiment_tracker.credentials_secret
    assert f"{home}/signing#private.pem" == found.signing_key.private_key_uri
    assert {"nvidia.com/gpu": 1} == found.node_pools["gpu"].accelerators
    assert isinstance(deployer, KubernetesSection)
    assert ("https://churn.dev.ml.acme.example", "gateway/main", None) == (
        deployer.uri,
        deployer.gateway,
        deployer.class_name,
    )
    assert ("acme-dev", "stackwright-acme-dev") == (deployer.cluster_name, deployer.audience)
    assert ("models", f"{home}/storage", f"{home}/storage-promotion") == (
        deployer.models_secret,
        deployer.storage_secret,
        deployer.promotion_secret,
    )


def test_where_nothing_promotes_from_there_is_no_user_for_it() -> None:
    """The last environment has no keys for promotion, and its contract names none."""
    deployer = published("churn-prod").model_deployer

    assert isinstance(deployer, KubernetesSection)
    assert deployer.promotion_secret is None
    assert [] == [item.name for item in graph("churn-prod").managed if "promotion" in item.name]


@pytest.mark.parametrize("stack", STACKS)
def test_the_contract_comes_last(stack: str) -> None:
    """Who reads the contract finds all that it names: it is published after every other resource."""
    found = graph(stack)
    last = contract_object(found)
    others = {item.urn for item in found.managed if item is not last}

    assert others == {urn for urn in last.dependencies if urn in others}
    namespace = f"project-{example(stack, KUBERNETES)['project']}"
    assert {"name": "contract", "namespace": namespace} == last.inputs["metadata"]
    assert json.loads(last.inputs["data"]["contract.json"]) == found.outputs["contract"]
    cluster = kubernetes_platform(example(stack, KUBERNETES)["environment"]).cluster.name
    assert f"kubernetes://{cluster}/{namespace}/contract" == found.outputs["contract_uri"]


def test_jobs_leave_the_contract_as_it_is() -> None:
    """What an environment promises is said by its stack; of the other config maps a project has all that it wants."""
    found = graph()
    (policy,) = [item.inputs["spec"] for item in found.of_type(POLICY) if item.name == "churn-kept"]
    (rule,) = policy["validations"]
    jobs = deploy_group(123456, 987654321, "dev", "main")

    def let_in(name: str, *groups: str) -> bool:
        asked = {"name": name, "userInfo": {"groups": [*groups, "system:authenticated"]}}
        return evaluate(rule["expression"], {}, asked)

    assert ["CREATE", "UPDATE", "DELETE"] == policy["matchConstraints"]["resourceRules"][0]["operations"]
    assert (False, False) == (let_in("contract", jobs), let_in("dashboard", jobs))
    assert (True, True) == (let_in("settings", jobs), let_in("contract", "system:masters"))


def test_what_cannot_be_made_again_is_protected_outside_of_dev() -> None:
    """The keys of signatures and of hashes refuse to be deleted in staging and prod, and go with a dev environment."""
    for stack, expected in (("churn-dev", set()), ("churn-staging", KEPT), ("churn-prod", KEPT)):
        assert expected == {(item.type, item.name) for item in graph(stack).managed if item.protect}


KEPT = {
    (KEY, "churn-signing"),
    (SECRET, "churn-signing"),
    ("random:index/randomPassword:RandomPassword", "churn-prediction-log"),
    (SECRET, "churn-prediction-log"),
}


def test_packages_are_attested_by_a_key_of_the_environment() -> None:
    """The key signs as those of other environments do (P-256); its private half is in one Secret, and secret."""
    spec, there = read_stack_file(KUBERNETES / "Pulumi.churn-dev.yaml")
    found = {(item.type, item.name): item for item in record(lambda: program(spec, there))}
    key, secret = found[KEY, "churn-signing"].inputs, found[SECRET, "churn-signing"].inputs

    assert ("ECDSA", "P256") == (key["algorithm"], key["ecdsaCurve"])
    assert {"name": "signing", "namespace": "project-churn"} == secret["metadata"]
    assert isinstance(secret["stringData"], Secret)
    assert {"private.pem"} == set(secret["stringData"].value)


def test_an_account_of_its_own_is_a_secret_that_somebody_fills() -> None:
    """Where the tracker has an account for each project, its password's place is made, empty, and left alone."""
    tracker = kubernetes_platform().experiment_tracker.model_dump() | {"credentials_secret": None}
    found = recorded(example(folder=KUBERNETES), KUBERNETES, experiment_tracker=tracker)
    (secret,) = [item for item in found.of_type(SECRET) if item.name == "churn-tracker"]
    jobs = deploy_group(123456, 987654321, "dev", "main")

    assert {"metadata", "type"} == set(secret.inputs) - {"apiVersion", "kind"}
    assert ("data", "stringData") == secret.ignore_changes
    assert (
        "kubernetes:///project-churn/tracker" == found.outputs["contract"]["experiment_tracker"]["credentials_secret"]
    )
    assert may(found, jobs, "get", "secrets", "project-churn", "tracker")
    assert [] == [item.name for item in found.managed if item.inputs.get("metadata", {}).get("namespace") == "mlflow"]


@pytest.mark.parametrize(
    ("channel", "readable"), [("kubernetes:///monitoring/alerts#url", True), ("https://hooks.acme.example/ml", False)]
)
def test_a_channel_that_is_secret_can_be_read(channel: str, readable: bool) -> None:
    """The address of a webhook may be in a Secret, which jobs read by name; a plain one needs no right."""
    alerts = {"flavor": "webhook", "channel": channel}
    found = recorded(example(folder=KUBERNETES), KUBERNETES, alerts=alerts)
    jobs = deploy_group(123456, 987654321, "dev", "main")

    assert readable is may(found, jobs, "get", "secrets", "monitoring", "alerts")
    assert channel == found.outputs["contract"]["alerts"]["channel"]


def test_keys_that_all_share_are_copied() -> None:
    """Where the store's owner gave keys, nobody makes users in it."""
    store = kubernetes_platform().artifact_store.model_dump() | {
        "users_namespace": None,
        "credentials_secret": "storage/keys",
    }
    found = recorded(example(folder=KUBERNETES), KUBERNETES, artifact_store=store)

    assert [] == list(found.of_type("kubernetes:batch/v1:Job"))
    assert {"churn-models", "churn-storage", "churn-storage-promotion"} <= {item.name for item in found.of_type(SECRET)}


def test_every_resource_has_one_of_our_providers() -> None:
    """No default provider, and none of a cloud: objects are bound to the cluster, by the context of who runs it."""
    found = graph()
    kinds: dict[str, set[Any]] = {}
    for item in found.managed:
        kinds.setdefault(item.type.partition(":")[0], set()).add((item.provider or "").rpartition("::")[2])
    (cluster,) = [item for item in found.resources if item.type == "pulumi:providers:kubernetes"]

    assert {"kubernetes": {"kubernetes"}, "random": {"random"}, "tls": {"tls"}} == kinds
    assert kubernetes_platform().cluster.identifier == cluster.inputs["clusterIdentifier"]
    assert "acme-dev" == cluster.inputs["context"]


def test_environments_differ_only_in_size_protection_and_reach() -> None:
    """The same project has the same resources in each environment, but for the user of who promotes from it."""
    graphs = {stack: {(item.type, item.name) for item in graph(stack).managed} for stack in STACKS[:3]}
    promotion = {item for item in graphs["churn-dev"] if "promotion" in item[1]}

    assert graphs["churn-dev"] == graphs["churn-staging"]
    assert promotion == graphs["churn-dev"] - graphs["churn-prod"]
    assert set() == graphs["churn-prod"] - graphs["churn-dev"]


def test_both_shapes_publish_the_same_document() -> None:
    """What one shape's contract says and another's does not is about AWS, or about the keys that it makes needless."""
    clouded, free = (recorded(example(folder=folder), folder).outputs["contract"] for folder in (EXAMPLES, KUBERNETES))

    assert {"account", "region", "roles"} == set(clouded) - set(free)
    assert set() == set(free) - set(clouded)
    assert {"class_name"} == set(clouded["model_deployer"]) - set(free["model_deployer"])
    assert {"audience", "gateway", "models_secret", "promotion_secret", "storage_secret"} == set(
        free["model_deployer"]
    ) - set(clouded["model_deployer"])


EDITS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a quota": (
        {"model_deployer": {"flavor": "kubernetes", "quota": {"cpu": 9, "memory_gib": 32, "gpus": 1}}},
        {"update ResourceQuota churn"},
    ),
    "more copies": (
        {"model_deployer": example(folder=KUBERNETES)["model_deployer"] | {"max_replicas": 9}},
        {"update ConfigMap contract"},
    ),
    "a slower model": ({"monitoring": {"latency_ms": 900}}, {"update PrometheusRule churn-models"}),
    "another branch": (
        {"ci_identity": example(folder=KUBERNETES)["ci_identity"] | {"branch": "trunk"}},
        {
            "update ValidatingAdmissionPolicy churn-kept",
            *(
                f"update RoleBinding churn{name}"
                for name in ("", "-mlflow", "-monitoring", "-project-churn", "-promotion")
            ),
        },
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_what_it_says(name: str) -> None:
    """What one field is for changes, nothing beside it, and nothing is replaced."""
    changes, expected = EDITS[name]
    found = compare(graph(), graph(**changes)).changes

    assert expected == {f"{item.action.value} {item.type.rpartition(':')[2]} {item.name}" for item in found}

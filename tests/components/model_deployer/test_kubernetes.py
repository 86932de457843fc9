"""A project's namespace: what a served model has there, and what the jobs that deploy can do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from components.model_deployer.contract import KubernetesSpec, Quota
from components.recording import Secret
from pipelines.plan.access import Request, decide
from tests.harness.deployer import KEY, deployed, deployed_anywhere
from tests.harness.recorded import Recorded


def may(found: Recorded, action: str, resource: str, **context: str) -> bool:
    """Decide what a served model may do."""
    asked = {name.replace("_", ":"): value for name, value in context.items()}
    policy = found["RolePolicy"].inputs["policy"]
    return decide([policy], Request(action=action, resource=resource, context=asked)).allowed


@pytest.mark.parametrize(
    ("action", "path", "allowed"),
    [
        ("s3:GetObject", "churn/models/sha256/ab/model.onnx", True),
        ("s3:PutObject", "churn/predictions/churn/1.jsonl", True),
        ("s3:PutObject", "churn/models/sha256/ab/model.onnx", False),
        ("s3:GetObject", "churn/data/raw.csv", False),
        ("s3:GetObject", "churn/predictions/churn/1.jsonl", False),
        ("s3:DeleteObject", "churn/predictions/churn/1.jsonl", False),
        ("s3:GetObject", "churn-eu/models/sha256/ab/model.onnx", False),
        ("s3:GetObject", "fraud/models/sha256/ab/model.onnx", False),
    ],
)
@pytest.mark.parametrize("root", ["acme", "shared/ml"])
def test_a_served_model_reads_packages_and_logs_predictions(action: str, path: str, allowed: bool, root: str) -> None:
    """Of the artifact store, wherever it is, it has the packages of its project, and adds to its log."""
    assert allowed is may(deployed(uri=f"s3://{root}"), action, f"arn:aws:s3:::{root}/{path}")


@pytest.mark.parametrize(
    ("root", "prefix", "allowed"),
    [("acme", "churn/models/x", True), ("shared/ml", "ml/churn/models/x", True), ("acme", "fraud/models/x", False)],
)
def test_a_package_that_is_not_there_is_told_from_one_that_is_denied(root: str, prefix: str, allowed: bool) -> None:
    """S3 says "not found" only to who may list: the packages of the project, and no other keys."""
    bucket = f"arn:aws:s3:::{root.partition('/')[0]}"
    assert allowed is may(deployed(uri=f"s3://{root}"), "s3:ListBucket", bucket, s3_prefix=prefix)
    assert not may(deployed(uri=f"s3://{root}"), "s3:ListBucket", bucket)


@pytest.mark.parametrize(("key", "expected"), [(KEY, True), (None, False)])
def test_the_key_of_the_store_comes_with_it(key: str | None, expected: bool) -> None:
    """A store with a key of the account's own is of no use without rights on the key; one without needs none."""
    found = deployed(key=key)
    assert [expected] * 2 == [may(found, f"kms:{action}", KEY) for action in ("Decrypt", "GenerateDataKey")]
    assert "null" not in found["RolePolicy"].inputs["policy"]


def test_only_pods_of_the_service_account_are_it() -> None:
    """The identity is bound to one service account of one namespace."""
    association = deployed()["PodIdentityAssociation"].inputs
    assert ("project-churn", "models") == (association["namespace"], association["serviceAccount"])


def rules(found: Recorded) -> set[tuple[str, str, str]]:
    """Return group, resource and verb of all that the deploying group may do."""
    (role,) = [item for item in found.all("Role").values() if item.type.startswith("kubernetes")]
    return {
        (group, resource, verb)
        for rule in role.inputs["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize(("where", "route"), [(deployed, "ingresses"), (deployed_anywhere, "httproutes")])
def test_a_deployment_is_possible(where: Callable[[], Recorded], route: str) -> None:
    """Jobs change what serves a model, and look at how it goes."""
    changed = {"deployments", "jobs", "services", "configmaps", "horizontalpodautoscalers", "poddisruptionbudgets"}
    found = rules(where())

    assert (
        changed | {route}
        == {resource for _, resource, verb in found if verb == "create"}
        == {resource for _, resource, verb in found if verb == "delete"}
    )
    assert {("", "pods", "list"), ("", "pods/log", "get"), ("", "events", "watch")} <= found


@pytest.mark.parametrize(
    "resource",
    ["secrets", "serviceaccounts", "serviceaccounts/token", "pods/exec", "rolebindings", "networkpolicies"],
)
def test_a_deployment_reaches_no_further(resource: str) -> None:
    """What would open the fence is not in the jobs' hands."""
    assert set() == {verb for _, found, verb in rules(deployed()) if found == resource}


def test_the_deploying_group_is_the_jobs_role() -> None:
    """The access entry gives the deploy role the group to which the namespace's role is bound, and nothing else is."""
    found = deployed()
    entry, binding = found["AccessEntry"].inputs, found["RoleBinding"].inputs

    assert "ci-deploy" == entry["principalArn"]
    assert ["project-churn-deploy"] == entry["kubernetesGroups"]
    assert [("Group", "project-churn-deploy")] == [(one["kind"], one["name"]) for one in binding["subjects"]]
    assert "project-churn" == binding["metadata"]["namespace"]
    assert ("Role", "deploy") == (binding["roleRef"]["kind"], binding["roleRef"]["name"])


def test_every_object_is_in_the_namespace() -> None:
    """Nothing of a project lies in a namespace of others; its admission rules hold in its own only."""
    found = deployed()
    places = {
        item.inputs["metadata"].get("namespace", item.inputs["metadata"]["name"])
        for item in found.managed
        if item.type.startswith("kubernetes:") and "admissionregistration" not in item.type
    }
    bound = [
        item.inputs["spec"]["matchResources"]["namespaceSelector"]["matchLabels"]
        for item in found.all("ValidatingAdmissionPolicyBinding").values()
    ]

    assert {"project-churn"} == places
    assert [{"kubernetes.io/metadata.name": "project-churn"}] * 4 == bound


def test_the_namespace_is_guarded_and_known() -> None:
    """Pods are restricted, and network policies of others find the project by its label."""
    labels = deployed()["Namespace"].inputs["metadata"]["labels"]
    assert {
        "stackwright/project": "churn",
        "stackwright/routes": "true",
        "pod-security.kubernetes.io/enforce": "restricted",
    } == labels


def traffic(found: Recorded, way: str) -> dict[str, list[Any]]:
    """Return the rules of a direction by the name of their policy."""
    specs = {item.inputs["metadata"]["name"]: item.inputs["spec"] for item in found.all("NetworkPolicy").values()}
    return {name: spec[way] for name, spec in specs.items() if way in spec}


def test_nothing_passes_that_is_not_named() -> None:
    """All pods are closed in both directions, then opened for what serving needs."""
    found = deployed()
    closed = found.all("NetworkPolicy")["churn-deny"].inputs["spec"]

    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} == closed
    assert {"from-ingress"} == set(traffic(found, "ingress"))
    assert {"to-dns", "to-https", "to-identity"} == set(traffic(found, "egress"))


def test_pods_of_two_projects_do_not_meet() -> None:
    """Pods listen on a port that no pod of a project gets out to."""
    found = deployed()
    ways = {
        way: {port["port"] for rules in traffic(found, way).values() for rule in rules for port in rule["ports"]}
        for way in ("ingress", "egress")
    }

    assert {8080} == ways["ingress"]
    assert set() == ways["ingress"] & ways["egress"]


OTHERS = {"namespaceSelector": {"matchExpressions": [{"key": "stackwright/project", "operator": "DoesNotExist"}]}}
OUTSIDE = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}


def test_without_a_cloud_the_platform_asks_and_projects_do_not() -> None:
    """Requests come from namespaces that are no project's, whose pods nothing else can tell from each other."""
    found = deployed_anywhere()

    assert {"from-ingress": [{"from": [OTHERS], "ports": [{"port": 8080, "protocol": "TCP"}]}]} == traffic(
        found, "ingress"
    )
    assert {"to-dns", "to-https", "to-store"} == set(traffic(found, "egress"))


STORES: dict[str, tuple[list[Any], list[int] | None]] = {
    "http://seaweedfs-s3.seaweedfs.svc:8333": (
        [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "seaweedfs"}}}],
        None,
    ),
    "http://minio.storage.svc.cluster.local": (
        [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "storage"}}}],
        None,
    ),
    "https://s3.acme.example": ([OTHERS, OUTSIDE], [443, 8443, 10443]),
    "http://10.0.0.7:9000": ([OTHERS, OUTSIDE], [9000]),
    "http://s3.acme.example": ([OTHERS, OUTSIDE], [80]),
}


@pytest.mark.parametrize("address", STORES)
def test_pods_reach_the_artifact_store(address: str) -> None:
    """In the cluster it is a namespace, elsewhere a port; behind a gateway the port is the one of its pods."""
    peers, ports = STORES[address]
    (rule,) = traffic(deployed_anywhere(endpoint=address), "egress")["to-store"]

    assert peers == rule["to"]
    assert ports == ([port["port"] for port in rule["ports"]] if "ports" in rule else None)


def test_without_a_cloud_pods_have_keys() -> None:
    """The Secret `models` opens the packages of the project and its log, to a user that can do nothing else."""
    found = deployed_anywhere()
    secret = found.all("Secret")["churn-models"].inputs
    (job,) = found.all("Job").values()
    variables = {one["name"]: one["value"] for one in job.inputs["spec"]["template"]["spec"]["containers"][0]["env"]}

    assert {"name": "models", "namespace": "project-churn"} == secret["metadata"]
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_REGION"} == set(
        secret["stringData"].value
    )
    paths = sorted(action.split("/", 1)[1] for action in variables["STORE_ACTIONS"].split(","))
    assert {"churn/models/*", "churn/predictions/*"} == set(paths)
    assert ["Write:acme/churn/predictions/*"] == [
        action for action in variables["STORE_ACTIONS"].split(",") if action.startswith("Write")
    ]


def test_without_a_cloud_a_token_says_the_group() -> None:
    """The group of the jobs' tokens is bound as it is; nothing of AWS is made, and nothing beside the namespace."""
    found = deployed_anywhere()
    (subject,) = found["RoleBinding"].inputs["subjects"]
    places = {item.inputs["metadata"].get("namespace") for item in found.managed if item.type.startswith("kubernetes")}

    assert ("Group", "ci-deploy") == (subject["kind"], subject["name"])
    assert {"kubernetes", "random", "standin"} == {item.type.partition(":")[0] for item in found.managed}
    assert {None, "project-churn", "seaweedfs"} == places


def test_pods_reach_their_credentials_but_not_the_machines() -> None:
    """The agent of Pod Identity answers pods; the machine's own metadata, with the machine's rights, does not."""
    out = traffic(deployed(), "egress")
    assert [{"ipBlock": {"cidr": "169.254.170.23/32"}}] == out["to-identity"][0]["to"]
    assert [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}] == out["to-https"][0]["to"]


def test_a_project_has_its_share() -> None:
    """The quota bounds what pods ask for, GPUs included, and what would cost beside them is none."""
    quota = Quota(cpu=4, memory_gib=16, gpus=2, storage_gib=10, pods=7)
    hard = deployed(KubernetesSpec(quota=quota))["ResourceQuota"].inputs["spec"]["hard"]

    assert {
        "requests.cpu": "4",
        "requests.memory": "16Gi",
        "limits.memory": "16Gi",
        "requests.nvidia.com/gpu": "2",
        "requests.storage": "10Gi",
        "pods": "7",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    } == hard


def test_a_container_that_says_nothing_is_let_in() -> None:
    """What the quota counts has a default, so a pod without it is not refused."""
    (limits,) = deployed()["LimitRange"].inputs["spec"]["limits"]
    assert {"cpu", "memory"} == set(limits["defaultRequest"])
    assert {"memory"} == set(limits["default"])


def test_copies_have_an_order() -> None:
    """More copies at least than at most is a slip, told when it is read."""
    with pytest.raises(ValidationError, match="max_replicas is below min_replicas"):
        KubernetesSpec.model_validate_json(json.dumps({"flavor": "kubernetes", "min_replicas": 4}))


@pytest.mark.parametrize("found", [deployed, deployed_anywhere], ids=["aws", "anywhere"])
def test_hashes_of_the_log_have_a_key_that_nobody_knows(found: Callable[[], Recorded]) -> None:
    """It is made once, long enough, in the namespace, and secret wherever the engine keeps it; jobs do not read it."""
    made = found().all("RandomPassword")["churn-prediction-log"].inputs
    secret = found().all("Secret")["churn-prediction-log"].inputs

    assert (40, False) == (made["length"], made["special"])
    assert {"name": "prediction-log", "namespace": "project-churn"} == secret["metadata"]
    assert isinstance(secret["stringData"], Secret)
    assert {"key"} == set(secret["stringData"].value)
    assert not [rule for rule in rules(found()) if rule[1] == "secrets"]

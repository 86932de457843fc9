"""What MLflow is made of."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.base import Tier
from components.conformance import Case
from components.errors import UserError
from components.experiment_tracker.contract import MlflowSpec
from components.model_deployer.contract import PROJECT_LABEL
from components.recording import RecordedResource
from stacks.load import validate
from tests.harness.tracker import JOB, SCRIPTS, SERVER, container, needs_of_trackers, options, pod, spec, tracker

SECRET = "aws:secretsmanager/secret:Secret experiment-tracker-mlflow"
HOST = "mlflow.dev.ml.acme.example"


def kinds(graph: dict[str, RecordedResource], kind: str) -> list[dict[str, Any]]:
    """The inputs of all objects of a kind."""
    return [dict(item.inputs) for item in graph.values() if item.type.endswith(f":{kind}")]


def test_clients_find_it_below_the_domain_of_the_ingress() -> None:
    """The address is by TLS, the release is what clients match, and the secret is that of projects, not its own."""
    built = Case(spec(version="3.18"), needs_of_trackers()).built()
    (way_in,) = kinds(tracker(), "Ingress")

    assert {
        "tracking_uri": f"https://{HOST}",
        "version": "3.18",
        "credentials_secret": "acme-dev/mlflow-projects",
    } == built.root.outputs
    assert ("alb", [HOST]) == (
        way_in["spec"]["ingressClassName"],
        [rule["host"] for rule in way_in["spec"]["rules"]],
    )


def test_the_server_is_told_everything_and_no_password() -> None:
    """Nothing is left to a default that differs between releases: rows, artifacts, people, hosts, origins, frames."""
    assert "serve --serve-artifacts" == " ".join(
        part for part in container(tracker(), SERVER, "server")["args"] if part in {"serve", "--serve-artifacts"}
    )
    assert {
        "--host": "0.0.0.0",
        "--port": "5000",
        "--workers": "2",
        "--uvicorn-opts": "--timeout-keep-alive 75",
        "--app-name": "basic-auth",
        "--backend-store-uri": "postgresql+psycopg2://mlflow@db.acme.example:5432/mlflow?sslmode=require",
        "--artifacts-destination": "s3://acme-dev-artifacts/mlflow",
        "--allowed-hosts": f"{HOST},mlflow.mlflow,mlflow.mlflow.svc,mlflow.mlflow.svc.cluster.local",
        "--cors-allowed-origins": f"https://{HOST}",
        "--x-frame-options": "DENY",
    } == options(tracker())


def test_other_names_and_pages_may_be_let_in() -> None:
    """Hosts and origins are added to its own."""
    found = options(tracker(given=spec(hosts=("ml.acme.example",), origins=("https://notes.acme.example",))))

    assert found["--allowed-hosts"].endswith(",ml.acme.example")
    assert f"https://{HOST},https://notes.acme.example" == found["--cors-allowed-origins"]


def test_the_database_proves_its_name_where_its_certificates_are_known() -> None:
    """With certificates the connection checks who answers; without, it is encrypted only."""
    graph = tracker(given=spec(database_certificates="-----BEGIN CERTIFICATE-----"))

    assert "-----BEGIN CERTIFICATE-----" == graph[SCRIPTS].inputs["data"]["database.pem"]
    assert options(graph)["--backend-store-uri"].endswith("?sslmode=verify-full&sslrootcert=/scripts/database.pem")
    assert ["tasks.py"] == list(tracker()[SCRIPTS].inputs["data"])


@pytest.mark.parametrize(
    ("tier", "given", "replicas", "budgets"),
    [
        (Tier.DEV, {}, 1, []),
        (Tier.STAGING, {}, 2, [1]),
        (Tier.PROD, {}, 2, [1]),
        (Tier.DEV, {"replicas": 3}, 3, [1]),
        (Tier.PROD, {"replicas": 1}, 1, []),
    ],
)
def test_outside_dev_one_server_stays_when_another_goes(
    tier: Tier, given: dict[str, int], replicas: int, budgets: list[int]
) -> None:
    """Two servers by default, on different machines where there are any; at most one is drained at a time."""
    graph = tracker(tier, spec(**given))
    spread = [item["topologyKey"] for item in pod(graph, SERVER)["topologySpreadConstraints"]]

    assert replicas == graph[SERVER].inputs["spec"]["replicas"]
    assert budgets == [item["spec"]["maxUnavailable"] for item in kinds(graph, "PodDisruptionBudget")]
    assert ["topology.kubernetes.io/zone", "kubernetes.io/hostname"] == spread
    assert {"maxSurge": 1, "maxUnavailable": 0} == graph[SERVER].inputs["spec"]["strategy"]["rollingUpdate"]


@pytest.mark.parametrize("workload", [JOB, SERVER], ids=["setup", "server"])
def test_its_pods_may_nothing_on_their_machine(workload: str) -> None:
    """No root, no capabilities, nothing to write but two volumes, no token of Kubernetes: the restricted standard."""
    graph = tracker()
    whole = pod(graph, workload)
    rights = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "runAsNonRoot": True}

    assert (10001, True, {"type": "RuntimeDefault"}) == tuple(
        whole["securityContext"][name] for name in ("runAsUser", "runAsNonRoot", "seccompProfile")
    )
    assert (False, False) == (whole["automountServiceAccountToken"], whole["enableServiceLinks"])
    for each in [*whole.get("initContainers", []), *whole["containers"]]:
        assert {**rights, "capabilities": {"drop": ["ALL"]}} == each["securityContext"]
        assert {"cpu", "memory"} <= set(each["resources"]["requests"]) & set(each["resources"]["limits"])
    volumes = {item["name"]: item.get("emptyDir") for item in whole["volumes"]}
    assert {"medium": "Memory", "sizeLimit": "1Mi"} == volumes["credentials"]
    namespace = kinds(graph, "Namespace")[0]["metadata"]["labels"]
    assert "restricted" == namespace["pod-security.kubernetes.io/enforce"]


def test_quantities_are_spelled_as_kubernetes_spells_them() -> None:
    """Another spelling of the same amount would be a difference at every refresh."""
    found = container(tracker(given=spec(memory_mib=1536)), SERVER, "server")["resources"]

    assert {"cpu": "500m", "memory": "1536Mi", "ephemeral-storage": "5Gi"} == found["requests"]
    assert {"cpu": "1", "memory": "1536Mi"} == found["limits"]


def test_no_secret_is_in_any_object() -> None:
    """Secrets are made empty; variables and arguments hold names of secrets and files, and no object has a value."""
    graph = tracker()
    variables = [item for name in ("server", "unlock") for item in container(graph, SERVER, name)["env"]]
    variables += container(graph, JOB, "prepare")["env"]

    assert [] == [item["name"] for item in variables if re.search("PASSWORD|SECRET_KEY", item["name"])]
    assert [] == [name for name in graph if "SecretVersion" in name or "core/v1:Secret" in name]
    assert [] == [item for item in variables if "valueFrom" in item]


def test_its_secrets_are_named_below_the_prefix_and_use_its_key() -> None:
    """Two secrets: its own, and the account that projects share."""
    found = {name: graph.inputs for name, graph in tracker().items() if name.startswith(SECRET)}

    assert {SECRET: "acme-dev/mlflow", f"{SECRET}-projects": "acme-dev/mlflow-projects"} == {
        name: inputs["name"] for name, inputs in found.items()
    }
    assert {"secrets-encryption_key"} == {inputs["kmsKeyId"] for inputs in found.values()}


@pytest.mark.parametrize(("tier", "days", "kept"), [(Tier.DEV, 0, False), (Tier.PROD, 30, True)])
def test_its_secrets_last_as_long_as_the_data_they_open(tier: Tier, days: int, *, kept: bool) -> None:
    """In dev the names are free at once; elsewhere a deletion is refused, and could be taken back."""
    found = tracker(tier)[SECRET]

    assert (days, kept) == (found.inputs["recoveryWindowInDays"], found.protect)


def test_only_the_load_balancer_and_projects_get_in() -> None:
    """From the network's addresses and namespaces of projects, to the server's port; out to names, rows and AWS."""
    (fence,) = [item["spec"] for item in kinds(tracker(database={"port": 6432}), "NetworkPolicy")]
    project = {"namespaceSelector": {"matchExpressions": [{"key": PROJECT_LABEL, "operator": "Exists"}]}}

    assert [
        {"from": [{"ipBlock": {"cidr": "10.20.0.0/16"}}, project], "ports": [{"protocol": "TCP", "port": 5000}]}
    ] == fence["ingress"]
    assert [[("TCP", 53), ("UDP", 53)], [("TCP", 80)], [("TCP", 6432), ("TCP", 443)]] == [
        [(port["protocol"], port["port"]) for port in rule["ports"]] for rule in fence["egress"]
    ]
    assert [{"ipBlock": {"cidr": "169.254.170.23/32"}}] == fence["egress"][1]["to"]
    assert ({}, ["Ingress", "Egress"]) == (fence["podSelector"], fence["policyTypes"])


def test_whoever_asks_for_health_is_answered() -> None:
    """Probes call by the public name, and the load balancer asks where nobody has to sign in."""
    graph = tracker()
    server = container(graph, SERVER, "server")
    asked = {"path": "/health", "port": "http", "httpHeaders": [{"name": "Host", "value": HOST}]}

    assert [asked] * 3 == [server[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    (service,) = kinds(graph, "Service")
    assert "/health" == service["metadata"]["annotations"]["alb.ingress.kubernetes.io/healthcheck-path"]


def test_tables_are_there_before_servers_and_identities_before_pods() -> None:
    """The server waits for the setup; both wait for their identity and for the fence."""
    graph = tracker()
    association = "aws:eks/podIdentityAssociation:PodIdentityAssociation experiment-tracker"
    fence = "kubernetes:networking.k8s.io/v1:NetworkPolicy experiment-tracker"
    expected = {JOB: {f"{association}-setup", fence}, SERVER: {f"{association}-server", fence, JOB}}

    for workload, needed in expected.items():
        assert {graph[name].urn for name in needed} <= set(graph[workload].dependencies)


def job(graph: dict[str, RecordedResource]) -> str:
    """The name of the setup."""
    return graph[JOB].inputs["metadata"]["name"]


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ({"image": f"ghcr.io/acme/mlflow@sha256:{'a' * 64}"}, True),
        ({"version": "3.18"}, True),
        ({"database_certificates": "-----BEGIN CERTIFICATE-----"}, True),
        ({"replicas": 4}, False),
        ({"memory_mib": 4096}, False),
    ],
)
def test_the_setup_runs_again_exactly_when_it_would_do_something_else(changed: dict[str, Any], *, again: bool) -> None:
    """Its name is made of its content, for a Job cannot change; the size of servers is none of its business."""
    before, after = job(tracker()), job(tracker(given=spec(**changed)))

    assert again == (before != after)
    assert re.fullmatch("mlflow-setup-[0-9a-f]{10}", after)


def test_another_database_is_set_up_too() -> None:
    """What the setup works on is part of its content."""
    assert job(tracker()) != job(tracker(database={"host": "restored.acme.example"}))


def test_the_setup_stays_to_be_looked_at() -> None:
    """Nothing removes a finished Job, or the next `pulumi up` after a refresh would run it again; a failed one is."""
    found = tracker()[JOB].inputs["spec"]

    assert {"pulumi.com/replaceUnready": "true"} == tracker()[JOB].inputs["metadata"]["annotations"]
    assert "ttlSecondsAfterFinished" not in found
    assert (3, 3600, "Never") == (
        found["backoffLimit"],
        found["activeDeadlineSeconds"],
        found["template"]["spec"]["restartPolicy"],
    )


WRONG = [
    ({"image": "ghcr.io/acme/mlflow:3.17"}, "image"),
    ({"image": "ghcr.io/acme/mlflow@sha256:abc"}, "image"),
    ({"version": "3"}, "version"),
    ({"version": 3.2}, "version"),
    ({"artifact_prefix": "/mlflow/"}, "artifact_prefix"),
    ({"hosts": ["*"]}, "hosts"),
    ({"origins": ["*"]}, "origins"),
    ({"origins": ["http://notes.acme.example"]}, "origins"),
    ({"default_permission": "MANAGE"}, "default_permission"),
]


@pytest.mark.parametrize(("values", "path"), WRONG, ids=lambda value: json.dumps(value))
def test_a_spec_that_opens_or_moves_is_refused(values: dict[str, Any], path: str) -> None:
    """No tag that moves, no wildcard, no page without TLS, no release that YAML shortens."""
    given = {"flavor": "mlflow", "image": spec().image, **values}
    with pytest.raises(UserError) as found:
        validate(given, MlflowSpec, "spec.yaml")

    assert [path] == [re.split(r"[:.\[]", problem.removeprefix("spec.yaml: "))[0] for problem in found.value.problems]

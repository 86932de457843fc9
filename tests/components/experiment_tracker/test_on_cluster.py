"""What MLflow is made of where there is no cloud."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.base import Tier
from components.conformance import Case
from components.database.contract import DATABASE_LABEL
from components.ingress.contract import ROUTES_LABEL
from components.recording import RecordedResource
from tests.harness.recorded import before
from tests.harness.tracker import JOB, SCRIPTS, SERVER, container, needs_of_trackers, options, pod, spec, tracker

SECRET = "kubernetes:core/v1:Secret experiment-tracker-"
RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"


def here(tier: Tier = Tier.DEV, **values: Any) -> dict[str, RecordedResource]:
    """What is registered, by type and name."""
    return tracker(tier, cloud=False, **values)


def variables(graph: dict[str, RecordedResource], workload: str, name: str) -> dict[str, str]:
    """The variables of a container."""
    return {item["name"]: item["value"] for item in container(graph, workload, name)["env"]}


def test_projects_are_told_of_a_secret_of_the_cluster() -> None:
    """Their jobs read it by the API server; the rest is as anywhere."""
    built = Case(spec(), needs_of_trackers(cloud=False), cloud=False).built()

    assert {
        "tracking_uri": "https://mlflow.dev.ml.acme.example",
        "version": "3.17",
        "credentials_secret": "kubernetes:///mlflow/mlflow-projects",
    } == built.root.outputs


def test_it_is_the_same_server_as_in_aws() -> None:
    """Image, command and options are the same; rows and artifacts are elsewhere, and the database proves its name."""
    graph, aws = here(), tracker()
    differ = {
        "--backend-store-uri": "postgresql+psycopg2://mlflow@platform-rw.database.svc:5432/mlflow"
        "?sslmode=verify-full&sslrootcert=/scripts/database.pem"
    }

    assert options(aws) | differ == options(graph)
    assert "-----BEGIN CERTIFICATE-----" == graph[SCRIPTS].inputs["data"]["database.pem"]
    for workload, name in ((JOB, "prepare"), (SERVER, "unlock"), (SERVER, "server")):
        for part in ("image", "command", "resources", "securityContext"):
            assert container(aws, workload, name)[part] == container(graph, workload, name)[part]


def test_nothing_of_aws_is_made() -> None:
    """No resource of its provider, and no variable that names a region of it."""
    graph = here()

    assert {"kubernetes", "random"} == {item.type.split(":")[0] for item in graph.values()}
    assert "AWS_REGION" not in variables(graph, JOB, "prepare")


def test_secrets_are_made_empty_and_filled_by_the_setup_alone() -> None:
    """Passwords are in no input of ours, so in no state; who fills a Secret is its only writer."""
    graph = here()

    for name in ("mlflow", "mlflow-projects"):
        assert {"metadata", "apiVersion", "kind"} == set(graph[f"{SECRET}{name}"].inputs)
    rules = {name: item.inputs["rules"] for name, item in graph.items() if name.startswith(f"{RBAC}Role ")}
    assert {
        f"{RBAC}Role experiment-tracker-fill": (["mlflow", "mlflow-projects"], ["get", "patch"], "mlflow"),
        f"{RBAC}Role experiment-tracker-administrator": (["platform-admin"], ["get"], "database"),
    } == {
        name: (rule["resourceNames"], rule["verbs"], graph[name].inputs["metadata"]["namespace"])
        for name, (rule,) in rules.items()
    }
    assert {("mlflow-setup", "mlflow")} == {
        (subject["name"], subject["namespace"])
        for name, item in graph.items()
        if name.startswith(f"{RBAC}RoleBinding ")
        for subject in item.inputs["subjects"]
    }


def test_only_the_setup_has_a_token() -> None:
    """Servers speak to no API: they have their secret as a folder, and keys to their prefix as variables."""
    graph = here()

    assert (True, False) == tuple(pod(graph, name)["automountServiceAccountToken"] for name in (JOB, SERVER))
    assert {
        "TRACKER_API": "https://kubernetes.default.svc",
        "TRACKER_SECRET_URI": "kubernetes:///mlflow/mlflow",
        "TRACKER_PROJECTS_SECRET_URI": "kubernetes:///mlflow/mlflow-projects",
        "TRACKER_ADMIN_SECRET_URI": "kubernetes:///database/platform-admin",
    }.items() <= variables(graph, JOB, "prepare").items()
    assert "file:///secret" == variables(graph, SERVER, "unlock")["TRACKER_SECRET_URI"]
    assert [{"name": "secret", "secret": {"secretName": "mlflow", "defaultMode": 0o440}}] == [
        volume for volume in pod(graph, SERVER)["volumes"] if volume["name"] == "secret"
    ]
    mounted = {
        name: [mount["name"] for mount in container(graph, SERVER, name)["volumeMounts"]]
        for name in ("unlock", "server")
    }
    assert ("secret" in mounted["unlock"], "secret" in mounted["server"]) == (True, False)


def test_the_server_reaches_its_prefix_of_the_store_and_the_setup_none() -> None:
    """A user of the store is made for the server, whose keys come from a Secret."""
    graph = here()

    assert [{"secretRef": {"name": "mlflow-storage"}}] == container(graph, SERVER, "server")["envFrom"]
    assert "envFrom" not in container(graph, JOB, "prepare")
    user = graph["kubernetes:batch/v1:Job experiment-tracker-storage-user"].inputs["spec"]["template"]["spec"]
    told = {item["name"]: item["value"] for item in user["containers"][0]["env"]}
    assert {f"{verb}:acme-dev-artifacts/mlflow/*" for verb in ("Read", "List", "Write")} == set(
        told["STORE_ACTIONS"].split(",")
    )


def test_pods_get_out_to_the_database_the_store_and_names() -> None:
    """By namespace where these are in the cluster; the API server is the setup's alone."""
    graph = here()
    rules = graph["kubernetes:networking.k8s.io/v1:NetworkPolicy experiment-tracker"].inputs["spec"]
    setup = graph["kubernetes:networking.k8s.io/v1:NetworkPolicy experiment-tracker-setup"].inputs["spec"]

    assert [("kube-system", [53, 53]), ("database", [5432]), ("seaweedfs", [8333])] == [
        (
            rule["to"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
            [port["port"] for port in rule["ports"]],
        )
        for rule in rules["egress"]
    ]
    assert [[443, 6443]] == [[port["port"] for port in rule["ports"]] for rule in setup["egress"]]
    assert "setup" == setup["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
    assert [{"ports": [{"protocol": "TCP", "port": 5000}]}] == rules["ingress"]


def test_a_database_and_a_store_elsewhere_are_reached_by_their_ports() -> None:
    """No rule can name what is outside of the cluster."""
    graph = here(
        database={"host": "db.acme.example", "port": 6432},
        artifact_store={"endpoint_inside": "https://s3.acme.example"},
    )
    rules = graph["kubernetes:networking.k8s.io/v1:NetworkPolicy experiment-tracker"].inputs["spec"]["egress"]

    assert [{"ports": [{"protocol": "TCP", "port": port}]} for port in (6432, 443)] == rules[1:]


def test_its_namespace_may_use_the_database_and_the_gateway() -> None:
    """Both ask for a label; pods keep the restricted standard."""
    labels = here()["kubernetes:core/v1:Namespace experiment-tracker"].inputs["metadata"]["labels"]

    assert {DATABASE_LABEL: "true", ROUTES_LABEL: "true"}.items() <= labels.items()
    assert "restricted" == labels["pod-security.kubernetes.io/enforce"]
    route = here()["kubernetes:gateway.networking.k8s.io/v1:HTTPRoute experiment-tracker-server"].inputs["spec"]
    assert (["mlflow.dev.ml.acme.example"], "main") == (route["hostnames"], route["parentRefs"][0]["name"])


def test_rights_are_there_before_pods() -> None:
    """The setup waits for its account and rights, the server for its keys, its Secret and the setup."""
    graph = here()
    rights = {name for name in graph if name.startswith(RBAC)}

    assert 4 == len(rights)
    assert {*rights, f"{SECRET}mlflow", "kubernetes:core/v1:ServiceAccount experiment-tracker-setup"} <= before(
        graph, JOB
    )
    assert {JOB, f"{SECRET}storage", "kubernetes:core/v1:ServiceAccount experiment-tracker-server"} <= before(
        graph, SERVER
    )


@pytest.mark.parametrize(("tier", "protected"), [(Tier.DEV, False), (Tier.STAGING, True), (Tier.PROD, True)])
def test_its_secrets_last_as_long_as_the_rows_they_open(tier: Tier, *, protected: bool) -> None:
    """Without its password nobody reads the rows."""
    graph = here(tier)

    assert {protected} == {graph[f"{SECRET}{name}"].protect for name in ("mlflow", "mlflow-projects")}


def test_no_object_says_a_password() -> None:
    """Variables hold addresses and switches only."""
    graph = here()

    shown = json.dumps([graph[name].inputs for name in (JOB, SERVER)], default=str)
    assert not [word for word in ("PASSWORD", "SECRET_KEY", "valueFrom") if word in shown]

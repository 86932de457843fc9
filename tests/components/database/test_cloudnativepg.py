"""PostgreSQL in the cluster: its servers, who gets in, and how it proves who it is."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.base import Tier
from components.conformance import Case
from components.database.contract import DATABASE_LABEL, DEFAULT_IMAGE, CloudnativepgSpec
from components.recording import RecordedResource, Secret
from tests.harness.kubernetes_plugin import custom
from tests.harness.recorded import before

CLUSTER = "kubernetes:postgresql.cnpg.io/v1:Cluster database"
BACKUP = "kubernetes:postgresql.cnpg.io/v1:ScheduledBackup database-backup"
ADMIN = "kubernetes:core/v1:Secret database-admin"


def database(tier: Tier = Tier.DEV, **values: Any) -> dict[str, RecordedResource]:
    """What is registered, by type and name."""
    built = Case(CloudnativepgSpec(flavor="cloudnativepg", **values), cloud=False).built(tier)
    return {f"{item.type} {item.name}": item for item in built.managed}


def servers(tier: Tier = Tier.DEV, **values: Any) -> dict[str, Any]:
    """What the operator is told."""
    return database(tier, **values)[CLUSTER].inputs["spec"]


def test_it_promises_an_address_inside_and_who_may_make_others() -> None:
    """The certificate is promised, for clients in other namespaces, and the password is not: its Secret is."""
    built = Case(CloudnativepgSpec(flavor="cloudnativepg"), cloud=False).built()

    assert {
        "host": "platform-rw.database.svc",
        "port": 5432,
        "name": "platform",
        "admin_secret": "database/platform-admin",
        "certificates": "${tls:index/selfSignedCert:SelfSignedCert::database-server.certPem}",
    } == built.root.outputs


@pytest.mark.parametrize(
    ("tier", "given", "instances"),
    [(Tier.DEV, {}, 1), (Tier.STAGING, {}, 3), (Tier.PROD, {}, 3), (Tier.PROD, {"instances": 2}, 2)],
)
def test_outside_dev_two_servers_follow_the_first(tier: Tier, given: dict[str, int], instances: int) -> None:
    """On machines of their own where there are as many; one alone has no budget, or no machine could be drained."""
    found = servers(tier, **given)

    assert (instances, instances > 1) == (found["instances"], found["enablePDB"])
    assert ("kubernetes.io/hostname", "preferred") == (
        found["affinity"]["topologyKey"],
        found["affinity"]["podAntiAffinityType"],
    )


@pytest.mark.parametrize(("given", "expected"), [({}, "services-storage_class"), ({"storage_class": "fast"}, "fast")])
def test_its_volumes_are_of_the_class_of_the_cluster_or_another(given: dict[str, str], expected: str) -> None:
    """The class that serves claims without one, unless somebody says more."""
    assert {"size": "20Gi", "storageClass": expected} == servers(**given)["storage"]


def test_the_administrator_is_no_superuser() -> None:
    """It owns the first database and may make users and others; nobody is superuser from outside of the pods."""
    found = servers()
    (role,) = found["managed"]["roles"]

    assert not found["enableSuperuserAccess"]
    assert {"name": "platform_admin", "createdb": True, "createrole": True, "login": True, "ensure": "present"} == {
        name: value for name, value in role.items() if name != "passwordSecret"
    }
    assert "superuser" not in role
    first = found["bootstrap"]["initdb"]
    assert ("platform", "platform_admin") == (first["database"], first["owner"])
    assert {"platform-admin"} == {first["secret"]["name"], role["passwordSecret"]["name"]}


def test_passwords_and_keys_are_secret() -> None:
    """What the program makes is encrypted in the state, and what the operator gets is marked."""
    graph = database()
    secrets = [item for item in graph.values() if item.type.endswith(":Secret")]

    assert ["kubernetes.io/basic-auth", "Opaque", "kubernetes.io/tls"] == [item.inputs["type"] for item in secrets]
    assert all(isinstance(item.inputs["stringData"], Secret) for item in secrets)
    assert {"true"} == {item.inputs["metadata"]["labels"]["cnpg.io/reload"] for item in secrets}


def test_it_proves_all_names_of_its_services() -> None:
    """One certificate that signs itself, for ten years, renewed in the last one; the operator takes it as both."""
    found = database()["tls:index/selfSignedCert:SelfSignedCert database-server"].inputs

    assert {f"platform-{part}.database.svc" for part in ("rw", "r", "ro")} <= set(found["dnsNames"])
    assert (10, 1) == (found["validityPeriodHours"] / 8760, found["earlyRenewalHours"] / 8760)
    assert found["isCaCertificate"]
    assert {"serverCASecret": "platform-authority", "serverTLSSecret": "platform-server"} == servers()["certificates"]


def test_nobody_connects_without_tls() -> None:
    """The rules of ours come before the operator's last one, which would let everybody try."""
    assert ["hostssl all all all scram-sha-256", "hostnossl all all all reject"] == servers()["postgresql"]["pg_hba"]


def test_only_clients_and_the_operator_get_in() -> None:
    """Namespaces say by a label that their pods use it; the operator is known by its pods, wherever it runs."""
    (rules,) = [item.inputs["spec"] for item in database().values() if item.type.endswith(":NetworkPolicy")]
    inside, clients = rules["ingress"]

    assert [{"namespaceSelector": {"matchLabels": {DATABASE_LABEL: "true"}}}] == clients["from"]
    assert [5432] == [port["port"] for port in clients["ports"]]
    assert [8000, 5432] == sorted((port["port"] for port in inside["ports"]), reverse=True)
    assert {"app.kubernetes.io/name": "cloudnative-pg"} == inside["from"][1]["podSelector"]["matchLabels"]
    assert ["Ingress", "Egress"] == rules["policyTypes"]


@pytest.mark.parametrize(("tier", "protected"), [(Tier.DEV, False), (Tier.STAGING, True), (Tier.PROD, True)])
def test_rows_go_with_dev_only(tier: Tier, *, protected: bool) -> None:
    """Volumes go with the cluster, and the cluster with its namespace: both are protected."""
    graph = database(tier)

    assert {protected} == {graph[name].protect for name in (CLUSTER, "kubernetes:core/v1:Namespace database")}


def test_who_waits_for_it_waits_until_it_answers() -> None:
    """The provider waits for the operator's own word; everything that the operator needs is there before."""
    graph = database(snapshot_class="csi")

    assert {"pulumi.com/waitFor": "condition=Ready", "pulumi.com/timeoutSeconds": "1800"} == graph[CLUSTER].inputs[
        "metadata"
    ]["annotations"]
    secrets = {name for name, item in graph.items() if item.type.endswith(":Secret")}
    assert secrets <= before(graph, CLUSTER)
    assert CLUSTER in before(graph, BACKUP)


def test_backups_are_taken_only_where_somebody_says_how() -> None:
    """Without a class of snapshots there is none, and nothing says that there were; snapshots outlive the cluster."""
    told = database(snapshot_class="csi", backup_schedule="0 30 2 * * *")

    assert BACKUP not in database()
    assert "backup" not in servers()
    assert {"className": "csi", "snapshotOwnerReference": "none"} == told[CLUSTER].inputs["spec"]["backup"][
        "volumeSnapshot"
    ]
    assert ("volumeSnapshot", "0 30 2 * * *", "none") == tuple(
        told[BACKUP].inputs["spec"][name] for name in ("method", "schedule", "backupOwnerReference")
    )


@pytest.mark.skipif(not custom.SCHEMAS.is_dir(), reason="no schemas of custom resources beside the checkout")
@pytest.mark.parametrize("values", [{}, {"snapshot_class": "csi"}])
def test_the_operator_knows_every_field(values: dict[str, str]) -> None:
    """What it is told is valid by the schemas that it publishes."""
    told = [item for item in database(Tier.PROD, **values).values() if ":postgresql.cnpg.io/" in item.type]

    assert 1 + len(values) == len(told)
    assert [] == [wrong for item in told for wrong in custom.wrong(item.type, dict(item.inputs))]


@pytest.mark.parametrize(
    ("values", "groups"),
    [({}, ["postgresql.cnpg.io"]), ({"snapshot_class": "csi"}, ["postgresql.cnpg.io", "snapshot.storage.k8s.io"])],
)
def test_it_says_what_its_cluster_has_to_serve(values: dict[str, str], groups: list[str]) -> None:
    """From this the services of the cluster know what to install."""
    assert groups == list(CloudnativepgSpec(flavor="cloudnativepg", **values).api_groups)


@pytest.mark.parametrize(
    "values",
    [
        {"image": DEFAULT_IMAGE.partition("@")[0]},
        {"image": f"ghcr.io/acme/postgresql@sha256:{'0' * 64}"},
        {"image": f"ghcr.io/acme/postgresql:latest@sha256:{'0' * 64}"},
        {"backup_schedule": "0 1 * * *"},
        {"instances": 0},
    ],
)
def test_an_image_that_moves_and_a_schedule_without_seconds_are_refused(values: dict[str, Any]) -> None:
    """The operator reads the release from the tag, and pods run the digest; its schedules begin with seconds."""
    with pytest.raises(ValidationError):
        CloudnativepgSpec.model_validate({"flavor": "cloudnativepg", **values})

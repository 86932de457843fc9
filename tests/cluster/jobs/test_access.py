"""What jobs of a project get from a cluster by their own tokens: the platform's commands, on a real API server."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client as kubernetes

from components.errors import UserError
from pipelines.bootstrap import cluster as bootstrap
from pipelines.cluster import open_cluster, read_secret
from pipelines.connect.live import live_problems
from stacks.contract import Contract
from tests.harness.api_server import Standin
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.tenants import IDS, OWNER_ID, Tenant
from tests.harness.command import Outcome, stackwright
from tests.harness.kubernetes_documents import kubernetes_document
from tests.harness.kubernetes_job import github_job

pytestmark = pytest.mark.cluster

GITHUB = bootstrap.Issuer().url
VALUES = {"AWS_ACCESS_KEY_ID": "jobs", "AWS_SECRET_ACCESS_KEY": "a key"}
PULL_REQUEST = {"environment": None, "event_name": "pull_request", "ref": "refs/pull/7/merge"}

Become = Callable[..., None]


@pytest.fixture(scope="module")
def site(trusting: tuple[Plane, dict[str, Tenant]]) -> tuple[Plane, Tenant]:
    """A cluster that takes GitHub's tokens, with a project and what its stack keeps there."""
    plane, tenants = trusting
    tenant, core = tenants["churn"], kubernetes.CoreV1Api(plane.api())
    core.create_namespaced_secret(tenant.namespace, {"metadata": {"name": "storage"}, "stringData": VALUES})
    said = {"contract.json": json.dumps(document(plane, tenant))}
    core.patch_namespaced_config_map("contract", tenant.namespace, {"data": said})
    return plane, tenant


@pytest.fixture
def become(
    site: tuple[Plane, Tenant], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Generator[Callable[..., None]]:
    """Be another job of the project, on a machine that knows no cluster."""
    plane, claims = site[0], dict[str, Any]()

    def change(**changes: Any) -> None:
        said = {
            "sub": "repo:acme/churn",
            "repository_id": str(IDS["churn"]),
            "repository_owner_id": str(OWNER_ID),
            "environment": "dev",
            "event_name": "push",
            "ref": "refs/heads/main",
            **changes,
        }
        claims.clear()
        claims.update({name: value for name, value in said.items() if value is not None})

    change()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with github_job(monkeypatch, lambda wanted: plane.issuer.mint({"aud": wanted, **claims}, issuer=GITHUB)):
        yield change


def document(plane: Plane, tenant: Tenant) -> dict[str, Any]:
    """Return the contract of the project, in this cluster."""
    place = Standin(plane.server, base64.b64encode(plane.ca.read_bytes()).decode())
    found = kubernetes_document(place, project="churn")
    found["model_deployer"]["namespace"] = tenant.namespace
    return found


def contract(site: tuple[Plane, Tenant]) -> Contract:
    """Return the same, read."""
    return Contract.model_validate_json(json.dumps(document(*site)))


def deploy_problems(site: tuple[Plane, Tenant]) -> list[str]:
    """Return what `contract check --live` says of the cluster; there is no store behind this contract."""
    return [line for line in live_problems(contract(site)) if "model_deployer: " in line]


def pull(site: tuple[Plane, Tenant], root: Path) -> Outcome:
    """Pull the contract into a project that has an older one."""
    model = {"package": "build", "rows": "rows.csv", "score": ["score"], "serve": ["serve"]}
    settings = {"platform": "/nowhere", "revision": "0" * 40, "project": "churn", "models": {"churn": model}}
    (root / ".stackwright.yaml").write_text(yaml.safe_dump(settings))
    (root / "stack").mkdir()
    (root / "stack" / "dev.json").write_text(json.dumps(document(*site) | {"runs_on": "elsewhere"}))
    return stackwright("contract", "pull", "--project", root)


def test_a_job_that_deploys_gets_what_is_the_projects(
    site: tuple[Plane, Tenant], become: Become, tmp_path: Path
) -> None:
    """Keys, the contract, and the right to deploy: by its token alone."""
    namespace = site[1].namespace

    assert {"AWS_ACCESS_KEY_ID": b"jobs"} == read_secret(
        contract(site), f"kubernetes:///{namespace}/storage", ["AWS_ACCESS_KEY_ID"]
    )
    assert [] == deploy_problems(site)
    assert "  runs_on: elsewhere -> ubuntu-24.04" in pull(site, tmp_path).out


def test_a_job_of_a_pull_request_reads_the_contract_and_no_secret(
    site: tuple[Plane, Tenant], become: Become, tmp_path: Path
) -> None:
    """It may look, and is told what it may not."""
    namespace = site[1].namespace
    become(**PULL_REQUEST)
    with pytest.raises(UserError) as caught:
        open_cluster(contract(site)).secret(namespace, "storage")

    denied = "the API server of `acme-dev` denies it; the identity needs get on this Secret"
    assert [f"Secret `{namespace}/storage`: {denied}"] == caught.value.problems
    assert "this identity may not deploy there" in deploy_problems(site)[0]
    assert 0 == pull(site, tmp_path).code


STRANGERS: dict[str, dict[str, Any]] = {
    "a job of another owner": {"repository_owner_id": "666"},
    "a token for somebody else": {"aud": "sts.amazonaws.com"},
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_is_told_so(name: str, site: tuple[Plane, Tenant], become: Become) -> None:
    """The API server knows neither, and the line says for whom tokens have to be."""
    become(**STRANGERS[name])
    with pytest.raises(UserError) as caught:
        open_cluster(contract(site)).secret(site[1].namespace, "storage")

    told = "the API server of `acme-dev` does not know who asks; sign in again, or let it take tokens"
    assert [f"Secret `{site[1].namespace}/storage`: {told} for `stackwright-acme-dev`"] == caught.value.problems

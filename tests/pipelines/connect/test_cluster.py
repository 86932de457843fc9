"""Contracts of environments without a cloud: pulled from a cluster, and checked against what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.connect.live import live_problems
from pipelines.release.attestation import make_key
from pipelines.store.s3 import s3_client
from stacks.contract import Contract
from tests.harness.api_server import Standin, api_server
from tests.harness.aws import empty_moto_server
from tests.harness.command import Outcome, stackwright
from tests.harness.kubernetes_documents import HOME, TRACKER, kubernetes_document, storage_user
from tests.harness.kubernetes_job import JOB, PERSON, github_job, kubeconfig
from tests.harness.web import Handler, free_port, serving

ADDRESS = f"kubernetes://acme-dev/{HOME}/contract"
OWNER = {"aws_access_key_id": "owner", "aws_secret_access_key": "owner", "region_name": "us-east-1"}


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that is no job, and knows no cluster."""
    for name in JOB:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))


@pytest.fixture
def server() -> Generator[Standin]:
    """The cluster of dev, with a contract in it."""
    with api_server() as found:
        publish(found)
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that is not connected to an environment yet."""
    model = {"package": "build", "rows": "rows.csv", "score": ["score"], "serve": ["serve"]}
    settings = {"platform": "/nowhere", "revision": "0" * 40, "project": "toy", "models": {"toy": model}}
    (tmp_path / ".stackwright.yaml").write_text(yaml.safe_dump(settings))
    return tmp_path


def publish(server: Standin, **changes: Any) -> None:
    """Put a contract where its stack does."""
    document = kubernetes_document(server, **changes)
    server.objects["configmaps"][f"{HOME}/contract"] = {"contract.json": json.dumps(document)}


def pull(root: Path, *words: str) -> Outcome:
    """Run `contract pull` in the project."""
    return stackwright("contract", "pull", "--project", root, *words)


def connected(server: Standin, root: Path) -> Path:
    """Let a person pull the contract of dev for the first time, and return the file."""
    (root / "kubeconfig").write_text(kubeconfig({"acme-dev": server}))
    assert 0 == pull(root, "--env", "dev", "--from", ADDRESS).code
    (root / "kubeconfig").unlink()
    server.calls.clear()
    return root / "stack" / "dev.json"


@pytest.mark.parametrize("address", [ADDRESS, f"kubernetes:///{HOME}/contract"])
def test_a_person_pulls_first_by_a_context(address: str, server: Standin, root: Path) -> None:
    """The context is in the address, or the current one of the kubeconfig; what is written is what was published."""
    known = yaml.safe_load(kubeconfig({"acme-dev": server})) | {"current-context": "acme-dev"}
    (root / "kubeconfig").write_text(yaml.safe_dump(known))
    said = pull(root, "--env", "dev", "--from", address)

    assert (0, f"stack/dev.json is from {address}\n  new\n") == (said.code, said.out)
    assert kubernetes_document(server) == json.loads((root / "stack" / "dev.json").read_text())
    assert [PERSON] == [token for token, *_ in server.calls]


def test_from_then_on_the_contract_says_where(server: Standin, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of GitHub needs neither address nor kubeconfig; what changed is told."""
    connected(server, root)
    publish(server, runs_on="acme-dev")
    with github_job(monkeypatch, lambda audience: f"job for {audience}"):
        said, again = (pull(root) for _ in range(2))

    changed = "  runs_on: ubuntu-24.04 -> acme-dev\n"
    assert (0, f"stack/dev.json is from {ADDRESS}\n{changed}") == (said.code, said.out)
    assert f"stack/dev.json is what {ADDRESS} says\n" == again.out
    assert {"job for stackwright-acme-dev"} == {token for token, *_ in server.calls}


def test_one_that_cannot_be_read_any_more_says_where_the_next_is(
    server: Standin, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where the cluster is has to be in it."""
    path = connected(server, root)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"contract_version": "9.0"}))
    with github_job(monkeypatch, lambda audience: "job"):
        assert 0 == pull(root, "--env", "dev").code
    assert kubernetes_document(server) == json.loads(path.read_text())


def unpublished(server: Standin, root: Path) -> None:
    """Nothing is there."""
    server.objects["configmaps"].clear()


def without_contract(server: Standin, root: Path) -> None:
    """Somebody else's ConfigMap has the name."""
    server.objects["configmaps"][f"{HOME}/contract"] = {"other.json": "{}"}


def of_another(server: Standin, root: Path) -> None:
    """The contract of another environment lies there."""
    publish(server, environment="staging", tier="staging", promotes_from="dev")


def moved(server: Standin, root: Path) -> None:
    """The contract that is here is of a cluster that was at another address."""
    path = root / "stack" / "dev.json"
    path.write_text(path.read_text().replace(server.url, "https://127.0.0.1:1"))


WRONG: dict[str, tuple[Callable[[Standin, Path], None], str]] = {
    "not published": (unpublished, f"ConfigMap `{HOME}/contract`: does not exist in the cluster `acme-dev`"),
    "something else": (without_contract, f"{ADDRESS}: not found; has the project's stack been built there"),
    "another environment": (of_another, f"{ADDRESS}: environment: `staging` is not `dev`; name the environment"),
    "a cluster that moved": (moved, "kubeconfig: context `acme-dev`: its server is `https://127.0.0.1:"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_pulled(name: str, server: Standin, root: Path) -> None:
    """One line, and the contract that is here stays."""
    path = connected(server, root)
    (root / "kubeconfig").write_text(kubeconfig({"acme-dev": server}))
    prepare, told = WRONG[name]
    prepare(server, root)
    before = path.read_text()
    said = pull(root, "--env", "dev")

    assert (1, 1) == (said.code, len(said.problems))
    assert said.problems[0].startswith(told)
    assert before == path.read_text()


def tracker(request: Handler) -> None:
    """Answer as a tracking server of the right release."""
    request.reply(200 if request.headers.get("Authorization") else 401, b"3.17.2")


Live = Callable[..., Contract]


@pytest.fixture
def live(server: Standin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Live]:
    """Make contracts whose services are all there, for a job that may use them."""
    public = make_key(tmp_path / "key.pem")
    server.objects["secrets"] = {
        f"{HOME}/storage": storage_user("jobs"),
        f"{HOME}/signing": {"private.pem": (tmp_path / "key.pem").read_text()},
        TRACKER: {"username": "toy", "password": "pass word"},
    }
    with (
        empty_moto_server() as endpoint,
        serving(tracker) as tracking,
        github_job(monkeypatch, lambda audience: "job"),
    ):
        s3_client({**OWNER, "endpoint_url": endpoint}).create_bucket(Bucket="acme-dev-artifacts")

        def make(section: str = "", **changes: Any) -> Contract:
            document = kubernetes_document(server)
            document["artifact_store"]["endpoint"] = endpoint
            document["experiment_tracker"]["tracking_uri"] = tracking.url
            document["signing_key"]["public_key"] = public
            if section:
                document[section] |= changes
            return Contract.model_validate_json(json.dumps(document))

        yield make


def test_services_that_answer_are_no_problem(live: Live, server: Standin) -> None:
    """The cluster is asked what this identity may do there, and for each Secret once."""
    assert [] == live_problems(live())
    assert [f"{HOME}/secrets/storage", "mlflow/secrets/mlflow-projects", f"{HOME}/secrets/signing"] == [
        path.removeprefix("/api/v1/namespaces/") for _, method, path in server.calls if method == "GET"
    ]
    assert {"job"} == {token for token, *_ in server.calls}


def missing(name: str) -> Callable[[Standin], object]:
    """Remove a Secret."""
    return lambda server: server.objects["secrets"].pop(name)


FAULTS: dict[str, tuple[Callable[[Standin], object], str]] = {
    "no keys to the store": (
        missing(f"{HOME}/storage"),
        f"model_deployer.storage_secret: Secret `{HOME}/storage`: does not exist in the cluster `acme-dev`",
    ),
    "no password": (
        missing(TRACKER),
        f"experiment_tracker.credentials_secret: Secret `{TRACKER}`: does not exist in the cluster `acme-dev`",
    ),
    "half a password": (
        lambda server: server.objects["secrets"][TRACKER].pop("password"),
        f"experiment_tracker.credentials_secret: Secret `{TRACKER}`: has no `password`; let its owner write it again",
    ),
    "no signing key": (
        missing(f"{HOME}/signing"),
        f"signing_key: Secret `{HOME}/signing`: does not exist in the cluster `acme-dev`",
    ),
    "not a key": (
        lambda server: server.objects["secrets"][f"{HOME}/signing"].update({"private.pem": "nothing"}),
        f"signing_key: kubernetes:///{HOME}/signing#private.pem: not a PEM private key without a password",
    ),
    "somebody else": (
        lambda server: setattr(server, "deployers", set()),
        f"model_deployer: namespace `{HOME}`: this identity may not deploy there, in the cluster `acme-dev`; "
        "has the project's stack been built (`pulumi up`)?",
    ),
    "nobody": (
        lambda server: server.strangers.add("job"),
        f"model_deployer: namespace `{HOME}`: the API server of `acme-dev` does not know who asks; sign in again, "
        "or let it take tokens for `stackwright-acme-dev`",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_not_as_told_is_a_line(name: str, live: Live, server: Standin) -> None:
    """Each fault by itself is one line; a cluster that does not know who asks is not asked for its Secrets."""
    fault, told = FAULTS[name]
    fault(server)

    assert [f"stack/dev.json: {told}"] == live_problems(live())


def test_another_key_is_refused(live: Live, tmp_path: Path) -> None:
    """The private half must be the one of the public half that everybody verifies by."""
    other = make_key(tmp_path / "other.pem")

    told = f"signing_key: kubernetes:///{HOME}/signing#private.pem: not the private half of the contract's public key"
    assert [f"stack/dev.json: {told}"] == live_problems(live("signing_key", public_key=other))


def test_a_cluster_that_does_not_answer_is_one_line(live: Live) -> None:
    """What opens the other services lies in it, so they are not asked."""
    (problem,) = live_problems(live("model_deployer", cluster_endpoint=f"https://127.0.0.1:{free_port()}"))

    told = f"stack/dev.json: model_deployer: namespace `{HOME}`: the API server of `acme-dev` cannot be reached: "
    assert problem.startswith(told)

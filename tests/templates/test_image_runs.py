"""What a pod would do, done without one: libraries by hash, code as the Dockerfile copies it, the words of the pod.

The server that starts is the one that decides what readiness means: only the path of the pinned digest answers.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.model_deployer.contract import KubernetesSection
from pipelines.deploy.kubernetes_pods import PACKAGES, PREDICTIONS, Pod
from pipelines.monitor.arrivals import arrived
from pipelines.monitor.labels import Labels
from pipelines.monitor.predictions import read_predictions
from pipelines.project import ModelSettings
from pipelines.release.attestation import FileSigner, attest, make_key
from pipelines.release.package import read_package
from pipelines.release.pin import Pin
from stacks.contract import Contract
from tests.harness.aws import empty_moto_server, point_at, s3_client
from tests.harness.dockerfile import stages
from tests.harness.documents import contract_document
from tests.harness.packages import flip_byte
from tests.harness.scaffold import environment, run
from tests.harness.shared import Shared
from tests.harness.web import free_port

BUCKET, LOGS = "acme-dev-artifacts", "acme-dev-logs"

pytestmark = pytest.mark.rehearsal


@dataclass(frozen=True)
class Image:
    """The folders that stand for an image's, and what starts there."""

    root: Path
    entry_point: list[str]

    def start(self, words: list[str], variables: dict[str, str]) -> subprocess.Popen[str]:
        """Start a container: nothing of this machine's environment is in it."""
        python = self.root / "libraries" / "bin" / "python"
        outside = {name: os.environ[name] for name in os.environ if name.startswith("AWS_")}
        inside = {"PYTHONPATH": str(self.root / "app"), "PYTHONDONTWRITEBYTECODE": "1", **outside, **variables}
        command = [str(python), *self.entry_point[1:], *words]
        return subprocess.Popen(
            command, cwd=self.root, env=inside, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


@pytest.fixture(scope="session")
def image(trained_project: Path, shared: Shared) -> Image:
    """What the Dockerfile says, without docker."""
    final = stages((trained_project / "Dockerfile").read_text())[-1]

    def make(root: Path) -> None:
        done = run(trained_project, "make", "build/image/requirements.txt")
        assert 0 == done.returncode, done.stdout
        final.copy_to(trained_project, root)
        _install(trained_project, root / "libraries")

    return Image(shared.once("image", make), final.entry_point)


def _install(project: Path, venv: Path) -> None:
    """Install what pip would, by hash, and compile it, as pip does."""
    pip = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "--compile-bytecode")
    uv = str(shutil.which("uv", path=environment()["PATH"]))
    for words in (
        ("venv", "--quiet", "--python", str(project / ".venv/bin/python"), str(venv)),
        ("pip", "install", "--quiet", "--python", str(venv), *pip, "-r", "build/image/requirements.txt"),
    ):
        subprocess.run([uv, *words], cwd=project, env=environment(), check=True)


@dataclass(frozen=True)
class Served:
    """A registered package, and the pod that serves it, its paths below a folder of this machine."""

    folder: Path
    pin: Pin
    store: Path
    spec: dict[str, Any]
    port: int

    def words(self, kind: str) -> list[str]:
        """Return the words of a container."""
        (container,) = self.spec[kind]
        known = {PACKAGES: str(self.folder / "packages"), PREDICTIONS: str(self.folder / "predictions")}
        given = [
            "127.0.0.1" if word == "0.0.0.0" else word.replace("$(POD_NAME)", "pod-1") for word in container["args"]
        ]
        return [
            next((word.replace(inside, here, 1) for inside, here in known.items() if word.startswith(inside)), word)
            for word in given
        ]

    @property
    def variables(self) -> dict[str, str]:
        """Return what both containers have in their environment."""
        return {item["name"]: item["value"] for item in self.spec["containers"][0]["env"] if "value" in item}

    def ready(self, digest: str) -> int:
        """Ask as the readiness probe does, for a digest; 0 while nobody answers."""
        path = self.spec["containers"][0]["readinessProbe"]["httpGet"]["path"].replace(self.pin.digest, digest)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def ask(self, identifier: str, rows: int = 1) -> str:
        """Send rows to the model, and return the id that it answers with."""
        signature = json.loads((self.store / "signature.json").read_text())
        shape = {"datatype": "FP64", "shape": [rows, 1], "data": [0.5] * rows}
        body = {"id": identifier, "inputs": [{"name": entry["name"], **shape} for entry in signature["inputs"]]}
        url = f"http://127.0.0.1:{self.port}/v2/models/churn/infer"
        request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["id"]

    def metric(self, name: str) -> float:
        """Return what the server counts under a name."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            (line,) = [line for line in answer.read().decode().splitlines() if line.startswith(f"{name} ")]
        return float(line.split()[1])


@pytest.fixture
def served(trained_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Served]:
    """The trained package in an artifact store that speaks S3's protocol, attested by dev."""
    package = read_package(trained_project / "build" / "package")
    public_key = make_key(tmp_path / "key.pem")
    port = free_port()
    document = contract_document(project="churn", artifact_store={"flavor": "s3", "uri": f"s3://{BUCKET}"}, region=None)
    document["model_deployer"] |= {"port": port}
    document["signing_key"]["public_key"] = public_key
    document["monitoring"]["predictions_uri"] = f"s3://{LOGS}/churn/predictions"
    contract = Contract.model_validate_json(json.dumps(document))
    section = contract.model_deployer
    assert isinstance(section, KubernetesSection)
    pin = Pin(model="churn", release=1, digest=package.digest, commit="0" * 40, contract_version="1.2")
    settings = ModelSettings(package="p", rows="r", score=["s"], serve=["s"])
    spec = Pod(contract, section, pin, settings, "image", package.size_bytes).spec()
    with empty_moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        client = s3_client()
        client.create_bucket(Bucket=BUCKET)
        client.create_bucket(Bucket=LOGS)
        home = f"churn/models/sha256/{package.digest[7:]}"
        for path in (item for item in package.folder.rglob("*") if item.is_file()):
            client.put_object(Bucket=BUCKET, Key=f"{home}/{path.relative_to(package.folder)}", Body=path.read_bytes())
        client.put_object(
            Bucket=BUCKET, Key=f"{home}.dev.sig", Body=attest(package.folder, FileSigner(tmp_path / "key.pem"))
        )
        yield Served(tmp_path, pin, package.folder, spec, port)


@contextlib.contextmanager
def running(image: Image, served: Served, code: int = 0) -> Generator[subprocess.Popen[str]]:
    """Start the server, and end it by SIGTERM; it leaves with a code."""
    server = image.start(served.words("containers"), served.variables)
    try:
        deadline = time.monotonic() + 60
        while server.poll() is None and served.ready(served.pin.digest) != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        yield server
    finally:
        server.send_signal(signal.SIGTERM)
        said, _ = server.communicate(timeout=60)
    assert code == server.returncode, said


def fetched(image: Image, served: Served) -> None:
    """Run the container that fetches the package."""
    process = image.start(served.words("initContainers"), served.variables)
    said, _ = process.communicate(timeout=120)
    assert 0 == process.returncode, said


def test_a_pod_fetches_verifies_and_serves_the_pinned_digest(image: Image, served: Served) -> None:
    """Its readiness answers for that digest and no other; nothing of its log stays in it."""
    fetched(image, served)

    with running(image, served):
        other = served.ready("sha256:" + "0" * 64)
        assert (200, 404) == (served.ready(served.pin.digest), other)

    assert [] == list((served.folder / "predictions").iterdir())


def test_monitoring_reads_what_pods_logged(image: Image, served: Served) -> None:
    """Without waiting for its time, SIGTERM brings every answered row to where monitoring looks for it."""
    fetched(image, served)

    with running(image, served):
        answered = [served.ask(f"request-{number}") for number in range(3)]
        assert 0 == served.metric("prediction_log_dropped_rows_total")

    assert [f"request-{number}" for number in range(3)] == answered == sorted(logged(served))


def test_a_server_that_starts_again_uploads_what_a_killed_one_left(image: Image, served: Served) -> None:
    """The volume outlives the container."""
    fetched(image, served)
    with running(image, served, -signal.SIGKILL) as server:
        served.ask("before")
        time.sleep(1)
        server.kill()
        server.wait()
    assert [] == logged(served)

    with running(image, served):
        served.ask("after")

    assert ["after", "before"] == sorted(logged(served))


def test_a_store_that_is_away_fails_no_prediction(image: Image, served: Served) -> None:
    """Rows wait on the volume, and arrive when it is back."""
    fetched(image, served)
    s3_client().delete_bucket(Bucket=LOGS)

    with running(image, served):
        for number in range(6):
            served.ask(f"request-{number}", rows=1000)
        eventually(lambda: served.metric("prediction_log_pending_bytes") > 1 << 20)
        served.ask("last")
        s3_client().create_bucket(Bucket=LOGS)
        eventually(lambda: served.metric("prediction_log_pending_bytes") == 0)
        assert 6000 == len(logged(served))

    assert 6001 == len(logged(served))


def logged(served: Served) -> list[str]:
    """Return the ids of the rows that monitoring finds."""
    scratch = served.folder / f"copy-{time.monotonic_ns()}"
    with arrived(f"s3://{LOGS}/churn/predictions/churn", ".jsonl", scratch) as folder:
        log = read_predictions(folder, served.pin.digest, Labels({}), most=10_000)
    return [prediction.request_id for prediction in log.newest]


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 45
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_changed_package_does_not_start(image: Image, served: Served) -> None:
    """A container that starts again in the same pod holds its files against the manifest."""
    fetched(image, served)
    (model,) = (served.folder / "packages").glob("*/model.onnx")
    flip_byte(model, 100)

    server = image.start(served.words("containers"), served.variables)
    said, _ = server.communicate(timeout=60)

    assert 1 == server.returncode
    assert "model.onnx is not what the manifest says" in said

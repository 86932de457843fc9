"""MLflow as its graph says, really run: its setup, its server, a real client, PostgreSQL where it is installed."""

from __future__ import annotations

import json
import os
import stat
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.aws import empty_moto_server
from tests.harness.postgres import ADMIN, DATABASE, Postgres, binaries, postgres
from tests.harness.secrets_api import SecretsApi, secrets_api
from tests.harness.tracker import JOB, SERVER, Machine, options, spec, tracker
from tests.harness.web import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

HOST = "mlflow.dev.ml.acme.example"
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=5"
SECRET = "${aws:secretsmanager/secret:Secret::experiment-tracker-mlflow%s.arn}"
IDENTITY = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}
BUCKET = "acme-dev-artifacts"
WITHOUT_POSTGRES = "import sys, tasks; tasks.make_databases = lambda *_: None; tasks.prepare()"

WITHOUT_BINARIES = pytest.mark.skipif(not binaries(), reason="PostgreSQL is not installed")
WHERE = [
    pytest.param("aws", marks=WITHOUT_BINARIES),
    pytest.param("aws-sqlite", marks=pytest.mark.slow if binaries() else ()),
    pytest.param("cluster", marks=[WITHOUT_BINARIES, pytest.mark.slow]),
]
RIGHTS = {
    "mlflow/mlflow": {"get", "patch"},
    "mlflow/mlflow-projects": {"get", "patch"},
    "database/platform-admin": {"get"},
}
"""What the roles of the graph let the setup do, which tests/cluster/test_tracker.py asks a real API server."""


@dataclass(frozen=True)
class Running:
    """A server that is up, and what is around it."""

    machine: Machine
    secret: Callable[[str], dict[str, str]]
    objects: Any
    server: Postgres | None
    pid: int

    def prepare(self) -> None:
        """Run the setup."""
        instead = [] if self.server else ["-c", WITHOUT_POSTGRES]
        done = self.machine.run(JOB, "prepare", instead)
        assert (0, "prepared") == (done.returncode, done.stdout.strip()), done.stderr

    @property
    def admin(self) -> tuple[str, str]:
        """Name and password of the administrator of MLflow."""
        own = self.secret("mlflow")
        return own["admin_username"], own["admin_password"]

    @property
    def project(self) -> tuple[str, str]:
        """Name and password of projects."""
        shared = self.secret("mlflow-projects")
        return shared["username"], shared["password"]


def machine_of_aws(folder: Path, server: Postgres | None, arns: Mapping[str, str], endpoint: str) -> Machine:
    """The pods of the graph, on this machine, with one worker; with rows in SQLite where there is no PostgreSQL."""
    values: dict[str, Any] = {"hosts": ("127.0.0.1:5000",), "workers": 1}
    promised: dict[str, Any] = {"name": DATABASE, "admin_secret": arns["admin"]}
    replaced = {SECRET % "": arns["mlflow"], SECRET % "-projects": arns["mlflow-projects"]}
    if server:
        values["database_certificates"] = server.certificates
        promised |= {"host": "127.0.0.1", "port": server.port}
    graph = tracker(given=spec(**values), database=promised)
    if not server:
        address = options(graph)["--backend-store-uri"]
        for name in ("mlflow", "mlflow_auth"):
            replaced[address.replace("/mlflow?", f"/{name}?")] = f"sqlite:///{folder}/{name}.db"
    return Machine(graph, folder, replaced, IDENTITY | {"AWS_ENDPOINT_URL": endpoint})


def machine_of_cluster(folder: Path, server: Postgres, api: SecretsApi, endpoint: str) -> Machine:
    """The pods of the graph where there is no cloud: the setup has a token, the server keys to its prefix."""
    promised = {"name": DATABASE, "host": "127.0.0.1", "port": server.port, "certificates": server.certificates}
    replaced = {
        "https://kubernetes.default.svc": api.url,
        "/var/run/secrets/kubernetes.io/serviceaccount": str(api.identity),
    }
    keys = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_REGION": "us-east-1",
    }
    graph = tracker(given=spec(hosts=("127.0.0.1:5000",)), cloud=False, database=promised)
    return Machine(graph, folder, replaced, {}, {"mlflow-storage": keys})


def client_of(service: str, endpoint: str) -> Any:
    """A client that may do everything in a service."""
    import boto3

    return boto3.client(
        service,
        region_name="eu-west-1",
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


@pytest.fixture(scope="module", params=WHERE)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Set up and serve, as the Job and the Deployment do."""
    folder = tmp_path_factory.mktemp("tracker")
    with ExitStack() as stack:
        endpoint = stack.enter_context(empty_moto_server())
        objects = client_of("s3", endpoint)
        objects.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        server = None if request.param == "aws-sqlite" else stack.enter_context(postgres())
        if request.param == "cluster":
            assert server
            yield from _in_cluster(stack, folder, server, endpoint, objects)
        else:
            yield from _in_aws(stack, folder, server, endpoint, objects)
        for item in objects.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            objects.delete_object(Bucket=BUCKET, Key=item["Key"])
        objects.delete_bucket(Bucket=BUCKET)


def _in_aws(stack: ExitStack, folder: Path, server: Postgres | None, endpoint: str, objects: Any) -> Generator[Running]:
    secrets = client_of("secretsmanager", endpoint)
    arns = {name: secrets.create_secret(Name=name)["ARN"] for name in ("mlflow", "mlflow-projects")}
    arns["admin"] = secrets.create_secret(Name="admin", SecretString=json.dumps(ADMIN))["ARN"]

    def secret(name: str) -> dict[str, str]:
        return json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])

    pods = machine_of_aws(folder, server, arns, endpoint)
    pods.mount()
    Running(pods, secret, objects, server, 0).prepare()
    yield _served(stack, pods, secret, objects, server)
    for arn in arns.values():
        secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


def _in_cluster(stack: ExitStack, folder: Path, server: Postgres, endpoint: str, objects: Any) -> Generator[Running]:
    held = {"mlflow/mlflow": {}, "mlflow/mlflow-projects": {}, "database/platform-admin": dict(ADMIN)}
    api = stack.enter_context(secrets_api(folder / "identity", held, RIGHTS))

    def secret(name: str) -> dict[str, str]:
        return api.values[f"mlflow/{name}"]

    pods = machine_of_cluster(folder, server, api, endpoint)
    pods.mount()
    Running(pods, secret, objects, server, 0).prepare()
    for name, value in secret("mlflow").items():
        (folder / "secret" / name).write_text(value)
    yield _served(stack, pods, secret, objects, server)


def _served(
    stack: ExitStack, pods: Machine, secret: Callable[[str], dict[str, str]], objects: Any, server: Postgres | None
) -> Running:
    unlocked = pods.run(SERVER, "unlock")
    assert not unlocked.returncode, unlocked.stderr
    pods = replace(pods, replaced={**pods.replaced, "5000": str(free_port())})
    process = stack.enter_context(pods.serving(SERVER, "server"))
    return Running(pods, secret, objects, server, process.pid)


@pytest.mark.parametrize(
    ("path", "host", "who", "expected"),
    [
        ("/health", HOST, None, 200),
        ("/health", "10.20.17.33:5000", None, 200),
        (SEARCH, HOST, None, 401),
        (SEARCH, HOST, ("admin", "wrong password"), 401),
        (SEARCH, "mlflow.mlflow.svc.cluster.local", None, 401),
        (SEARCH, "attacker.example", None, 403),
        (SEARCH, "10.20.17.33:5000", None, 403),
        (SEARCH, "localhost:5000", None, 403),
    ],
)
def test_only_its_names_are_answered_and_only_who_signs_in(
    running: Running, path: str, host: str, who: tuple[str, str] | None, expected: int
) -> None:
    """Health is for everybody; the rest is for its names, and for people and projects with a password."""
    assert expected == running.machine.ask(path, host=host, user=who).status


def test_the_admin_and_projects_sign_in_with_what_their_secrets_hold(running: Running) -> None:
    """Both were made by the setup; only the admin may see who else there is."""
    users = "/api/2.0/mlflow/users/get?username=admin"
    found = [
        (
            running.machine.ask(SEARCH, host=HOST, user=who).status,
            running.machine.ask(users, host=HOST, user=who).status,
        )
        for who in (running.admin, running.project)
    ]

    assert [(200, 200), (200, 403)] == found


@pytest.mark.parametrize(("origin", "refused"), [(f"https://{HOST}", False), ("https://attacker.example", True)])
def test_other_pages_cannot_act_with_a_readers_rights(running: Running, origin: str, *, refused: bool) -> None:
    """Its own page may, though browsers send an origin with it, too; nobody may put it into a frame."""
    path = "/api/2.0/mlflow/experiments/search"
    found = running.machine.ask(path, host=HOST, user=running.admin, method="POST", Origin=origin)

    assert refused == (found.status == 403)
    assert "DENY" == running.machine.ask("/health", host=HOST).headers["X-Frame-Options"]


def test_a_client_logs_and_reads_without_rights_in_the_store(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a project logs passes through the server and lies below its prefix, and nowhere else in the bucket."""
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", running.project[0])
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", running.project[1])
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    client = MlflowClient(f"http://127.0.0.1:{running.machine.replaced['5000']}")
    (tmp_path / "model.txt").write_text("weights")
    run = client.create_run(client.create_experiment("churn")).info
    client.log_metric(run.run_id, "auc", 0.9)
    client.log_artifact(run.run_id, str(tmp_path / "model.txt"), "model")
    client.create_registered_model("churn")

    assert "weights" == Path(client.download_artifacts(run.run_id, "model/model.txt", str(tmp_path))).read_text()
    assert 0.9 == client.get_run(run.run_id).data.metrics["auc"]
    keys = [item["Key"] for item in running.objects.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert [f"mlflow/{run.experiment_id}/{run.run_id}/artifacts/model/model.txt"] == keys


def processes(of: int) -> list[Path]:
    """The folders below /proc of a process and all that came of it."""
    found = [path.parent for path in Path("/proc").glob("[0-9]*/stat") if _group(path) == of]
    return [path for path in found if (path / "cmdline").exists()]


def _group(path: Path) -> int | None:
    try:
        return int(path.read_text().rpartition(")")[2].split()[2])
    except (FileNotFoundError, ProcessLookupError):
        return None


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="only Linux shows processes as files")
def test_no_password_is_in_an_argument_a_variable_or_a_log(running: Running) -> None:
    """Whoever lists processes, reads logs of the pods or of the database, or sees objects, learns no password."""
    passwords = [running.secret("mlflow")[name] for name in ("database_password", "admin_password")]
    passwords.append(running.project[1])
    seen = [path.joinpath(name).read_text() for path in processes(running.pid) for name in ("cmdline", "environ")]
    seen.append((running.machine.folder / "server.log").read_text())
    seen += [repr(running.machine.graph), running.server.log.read_text() if running.server else ""]

    assert len(seen) > 6
    assert "AWS_SECRET_ACCESS_KEY" not in json.dumps(running.machine.graph[SERVER].inputs, default=str)
    assert [] == [text[:200] for text in seen for password in passwords if password in text]
    files = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (running.machine.folder / "credentials").iterdir()
    }
    assert {"pgpass": 0o600, "flask_secret_key": 0o600, "basic_auth.ini": 0o600} == files


def test_the_databases_are_its_own(running: Running) -> None:
    """Its user owns both, may make nothing else, and nobody else may enter; the administrator is no member of it."""
    if not running.server:
        pytest.skip("its rows are in SQLite here, which has no users")
    owners = "SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE datname LIKE 'mlflow%' ORDER BY 1"
    rights = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname = 'mlflow'"
    entry = "SELECT has_database_privilege('platform_admin', 'mlflow', 'CONNECT')"
    stored = "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname = 'mlflow'"

    assert [("mlflow", "mlflow"), ("mlflow_auth", "mlflow")] == running.server.rows(owners)
    assert [(False, False, False, True)] == running.server.rows(rights)
    assert [(False,)] == running.server.rows(entry)
    assert [("SCRAM-SHA-256$",)] == running.server.rows(stored)


def test_it_may_run_again_and_mends_what_was_changed(running: Running) -> None:
    """The second setup keeps every password, and gives people and the database user those of the secrets again."""
    before = [running.secret(name) for name in ("mlflow", "mlflow-projects")]
    body = json.dumps({"username": "projects", "password": "changed by somebody"}).encode()
    changed = running.machine.ask(
        "/api/2.0/mlflow/users/update-password", host=HOST, user=running.admin, method="PATCH", body=body
    )
    locked_out = running.machine.ask(SEARCH, host=HOST, user=running.project).status
    if running.server:
        running.server.run("ALTER ROLE mlflow PASSWORD 'changed by somebody'")
    running.prepare()

    assert (200, 401) == (changed.status, locked_out)
    assert before == [running.secret(name) for name in ("mlflow", "mlflow-projects")]
    assert 200 == running.machine.ask(SEARCH, host=HOST, user=running.project).status
    if running.server:
        running.server.connect("mlflow", before[0]["database_password"], "mlflow").close()


def test_an_image_of_another_release_sets_nothing_up(running: Running) -> None:
    """The setup says what does not match before it touches anything."""
    done = running.machine.run(JOB, "prepare", TRACKER_RELEASE="3.9")

    assert 1 == done.returncode
    assert "not 3.9; change `version` or `image`" in done.stderr

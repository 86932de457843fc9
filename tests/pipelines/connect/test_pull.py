"""`stackwright contract pull`: what project stacks have published comes into the project."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.project import Project
from tests.harness.aws import empty_moto_server, point_at, s3_client
from tests.harness.children import killed, observed
from tests.harness.command import Outcome, interruptible, stackwright
from tests.harness.documents import PUBLIC_KEY, contract_document
from tests.harness.web import Handler, free_port, serving

KEY = "toy/contract.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that is not connected to an environment yet."""
    model = {"package": "build", "rows": "rows.csv", "score": ["score"], "serve": ["serve"]}
    settings = {"platform": "/nowhere", "revision": "0" * 40, "project": "toy", "models": {"toy": model}}
    (tmp_path / ".stackwright.yaml").write_text(yaml.safe_dump(settings))
    return tmp_path


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """S3 on loopback."""
    with empty_moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        yield endpoint


def publish(environment: str = "dev", /, **changes: Any) -> str:
    """Put a contract where its stack puts it, and return the address."""
    document = contract_document(environment, **changes)
    bucket = contract_document(environment)["artifact_store"]["uri"].removeprefix("s3://")
    s3_client().create_bucket(Bucket=bucket)
    s3_client().put_object(Bucket=bucket, Key=KEY, Body=json.dumps(document).encode())
    return f"s3://{bucket}/{KEY}"


def pull(root: Path, *words: str) -> Outcome:
    """Run `contract pull` in the project."""
    return stackwright("contract", "pull", "--project", root, *words)


def held(root: Path, environment: str = "dev") -> Any:
    """Return the contract in the project."""
    return json.loads((root / "stack" / f"{environment}.json").read_text())


def test_the_first_pull_says_where_and_later_ones_need_no_word(aws: str, root: Path) -> None:
    """An address is given once for each environment; then all of them are looked at, and told to be as they were."""
    addresses = {name: publish(name) for name in ("dev", "staging")}
    for name, address in addresses.items():
        said = pull(root, "--env", name, "--from", address)
        assert (0, f"stack/{name}.json is from {address}\n  new\n") == (said.code, said.out)

    again = pull(root)

    assert contract_document("dev") == held(root)
    assert "awskms" in str(Project(root).contract("dev").signing_key.private_key_uri)
    expected = "".join(f"stack/{name}.json is what {address} says\n" for name, address in addresses.items())
    assert (0, expected) == (again.code, again.out)


def test_what_changed_is_told(aws: str, root: Path) -> None:
    """Each field that differs is a line; a key is named, not shown."""
    pull(root, "--env", "dev", "--from", publish())
    tracker = contract_document()["experiment_tracker"] | {"version": "3.18"}
    key = {
        "public_key": PUBLIC_KEY.replace("MFkw", "MFkx"),
        "private_key_uri": "awskms:///arn:aws:kms:eu-west-1:1:key/other",
    }
    address = publish(experiment_tracker=tracker, signing_key=key, runs_on=None, data_sets={"cats": "s3://cats/all"})

    said = pull(root, "--env", "dev", "--format", "json")

    assert 0 == said.code
    assert {
        "documents": [
            {
                "environment": "dev",
                "path": "stack/dev.json",
                "source": address,
                "status": "done",
                "changes": [
                    'data_sets: added: {"cats": "s3://cats/all"}',
                    "experiment_tracker.version: 3.17 -> 3.18",
                    "runs_on: removed",
                    "signing_key.private_key_uri: changed",
                    "signing_key.public_key: changed",
                ],
            }
        ],
        "problems": [],
    } == said.document


REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "another major": (
        {"contract_version": "2.0"},
        [
            "contract_version: `2.0` is another major; this release reads 1.x; "
            "update the platform revision in .stackwright.yaml"
        ],
    ),
    "another project and environment": (
        {"project": "cat", "environment": "qa"},
        ["environment: `qa` is not `dev`; name the environment that it is of", "project: `cat` is another project"],
    ),
    "missing kinds": (
        {"monitoring": None, "artifact_store": None},
        ["artifact_store: missing; add it", "monitoring: missing; add it"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_contract_that_does_not_fit_is_not_written(name: str, aws: str, root: Path) -> None:
    """All that is wrong is told at once, and the file that is there stays."""
    changes, problems = REFUSED[name]
    pull(root, "--env", "dev", "--from", publish())
    before = held(root)
    address = publish(**changes)

    said = pull(root, "--env", "dev")

    assert (1, "", [f"{address}: {problem}" for problem in problems]) == (said.code, said.out, said.problems)
    assert before == held(root)


def test_one_that_is_wrong_keeps_all_from_being_written(aws: str, root: Path) -> None:
    """A project's contracts come together or not at all."""
    for name in ("dev", "staging"):
        pull(root, "--env", name, "--from", publish(name))
    publish("dev", runs_on="elsewhere")
    publish("staging", project="cat")

    said = pull(root, "--format", "json")

    assert (1, []) == (said.code, said.document["documents"])
    assert "ubuntu-24.04" == held(root)["runs_on"]


def test_a_newer_minor_is_read_without_what_it_adds(aws: str, root: Path) -> None:
    """A platform may be ahead of its projects: what an older release does not know, it leaves alone."""
    monitoring = contract_document()["monitoring"] | {"window_days": 7}
    deployer = contract_document()["model_deployer"] | {"colour": "green"}
    address = publish(contract_version="1.9", vector_store={"uri": "x"}, monitoring=monitoring, model_deployer=deployer)

    assert 0 == pull(root, "--env", "dev", "--from", address).code
    assert "s3" == Project(root).contract("dev").monitoring.flavor
    assert "green" == held(root)["model_deployer"]["colour"]
    assert 0 == stackwright("contract", "check", "--project", root).code


def test_a_newer_minor_may_not_leave_out_what_is_needed(aws: str, root: Path) -> None:
    """Additive means that nothing goes."""
    address = publish(contract_version="1.9", vector_store={"uri": "x"}, monitoring=None)

    assert [f"{address}: monitoring: missing; add it"] == pull(root, "--env", "dev", "--from", address).problems


def test_a_contract_of_another_major_says_where_the_next_one_is(aws: str, root: Path) -> None:
    """After an upgrade of the platform's revision, the old file is replaced by the one that is published now."""
    publish()
    (root / "stack").mkdir()
    (root / "stack" / "dev.json").write_text(json.dumps(contract_document(contract_version="0.9", colour="red")))

    said = pull(root)

    assert (0, ["  colour: removed", "  contract_version: 0.9 -> 1.1"]) == (said.code, said.out.splitlines()[1:])


ASKED: dict[str, tuple[tuple[str, ...], int, str]] = {
    "nothing is here": ((), 1, "stack: no contract of a stack here; name one: "),
    "no address yet": (("--env", "dev"), 1, "stack/dev.json: not found; name its address with `--from`"),
    "no such object": (("--env", "dev", "--from", "s3://acme-dev-artifacts-123456789012/nothing"), 1, "s3://"),
    "no such bucket": (("--env", "dev", "--from", "s3://nowhere/x"), 1, "s3://nowhere/x: bucket `nowhere` does not "),
    "a bucket": (
        ("--env", "dev", "--from", "s3://nowhere/"),
        1,
        "--from: `s3://nowhere/` is no address; write it like",
    ),
    "a web page": (("--env", "dev", "--from", "https://x/y"), 1, "--from: `https://x/y` is no address; write it like"),
    "no environment": (("--from", "s3://nowhere/x"), 2, "Usage"),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_cannot_be_pulled(name: str, aws: str, root: Path) -> None:
    """The message says what to give."""
    words, code, told = ASKED[name]
    publish()

    said = pull(root, *words)

    assert (code, True) == (said.code, said.err.startswith(told)), said.err
    assert not (root / "stack").exists()


def test_a_local_contract_is_not_pulled(root: Path) -> None:
    """Nothing publishes it; the message says what writes it."""
    stackwright("contract", "local", root / "environments", "--project", root)

    said = pull(root, "--env", "dev")

    told = "is of this machine, nothing publishes it; `stackwright contract local` writes it"
    assert (1, [f"stack/dev.json: {told}"]) == (said.code, said.problems)


DENIED = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"


@pytest.mark.parametrize("answers", [True, False], ids=["denied", "not reachable"])
def test_a_store_that_does_not_answer(answers: bool, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing right and a network that is down are one line each, and nothing is written."""
    with serving(lambda request: request.reply(403, DENIED)) as server:
        point_at(monkeypatch, server.url if answers else f"http://127.0.0.1:{free_port()}")
        said = pull(root, "--env", "dev", "--from", "s3://bucket/contract.json")

    told = "access denied to GetObject" if answers else "the artifact store cannot be reached"
    assert (1, 1) == (said.code, len(said.problems))
    assert said.problems[0].startswith(f"s3://bucket/contract.json: {told}")
    assert not (root / "stack").exists()


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_its_write_it_leaves_the_old_or_the_new(when: str, aws: str, root: Path, tmp_path: Path) -> None:
    """There is one write, and a second run completes."""
    from pipelines.connect.pull import pull as run

    pull(root, "--env", "dev", "--from", publish())
    publish(runs_on="elsewhere")
    project = Project(root)

    assert ["replace_file"] == observed(lambda: run(project), tmp_path)
    publish(runs_on="again")
    killed(lambda: run(project), 0, when, tmp_path)

    assert ("again" if when == "after" else "elsewhere") == held(root)["runs_on"]
    assert 0 == pull(root).code
    assert "again" == held(root)["runs_on"]


def test_ctrl_c_writes_nothing(root: Path, tmp_path: Path) -> None:
    """Interrupted while the store takes its time, it says so and leaves no file behind."""
    waiting = threading.Event()

    def hang(request: Handler) -> None:
        waiting.set()
        time.sleep(2)

    words = ["contract", "pull", "--env", "dev", "--from", "s3://bucket/contract.json", "--project", root]
    own = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    with serving(hang) as server:
        process = subprocess.Popen(
            interruptible(*words),
            env={**os.environ, **own, "AWS_ENDPOINT_URL": server.url},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert waiting.wait(90)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=90)[1]
        finally:
            process.kill()

    assert (130, "interrupted; run the command again to complete it\n") == (process.returncode, said)
    assert [".stackwright.yaml"] == sorted(path.name for path in root.iterdir())

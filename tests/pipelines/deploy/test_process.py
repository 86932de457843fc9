"""The deployer of local processes: the old server serves until the new one answers."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from components.errors import UserError
from pipelines.deploy.process import ProcessDeployer, served_digest
from pipelines.job_tokens import OF_THE_JOB
from pipelines.release.package import Package, read_package
from tests.harness.children import in_child
from tests.harness.packages import pinned
from tests.harness.project import Toy


def package(toy: Toy, **values: object) -> Package:
    """Build a package in a folder of its own."""
    digest = toy.build(**values)
    folder = toy.environments / "packages" / digest[7:]
    folder.parent.mkdir(exist_ok=True)
    (toy.root / "build" / "toy").rename(folder)
    return read_package(folder)


def endpoint_file(toy: Toy) -> Path:
    """Return the file that clients read."""
    return toy.environments / "dev" / "serving" / "toy.json"


def serving(toy: Toy) -> str | None:
    """Ask what clients would reach."""
    return served_digest(json.loads(endpoint_file(toy).read_text())["url"], "toy")


def test_a_package_is_served_with_its_digest(toy: Toy) -> None:
    """Clients find address, digest, process and its start in one file, and the server says the same digest."""
    wanted = package(toy)

    endpoint = toy.deployer("dev").deploy(*pinned(wanted))

    assert wanted.digest == endpoint.digest == serving(toy)
    assert endpoint.model_dump() == json.loads(endpoint_file(toy).read_text())
    assert [endpoint.pid] == [server.pid for server in toy.servers()]
    assert ["toy"] == toy.deployer("dev").deployed()


def test_a_server_has_no_token_of_the_job_that_started_it(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """It outlives the job; all other variables are there."""
    for name in (*OF_THE_JOB, "ANOTHER"):
        monkeypatch.setenv(name, "x")

    endpoint = toy.deployer("dev").deploy(*pinned(package(toy)))

    found = psutil.Process(endpoint.pid).environ()
    assert {"ANOTHER"} == {*OF_THE_JOB, "ANOTHER"} & set(found)


def test_deploying_again_changes_nothing(toy: Toy) -> None:
    """The same digest keeps its server."""
    wanted = package(toy)

    assert toy.deployer("dev").deploy(*pinned(wanted)) == toy.deployer("dev").deploy(*pinned(wanted))


def test_the_new_server_takes_over_and_the_old_one_ends(toy: Toy) -> None:
    """Afterwards one server runs; clients were always sent to one that answers."""
    first, second = package(toy, wrong_every=5), package(toy, wrong_every=6)
    old = toy.deployer("dev").deploy(*pinned(first))

    new = toy.deployer("dev").deploy(*pinned(second))

    assert second.digest == serving(toy)
    assert old.url != new.url
    assert [new.pid] == [server.pid for server in toy.servers()]
    assert not list(endpoint_file(toy).parent.glob(".*.starting.json"))


def test_clients_never_meet_a_server_that_does_not_answer(toy: Toy, tmp_path: Path) -> None:
    """While releases follow each other, whoever reads the file and asks at once gets the digest in the file."""
    packages = [package(toy, wrong_every=number) for number in (5, 6, 7)]
    toy.deployer("dev").deploy(*pinned(packages[0]))
    code = (
        "import http.client, json, time, urllib.request\n"
        "bad = asked = 0\n"
        "while asked < 400:\n"
        "    asked += 1\n"
        f"    found = json.load(open({str(endpoint_file(toy))!r}))\n"
        "    try:\n"
        "        said = json.load(urllib.request.urlopen(found['url'] + '/v2/models/toy'))['versions'][0]\n"
        "    except (OSError, http.client.HTTPException):\n"
        f"        said = json.load(open({str(endpoint_file(toy))!r})) == found and 'gone'\n"
        "    bad += said not in (found['digest'], False)\n"
        "    time.sleep(0.002)\n"
        "print(bad)\n"
    )
    client = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    for item in packages[1:]:
        toy.deployer("dev").deploy(*pinned(item))
    said, _ = client.communicate(timeout=60)

    assert "0" == said.strip()


FAILURES = {
    "crash": ("the server ended before it was ready: the model cannot be loaded; the old one keeps serving"),
    "never ready": ("not ready after 1 s: it said nothing; the old one keeps serving"),
    "lie": (f"serves sha256:{'0' * 64}, not {{digest}}; the old server keeps serving"),
}


@pytest.mark.parametrize("how", FAILURES)
def test_a_failed_start_leaves_the_old_server(how: str, toy: Toy) -> None:
    """A server that crashes, never gets ready or says another digest is ended; clients notice nothing."""
    old = toy.deployer("dev").deploy(*pinned(package(toy)))
    bad = package(toy, serve=how)

    with pytest.raises(UserError) as caught:
        toy.deployer("dev", start_seconds=1).deploy(*pinned(bad))

    assert FAILURES[how].format(digest=bad.digest) == caught.value.problems[0].split(".log: ")[1]
    assert old.digest == serving(toy)
    assert [old.pid] == [server.pid for server in toy.servers()]


@pytest.mark.parametrize("how", FAILURES)
def test_a_failed_first_start_serves_nothing(how: str, toy: Toy) -> None:
    """Without an old server there is none afterwards."""
    with pytest.raises(UserError):
        toy.deployer("dev", start_seconds=1).deploy(*pinned(package(toy, serve=how)))

    assert not endpoint_file(toy).exists()
    assert [] == toy.servers()


def test_a_server_that_was_killed_is_started_again(toy: Toy) -> None:
    """Nothing restarts a dead server but the next deployment."""
    wanted = package(toy)
    first = toy.deployer("dev").deploy(*pinned(wanted))
    psutil.Process(first.pid).kill()

    assert toy.serving("dev") is None
    second = toy.deployer("dev").deploy(*pinned(wanted))

    assert first.pid != second.pid
    assert wanted.digest == serving(toy)


def test_a_server_that_hangs_is_replaced(toy: Toy) -> None:
    """A server that does not end when asked is killed."""
    old = toy.deployer("dev").deploy(*pinned(package(toy, serve="deaf")))

    new = toy.deployer("dev", stop_seconds=0.3).deploy(*pinned(package(toy)))

    assert not psutil.pid_exists(old.pid) or psutil.Process(old.pid).status() == psutil.STATUS_ZOMBIE
    assert [new.pid] == [server.pid for server in toy.servers()]


def test_a_process_with_the_pid_of_a_dead_server_is_left_alone(toy: Toy) -> None:
    """A pid is somebody else's once its server has ended: start times tell them apart."""
    old = toy.deployer("dev").deploy(*pinned(package(toy)))
    psutil.Process(old.pid).kill()
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        file = endpoint_file(toy)
        file.write_text(json.dumps(json.loads(file.read_text()) | {"pid": stranger.pid}))
        toy.deployer("dev").deploy(*pinned(package(toy, wrong_every=6)))

        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_old_server_that_nobody_waits_for_is_not_waited_for(toy: Toy, tmp_path: Path) -> None:
    """An ended server whose parent lives on stays in the process table; the deployment does not wait for that."""
    toy.deployer("dev").deploy(*pinned(package(toy)))
    second = package(toy, wrong_every=6)
    started = time.monotonic()

    in_child(lambda: toy.deployer("dev").deploy(*pinned(second)).pid, tmp_path)

    assert 10 > time.monotonic() - started


def test_a_model_that_is_removed_is_no_longer_served(toy: Toy) -> None:
    """Server and file go; removing again finds nothing."""
    toy.deployer("dev").deploy(*pinned(package(toy)))

    assert [True, False] == [toy.deployer("dev").remove("toy") for _ in range(2)]
    assert not endpoint_file(toy).exists()
    assert [] == toy.servers()


def test_models_have_servers_of_their_own(toy: Toy) -> None:
    """Deploying one model does not touch another one's server."""
    deployer = toy.deployer("dev")
    both = ProcessDeployer(
        folder=deployer.folder,
        predictions=deployer.predictions,
        commands=dict.fromkeys(("cat", "toy"), deployer.commands["toy"]),
        root=deployer.root,
    )
    cat = both.deploy(*pinned(package(toy, wrong_every=5), "cat"))
    both.deploy(*pinned(package(toy, wrong_every=6)))
    both.remove("toy")

    assert cat == both.serving("cat")
    assert ["cat"] == both.deployed()


BROKEN: dict[str, tuple[str, str]] = {
    "not JSON": ("{", ".*toy.json: not JSON: Expecting property name.*"),
    "another document": ('{"url": "http://127.0.0.1:1"}', ".*toy.json: digest: missing; add it.*"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_endpoint_file_is_named(name: str, toy: Toy) -> None:
    """What somebody wrote into the file by hand is an error, not a reason to start a second server."""
    endpoint_file(toy).parent.mkdir(parents=True, exist_ok=True)
    endpoint_file(toy).write_text(BROKEN[name][0])

    with pytest.raises(UserError, match=re.compile(BROKEN[name][1], re.DOTALL)):
        toy.deployer("dev").deploy(*pinned(package(toy)))


def answers(versions: object, *, ready: bool = True) -> Callable[[], object]:
    """Return what a server with these answers counts as."""

    def ask() -> object:
        code = (
            "import http.server, json, sys\n"
            "class H(http.server.BaseHTTPRequestHandler):\n"
            "    def do_GET(self):\n"
            f"        ok = {ready!r} or not self.path.endswith('ready')\n"
            "        self.send_response(200 if ok else 503); self.end_headers()\n"
            f"        self.wfile.write({json.dumps(json.dumps(versions))}.encode())\n"
            "    def log_message(self, *a): pass\n"
            "s = http.server.HTTPServer(('127.0.0.1', 0), H)\n"
            "print(s.server_port, flush=True)\n"
            "s.serve_forever()\n"
        )
        server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout
            return served_digest(f"http://127.0.0.1:{server.stdout.readline().strip()}", "toy")
        finally:
            server.kill()
            server.communicate()

    return ask


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (answers({"versions": ["sha256:a"]}), "sha256:a"),
        (answers({"versions": ["sha256:a"]}, ready=False), None),
        (answers({"versions": ["sha256:a", "sha256:b"]}), None),
        (answers({"versions": []}), None),
        (answers({"versions": "sha256:a"}), None),
        (answers(["sha256:a"]), None),
        (answers({}), None),
    ],
    ids=["one", "not ready", "two", "none", "a text", "a list", "nothing"],
)
def test_a_server_serves_exactly_one_digest_and_is_ready(ask: Callable[[], object], expected: str | None) -> None:
    """Anything else that a server says is not serving."""
    assert expected == ask()


def test_nobody_there_is_not_serving() -> None:
    """A closed port serves nothing."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert served_digest(f"http://127.0.0.1:{probe.getsockname()[1]}", "toy") is None

"""Where the engine is missing, everybody is told."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.settings import Settings

import tests.harness.engine.stack  # noqa: F401 - it sets the options of channels
from tests.harness import web
from tests.harness.engine.tools import MISSING, ROOT, need_engine


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_the_engine_tests_skip_and_ci_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    """A laptop without Go skips with one line; CI does not turn green by looking away."""
    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match=r"run `make tools`") as told:
        need_engine(tmp_path)
    assert MISSING == str(told.value)


def test_with_the_engine_nothing_is_skipped(tmp_path: Path) -> None:
    """Whatever is built is used."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").touch()

    assert need_engine(tmp_path) is None


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ([], 1, "tools: go: not found; install the Go that tools/*/go.mod asks for\n"),
        (
            ["--if-go"],
            0,
            "tools: go: not found; tests of the real Pulumi engine, of a real control plane and of executed workflows "
            "are skipped\n",
        ),
        (["pulumy"], 2, "unknown tool pulumy; choose one of kube-apiserver, "),
    ],
)
def test_tools_say_that_go_is_missing(tmp_path: Path, options: list[str], code: int, told: str) -> None:
    """`make tools` fails without Go; `make test` says one line and goes on."""
    ran = subprocess.run(
        [sys.executable, ROOT / "tools" / "build.py", *options],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert (code, True) == (ran.returncode, told in ran.stderr)


@dataclass(frozen=True)
class Checkout:
    """The tools of a checkout, and a Go that notes what it is asked to build."""

    root: Path

    def make(self, *, broken: str = "nothing") -> subprocess.CompletedProcess[str]:
        """Build everything; one tool may not compile."""
        go = self.root / "bin" / "go"
        go.parent.mkdir(exist_ok=True)
        go.write_text(
            f'#!/bin/sh\necho "$@" >>{self.root}/calls\ntest "$1" = env && echo go1 && exit\n'
            f'case "$*" in *{broken}) exit 1; esac\n'
            'while test $# -gt 1; do test "$1" = -o && touch "$2"; shift; done\n'
        )
        go.chmod(0o755)
        (self.root / "calls").write_text("")
        command = [sys.executable, self.root / "tools" / "build.py"]
        return subprocess.run(command, env={"PATH": f"{go.parent}:/usr/bin:/bin"}, capture_output=True, text=True)

    def builds(self) -> list[str]:
        """Build everything, and return what was not there."""
        made = self.make()
        assert 0 == made.returncode, made.stderr
        return self.asked()

    def asked(self) -> list[str]:
        """Return what Go was asked to build the last time."""
        calls = (self.root / "calls").read_text().splitlines()[1:]
        return sorted(line.split()[-1].rpartition("/")[2] for line in calls)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout where nothing is built."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    return Checkout(tmp_path)


def test_what_did_not_change_is_not_built_again(checkout: Checkout) -> None:
    """One call of Go asks for its release; a change of pins, flags or Go builds anew, and only that tool."""
    cluster = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]
    assert ["act", "actionlint", *cluster, "pulumi", "v3"] == checkout.builds()
    assert [] == checkout.builds()
    with (checkout.root / "tools" / "kwok" / "go.sum").open("a") as pins:
        pins.write("\n")
    assert ["kwok"] == checkout.builds()


def test_a_tool_that_does_not_compile_is_named_and_ends_its_group(checkout: Checkout) -> None:
    """Go says why above; what was built stays, and the next call goes on from there."""
    made = checkout.make(broken="kube-controller-manager")

    assert (1, True) == (made.returncode, made.stderr.endswith("tools: kube-controller-manager: could not be built\n"))
    assert "kube-scheduler" not in checkout.asked()
    again = checkout.builds()
    assert (True, False) == ("kube-scheduler" in again, "kube-apiserver" in again)
    assert [] == checkout.builds()


def test_an_engine_on_the_port_of_one_that_is_gone_is_reached() -> None:
    """Ports come again within a long run of tests; what was known of the last owner must not be believed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    gone = asked(address)
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_insecure_port(address)
    server.start()
    try:
        there = asked(address)
    finally:
        server.stop(None)

    assert [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED] == [gone, there]


def test_a_port_to_listen_on_is_nobodys_and_no_outgoing_connection_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program binds its port seconds after it was found; connections that others open meanwhile take ports, too."""
    with socket.create_server(("127.0.0.1", port := web.free_port())):
        with socket.create_connection(("127.0.0.1", port)) as outgoing:
            assert outgoing.getsockname()[1] not in web.LISTENED
        monkeypatch.setattr(web, "LISTENED", [port] * 9 + [another := web.free_port()])
        assert {another} == {web.free_port() for _ in range(9)}


HELD: list[Settings] = []
"""What earlier programs leave behind: their ends of connections."""


def asked(address: str) -> grpc.StatusCode:
    """Ask an engine at an address for its root, as the SDK does, until the answer is a code."""
    HELD.append(Settings("project", "stack", engine=address))
    codes = set[grpc.StatusCode]()
    for _ in range(5):
        try:
            HELD[-1].engine.GetRootResource(engine_pb2.GetRootResourceRequest(), timeout=5)
        except grpc.RpcError as error:
            codes.add(error.code())
    (code,) = codes
    return code

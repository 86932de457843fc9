"""Where the engine is missing, everybody is told."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
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
        (["pulumy"], 2, "unknown tool pulumy; choose one of act, actionlint, pulumi, "),
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


def test_what_did_not_change_is_not_built_again(tmp_path: Path) -> None:
    """One call of Go asks for its release; a change of pins, flags or Go builds anew, and only that tool."""
    checkout, go = tmp_path / "checkout", tmp_path / "bin" / "go"
    shutil.copytree(ROOT / "tools", checkout / "tools")
    go.parent.mkdir()
    go.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\ntest "$1" = env && echo go1 && exit\n'
        'while test $# -gt 1; do test "$1" = -o && touch "$2"; shift; done\n'
    )
    go.chmod(0o755)

    def builds(*names: str) -> list[str]:
        (tmp_path / "calls").write_text("")
        command = [sys.executable, checkout / "tools" / "build.py", *names]
        subprocess.run(command, env={"PATH": f"{go.parent}:/usr/bin:/bin"}, check=True)
        return [line.split()[-1].rpartition("/")[2] for line in (tmp_path / "calls").read_text().splitlines()[1:]]

    cluster = ["v3", "kwok", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
    assert ["act", "actionlint", "pulumi", *cluster] == builds()
    assert [] == builds()
    with (checkout / "tools" / "kwok" / "go.sum").open("a") as pins:
        pins.write("\n")
    assert ["kwok"] == builds()


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

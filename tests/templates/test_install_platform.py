from __future__ import annotations

import base64
import hashlib
import secrets
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.git_http import private_repository
from tests.harness.scaffold import Platform, commit_all, environment, git

FAKE_UV = """#!/bin/sh
echo "$@" >> uv.log
env >> uv.env
mkdir -p .stackwright/venv
"""
TOKEN = secrets.token_hex(20)
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@pytest.fixture
def project(rendered: Path, tmp_path: Path) -> Path:
    """A project, with a uv that only writes down what it was asked."""
    project = tmp_path / "churn"
    shutil.copytree(rendered, project)
    uv = project / "fake-uv"
    uv.write_text(FAKE_UV)
    uv.chmod(0o755)
    return project


def install(project: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Install the platform's command, as `make setup` does."""
    command = [sys.executable, "scripts/install_platform.py", "--uv", "./fake-uv"]
    return subprocess.run(command, cwd=project, env=environment(**more), capture_output=True, text=True, check=False)


def set_up(project: Path, field: str, value: str) -> None:
    """Change one field of `.stackwright.yaml`."""
    path = project / ".stackwright.yaml"
    lines = [f"{field}: {value}" if line.startswith(f"{field}:") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")


def test_it_installs_exactly_the_revision_and_its_pins(platform: Platform, project: Path) -> None:
    """The checkout is at the full commit; only hashed pins of that checkout are installed."""
    done = install(project)

    head = (project / ".stackwright" / "platform" / ".git" / "HEAD").read_text().strip()
    asked = (project / "uv.log").read_text()
    assert (0, platform.commit) == (done.returncode, head), done.stderr
    assert "--require-hashes .stackwright/platform/requirements/runtime.txt" in asked
    assert "--no-deps --no-build-isolation --editable .stackwright/platform" in asked


def test_the_second_time_there_is_nothing_to_do(project: Path) -> None:
    """Nothing is fetched or installed again."""
    install(project)
    asked = (project / "uv.log").read_text()

    done = install(project, STACKWRIGHT_SOURCE="/nowhere")

    assert 0 == done.returncode, done.stderr
    assert asked == (project / "uv.log").read_text()


def test_another_revision_is_installed_anew(platform: Platform, project: Path) -> None:
    """An update of the project moves the command with it."""
    install(project)
    parent = subprocess.run(
        ["git", "rev-parse", "HEAD^"], cwd=platform.source, capture_output=True, text=True, check=False
    )
    if parent.returncode:
        pytest.skip("the history has one commit only")
    set_up(project, "revision", parent.stdout.strip())

    install(project)

    assert parent.stdout == (project / ".stackwright" / "platform" / ".git" / "HEAD").read_text()
    assert 6 == len((project / "uv.log").read_text().splitlines())


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("platform", "../platform", "`../platform` is a relative path"),
        ("platform", "/nowhere/platform", "/nowhere/platform does not hold"),
        ("revision", "1ba08e4", "`1ba08e4` is not a full commit"),
        ("revision", "0123456789" * 4, "does not hold 0123456789"),
        ("revision", "null", "`None` is not a full commit"),
    ],
)
def test_a_platform_that_cannot_be_had_is_said(project: Path, field: str, value: str, said: str) -> None:
    """File, field, value; and no half-made environment is left that passes for a whole one."""
    set_up(project, field, value)

    done = install(project)

    assert 1 == done.returncode
    assert done.stderr.startswith(".stackwright.yaml: ")
    assert said in done.stderr
    assert not (project / ".stackwright" / "venv").exists()


def test_one_variable_overrides_the_source_alone(platform: Platform, project: Path) -> None:
    """A mirror serves the same commit."""
    set_up(project, "platform", "https://example.invalid/platform.git")

    done = install(project, STACKWRIGHT_SOURCE=str(platform.source))

    assert 0 == done.returncode, done.stderr


def everything_in(folder: Path) -> str:
    """Return all that lies in a folder, names and bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "".join(f"{path}\n{path.read_bytes().decode(errors='replace')}\n" for path in files)


def test_a_private_platform_is_read_by_a_token(platform: Platform, project: Path) -> None:
    """The host sees the token; no address, no file and no other program does."""
    with private_repository(platform.source.parent, TOKEN) as host:
        set_up(project, "platform", f"{host.url}/{platform.source.name}/.git")

        done = install(project, PLATFORM_TOKEN=TOKEN)

        head = (project / ".stackwright" / "platform" / ".git" / "HEAD").read_text().strip()
        assert (0, platform.commit) == (done.returncode, head), done.stderr
        assert any(request.endswith(f" Basic {BASIC}") for request in host.requests)
    left = everything_in(project) + done.stdout + done.stderr
    assert TOKEN not in left
    assert BASIC not in left


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (None, "; if it is private, set PLATFORM_TOKEN"),
        ("another-token", ", or PLATFORM_TOKEN may not read it any more"),
    ],
)
def test_without_its_token_a_private_platform_is_not_had(
    platform: Platform, project: Path, token: str | None, said: str
) -> None:
    """The message says what to set; nobody is asked for a password."""
    with private_repository(platform.source.parent, TOKEN) as host:
        set_up(project, "platform", f"{host.url}/{platform.source.name}/.git")

        done = install(project, **({"PLATFORM_TOKEN": token} if token else {}))

    assert 1 == done.returncode
    assert said in done.stderr
    assert "another-token" not in done.stderr
    assert not (project / ".stackwright" / "venv").exists()


def test_the_token_goes_to_one_host_only(platform: Platform, project: Path) -> None:
    """A host that sends git elsewhere sends it without the token: nowhere."""
    with (
        private_repository(platform.source.parent, TOKEN) as other,
        private_repository(platform.source.parent, TOKEN, moved_to=other.url) as host,
    ):
        set_up(project, "platform", f"{host.url}/moved/{platform.source.name}/.git")

        done = install(project, PLATFORM_TOKEN=TOKEN)

        assert 1 == done.returncode
        assert [] == other.requests


@pytest.mark.parametrize("address", ["http://example.invalid/platform.git", "http://git.example.invalid:8080/p.git"])
def test_the_token_is_not_sent_in_the_clear(project: Path, address: str) -> None:
    """Before anything is asked of that host."""
    set_up(project, "platform", address)

    done = install(project, PLATFORM_TOKEN=TOKEN)

    assert (1, f".stackwright.yaml: platform: `{address}` would get PLATFORM_TOKEN in the clear; use https\n") == (
        done.returncode,
        done.stderr,
    )


def wheel(folder: Path) -> Path:
    """Write a package of one file."""
    path = folder / "toy-1.0-py3-none-any.whl"
    files = {
        "toy.py": "",
        "toy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n",
        "toy-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "toy-1.0.dist-info/RECORD": "toy.py,,\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("pinned", "said"),
    [
        (lambda digest: f" --hash=sha256:{digest}", None),
        (lambda digest: f" --hash=sha256:{digest[::-1]}", "Hash mismatch"),
        (lambda digest: "", "all requirements must have a hash"),
    ],
    ids=["its own", "another", "none"],
)
def test_a_pin_whose_hash_is_not_that_of_its_file_is_red(
    project: Path, tmp_path: Path, pinned: Callable[[str], str], said: str | None
) -> None:
    """What the index gives is held against what the revision has pinned, byte for byte."""
    shelf, platform = tmp_path / "shelf", tmp_path / "toy platform"
    (platform / "requirements").mkdir(parents=True)
    shelf.mkdir()
    digest = hashlib.sha256(wheel(shelf).read_bytes()).hexdigest()
    (platform / "requirements" / "runtime.txt").write_text(f"toy==1.0{pinned(digest)}\n")
    git(platform, "init", "--quiet")
    commit_all(platform, "Pin")
    set_up(project, "platform", str(platform))
    set_up(project, "revision", git(platform, "rev-parse", "HEAD"))
    alone = {
        "UV_OFFLINE": "1",
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(shelf),
        "UV_CACHE_DIR": str(tmp_path / "cache"),
    }

    command = [sys.executable, "scripts/install_platform.py"]
    done = subprocess.run(command, cwd=project, env=environment(**alone), capture_output=True, text=True, check=False)

    assert 1 == done.returncode
    assert said is None or said in done.stderr.replace("\n", " "), done.stderr
    assert (said is None) is any((project / ".stackwright" / "venv").rglob("toy.py"))
    assert not (project / ".stackwright" / "venv" / ".revision").exists()

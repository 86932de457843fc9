"""`make pull` and `make push` of a project: where DVC is sent, and what it has to open the store with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.api_server import Standin
from tests.harness.documents import contract_document
from tests.harness.kubernetes_documents import kubernetes_document

TEMPLATE = Path(__file__).parents[2] / "templates" / "project"
CLUSTER = kubernetes_document(Standin("https://127.0.0.1:1", "bm90aGluZw=="))
ENDPOINT = CLUSTER["artifact_store"]["endpoint"]
ADD = "remote add --quiet --local --force --default stack"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose DVC writes down what it is told."""
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "dvc").write_text('#!/bin/sh\necho "$*" >> told\n')
    (binaries / "dvc").chmod(0o755)
    (tmp_path / "dvc_s3.py").write_text("")
    (tmp_path / "stack").mkdir()
    return tmp_path


def connect(folder: Path, contract: dict[str, object]) -> None:
    """Write the contract of dev as `stackwright contract pull` does."""
    (folder / "stack" / "dev.json").write_text(json.dumps(contract, indent=2) + "\n")


def told(folder: Path) -> list[str]:
    """Run `scripts/remote.py` for dev, and return what it tells DVC."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    words = [str(folder / ".venv" / "bin" / "python"), str(TEMPLATE / "scripts" / "remote.py"), "dev"]
    subprocess.run(words, cwd=folder, env=environment, check=True)
    return (folder / "told").read_text().splitlines()


def test_a_store_elsewhere_has_its_address(folder: Path) -> None:
    """Amazon's needs none: only the contract of a cluster names one."""
    connect(folder, CLUSTER)
    elsewhere = told(folder)
    (folder / "told").unlink()
    connect(folder, contract_document())

    assert [
        f"{ADD} s3://acme-dev-artifacts/toy/data",
        f"remote modify --quiet --local stack endpointurl {ENDPOINT}",
    ] == elsewhere
    assert [f"{ADD} s3://acme-dev-artifacts-123456789012/toy/data"] == told(folder)


@pytest.mark.parametrize("command", ["pull", "push"])
@pytest.mark.parametrize("document", [CLUSTER, contract_document()], ids=["cluster", "aws"])
def test_dvc_has_keys_where_the_cluster_keeps_them(command: str, document: dict[str, object], folder: Path) -> None:
    """In AWS whoever runs it has rights of their own, and needs no secret for it."""
    connect(folder, document)
    stackwright = folder / ".stackwright" / "venv" / "bin" / "stackwright"
    stackwright.parent.mkdir(parents=True)
    for path in (stackwright, folder / "pyproject.toml", folder / "uv.lock"):
        path.write_text("")
    (folder / "Makefile").write_text((TEMPLATE / "Makefile.jinja").read_text().replace("{{ package }}", "toy"))
    done = subprocess.run(["make", "-n", command], cwd=folder, capture_output=True, text=True, check=True)

    with_keys = ".stackwright/venv/bin/stackwright exec --env dev -- " if document is CLUSTER else ""
    assert f"{with_keys}.venv/bin/dvc {command}" == done.stdout.splitlines()[-1].strip()

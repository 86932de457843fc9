"""`stackwright contract export`: what the stacks of projects may know of an environment."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness.command import Outcome, stackwright
from tests.harness.documents import platform_document
from tests.harness.environments import FOLDER

PULUMI = """#!{python}
import json, os, sys
print(json.dumps([os.getcwd(), *sys.argv[1:]]), file=open({record!r}, "w"))
print({said!r}, file=sys.{stream})
sys.exit({code})
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of the platform, as far as the command looks at it."""
    (tmp_path / "stacks" / "environment").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, said: str, code: int = 0) -> Path:
    """Put a `pulumi` on PATH that says this, and return where it notes how it was called."""
    script, record = folder / "bin" / "pulumi", folder / "called.json"
    script.parent.mkdir()
    stream = "stderr" if code else "stdout"
    script.write_text(PULUMI.format(python=sys.executable, record=str(record), said=said, stream=stream, code=code))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return record


def export(*words: str) -> Outcome:
    """Run `contract export` for dev."""
    return stackwright("contract", "export", "--env", "dev", *words)


def held(folder: Path) -> Any:
    """Return the document that was written."""
    return json.loads((folder / "stacks/project/platform/dev.json").read_text())


def test_the_output_of_the_stack_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi is asked where the stack files are, without questions; a second time nothing is written."""
    called = pulumi(folder, monkeypatch, json.dumps(platform_document()))

    said = [export(), export()]

    words = ["stack", "output", "platform", "--json", "--stack", "dev", "--non-interactive"]
    assert [str(folder / "stacks/environment"), *words] == json.loads(called.read_text())
    assert platform_document() == held(folder)
    path, source = "stacks/project/platform/dev.json", "output `platform` of the stack `dev`"
    assert [f"{path} is from {source}\n  new\n", f"{path} is what {source} says\n"] == [item.out for item in said]


def test_a_document_by_standard_input_or_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Pulumi runs elsewhere, what it printed is handed on."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(platform_document()).encode())))
    first = export("--from", "-", "--format", "json")
    (folder / "dev.json").write_text(json.dumps(platform_document(region="eu-central-1")))
    second = export("--from", "dev.json", "--format", "json")

    assert (["new"], []) == (first.document["documents"][0]["changes"], first.document["problems"])
    assert ["region: eu-west-1 -> eu-central-1"] == second.document["documents"][0]["changes"]


def test_a_document_of_a_cluster_without_a_cloud(folder: Path) -> None:
    """The shape of a document says what it has to hold."""
    document = json.loads((FOLDER / "kubernetes" / "projects" / "platform" / "dev.json").read_text())
    (folder / "dev.json").write_text(json.dumps(document))
    (folder / "x.json").write_text(json.dumps({**document, "shape": "aws"}))

    assert (0, document) == (export("--from", "dev.json").code, held(folder))
    assert "x.json: account: missing; add it" in export("--from", "x.json").problems


REFUSED: dict[str, tuple[object, list[str]]] = {
    "another environment": (
        platform_document("staging"),
        ["x.json: environment: `staging` is another environment, not `dev`"],
    ),
    "missing kinds": (
        platform_document(cluster=None, network=None),
        ["x.json: cluster: missing; add it", "x.json: network: missing; add it"],
    ),
    "another major": (
        platform_document(platform_version="2.0"),
        ["x.json: platform_version: `2.0` is another major; this release reads 1.x; update the "],
    ),
    "a secret output": ("[secret]", ["x.json: expected a mapping of fields, found `'[secret]'`"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_document_that_does_not_fit_is_not_written(name: str, folder: Path) -> None:
    """What is there stays, and all that is wrong is told."""
    document, problems = REFUSED[name]
    (folder / "dev.json").write_text(json.dumps(platform_document()))
    export("--from", "dev.json")
    (folder / "x.json").write_text(json.dumps(document))

    said = export("--from", "x.json")

    shortened = [told[: len(want)] for told, want in zip(said.problems, problems, strict=True)]
    assert (1, "", problems) == (said.code, said.out, shortened)
    assert platform_document() == held(folder)


def test_what_pulumi_says_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that is not there is told in Pulumi's words."""
    pulumi(folder, monkeypatch, "error: no stack named 'dev' found", code=255)

    assert (1, ["pulumi stack output: error: no stack named 'dev' found"]) == (export().code, export().problems)


def test_without_pulumi_or_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are told before anything is asked."""
    monkeypatch.setenv("PATH", "/nowhere")

    found = [export().problems, export("--folder", "elsewhere").problems, export("--from", "nothing.json").problems]

    assert [
        ["pulumi: not found on PATH; install it, or give what it prints by `--from -`"],
        ["elsewhere: no such folder; run this at the root of the platform, or name one with --folder"],
        ["nothing.json: cannot be read: No such file or directory"],
    ] == found

"""`stackwright exec`: commands that find the tracker of an environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from pipelines.registry.credentials import VARIABLES
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.documents import REGION
from tests.harness.project import Toy

SHOW = "import json, os; print(json.dumps({n: os.environ.get(n) for n in ['MLFLOW_TRACKING_URI', *%r]}))"
VALUES = list(VARIABLES.values())


def executed(toy: Toy, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command by `stackwright exec` for dev, as a person would."""
    words = [sys.executable, "-m", "pipelines.cli", "exec", "--env", "dev", "--project", str(toy.root), "--", *command]
    return subprocess.run(words, capture_output=True, text=True, cwd=Path(__file__).parents[2])


def test_a_command_finds_the_tracker_and_ends_as_it_ends(toy: Toy) -> None:
    """Without credentials in the contract there is only the address; words and exit code are the command's own."""
    shown = executed(toy, sys.executable, "-c", SHOW % VALUES)
    ended = executed(toy, sys.executable, "-c", "import sys; sys.exit(int(sys.argv[1]))", "7")

    address = toy.project.contract("dev").experiment_tracker.tracking_uri
    expected = {"MLFLOW_TRACKING_URI": address} | {name: os.environ.get(name) for name in VALUES}
    assert expected == json.loads(shown.stdout)
    assert 7 == ended.returncode


def test_a_command_signs_in(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in Secrets Manager is in the variables of the command."""
    with empty_moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        value = json.dumps({"username": "projects", "password": "correct-horse"})
        boto3.client("secretsmanager", region_name=REGION).create_secret(Name="tracker", SecretString=value)
        tracker = {"tracking_uri": "https://mlflow.dev.ml.acme.example", "credentials_secret": "tracker"}
        toy.edit("stack/dev.json", region=REGION, experiment_tracker=tracker)

        shown = json.loads(executed(toy, sys.executable, "-c", SHOW % VALUES).stdout)

    assert {"https://mlflow.dev.ml.acme.example", "projects", "correct-horse"} == set(shown.values())


def test_what_cannot_be_run_is_said(toy: Toy) -> None:
    """A command that does not exist is one line, as is an environment that does not."""
    missing = executed(toy, "no-such-command")
    (toy.root / "stack" / "dev.json").unlink()
    nowhere = executed(toy, sys.executable, "-c", "")

    assert (1, "no-such-command: cannot be run: No such file or directory\n") == (missing.returncode, missing.stderr)
    assert (1, 1) == (nowhere.returncode, len(nowhere.stderr.splitlines()))

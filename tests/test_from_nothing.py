"""The page from nothing to prod does what it says; `aws` and `pulumi` are stand-ins that write down what was asked."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
import yaml

from tests.harness.aws import empty_moto_server, point_at, s3_client
from tests.harness.documents import contract_document
from tests.harness.github import github, repository
from tests.harness.page import run_block
from tests.pipelines.test_init import filled_in
from tests.test_docs import ROOT, blocks

PAGE = ROOT / "docs" / "from-nothing-to-prod.md"
BUCKET = "acme-dev-artifacts-111122223333"
STAND_IN = """\
#!/bin/sh
printf '%s\\n' "{name} $*" >>{log}
case "$*" in
  *"stack output platform"*) cat {platform} ;;
  *"stack output contract_uri"*) echo s3://{bucket}/churn/contract.json ;;
esac
"""


class Platform:
    """An organisation's copy of the platform, and a project of it.

    Args:
        folder: An empty folder for both.
    """

    def __init__(self, folder: Path) -> None:
        self.root, self.project, self.asked = folder / "platform", folder / "churn", folder / "asked"
        self._bin = folder / "bin"
        for path in (self.root, self.project, self._bin):
            path.mkdir()
        for kind in ("environment", "project"):
            (self.root / "stacks" / kind).mkdir(parents=True)
            shutil.copy(ROOT / "stacks" / kind / "Pulumi.yaml", self.root / "stacks" / kind)
        model = {"package": "build", "rows": "rows.csv", "score": ["score"], "serve": ["serve"]}
        settings = {"platform": "/nowhere", "revision": "0" * 40, "project": "churn", "models": {"churn": model}}
        (self.project / ".stackwright.yaml").write_text(yaml.safe_dump(settings))
        document = json.loads((ROOT / "stacks/examples/aws/projects/platform/dev.json").read_text())
        exported = folder / "platform.json"
        exported.write_text(json.dumps(document).replace("1" * 12, "111122223333"))
        for name in ("aws", "pulumi"):
            script = STAND_IN.format(name=name, log=self.asked, platform=exported, bucket=BUCKET)
            (self._bin / name).write_text(script)
            (self._bin / name).chmod(0o755)
        for path in (self.root, self.project):
            self.shell("git init -q -b main && git config user.email a@b.c && git config user.name a", path)

    def shell(self, script: str, where: Path | None = None) -> str:
        """Run a block as a person would, and return what it printed."""
        path = f"{self._bin}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return run_block(script, where or self.root, PATH=path)

    def fill_in(self) -> None:
        """Do the step by hand: write what only the organisation knows."""
        for path in (self.root / "stacks" / "environment").glob("Pulumi.*.yaml"):
            path.write_text(filled_in(path.read_text()))


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Platform]:
    """A platform and a project, with GitHub and S3 on loopback."""
    with (
        empty_moto_server() as endpoint,
        github(churn=repository("acme"), platform=repository("acme", "platform")) as host,
    ):
        point_at(monkeypatch, endpoint)
        monkeypatch.setenv("GITHUB_API_URL", host.url)
        s3_client().create_bucket(Bucket=BUCKET)
        contract = contract_document("dev", project="churn")
        contract["artifact_store"]["uri"] = f"s3://{BUCKET}"
        s3_client().put_object(Bucket=BUCKET, Key="churn/contract.json", Body=json.dumps(contract).encode())
        yield Platform(tmp_path)


def test_the_page_works_as_written(platform: Platform) -> None:
    """Every command runs, in order; the steps by hand are done where the page says so."""
    for word, script in blocks(PAGE):
        if word == "filled-in":
            platform.fill_in()
        platform.shell(script, platform.project if word == "project" else None)

    asked = [line.split(" --")[0] for line in platform.asked.read_text().splitlines()]
    assert (platform.project / "stack" / "dev.json").exists()
    assert ["pulumi up"] * 4 == [line for line in asked if line == "pulumi up"]
    assert ["churn in dev", "dev is there", "Environments of the platform"] == platform.shell(
        "git log --format=%s"
    ).splitlines()


def test_the_steps_by_hand_are_counted() -> None:
    """The page says how many steps a person does by hand, and numbers exactly these."""
    text = PAGE.read_text()
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    numbers = [int(number) for number in re.findall(r"^([0-9]+)\. ", text, flags=re.MULTILINE)]

    said = re.search(r"\*\*(\w+)\s+steps in all\*\*", text)
    assert said is not None
    assert list(range(1, len(numbers) + 1)) == numbers
    assert words.index(said[1]) + 1 == len(numbers)

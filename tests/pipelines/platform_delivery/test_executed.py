"""The platform's workflows, executed by `act` with no network; what they do in clouds, stand-ins note."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from tests.harness.act.host import BEARER, Host, Job, hosted
from tests.harness.act.network import network
from tests.harness.act.runner import HOSTED, ROOT, Act, Run
from tests.harness.github_delivery import WORKFLOW
from tests.harness.scaffold import commit_all, git
from tests.harness.web import Handler, serving
from tests.harness.workflows import Workflow

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

pytestmark = pytest.mark.slow

MAKEFILE = f"""\
setup:
\tmkdir -p .venv/bin
\techo '#!/bin/sh' >.venv/bin/stackwright
\techo 'PYTHONPATH={ROOT} exec {sys.executable} -m pipelines.cli "$$@"' >>.venv/bin/stackwright
\tchmod +x .venv/bin/stackwright
pulumi:
\ttrue
"""
"""What `make` leaves where everything is installed."""
STS = "https://sts.amazonaws.com/doc/2011-06-15/"
EXAMPLES = ROOT / "stacks" / "examples" / "aws"
STAGING = "codebuild-acme-staging-runners-{run}-1"


@dataclass
class Sts:
    """Gives every role to every job, and says whose key it was."""

    taken: list[str] = field(default_factory=list[str])

    def answer(self, request: Handler) -> None:
        """Answer one wish; the name of the role is the key."""
        role = parse_qs(request.body.decode())["RoleArn"][0]
        self.taken.append(role)
        names = {"AccessKeyId": role.rpartition("/")[2], "SecretAccessKey": "s" * 20, "SessionToken": "t" * 20}
        said = "".join(f"<{name}>{value}</{name}>" for name, value in names.items())
        request.reply(200, f'<Answer xmlns="{STS}"><Credentials>{said}</Credentials></Answer>'.encode())


@dataclass
class Site:
    """The platform at its host."""

    folder: Path
    host: Host
    act: Act
    sts: Sts
    clone: Path
    runs: int = 0

    @property
    def asked(self) -> list[str]:
        """What `pulumi` was asked, in order."""
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def organise(self, *environments: str) -> None:
        """Put stack files in, and push them."""
        for folder in ("environment", "project/platform"):
            (self.clone / "stacks" / folder).mkdir(parents=True)
        for name in environments:
            shutil.copy(EXAMPLES / f"Pulumi.{name}.yaml", self.clone / "stacks" / "environment")
            document = EXAMPLES / "projects" / "platform" / f"{name}.json"
            shutil.copy(document, self.clone / "stacks" / "project" / "platform")
        self.push()

    def push(self, ref: str = "refs/heads/main") -> str:
        """Push all that is there, and return the commit."""
        commit_all(self.clone, "Change")
        git(self.clone, "push", "--quiet", str(self.host.bare), f"HEAD:{ref}")
        return git(self.clone, "rev-parse", "HEAD")

    def run(self, name: str, event: str, ref: str = "refs/heads/main", **payload: Any) -> Run:
        """Run a workflow at a commit; `host.job` says what the token of its one kind of job may."""
        self.runs += 1
        text = self.folder / f"files-{self.runs}"
        shutil.copytree(ROOT / ".github", text / ".github")
        document = Workflow((text / ".github" / "workflows" / f"{name}.yml").read_text())
        rights = {right: level for job in document.jobs for right, level in job.permissions.items()}
        self.host.job = lambda: Job(name, "", rights)
        variables = {
            "GITHUB_API_URL": self.host.url,
            "GITHUB_SERVER_URL": self.host.url,
            "GITHUB_REPOSITORY": self.host.github.name,
            "GITHUB_REF": ref,
            "SHA_REF": git(self.host.bare, "rev-parse", ref),
            "GITHUB_RUN_ID": str(self.runs),
            "GITHUB_TOKEN": WORKFLOW,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.host.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
        }
        return self.act.run(f".github/workflows/{name}.yml", text, event, payload, variables)


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    """A platform without stack files."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/harness/pulumi_standin.py" "$@"\n')
    program.chmod(0o755)
    sts = Sts()
    with (
        network() as inside,
        hosted(inside, tmp_path / "host") as host,
        serving(sts.answer, listening=inside.listening()) as there,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PATH", str(program.parent), prepend=":")
        clone = tmp_path / "clone"
        clone.mkdir()
        git(clone, "init", "--quiet", "--initial-branch", "main")
        shutil.copytree(ROOT / ".github", clone / ".github")
        (clone / "Makefile").write_text(MAKEFILE)
        (clone / ".gitignore").write_text(".venv\nbuild/\n")
        variables = {"AWS_ENDPOINT_URL": there.url, "PULUMI_CALLS": str(tmp_path / "asked")}
        (tmp_path / "act").mkdir()
        labels = (HOSTED, *(STAGING.format(run=number) for number in (1, 2, 3)))
        made = Site(tmp_path, host, Act(inside, tmp_path / "act", tmp_path, variables, labels), sts, clone)
        made.push()
        yield made


def test_in_a_clone_of_nobody_they_are_green_and_say_what_to_do(site: Site) -> None:
    """Nothing is applied, looked at or shown."""
    said = {"number": 7, "base": {"sha": "refs/heads/main"}, "head": {"repo": {"full_name": site.host.github.name}}}
    found = [
        site.run("apply", "push"),
        site.run("drift", "schedule"),
        site.run("plan", "pull_request", pull_request=said),
    ]

    assert [True] * 3 == [run.green for run in found], [run.log[-2000:] for run in found if not run.green]
    assert ([], [], []) == (site.asked, site.sts.taken, site.host.github.notes)
    assert all("stackwright init" in run.log for run in found)


def test_environments_are_applied_in_order_each_by_its_own_role(site: Site) -> None:
    """Preview, then exactly that; and when the first tier fails, the second one is never asked."""
    site.organise("dev", "staging")
    done = site.run("apply", "push")

    assert done.green, done.log[-4000:]
    assert [
        f"{verb} {name} by acme-{name}-apply in s3://acme-{name}-state-{account * 12}?region=eu-central-1"
        for name, account in (("dev", "1"), ("staging", "2"))
        for verb in ("preview", "up")
    ] == site.asked

    (site.folder / "asked").unlink()
    site.act.variables["PULUMI_FAILS"] = "up dev"  # type: ignore[index]
    failed = site.run("apply", "push")

    assert not failed.green
    assert ["preview dev", "up dev"] == [" ".join(line.split()[:2]) for line in site.asked]


def test_a_pull_request_gets_one_comment_about_what_it_changes(site: Site) -> None:
    """It signs in nowhere, and asks no engine."""
    site.organise("dev")
    path = site.clone / "stacks" / "environment" / "Pulumi.dev.yaml"
    base = git(site.host.bare, "rev-parse", "main")
    path.write_text(path.read_text().replace("instance_types: [m7i.xlarge]", "instance_types: [m7i.2xlarge]"))
    site.push("refs/pull/7/merge")
    said = {"number": 7, "base": {"sha": base}, "head": {"repo": {"full_name": site.host.github.name}}}

    done = site.run("plan", "pull_request", "refs/pull/7/merge", pull_request=said)

    assert done.green, done.log[-4000:]
    (note,) = site.host.github.notes
    assert (7, True) == (note["on"], "NodeGroup" in note["body"])
    assert ([], []) == (site.asked, site.sts.taken)

"""The host, in the network: its API, its repository over HTTP, and the tokens by which jobs are known."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.harness.git_http import backend
from tests.harness.github_delivery import WORKFLOW, Answer, Github, Identity, Run
from tests.harness.web import Handler, serving

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.harness.act.network import Network

BEARER = "the-runner-asks-for-tokens"
PROTECTED = """\
#!/bin/sh
[ "$1" != refs/heads/main ] || { echo "GH006: Protected branch update failed for $1." >&2; exit 1; }
"""


@dataclass(frozen=True)
class Job:
    """The job that runs now: nothing else uses its tokens."""

    name: str
    environment: str
    permissions: dict[str, str]

    @property
    def identity(self) -> Identity:
        """Return as whom its token acts: it may do what the job says, and read what everybody reads."""
        said = {name.replace("-", "_"): level for name, level in self.permissions.items()}
        return Identity("github-actions[bot]", "Bot", {**said, "metadata": "read"})


@dataclass(frozen=True)
class Push:
    """A reference that was moved by a push; merges are not among them."""

    login: str
    ref: str
    commit: str | None


NOBODY = Job("", "", {})


@dataclass
class Host:
    """One repository and its host."""

    github: Github
    folder: Path
    """Of bare repositories by their name."""
    url: str = ""
    pushes: list[Push] = field(default_factory=list[Push])
    claims: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Of the tokens that jobs were given, to be known elsewhere."""
    job: Callable[[], Job] = lambda: NOBODY

    @property
    def bare(self) -> Path:
        return self.github.bare

    def answer(self, request: Handler) -> None:
        """Answer one request: of git, of a job that asks for a token, or of the API."""
        self.github.tokens[WORKFLOW] = self.job().identity
        path = urlsplit(request.path).path
        if path == "/token":
            self._token(request)
        elif re.fullmatch(r"/[\w.-]+/[\w.-]+/(info/refs|git-upload-pack|git-receive-pack)", path):
            self._git(request)
        else:
            self.github.answer(request)

    def refs(self) -> dict[str, str]:
        """Return the commit of each branch."""
        words = ["git", "-C", str(self.bare), "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"]
        listing = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        return dict(line.split() for line in listing.splitlines())

    def _git(self, request: Handler) -> None:
        writes = "git-receive-pack" in request.path
        try:
            who = self._signed_in(request)
            if who.permissions.get("contents") not in ({"write"} if writes else {"read", "write"}):
                raise Answer(403, {"message": "Write access to repository not granted."})
        except Answer as said:
            challenge = {"WWW_Authenticate": 'Basic realm="GitHub"'} if said.status == 401 else {}
            request.reply(said.status, json.dumps(said.body).encode(), **challenge)
            return
        before = self.refs()
        backend(request, self.folder, lambda: self._pushed(who, before) if writes else None)

    def _signed_in(self, request: Handler) -> Identity:
        kind, _, words = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            raise Answer(401, {"message": "Repository not found."})
        token = base64.b64decode(words).decode().removeprefix("x-access-token:")
        if token not in self.github.tokens:
            raise Answer(401, {"message": "Bad credentials"})
        return self.github.tokens[token]

    def _pushed(self, who: Identity, before: dict[str, str]) -> None:
        """Note what a push has moved; on a pull request it is checked, unless by the workflow's own token."""
        now = self.refs()
        moved = [ref for ref in sorted({*before, *now}) if before.get(ref) != now.get(ref)]
        self.pushes += [Push(who.login, ref, now.get(ref)) for ref in moved]
        for number, pull in self.github.pulls.items():
            its = pull["state"] == "open" and f"refs/heads/{pull['head']['ref']}" in moved
            if its and who.login != "github-actions[bot]":
                self.github.runs.append(Run("pull_request", "started", number))

    def _token(self, request: Handler) -> None:
        job = self.job()
        allowed = job.permissions.get("id-token") == "write"
        if request.headers.get("Authorization") != f"Bearer {BEARER}" or not allowed:
            request.reply(403, b'{"message": "id-token: write is not granted"}')
            return
        place = f"environment:{job.environment}" if job.environment else "ref:refs/heads/main"
        audience = parse_qs(urlsplit(request.path).query)["audience"][0]
        claims = {"aud": audience, "sub": f"repo:acme@1/churn@2:{place}", "job": job.name}
        self.claims.append(claims)
        parts = ({"alg": "RS256"}, claims, {})
        letter = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        request.reply(200, json.dumps({"value": letter}).encode())


@contextlib.contextmanager
def hosted(network: Network, folder: Path, app: dict[str, Any] | None = None) -> Generator[Host]:
    """Run a host with an empty repository, whose default branch nobody pushes to."""
    bare = folder / "acme" / "churn"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch", "main", str(bare)], check=True)
    github = Github(bare, app=app or {})
    host = Host(github, folder)
    with serving(host.answer, listening=network.listening()) as server:
        github.url = host.url = server.url
        yield host


def protect(host: Host) -> None:
    """Let nobody push to the default branch."""
    hook = host.bare / "hooks" / "update"
    hook.write_text(PROTECTED)
    hook.chmod(0o755)


def of_a_fork(job: Job) -> Job:
    """Return a job as a pull request from a fork has it: it reads."""
    return replace(job, permissions={name: "read" for name in job.permissions if name != "id-token"})

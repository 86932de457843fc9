"""The jobs that workflow files give rise to, and the tokens that GitHub has for them: an issuer on loopback."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import jwt
import yaml
from jwt.algorithms import RSAAlgorithm

from tests.harness.cluster.certificates import new_key
from tests.harness.web import Handler, Server, serving

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ISSUER = "https://token.actions.githubusercontent.com"
MAIN, OTHER, TAG = "refs/heads/main", "refs/heads/try", "refs/tags/main"
PULL_REQUEST = "refs/pull/7/merge"
QUEUE = "refs/heads/gh-readonly-queue/main/pr-7-0123456789abcdef0123456789abcdef01234567"
OF_THE_MATRIX = "${{ matrix.environment.environment }}"
OF_THE_PLATFORM = "${{ vars.PLATFORM_ENVIRONMENT }}"

Claims = dict[str, Any]

STARTS: dict[str, tuple[str, ...]] = {
    "pull_request": (PULL_REQUEST,),
    "merge_group": (QUEUE,),
    "push": (MAIN,),
    "schedule": (MAIN,),
    "repository_dispatch": (MAIN,),
    "workflow_dispatch": (MAIN, OTHER, TAG),
}
"""Event -> the refs on which it starts a workflow: whoever starts one by hand chooses the ref."""


@dataclass(frozen=True)
class Repository:
    """A repository: names can be given to somebody else, ids cannot."""

    owner: str
    owner_id: int
    name: str
    id: int


@dataclass(frozen=True)
class Job:
    """One job of one run of a workflow."""

    repository: Repository
    workflow: str
    name: str
    event: str
    ref: str
    environment: str | None
    asks: bool
    """Whether its file lets it ask for a token: `id-token: write`."""
    how: str = "as written"
    """What somebody has done to the file, or to the repository."""

    def changed(self, how: str, **changes: Any) -> Job:
        """Return the job as somebody would like it to be."""
        return dataclasses.replace(self, how=how, **changes)

    @property
    def title(self) -> str:
        """What a table calls it."""
        return f"{self.workflow}/{self.name} on {self.event} at {self.ref} of {self.environment}, {self.how}"

    @property
    def claims(self) -> Claims:
        """What GitHub says of it, for whomever the token is."""
        of = self.repository
        file = f"{of.owner}/{of.name}/.github/workflows/{self.workflow}.yml@{self.ref}"
        said = {
            "sub": f"repo:{of.owner}@{of.owner_id}/{of.name}@{of.id}:{self._last}",
            "repository": f"{of.owner}/{of.name}",
            "repository_id": str(of.id),
            "repository_owner": of.owner,
            "repository_owner_id": str(of.owner_id),
            "environment": self.environment,
            "event_name": self.event,
            "ref": self.ref,
            "ref_type": "tag" if self.ref.startswith("refs/tags/") else "branch",
            "ref_protected": "true" if self.ref == MAIN else "false",
            "workflow": self.workflow,
            "workflow_ref": file,
            "job_workflow_ref": file,
            "runner_environment": "github-hosted",
            "actor": "octavia",
        }
        return {name: value for name, value in said.items() if value is not None}

    @property
    def _last(self) -> str:
        """The end of the subject: an environment wins over everything, and a pull request over its ref."""
        if self.environment is not None:
            return f"environment:{self.environment.replace(':', '%3A')}"
        return "pull_request" if self.event.startswith("pull_request") else f"ref:{self.ref}"


def jobs(folder: Path, repository: Repository, sources: Mapping[str, str | None]) -> Iterator[Job]:
    """Yield every job of a project's workflow files, once for each event, ref and environment that it can have.

    Args:
        folder: The project.
        repository: Where it lies.
        sources: Environment -> the one that it promotes from; none for the first.
    """
    for path in sorted((folder / ".github" / "workflows").glob("*.yml")):
        document: Any = yaml.load(path.read_text(), yaml.BaseLoader)
        for name, job in document["jobs"].items():
            asks = job.get("permissions", {}).get("id-token") == "write"
            for environment in _environments(document["jobs"], job, sources):
                for event, ref in _starts(document["on"]):
                    yield Job(repository, path.stem, name, event, ref, environment, asks)


def _starts(on: Any) -> Iterator[tuple[str, str]]:
    for event, told in dict(on).items():
        assert event in STARTS, f"nobody knows the refs of {event}"
        assert event != "push" or told["branches"] == ["main"], "a push to any branch starts it"
        yield from ((event, ref) for ref in STARTS[event])


def _environments(all_of_them: Any, job: Any, sources: Mapping[str, str | None]) -> list[str | None]:
    """Return what the `environment` of a job can be, by its expression."""
    named = job.get("environment")
    if named == OF_THE_PLATFORM:
        return [None, "platform"]
    assert named == OF_THE_MATRIX, f"nobody knows the environments of {named}"
    rows = job["strategy"]["matrix"]["environment"]
    found = re.fullmatch(r"\$\{\{ fromJSON\(needs\.(\w+)\.outputs\.(environments|first)\) \}\}", rows)
    assert found, f"nobody knows the rows of {rows}"
    if found[2] == "first":
        return [name for name, source in sources.items() if source is None]
    [run] = [step["run"] for step in all_of_them[found[1]]["steps"] if " ci environments" in step.get("run", "")]
    promoting = "--promoting-from" in run
    return [name for name, source in sources.items() if not promoting or source is not None]


@dataclass(eq=False)
class Issuer:
    """GitHub's issuer, in small: it gives a token to who brings the bearer of a job, for any audience."""

    key: RSAPrivateKey = field(default_factory=new_key)
    bearers: dict[str, Claims] = field(default_factory=dict[str, Claims])
    url: str = ""

    def bearer(self, claims: Claims) -> str:
        """Return by what a job asks for its token."""
        name = f"of-job-{len(self.bearers)}"
        self.bearers[name] = claims
        return name

    def mint(self, claims: Claims, audience: str) -> str:
        """Return a token of five minutes."""
        now = int(time.time())
        said = {"iss": ISSUER, "aud": audience, "iat": now, "nbf": now - 5, "exp": now + 300, **claims}
        return jwt.encode(said, self.key, algorithm="RS256", headers={"kid": "small"})

    def answer(self, request: Handler) -> None:
        """Answer like the address that a runner gives to a job."""
        address = urlsplit(request.path)
        if address.path == "/.well-known/jwks":
            key = {**RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True), "kid": "small", "use": "sig"}
            return request.reply(200, json.dumps({"keys": [key]}).encode())
        claims = self.bearers.get((request.headers.get("Authorization") or "").removeprefix("Bearer "))
        if claims is None:
            return request.reply(401)
        [audience] = parse_qs(address.query)["audience"]
        return request.reply(200, json.dumps({"value": self.mint(claims, audience)}).encode())


@contextlib.contextmanager
def issuing() -> Generator[Issuer]:
    """Run an issuer for the time of some tests."""
    issuer = Issuer()
    with serving(issuer.answer) as server:
        issuer.url = address(server)
        yield issuer


def address(server: Server) -> str:
    """Return where jobs ask, as a runner says it."""
    return f"{server.url}/token?api-version=2.0"

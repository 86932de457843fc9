"""A double of GitHub as delivery sees it: one repository, with a real bare one behind its branches.

It models what surprises people. A pull request that the workflow's own token opened has checks that wait for somebody's
approval; a merge by that token starts nothing; a token may do what its permissions say. Pushes do not come this way:
they go to the bare repository.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

from tests.harness.web import Handler, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

WORKFLOW, PERSON, READER, APP = (
    "the-workflows-own-token",
    "a-token-of-a-person",
    "a-token-that-reads",
    "a-token-of-the-app",
)
EVERYTHING = {"contents": "write", "pull_requests": "write", "issues": "write", "metadata": "read"}


@dataclass(frozen=True)
class Identity:
    """Who asks."""

    login: str
    kind: str
    permissions: Mapping[str, str] = field(default_factory=lambda: dict(EVERYTHING))


@dataclass(frozen=True)
class Call:
    """One request, as it came."""

    method: str
    path: str
    login: str
    body: Any


@dataclass(frozen=True)
class Run:
    """What an event started: `started`, or `waits` for an approval."""

    event: str
    state: str
    about: Any


@dataclass
class Answer(Exception):  # noqa: N818 - an answer, not a failure
    """An answer that ends a request."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Github:
    """One repository at the host."""

    bare: Path
    name: str = "acme/churn"
    default: str = "main"
    tokens: dict[str, Identity] = field(default_factory=dict[str, Identity])
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    issues: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    notes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    runs: list[Run] = field(default_factory=list[Run])
    calls: list[Call] = field(default_factory=list[Call])
    faults: list[tuple[str, Answer]] = field(default_factory=list[tuple[str, Answer]])
    """Pattern of `METHOD path` -> what the next such request gets instead."""
    before: list[tuple[str, Callable[[], object]]] = field(default_factory=list[tuple[str, "Callable[[], object]"]])
    """Pattern of `METHOD path` -> what happens before the next such request is answered: a race."""
    issues_off: bool = False
    auto_merge_allowed: bool = True
    workflows_may_open: bool = True
    app: dict[str, Any] = field(default_factory=dict[str, Any])
    """Of the app: `client_id`, `public_key` (PEM), `permissions`; empty where none is installed."""
    now: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)
    url: str = ""
    _last: int = 0

    def __post_init__(self) -> None:
        self.tokens |= {
            WORKFLOW: Identity("github-actions[bot]", "Bot"),
            APP: Identity("acme-delivery[bot]", "Bot"),
            PERSON: Identity("octavia", "User"),
            READER: Identity("github-actions[bot]", "Bot", {"contents": "read", "metadata": "read"}),
        }

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def head_of(self, branch: str) -> str | None:
        """Return the commit of a branch."""
        done = self._git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", check=False)
        return done.strip() or None

    def merge(self, number: int, token: str = PERSON) -> str:
        """Merge a pull request, and start what that starts."""
        pull = self.pulls[number]
        head = pull["head"]["ref"]
        tree = self._git("merge-tree", "--write-tree", self.default, head).split()[0]
        parents = [word for ref in (self.default, head) for word in ("-p", str(self.head_of(ref)))]
        commit = self._git("commit-tree", tree, *parents, "-m", f"Merge #{number}").strip()
        self._git("update-ref", f"refs/heads/{self.default}", commit)
        pull.update(state="closed", merged_at=self._time())
        if token != WORKFLOW:
            self.runs.append(Run("push", "started", commit))
        return commit

    def close(self, number: int) -> None:
        """Close a pull request, as a person does."""
        self.pulls[number].update(state="closed")

    def approve_checks(self, number: int) -> None:
        """Let the checks of a pull request run, as a person does."""
        self.runs = [Run(run.event, "started", run.about) if run.about == number else run for run in self.runs]

    def changes(self, *patterns: str) -> list[str]:
        """Return the changes that were asked for, as `METHOD path`, in order."""
        made = [f"{call.method} {call.path}" for call in self.calls if call.method != "GET"]
        return [text for text in made if not patterns or any(re.search(pattern, text) for pattern in patterns)]

    def answer(self, request: Handler) -> None:
        """Answer one request."""
        try:
            raise Answer(*self._answer(request))
        except Answer as said:
            body = b"" if said.body is None else json.dumps(said.body).encode()
            request.reply(said.status, body, **said.headers)

    def _answer(self, request: Handler) -> tuple[int, Any, dict[str, str]]:
        address = urlsplit(request.path)
        body = json.loads(request.body) if request.body else None
        text = f"{request.command} {address.path.lstrip('/')}"
        who = self._identity(request.headers.get("Authorization", ""))
        self.calls.append(Call(request.command, address.path.lstrip("/"), who.login, body))
        self._happen(text)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        for method, pattern, permission, answer in self._routes():
            found = re.fullmatch(pattern, address.path.lstrip("/"))
            if found and method == request.command:
                self._permit(who, permission, method)
                status, said = answer(who, query, body or {}, *found.groups())
                return self._paged(request, status, said, query)
        raise Answer(404, {"message": "Not Found"})

    def _happen(self, text: str) -> None:
        for number, (pattern, happen) in enumerate(self.before):
            if re.fullmatch(pattern, text):
                del self.before[number]
                happen()
                break
        for number, (pattern, said) in enumerate(self.faults):
            if re.fullmatch(pattern, text):
                del self.faults[number]
                raise said

    def _identity(self, header: str) -> Identity:
        token = header.removeprefix("Bearer ")
        if token.count(".") == 2:
            return self._letter(token)
        if token not in self.tokens:
            raise Answer(401, {"message": "Bad credentials"})
        return self.tokens[token]

    def _letter(self, letter: str) -> Identity:
        """Check the letter of an app as the host does."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        head, claims, signature = (
            base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in letter.split(".")
        )
        said = json.loads(claims)
        key = load_pem_public_key(self.app["public_key"])
        assert isinstance(key, RSAPublicKey)
        now = datetime.now(UTC).timestamp()
        timely = said["iat"] <= now < said["exp"] <= now + 600
        try:
            key.verify(signature, letter.rpartition(".")[0].encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            timely = False
        if not timely or json.loads(head)["alg"] != "RS256" or said["iss"] != self.app["client_id"]:
            raise Answer(401, {"message": "A JSON web token could not be decoded"})
        return Identity("the app itself", "App", {"app": "write"})

    def _permit(self, who: Identity, permission: str, method: str) -> None:
        levels = [who.permissions.get(name) or "" for name in permission.split("|")]
        level = max(levels, key=["", "read", "write"].index)
        if level != "write" and (method != "GET" or level != "read") and permission != "metadata":
            raise Answer(403, {"message": "Resource not accessible by integration"})

    def _routes(self) -> list[tuple[str, str, str, Callable[..., tuple[int, Any]]]]:
        here = f"repos/{re.escape(self.name)}"
        return [
            ("GET", f"{here}/pulls", "metadata", self._list_pulls),
            ("POST", f"{here}/pulls", "pull_requests", self._open_pull),
            ("GET", f"{here}/pulls/([0-9]+)", "metadata", self._get_pull),
            ("PATCH", f"{here}/pulls/([0-9]+)", "pull_requests", self._edit_pull),
            ("GET", f"{here}/issues", "metadata", self._list_issues),
            ("POST", f"{here}/issues", "issues", self._open_issue),
            ("PATCH", f"{here}/issues/([0-9]+)", "issues", self._edit_issue),
            ("GET", f"{here}/issues/([0-9]+)/comments", "metadata", self._list_comments),
            ("POST", f"{here}/issues/([0-9]+)/comments", "issues|pull_requests", self._comment),
            ("PATCH", f"{here}/issues/comments/([0-9]+)", "issues|pull_requests", self._edit_comment),
            ("POST", f"{here}/dispatches", "contents", self._dispatch),
            ("POST", "graphql", "pull_requests", self._auto_merge),
            ("GET", f"{here}/installation", "app", self._installation),
            ("POST", "app/installations/7/access_tokens", "app", self._token),
        ]

    def _paged(
        self, request: Handler, status: int, said: Any, query: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        if not isinstance(said, list):
            return status, said, {}
        items = cast("list[Any]", said)
        size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
        if len(items) <= size * page:
            return status, items[size * (page - 1) :], {}
        path = re.sub(r"[?&]page=[0-9]+", "", request.path)
        following = f'<{self.url}{path}{"&" if "?" in path else "?"}page={page + 1}>; rel="next"'
        return status, items[size * (page - 1) : size * page], {"Link": following}

    def _list_pulls(self, who: Identity, query: dict[str, str], body: Any) -> tuple[int, Any]:
        found = [self._pull(number) for number in sorted(self.pulls, reverse=True)]
        owner, _, branch = query.get("head", "").partition(":")
        if branch:
            found = [
                item
                for item in found
                if item["head"]["ref"] == branch and item["head"]["label"].startswith(f"{owner}:")
            ]
        return 200, [item for item in found if query.get("state", "open") in {"all", item["state"]}]

    def _open_pull(self, who: Identity, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if who.login == "github-actions[bot]" and not self.workflows_may_open:
            raise Answer(403, {"message": "GitHub Actions is not permitted to create or approve pull requests."})
        branch = body["head"]
        if any(pull["head"]["ref"] == branch and pull["state"] == "open" for pull in self.pulls.values()):
            told = f"A pull request already exists for {self.name.partition('/')[0]}:{branch}."
            raise Answer(422, {"message": "Validation Failed", "errors": [{"message": told}]})
        if self.head_of(branch) is None:
            raise Answer(422, {"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}]})
        number = self._next()
        self.pulls[number] = {
            "number": number,
            "node_id": f"PR_{number}",
            "title": body["title"],
            "body": body["body"],
            "state": "open",
            "merged_at": None,
            "auto_merge": None,
            "head": {
                "ref": branch,
                "label": f"{self.name.partition('/')[0]}:{branch}",
                "repo": {"full_name": self.name},
            },
            "base": {"ref": body["base"]},
            "html_url": f"{self.url}/{self.name}/pull/{number}",
            "user": {"login": who.login, "type": who.kind},
            "created_at": self._time(),
        }
        waits = who.login == "github-actions[bot]"
        self.runs.append(Run("pull_request", "waits" if waits else "started", number))
        return 201, self._pull(number)

    def _get_pull(self, who: Identity, query: dict[str, str], body: Any, number: str) -> tuple[int, Any]:
        return 200, self._pull(number)

    def _edit_pull(self, who: Identity, query: dict[str, str], body: Any, number: str) -> tuple[int, Any]:
        self._pull(number)
        self.pulls[int(number)].update({key: body[key] for key in ("title", "body", "state") if key in body})
        return 200, self._pull(number)

    def _pull(self, number: Any) -> dict[str, Any]:
        if int(number) not in self.pulls:
            raise Answer(404, {"message": "Not Found"})
        pull = self.pulls[int(number)]
        return {**pull, "head": {**pull["head"], "sha": self.head_of(pull["head"]["ref"])}}

    def _list_issues(self, who: Identity, query: dict[str, str], body: Any) -> tuple[int, Any]:
        self._issues_on()
        found = [
            item for item in self.issues.values() if query.get("labels") in [label["name"] for label in item["labels"]]
        ]
        found += [{**pull, "labels": [], "pull_request": {}} for pull in self.pulls.values()]
        return 200, sorted(found, key=lambda item: item["number"])

    def _open_issue(self, who: Identity, query: dict[str, str], body: Any) -> tuple[int, Any]:
        self._issues_on()
        number = self._next()
        self.issues[number] = {
            "number": number,
            "title": body["title"],
            "body": body["body"],
            "state": "open",
            "state_reason": None,
            "labels": [{"name": name} for name in body.get("labels", [])],
            "html_url": f"{self.url}/{self.name}/issues/{number}",
            "user": {"login": who.login, "type": who.kind},
            "created_at": self._time(),
        }
        return 201, self.issues[number]

    def _edit_issue(self, who: Identity, query: dict[str, str], body: Any, number: str) -> tuple[int, Any]:
        self._issues_on()
        self.issues[int(number)].update(body)
        return 200, self.issues[int(number)]

    def _issues_on(self) -> None:
        if self.issues_off:
            raise Answer(410, {"message": "Issues are disabled for this repo"})

    def _list_comments(self, who: Identity, query: dict[str, str], body: Any, number: str) -> tuple[int, Any]:
        since = query.get("since", "")
        found = [note for note in self.notes if note["on"] == int(number) and note["created_at"] >= since]
        return 200, found

    def _comment(self, who: Identity, query: dict[str, str], body: Any, number: str) -> tuple[int, Any]:
        note = {
            "id": self._next(),
            "on": int(number),
            "body": body["body"],
            "user": {"login": who.login, "type": who.kind},
            "created_at": self._time(),
        }
        self.notes.append(note)
        return 201, note

    def _edit_comment(self, who: Identity, query: dict[str, str], body: Any, number: str) -> tuple[int, Any]:
        note = next((note for note in self.notes if note["id"] == int(number)), None)
        if note is None:
            raise Answer(404, {"message": "Not Found"})
        note.update(body=body["body"])
        return 200, note

    def _dispatch(self, who: Identity, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if len(body["client_payload"]) > 10:
            raise Answer(422, {"message": "No more than 10 properties are allowed"})
        self.runs.append(Run("repository_dispatch", "started", body))
        return 204, None

    def _auto_merge(self, who: Identity, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if not self.auto_merge_allowed:
            return 200, {"data": None, "errors": [{"message": "Auto merge is not allowed for this repository"}]}
        number = int(body["variables"]["id"].removeprefix("PR_"))
        self.pulls[number]["auto_merge"] = who.login
        return 200, {"data": {}}

    def _installation(self, who: Identity, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if not self.app.get("installed", True):
            raise Answer(404, {"message": "Not Found"})
        return 200, {"id": 7}

    def _token(self, who: Identity, query: dict[str, str], body: Any) -> tuple[int, Any]:
        allowed = self.app.get("permissions", EVERYTHING)
        if any(allowed.get(name) != level for name, level in body["permissions"].items()):
            raise Answer(422, {"message": "The permissions requested are not granted to this installation."})
        granted = {**body["permissions"], "metadata": "read", **self.app.get("more", {})}
        token = f"ghs_of-the-app-{self._next()}"
        self.tokens[token] = Identity("acme-delivery[bot]", "Bot", granted)
        named = [{"name": name} for name in [*body["repositories"], *self.app.get("others", [])]]
        return 201, {"token": token, "permissions": granted, "repositories": named}

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _time(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _git(self, *words: str, check: bool = True) -> str:
        people = ["-c", "user.name=Octavia", "-c", "user.email=octavia@example.org"]
        done = subprocess.run(
            ["git", "-C", str(self.bare), *people, *words], capture_output=True, text=True, check=check
        )
        return done.stdout


@contextlib.contextmanager
def github_delivery(bare: Path, **settings: Any) -> Generator[Github]:
    """Serve one repository for the time of a test."""
    host = Github(bare, **settings)
    with serving(host.answer) as server:
        host.url = server.url
        yield host


def variables(host: Github, token: str = WORKFLOW) -> dict[str, str]:
    """Return the variables that a job has of its host."""
    return {
        "GITHUB_API_URL": host.url,
        "GITHUB_SERVER_URL": host.url,
        "GITHUB_REPOSITORY": host.name,
        "GITHUB_TOKEN": token,
        "GITHUB_RUN_ID": "4711",
    }

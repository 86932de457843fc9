"""A double of GitHub as an administrator of one repository sees it: its settings, and what plans refuse.

It is strict. A route that it does not know, or a field that the route does not take, is noted in `strange` and
answered with 500; a fixture asserts that nothing is. What it answers beside what is asked for is there to be ignored.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.harness.github_delivery import Answer
from tests.harness.web import Handler, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

ADMINISTRATOR = "a-token-of-an-administrator"
APP = 15368
UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature."
BILLING = "Failed to create the environment protection rule. Please ensure the billing plan supports the {} rule."
REPOSITORY_FIELDS = {"allow_merge_commit": bool, "allow_auto_merge": bool, "delete_branch_on_merge": bool}
RULESET_FIELDS = {"name": str, "target": str, "enforcement": str, "bypass_actors": list, "conditions": dict}
ENVIRONMENT_FIELDS = {
    "deployment_branch_policy": (dict, type(None)),
    "reviewers": list,
    "wait_timer": int,
    "prevent_self_review": bool,
}
DEFAULTS = {"required_reviewers": list[Any](), "allowed_merge_methods": ["merge", "squash", "rebase"]}
"""What GitHub adds to the rule `pull_request`."""


def environment(*branches: str, secrets: tuple[str, ...] = (), **rules: Any) -> dict[str, Any]:
    """Return an environment; with branches, only those are let in."""
    policy = {"protected_branches": False, "custom_branch_policies": True} if branches else None
    return {"policy": policy, "branches": dict(enumerate(branches, 1)), "secrets": list(secrets), "rules": rules}


@dataclass
class Settings:
    """One repository at the host."""

    name: str = "Acme/churn"
    private: bool = False
    visibility: str | None = None
    organization: bool = True
    plan: str = "team"
    plan_told: bool = True
    admin: bool = True
    branch: str = "main"
    server_version: str | None = None
    options: dict[str, Any] = field(
        default_factory=lambda: {
            "allow_merge_commit": True,
            "allow_squash_merge": True,
            "allow_auto_merge": False,
            "delete_branch_on_merge": False,
        }
    )
    environments: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    variables: dict[str, str] = field(default_factory=dict[str, str])
    rulesets: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    foreign_rules: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    workflow_token: dict[str, Any] = field(
        default_factory=lambda: {
            "default_workflow_permissions": "read",
            "can_approve_pull_request_reviews": False,
        }
    )
    organization_decides: bool = False
    """Whether the organisation forbids its workflows to open pull requests."""
    subject: dict[str, Any] = field(
        default_factory=lambda: {
            "use_default": True,
            "use_immutable_subject": True,
            "sub_claim_prefix": "repo:Acme@123456/churn@987654321",
        }
    )
    owners_errors: list[dict[str, Any]] | None = field(default_factory=list[dict[str, Any]])
    """None where CODEOWNERS is not on the branch."""
    reviewers: dict[str, int] = field(default_factory=lambda: {"orgs/acme/teams/ml": 7, "users/octavia": 8})
    others: dict[str, bool] = field(default_factory=lambda: {"acme/platform": False})
    """Other repositories -> whether they are private."""
    faults: list[tuple[str, Answer]] = field(default_factory=list[tuple[str, Answer]])
    """Pattern of `METHOD path` -> what every such request gets instead."""
    calls: list[str] = field(default_factory=list[str])
    bodies: list[Any] = field(default_factory=list[Any])
    strange: list[str] = field(default_factory=list[str])
    url: str = ""

    @property
    def protects(self) -> bool:
        return not self.private or self.plan != "free"

    @property
    def reviews(self) -> bool:
        return not self.private or self.plan == "enterprise"

    @property
    def writes(self) -> list[str]:
        """Return the changes that were made, as `METHOD path` within the repository."""
        return [call.replace(f"repos/{self.name}", "").strip("/") for call in self.calls if not call.startswith("GET ")]

    def answer(self, request: Handler) -> None:
        """Answer one request."""
        try:
            raise self._answer(request)
        except Answer as said:
            body = b"" if said.body is None else json.dumps(said.body).encode()
            request.reply(said.status, body, **said.headers)

    def _answer(self, request: Handler) -> Answer:
        address = urlsplit(request.path)
        path, body = address.path.lstrip("/"), json.loads(request.body) if request.body else None
        text = f"{request.command} {path}"
        if request.headers.get("Authorization") != f"Bearer {ADMINISTRATOR}":
            return Answer(401, {"message": "Bad credentials"})
        for pattern, said in self.faults:
            if re.fullmatch(pattern, text):
                return said
        found = self._found(request.command, path, {k: v[0] for k, v in parse_qs(address.query).items()}, body)
        if request.command != "GET" and found.status < 300:
            self.calls.append(text)
            self.bodies.append(body)
        return found

    def _found(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        inner = path.removeprefix(f"repos/{self.name}").lstrip("/") if path.startswith(f"repos/{self.name}") else None
        for wanted, pattern, answer in _ROUTES:
            where = path if pattern.startswith("^") else inner
            match = None if where is None or wanted != method else re.fullmatch(pattern.removeprefix("^"), where)
            if match:
                return answer(self, query if body is None else body, *map(unquote, match.groups()))
        return self._strange(f"{method} {path}: no such route")

    def _strange(self, what: str) -> Answer:
        self.strange.append(what)
        return Answer(500, {"message": what})

    def _fields(self, body: dict[str, Any], known: dict[str, Any]) -> None:
        wrong = [name for name, value in body.items() if name not in known or not isinstance(value, known[name])]
        if wrong:
            raise self._strange(f"fields: {wrong}")

    def _repository(self, _: Any) -> Answer:
        owner, _, name = self.name.partition("/")
        kind = "Organization" if self.organization else "User"
        said = {
            "id": 987654321,
            "name": name,
            "full_name": self.name,
            "owner": {"login": owner, "id": 123456, "type": kind},
            "private": self.private,
            "visibility": self.visibility or ("private" if self.private else "public"),
            "default_branch": self.branch,
            "permissions": {"admin": self.admin, "push": True},
        }
        return Answer(200, said | self.options)

    def _change_repository(self, body: Any) -> Answer:
        self._fields(body, REPOSITORY_FIELDS)
        self.options |= {k: v for k, v in body.items() if k != "allow_auto_merge" or self.protects}
        return self._repository(None)

    def _other(self, _: Any, name: str) -> Answer:
        if name not in self.others:
            return Answer(404, {"message": "Not Found"})
        return Answer(200, {"full_name": name, "private": self.others[name]})

    def _meta(self, _: Any) -> Answer:
        release = {"installed_version": self.server_version} if self.server_version else {}
        return Answer(200, {"verifiable_password_authentication": False} | release)

    def _account(self, _: Any, *name: str) -> Answer:
        plan = {"plan": {"name": self.plan, "seats": 3}} if self.plan_told else {}
        return Answer(200, {"login": name[0] if name else self.name.partition("/")[0]} | plan)

    def _reviewer(self, _: Any, *path: str) -> Answer:
        found = self.reviewers.get(path[0].lower())
        return Answer(200, {"id": found, "name": "x"}) if found else Answer(404, {"message": "Not Found"})

    def _environment(self, _: Any, name: str) -> Answer:
        if name not in self.environments:
            return Answer(404, {"message": "Not Found"})
        found = self.environments[name]
        rules: list[dict[str, Any]] = []
        if found["rules"].get("wait_timer"):
            rules.append({"id": 1, "type": "wait_timer", "wait_timer": found["rules"]["wait_timer"]})
        if found["rules"].get("reviewers"):
            asked = [{"type": item["type"], "reviewer": {"id": item["id"]}} for item in found["rules"]["reviewers"]]
            own = found["rules"].get("prevent_self_review", False)
            rules.append({"id": 2, "type": "required_reviewers", "prevent_self_review": own, "reviewers": asked})
        if found["policy"]:
            rules.append({"id": 3, "type": "branch_policy"})
        return Answer(200, {"name": name, "protection_rules": rules, "deployment_branch_policy": found["policy"]})

    def _put_environment(self, body: Any, name: str) -> Answer:
        self._fields(body, ENVIRONMENT_FIELDS)
        if not self.reviews and set(body) - {"deployment_branch_policy"}:
            return Answer(422, {"message": BILLING.format("required reviewers protection")})
        if not self.protects and "deployment_branch_policy" in body:
            return Answer(422, {"message": BILLING.format("custom branch policy")})
        new = environment(**{key: value for key, value in body.items() if key != "deployment_branch_policy"})
        old = self.environments.get(name, new)
        policy = body.get("deployment_branch_policy")
        kept: dict[str, Any] = {"branches": old["branches"] if policy else {}, "secrets": old["secrets"]}
        self.environments[name] = new | kept | {"policy": policy}
        return self._environment(None, name)

    def _branches(self, _: Any, name: str) -> Answer:
        found = self.environments.get(name)
        if found is None:
            return Answer(404, {"message": "Not Found"})
        rules = [{"id": number, "name": branch, "type": "branch"} for number, branch in found["branches"].items()]
        return Answer(200, {"total_count": len(rules), "branch_policies": rules})

    def _add_branch(self, body: Any, name: str) -> Answer:
        self._fields(body, {"name": str, "type": str})
        found = self.environments.get(name)
        if found is None or found["policy"] != {"protected_branches": False, "custom_branch_policies": True}:
            return Answer(404, {"message": "Not Found"})
        number = max(found["branches"], default=0) + 1
        found["branches"][number] = body["name"]
        return Answer(200, {"id": number, **body})

    def _remove_branch(self, _: Any, name: str, number: str) -> Answer:
        del self.environments[name]["branches"][int(number)]
        return Answer(204)

    def _secret(self, _: Any, name: str, secret: str) -> Answer:
        held = self.environments.get(name, environment())["secrets"]
        known = secret in held and self.protects
        return Answer(200, {"name": secret}) if known else Answer(404, {"message": "Not Found"})

    def _variable(self, _: Any, name: str) -> Answer:
        if name not in self.variables:
            return Answer(404, {"message": "Not Found"})
        return Answer(200, {"name": name, "value": self.variables[name]})

    def _add_variable(self, body: Any) -> Answer:
        self._fields(body, {"name": str, "value": str})
        if body["name"] in self.variables:
            return Answer(409, {"message": "Already exists - Variable already exists"})
        self.variables[body["name"]] = body["value"]
        return Answer(201, {})

    def _rulesets(self, query: Any) -> Answer:
        if not self.protects:
            return Answer(403, {"message": UPGRADE})
        assert query["includes_parents"] == "false"
        return Answer(200, [{"id": number, "name": rules["name"]} for number, rules in self.rulesets.items()])

    def _ruleset(self, _: Any, number: str) -> Answer:
        return Answer(200, {"id": int(number), "source": self.name, **self.rulesets[int(number)]})

    def _put_ruleset(self, body: Any, number: str = "") -> Answer:
        self._fields(body, RULESET_FIELDS | {"rules": list})
        if not self.protects:
            return Answer(403, {"message": UPGRADE})
        identifier = int(number or len(self.rulesets) + 11)
        for rule in body["rules"]:
            self._fields(rule, {"type": str, "parameters": dict})
            if rule["type"] == "pull_request":
                rule["parameters"] = DEFAULTS | rule["parameters"]
        self.rulesets[identifier] = body
        return self._ruleset(None, str(identifier))

    def _rules(self, _: Any, branch: str) -> Answer:
        assert branch == self.branch
        own = [{**rule, "ruleset_id": number} for number, rules in self.rulesets.items() for rule in rules["rules"]]
        return Answer(200, [*own, *self.foreign_rules])

    def _workflow(self, _: Any) -> Answer:
        return Answer(200, self.workflow_token)

    def _put_workflow(self, body: Any) -> Answer:
        self._fields(body, {"default_workflow_permissions": str, "can_approve_pull_request_reviews": bool})
        if self.organization_decides and body.get("can_approve_pull_request_reviews"):
            return Answer(409, {"message": "The organization does not allow it"})
        self.workflow_token |= body
        return Answer(204)

    def _subject(self, _: Any) -> Answer:
        return Answer(200, self.subject)

    def _put_subject(self, body: Any) -> Answer:
        self._fields(body, {"use_default": bool, "use_immutable_subject": bool})
        self.subject = body | {"sub_claim_prefix": "repo:Acme@123456/churn@987654321"}
        return Answer(201, {})

    def _owners(self, query: Any) -> Answer:
        assert {"ref": self.branch} == query
        if self.owners_errors is None:
            return Answer(404, {"message": "Not Found"})
        return Answer(200, {"errors": self.owners_errors})

    def _actions_app(self, _: Any) -> Answer:
        return Answer(200, {"id": APP, "slug": "github-actions"})


_ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    (method, pattern, getattr(Settings, f"_{name}"))
    for method, pattern, name in [
        ("GET", "", "repository"),
        ("PATCH", "", "change_repository"),
        ("GET", "^meta", "meta"),
        ("GET", "^orgs/([^/]+)", "account"),
        ("GET", "^user", "account"),
        ("GET", "^apps/github-actions", "actions_app"),
        ("GET", "^(orgs/[^/]+/teams/[^/]+|users/[^/]+)", "reviewer"),
        ("GET", "environments/([^/]+)", "environment"),
        ("PUT", "environments/([^/]+)", "put_environment"),
        ("GET", "environments/([^/]+)/deployment-branch-policies", "branches"),
        ("POST", "environments/([^/]+)/deployment-branch-policies", "add_branch"),
        ("DELETE", "environments/([^/]+)/deployment-branch-policies/([0-9]+)", "remove_branch"),
        ("GET", "environments/([^/]+)/secrets/([A-Z_]+)", "secret"),
        ("GET", "actions/variables/([A-Z_]+)", "variable"),
        ("POST", "actions/variables", "add_variable"),
        ("GET", "rulesets", "rulesets"),
        ("POST", "rulesets", "put_ruleset"),
        ("GET", "rulesets/([0-9]+)", "ruleset"),
        ("PUT", "rulesets/([0-9]+)", "put_ruleset"),
        ("GET", "rules/branches/([^/]+)", "rules"),
        ("GET", "actions/permissions/workflow", "workflow"),
        ("PUT", "actions/permissions/workflow", "put_workflow"),
        ("GET", "actions/oidc/customization/sub", "subject"),
        ("PUT", "actions/oidc/customization/sub", "put_subject"),
        ("GET", "codeowners/errors", "owners"),
        ("GET", "^repos/([^/]+/[^/]+)", "other"),
    ]
]


@contextlib.contextmanager
def github_settings(host: Settings) -> Generator[Settings]:
    """Serve a repository's settings for the time of a test."""
    with serving(host.answer) as server:
        host.url = server.url
        yield host

"""The settings of a repository at GitHub: asked for, and changed.

https://docs.github.com/en/rest (2026-11). Answers stay in GitHub's words; what they should be is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from components.errors import UserError
from pipelines.hosts.answers import mapping, sequence
from pipelines.hosts.base import Denied, Missing
from pipelines.hosts.github_rest import PER_PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.hosts.github_rest import Rest

RIGHTS = (
    "use a token of an administrator of the repository: a classic one with `repo`, or a fine-grained one with "
    "Administration, Environments and Variables (write), Secrets, Actions and Contents (read)"
)


@dataclass(frozen=True)
class GithubSettings:
    """One repository of GitHub, as its administrators see it."""

    rest: Rest
    name: str
    """`owner/name`."""

    def repository(self, name: str | None = None) -> Mapping[str, Any]:
        """Return what GitHub says of this repository, or of another one that the token may see."""
        return self._object(f"repos/{name or self.name}")

    def change_repository(self, words: Mapping[str, Any]) -> None:
        """Change settings of the repository; those that its plan has not are left by GitHub without a word."""
        self.rest.change("PATCH", self._path(), words)

    def server_version(self) -> str | None:
        """Return the release of an enterprise server; none at github.com."""
        return self._object("meta").get("installed_version")

    def plan(self, owner: str, *, organization: bool) -> str | None:
        """Return the plan that an account pays for; none where this token is not told."""
        try:
            found = self._object(f"orgs/{owner}" if organization else "user")
        except (Denied, Missing):
            return None
        own = str(found.get("login", "")).lower() == owner.lower()
        return mapping(found.get("plan")).get("name") if own else None

    def actions_app(self) -> int:
        """Return the id of the app as which jobs report their checks."""
        found = self._object("apps/github-actions").get("id")
        if not isinstance(found, int):
            raise UserError(f"{self.rest.api}: does not answer as GitHub does; check --api-url")
        return found

    def reviewer(self, owner: str) -> Mapping[str, Any]:
        """Return a user or team of CODEOWNERS as the reviewer of an environment. Raises Missing."""
        place, _, team = owner.removeprefix("@").partition("/")
        found = self._object(f"orgs/{place}/teams/{team}" if team else f"users/{place}")
        return {"type": "Team" if team else "User", "id": found["id"]}

    def environment(self, name: str) -> Mapping[str, Any] | None:
        """Return an environment, if it is there."""
        return self._maybe("environments", name)

    def put_environment(self, name: str, words: Mapping[str, Any]) -> None:
        """Make an environment, or replace its rules."""
        self.rest.change("PUT", self._path("environments", name), words)

    def branch_rules(self, environment: str) -> Sequence[Mapping[str, Any]]:
        """Return the branches and tags whose jobs an environment lets in by name."""
        path = self._path("environments", environment, "deployment-branch-policies")
        found = mapping(self.rest.get(path, per_page=PER_PAGE))
        return [mapping(item) for item in sequence(found.get("branch_policies"))]

    def add_branch_rule(self, environment: str, branch: str) -> None:
        """Let the jobs of a branch into an environment."""
        words = {"name": branch, "type": "branch"}
        self.rest.change("POST", self._path("environments", environment, "deployment-branch-policies"), words)

    def remove_branch_rule(self, environment: str, identifier: object) -> None:
        """Let those jobs in no more."""
        path = self._path("environments", environment, "deployment-branch-policies", identifier)
        self.rest.change("DELETE", path, {})

    def has_secret(self, environment: str, name: str) -> bool:
        """Say whether an environment has a secret; nobody is told what it is."""
        return self._maybe("environments", environment, "secrets", name) is not None

    def variable(self, name: str) -> str | None:
        """Return a variable of the repository."""
        found = self._maybe("actions", "variables", name)
        return None if found is None else str(found.get("value", ""))

    def add_variable(self, name: str, value: str) -> None:
        """Give the repository a new variable."""
        self.rest.change("POST", self._path("actions", "variables"), {"name": name, "value": value})

    def ruleset(self, name: str) -> Mapping[str, Any] | None:
        """Return a ruleset of the repository itself, with all its rules."""
        listed = self.rest.every(self._path("rulesets"), includes_parents="false")
        found = [item for item in map(mapping, listed) if item.get("name") == name]
        return self._object(self._path("rulesets", found[0].get("id"))) if found else None

    def add_ruleset(self, words: Mapping[str, Any]) -> None:
        """Make a ruleset."""
        self.rest.change("POST", self._path("rulesets"), words)

    def put_ruleset(self, identifier: object, words: Mapping[str, Any]) -> None:
        """Replace a ruleset."""
        self.rest.change("PUT", self._path("rulesets", identifier), words)

    def rules_of(self, branch: str) -> Sequence[Mapping[str, Any]]:
        """Return the rules that hold for a branch, from whatever ruleset."""
        return [mapping(item) for item in self.rest.every(self._path("rules", "branches", branch))]

    def workflow_permissions(self) -> Mapping[str, Any]:
        """Return what the workflows' own token may do where a workflow does not say."""
        return self._object(self._path("actions", "permissions", "workflow"))

    def put_workflow_permissions(self, words: Mapping[str, Any]) -> None:
        """Change it. Raises Conflict where the organisation decides."""
        self.rest.change("PUT", self._path("actions", "permissions", "workflow"), words)

    def subject(self) -> Mapping[str, Any]:
        """Return what the subjects of the jobs' tokens are made of."""
        return self._object(self._path("actions", "oidc", "customization", "sub"))

    def put_subject(self, words: Mapping[str, Any]) -> None:
        """Change it."""
        self.rest.change("PUT", self._path("actions", "oidc", "customization", "sub"), words)

    def owners_errors(self, branch: str) -> Sequence[Mapping[str, Any]] | None:
        """Return what GitHub does not understand in CODEOWNERS of a branch; none where it has no such file."""
        try:
            found = mapping(self.rest.get(self._path("codeowners", "errors"), ref=branch))
        except Missing:
            return None
        return [mapping(item) for item in sequence(found.get("errors"))]

    def _object(self, path: str) -> Mapping[str, Any]:
        found = mapping(self.rest.get(path))
        if not found:
            raise UserError(f"{path}: {self.rest.api} does not answer as GitHub does; check --api-url")
        return found

    def _maybe(self, *parts: object) -> Mapping[str, Any] | None:
        try:
            return self._object(self._path(*parts))
        except Missing:
            return None

    def _path(self, *parts: object) -> str:
        return "/".join(["repos", self.name, *(quote(str(part), safe="") for part in parts)])

"""Groups of a GitHub job at an API server: the rule that reads them from its token, and their names.

A token is signed by GitHub for one job; the API server maps its claims to a user and one group by expressions in CEL
(`apiserver.config.k8s.io/v1`). Ids, not names, say whose job it is: a name can be given to somebody else. A job that
names an environment is in the group of that environment and its ref, whatever started it; so a job of a pull request
that names `prod` runs on `refs/pull/7/merge`, and is not who deploys there. No two kinds of job have one group: the
environment may be any text, but a ref has no colon.
"""

from __future__ import annotations

PREFIX = "github:"
"""What names of GitHub's jobs and their groups begin with; nobody else's may."""

USERNAME = f'"{PREFIX}" + claims.sub'
"""CEL: the user is the subject of the token, for the audit log; nothing is bound to it."""

_REPOSITORY = f'"{PREFIX}" + claims.repository_owner_id + "/" + claims.repository_id'

GROUPS = f"""\
has(claims.environment)
? [{_REPOSITORY} + ":environment:" + claims.environment + ":ref:" + claims.ref]
: claims.event_name == "pull_request"
? [{_REPOSITORY} + ":pull_request"]
: [{_REPOSITORY} + ":ref:" + claims.ref]
"""
"""CEL: the one group of a job, as the functions here name it."""


def deploy_group(owner_id: int, repository_id: int, environment: str, branch: str) -> str:
    """Return the group of the jobs that name an environment and run on a branch."""
    return f"{_repository(owner_id, repository_id)}:environment:{environment}:ref:refs/heads/{branch}"


def pull_request_group(owner_id: int, repository_id: int) -> str:
    """Return the group of the jobs of pull requests that name no environment."""
    return f"{_repository(owner_id, repository_id)}:pull_request"


def branch_group(owner_id: int, repository_id: int, branch: str) -> str:
    """Return the group of the jobs that run on a branch and name no environment."""
    return f"{_repository(owner_id, repository_id)}:ref:refs/heads/{branch}"


def audience(organization: str, environment: str) -> str:
    """Return whom the tokens of an environment are for: no token of another environment is taken."""
    return f"stackwright-{organization}-{environment}"


def owners_rule(owner_ids: tuple[int, ...]) -> str:
    """Return CEL that holds for tokens of some owners' repositories: GitHub signs for everybody's."""
    known = ", ".join(f'"{each}"' for each in sorted(set(owner_ids)))
    return f"claims.repository_owner_id in [{known}]"


def _repository(owner_id: int, repository_id: int) -> str:
    return f"{PREFIX}{owner_id}/{repository_id}"

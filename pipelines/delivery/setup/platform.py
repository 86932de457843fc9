"""What jobs need to read the platform's repository, where that is private.

The token itself is never asked for or seen here: a person puts it where it belongs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines.delivery.setup.environments import kept_rules
from pipelines.hosts.base import Missing
from pipelines.hosts.github import NAME
from pipelines.project import SETTINGS

if TYPE_CHECKING:
    from pipelines.delivery.setup.findings import Findings
    from pipelines.delivery.setup.look import Look

VARIABLE, SECRET = "PLATFORM_ENVIRONMENT", "PLATFORM_TOKEN"
NEW = "platform"
ADDRESS = re.compile(r"(?:(?:https|http|ssh|git\+https|git\+ssh)://(?:[^@/\s]+@)?|[^@/\s]+@)([^/\s]+?)[:/]([^:\s]+?)/?")


def repository_in(address: str, server: str) -> str | None:
    """Return `owner/name` of a repository's address at a server; none where it is somewhere else."""
    text = re.sub(r"^gh:", "https://github.com/", address)
    found = ADDRESS.fullmatch(text)
    name = found[2].removesuffix(".git") if found else ""
    at_server = found is not None and found[1].lower() in {server.lower(), f"ssh.{server.lower()}"}
    return name if at_server and NAME.fullmatch(name) else None


def check_platform(look: Look, found: Findings) -> None:
    """Find what is missing for jobs to read a private platform repository."""
    address = look.project.settings.platform
    name = repository_in(address, look.server)
    if name is None:
        found.notes.append(f"{SETTINGS}: platform: not at {look.server}; that jobs can read it is not checked here")
        return
    if not _private(look, name, found):
        return
    if not look.account.protects:
        told = "environments of a free private repository have no secrets, so that no job can read the platform"
        found.by_hand.append(
            f"{SETTINGS}: platform: {name} is private, and {told}; make one of both public, or upgrade"
        )
        return
    used = _environment(look, found)
    for environment in [*(item.environment for item in look.contracts), *used]:
        if not look.host.has_secret(environment, SECRET):
            command = f"gh secret set {SECRET} --repo {look.host.name} --env {environment}"
            found.by_hand.append(f"environment {environment}: give it a token that reads {name}: `{command}`")


def _private(look: Look, name: str, found: Findings) -> bool:
    try:
        return bool(look.host.repository(name).get("private"))
    except Missing:
        found.notes.append(f"{SETTINGS}: platform: {name} cannot be seen with this token, and is taken for private")
        return True


def _environment(look: Look, found: Findings) -> list[str]:
    """Find the environment of the jobs that belong to none; those of pull requests are among them."""
    name = look.host.variable(VARIABLE)
    used = name or NEW
    if used in {item.environment for item in look.contracts}:
        told = "is an environment of stack/, which pull requests cannot enter"
        advice = f"set the variable to another name, like `{NEW}-reader`"
        found.problems.append(f"variable {VARIABLE}: `{used}`: {told}; {advice}")
        return []
    current = look.host.environment(used)
    open_to_all = {"deployment_branch_policy": None} | kept_rules(current)
    told = None
    if current is None:
        told = "create it, for jobs that belong to no other"
    elif current.get("deployment_branch_policy") is not None:
        told = "let jobs on all branches in: pull requests need it"
    if told:
        found.change(f"environment {used}", told, look.host.put_environment, used, open_to_all)
    if name is None:
        found.change(f"variable {VARIABLE}", f"set it to `{used}`", look.host.add_variable, VARIABLE, used)
    return [used]

"""Settings of the repository itself, and of the token that its workflows have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.delivery.setup.findings import Findings
    from pipelines.delivery.setup.look import Look

TOLD = {
    "allow_merge_commit": "allow merge commits",
    "delete_branch_on_merge": "delete branches that were merged",
    "allow_auto_merge": "let pull requests merge by themselves",
}


def check_repository(look: Look, found: Findings) -> None:
    """Find settings that the workflows rely on."""
    wanted = {name: True for name in TOLD if name != "allow_auto_merge" or look.account.protects}
    changed = {name: value for name, value in wanted.items() if look.repository.get(name) is not value}
    if changed:
        told = ", ".join(TOLD[name] for name in changed)
        found.change("repository", told, look.host.change_repository, changed)


def check_workflow_token(look: Look, found: Findings) -> None:
    """Find rights of the workflows' own token that are too many, or too few where there is no app."""
    current = look.host.workflow_permissions()
    lonely = _without_app(look)
    changed: dict[str, object] = {}
    told: list[str] = []
    if current.get("default_workflow_permissions") != "read":
        changed["default_workflow_permissions"] = "read"
        told.append("only read, where a workflow asks for nothing")
    if lonely and current.get("can_approve_pull_request_reviews") is not True:
        changed["can_approve_pull_request_reviews"] = True
        told.append(f"may open pull requests, because there is no app for {', '.join(lonely)}")
    if changed:
        found.change("token of workflows", "; ".join(told), look.host.put_workflow_permissions, changed)
    if lonely:
        found.notes.append(
            f"no app of the organisation for {', '.join(lonely)}: people press `Approve workflows to run` on each pull "
            "request that a workflow opens, and merge it: a merge by its own token would start no deployment"
        )


def _without_app(look: Look) -> list[str]:
    app = look.project.settings.app
    known = app.private_keys if app else {}
    return [item.environment for item in look.contracts if item.environment not in known]

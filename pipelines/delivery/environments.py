"""Which environments jobs are for, and what each job must know: the matrix of a workflow, made of the contracts."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.base import Document
from components.errors import UserError
from pipelines.delivery.kinds import known_environment, named, shown
from pipelines.delivery.markdown import code, page, table
from pipelines.delivery.report import Report
from pipelines.project import SETTINGS, Project, git
from pipelines.release.pin import lineage, read_refused
from pipelines.release.places import REFUSED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacks.contract import Contract

NOT_CONNECTED = (
    "not connected to an environment yet: let the platform's owners add this project (`stackwright project add`), "
    "then run `stackwright contract pull --env ENVIRONMENT --from ADDRESS` and commit stack/"
)
ALONE = "is of one machine (runs_on `local`): no job of the host can reach it, so none runs for it"


class Job(Document):
    """One row of the matrix."""

    environment: str
    tier: str
    first: bool
    """Whether packages are registered here."""
    promotes_from: str | None
    promotes_to: list[str]
    """The environments that promote from here."""
    runs_on: str
    account: str | None
    region: str | None
    deploy_role: str | None
    plan_role: str | None
    source_promotion_role: str | None
    """Role of the environment that this one promotes from, by which its packages are read."""


@dataclass(frozen=True)
class Choice:
    """Which environments are asked for; all of them by default."""

    environment: str | None = None
    promoting_from: str | None = None
    since: str | None = None
    """Commit before a push: those whose pins or contract changed since. One that is not there any more is all."""


def environments(project: Project, choice: Choice | None = None) -> Report:
    """List the jobs of a project, lowest tier first; none without a contract."""
    contracts = [project.contract(name) for name in project.environments]
    reached = [contract for contract in contracts if contract.runs_on != "local"]
    jobs = matrix(reached)
    chosen = _chosen(project, jobs, choice or Choice())
    models = project.model_names(None)
    for model in models:
        named("model", model, ".stackwright.yaml: models")
    lines = [f"{job.environment}: {job.tier}, on {job.runs_on}" for job in chosen]
    lines += [f"stack/{item.environment}.json: {ALONE}" for item in contracts if item not in reached]
    lines = lines or ["no environment is meant" if contracts else NOT_CONNECTED]
    return Report(
        command="environments",
        lines=lines,
        outputs={
            "environments": _rows(chosen),
            "connected": "true" if jobs else "false",
            "first": _rows([job for job in jobs if job.first]),
            "models": json.dumps(models),
        },
        summary=_summary(chosen, lines),
        data={"environments": [job.model_dump(mode="json") for job in chosen], "models": models},
    )


def _chosen(project: Project, jobs: list[Job], choice: Choice) -> list[Job]:
    if choice.environment:
        known_environment(project, choice.environment)
        return [job for job in jobs if job.environment == choice.environment]
    if choice.promoting_from:
        known_environment(project, choice.promoting_from, "--promoting-from")
        return [job for job in jobs if job.promotes_from == choice.promoting_from]
    changed = _changed_since(project, choice.since) if choice.since else None
    if choice.since is None or changed is None:
        return jobs
    refusing = _refusing_since(project, choice.since) if REFUSED in changed else set[str]()
    return [job for job in jobs if _concerns(job, changed) or refusing & {*lineage(project, job.environment)}]


def _changed_since(project: Project, since: str) -> list[str] | None:
    """Return the files that changed since a commit; none can be told when the commit is not in this history."""
    if not re.fullmatch(r"[0-9a-f]{40}", since):
        raise UserError(f"--since: {shown(since)}: not a full commit")
    try:
        git(project.root, "merge-base", "--is-ancestor", since, "HEAD")
    except UserError:
        return None
    return git(project.root, "diff", "--name-only", "--no-renames", "-z", since, "HEAD").split("\0")


def _refusing_since(project: Project, since: str) -> set[str]:
    """Return the environments that refuse something else since a commit; it holds where is promoted from them, too."""
    new = read_refused(project).refused
    try:
        old = read_refused(Project(project.root, since)).refused
    except UserError:  # whoever repairs the list deploys everywhere
        return {*project.environments}
    return {item.environment for item in (*old, *new) if item not in old or item not in new}


def _concerns(job: Job, changed: list[str]) -> bool:
    folders = (f"promotions/{job.environment}/", f"promotions/evidence/{job.environment}/")
    files = {f"stack/{job.environment}.json", SETTINGS}
    return any(path in files or path.startswith(folders) for path in changed)


def _rows(jobs: Sequence[Job]) -> str:
    return json.dumps([job.model_dump(mode="json") for job in jobs])


def matrix(contracts: Sequence[Contract]) -> list[Job]:
    """Return what the jobs of each environment must know, lowest tier first."""
    ordered = sorted(contracts, key=lambda contract: (contract.tier, contract.environment))
    return [_job(contract, ordered) for contract in ordered]


def _job(contract: Contract, all_of_them: Sequence[Contract]) -> Job:
    source = next((item for item in all_of_them if item.environment == contract.promotes_from), None)
    return Job(
        environment=contract.environment,
        tier=contract.tier.value,
        first=contract.promotes_from is None,
        promotes_from=contract.promotes_from,
        promotes_to=[item.environment for item in all_of_them if item.promotes_from == contract.environment],
        runs_on=runner_label(contract.runs_on),
        account=contract.account,
        region=contract.region,
        deploy_role=contract.roles.deploy if contract.roles else None,
        plan_role=contract.roles.plan if contract.roles else None,
        source_promotion_role=source.roles.promotion if source and source.roles else None,
    )


def runner_label(runs_on: str) -> str:
    """Fill in what a host does not in a matrix: the run that a runner of one job is made for."""

    def filled(found: re.Match[str]) -> str:
        return os.environ.get(f"GITHUB_{found[1].upper()}", found[0])

    return re.sub(r"\$\{\{ *github\.(run_id|run_attempt) *\}\}", filled, runs_on)


def _summary(jobs: Sequence[Job], lines: Sequence[str]) -> str:
    if not jobs:
        return page("### Environments", "\n".join(f"- {code(line)}" for line in lines))
    rows = [[code(job.environment), job.tier, code(job.promotes_from or ""), code(job.runs_on)] for job in jobs]
    return page("### Environments", table(["environment", "tier", "promotes from", "runs on"], rows))

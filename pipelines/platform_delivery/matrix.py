"""Which environments jobs apply and look at, tier by tier."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from components.base import Document, Tier
from pipelines.delivery.environments import runner_label
from pipelines.delivery.markdown import code, page
from pipelines.delivery.report import Report
from pipelines.platform_delivery.places import NONE_YET, PROJECTS, places
from stacks.project.config import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipelines.platform_delivery.places import Place

TIERS = (Tier.DEV, Tier.STAGING, Tier.PROD)
IN_CLUSTER = (
    "is in a cluster without a cloud, where its state is kept by people: they bring it up (docs/any-kubernetes.md)"
)
NOT_THERE = (
    "is not there yet: a person brings it up once (docs/from-nothing-to-prod.md), "
    "then `stackwright contract export --env {name}`, and commits {path}"
)


class Row(Document):
    """One row of the matrix."""

    environment: str
    tier: str
    runs_on: str
    """Where jobs run that reach its cluster."""
    account: str
    region: str
    apply_role: str
    preview_role: str


def environments(root: Path) -> Report:
    """List the environments that jobs act for; each tier in an output of its own. None without stack files."""
    found = places(root)
    rows = [row for place in found if (row := _row(place))]
    lines = [f"{row.environment}: {row.tier}, on {row.runs_on}" for row in rows]
    lines += [f"{place.name}: {_why_not(place)}" for place in found if _row(place) is None]
    lines = lines or [NONE_YET]
    outputs = {"environments": _json(rows)}
    outputs |= {tier.value: _json([row for row in rows if row.tier == tier.value]) for tier in TIERS}
    summary = page("### Environments of the platform", "\n".join(f"- {code(line)}" for line in lines))
    data = {"environments": [row.model_dump(mode="json") for row in rows]}
    return Report(command="platform environments", lines=lines, outputs=outputs, summary=summary, data=data)


def _row(place: Place) -> Row | None:
    account, apply, preview = place.account, place.role("apply"), place.role("preview")
    if not (account and apply and preview and place.platform) or place.spec.tier not in TIERS:
        return None
    return Row(
        environment=place.name,
        tier=place.spec.tier.value,
        runs_on=runner_label(place.platform.runners.runs_on),
        account=account.account,
        region=account.region,
        apply_role=apply,
        preview_role=preview,
    )


def _why_not(place: Place) -> str:
    if place.account is None:
        return IN_CLUSTER
    return NOT_THERE.format(name=place.name, path=PROJECTS / PLATFORMS / f"{place.name}.json")


def _json(rows: Sequence[Row]) -> str:
    return json.dumps([row.model_dump(mode="json") for row in rows])

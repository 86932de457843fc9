"""Which IAM actions can be limited to resources; the table comes with the cfn-lint package."""

from __future__ import annotations

import fnmatch
import json
from functools import cache
from typing import Any

from pipelines.plan.schemas import data_folder


@cache
def _table() -> dict[str, dict[str, Any]]:
    return json.loads((data_folder() / "AdditionalSpecs" / "Policies.json").read_bytes())


@cache
def can_be_limited(action: str) -> bool:
    """Return whether a right to an action can name resources; an unknown action counts as one that can.

    A pattern counts by most of what it matches: a few of the two hundred that `ec2:Describe*` means take resources.
    """
    service, _, pattern = action.lower().partition(":")
    known = _table().get(service, {}).get("Actions", {})
    matched = [bool(known[name].get("Resources")) for name in known if fnmatch.fnmatchcase(name, pattern)]
    return not matched or sum(matched) * 2 > len(matched)

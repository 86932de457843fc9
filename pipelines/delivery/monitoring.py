"""Monitor one model, and say what follows from it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import writes
from pipelines.delivery.kinds import known_environment, known_model
from pipelines.delivery.markdown import code, page
from pipelines.delivery.report import Report
from pipelines.monitor.environment import monitor_environment
from pipelines.monitor.results import MonitorResult, Verdict
from pipelines.project import Project, tip
from pipelines.release.evidence import canonical
from pipelines.release.pin import read_pin

if TYPE_CHECKING:
    from pipelines.release.results import Result

FINDING = {Verdict.OK: "false", Verdict.ALERT: "true", Verdict.RETRAIN: "true", Verdict.INSUFFICIENT_DATA: ""}
"""Whether there is something to look at; too few data neither open an issue nor close one."""


def monitoring(project: Project, environment: str, model: str, folder: Path) -> Report:
    """Write report, result and finding of a model, and what follows from them."""
    known_environment(project, environment)
    known_model(project, model)
    key = f"monitor/{environment}/{model}"
    if read_pin(Project(project.root, tip(project.root)), environment, model) is None:
        return Report(
            command="monitor", lines=[f"{environment}/{model}: nothing is pinned"], outputs=_outputs(key, None)
        )
    found = monitor_environment(project, environment, model, folder / "report.html")
    result = MonitorResult.model_validate_json(canonical(found.data))
    writes.replace_file(folder / "result.json", canonical(found.data))
    writes.replace_file(folder / "finding.md", ("\n".join([found.summary, "", *found.details]) + "\n").encode())
    return Report(
        command="monitor",
        lines=[found.summary, *(f"  {detail}" for detail in found.details)],
        outputs=_outputs(key, result),
        summary=_summary(found),
        data={"verdict": result.verdict.value, "reasons": result.reasons},
    )


def retraining_key(key: str, result: MonitorResult) -> str:
    """Return the key of the retraining that a result asks for: the same data of the same package, the same key."""
    windows = [[window.first.isoformat(), window.last.isoformat(), window.rows] for window in result.windows]
    told: list[Any] = [result.digest, windows, result.labels]
    return f"{key}/{hashlib.sha256(canonical(told)).hexdigest()[:16]}"


def _outputs(key: str, result: MonitorResult | None) -> dict[str, str]:
    if result is None:
        return {"verdict": "", "finding": "", "key": key, "title": "", "retraining": ""}
    _, environment, model = key.split("/")
    return {
        "verdict": result.verdict.value,
        "finding": FINDING[result.verdict],
        "key": key,
        "title": f"{model} in {environment}: {result.verdict.value}",
        "retraining": retraining_key(key, result) if result.verdict is Verdict.RETRAIN else "",
    }


def _summary(found: Result) -> str:
    return page("### Monitor", code(found.summary), "\n".join(f"- {code(detail)}" for detail in found.details))

"""Monitor what an environment runs: the contract and the pin say where everything is."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.monitor.arrivals import arrived
from pipelines.monitor.policy import MonitorPolicy
from pipelines.monitor.run import monitor
from pipelines.project import Project, tip
from pipelines.release.gating import open_attested
from pipelines.release.pin import read_pin
from pipelines.release.places import pin_path
from pipelines.release.results import Result
from pipelines.store.access import access_of

if TYPE_CHECKING:
    from pipelines.monitor.results import MonitorResult
    from pipelines.release.pin import Pin

POLICY = "policies/monitor.yaml"


def monitor_environment(project: Project, environment: str, model: str, report: Path | None = None) -> Result:
    """Compare the predictions of the pinned package with its reference; write a report when asked."""
    at_tip = Project(project.root, tip(project.root))
    pin = read_pin(at_tip, environment, model)
    if pin is None:
        raise UserError(
            f"{pin_path(environment, model)}: not at the tip of the default branch; nothing runs to monitor"
        )
    found = _monitor(project, environment, pin)
    if report:
        from pipelines.monitor.report import write_report

        write_report(found, report)
    return Result(
        command="monitor",
        status="done",
        environment=environment,
        model=model,
        summary=f"{environment} runs {pin.title}: {found.verdict}",
        details=[*found.reasons, *found.notes],
        data=found.model_dump(mode="json"),
    )


def _monitor(project: Project, environment: str, pin: Pin) -> MonitorResult:
    contract = project.contract(environment)
    policy = project.load(POLICY, MonitorPolicy).of(pin.model, POLICY)
    places = contract.monitoring
    with tempfile.TemporaryDirectory(prefix="stackwright-monitor-") as name, contextlib.ExitStack() as stack:
        scratch = Path(name)
        package = open_attested(contract, pin.digest, scratch / "package")
        signature = package.folder / "signature.json"
        access = access_of(contract)
        log = arrived(f"{places.predictions_uri}/{pin.model}", ".jsonl", scratch / "predictions", access)
        labels = arrived(f"{places.labels_uri}/{pin.model}", ".csv", scratch / "labels", access)
        return monitor(
            reference=package.folder / "reference.csv",
            signature=signature if signature.is_file() else None,
            predictions=stack.enter_context(log),
            labels=stack.enter_context(labels),
            digest=pin.digest,
            policy=policy,
        )

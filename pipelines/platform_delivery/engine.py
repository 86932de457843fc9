"""Pulumi's engine, asked by its Automation API: the program runs in this process, so that no other host is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from components.errors import UserError
from pipelines import printing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulumi import automation
    from pulumi.automation.events import EngineEvent, StepEventMetadata

    from pipelines.platform_delivery.places import Stack

UNTOUCHED = {"same", "refresh", "read", "read-discard"}
"""Operations that leave a resource as it is."""
IN_CLUSTERS = "**kubernetes:**"
"""URNs of what lives in clusters."""
LONGEST = 2000
"""Signs of one problem that are shown."""

Program = Callable[[], None]


@dataclass(frozen=True)
class Step:
    """What happens to one resource."""

    operation: str
    """In Pulumi's words: `create`, `update`, `delete`, `replace` …"""
    type: str
    name: str
    properties: tuple[str, ...] = ()
    """Paths of what differs; never a value."""

    @property
    def line(self) -> str:
        """One line: `update aws:s3/bucket:Bucket archive: tags`."""
        return f"{self.operation} {self.type} {self.name}" + (
            f": {', '.join(self.properties)}" if self.properties else ""
        )


@dataclass
class Outcome:
    """What one run of the engine did, or would do."""

    steps: list[Step] = field(default_factory=list[Step])


class Engine(Protocol):
    """Runs stacks. Each call raises UserError when the engine refuses or fails."""

    def known(self, folder: Path) -> set[str]:
        """Return the stacks of a Pulumi project that its backend holds."""
        ...

    def preview(self, stack: Stack, plan: Path) -> Outcome:
        """Ask the clouds what an update would do, and save it as a plan."""
        ...

    def up(self, stack: Stack, plan: Path) -> Outcome:
        """Do what a saved plan says, and nothing else."""
        ...

    def drift(self, stack: Stack) -> Outcome:
        """Compare what is live with the state, and change neither."""
        ...


@dataclass(frozen=True)
class PulumiEngine:
    """The real one; implements `Engine`."""

    root: Path
    backend: str
    """As for `pulumi login`."""
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    program: Program | None = None
    """Instead of what the stack says, for a stack of another program."""

    def known(self, folder: Path) -> set[str]:
        """Return the stacks of a Pulumi project that its backend holds."""
        command = [str(program()), "stack", "ls", "--json", "--non-interactive"]
        done = subprocess.run(
            command, cwd=self.root / folder, env={**os.environ, **self._environment()}, capture_output=True, check=False
        )
        if done.returncode:
            raise UserError(f"{folder}: pulumi stack ls: {_one_line(done.stderr.decode(errors='replace'))}")
        return {item["name"] for item in json.loads(done.stdout)}

    def preview(self, stack: Stack, plan: Path) -> Outcome:
        """Ask the clouds what an update would do, and save it as a plan."""
        plan.parent.mkdir(parents=True, exist_ok=True)
        return self._run(stack, "preview", plan=str(plan.resolve()), diff=True)

    def up(self, stack: Stack, plan: Path) -> Outcome:
        """Do what a saved plan says, and nothing else."""
        return self._run(stack, "up", plan=str(plan.resolve()), show_secrets=False)

    def drift(self, stack: Stack) -> Outcome:
        """Compare what is live in the account with the state, and change neither."""
        return self._run(stack, "preview_refresh", exclude=[IN_CLUSTERS], show_secrets=False)

    def _run(self, stack: Stack, what: str, **options: Any) -> Outcome:
        from pulumi.automation import CommandError

        found, said = Outcome(), list[str]()

        def note(event: EngineEvent) -> None:
            happened = event.res_outputs_event if what == "preview_refresh" else event.resource_pre_event
            if happened:
                found.steps.extend(_step(happened.metadata))
            if event.diagnostic_event and event.diagnostic_event.severity == "error":
                said.append(event.diagnostic_event.message)

        try:
            getattr(self._stack(stack), what)(on_event=note, on_output=_show, color="never", **options)
        except CommandError as error:
            problems = [f"{stack.name}: pulumi: {_one_line(text)}" for text in dict.fromkeys(said)]
            raise UserError(problems or f"{stack.name}: pulumi: {_one_line(str(error))}") from error
        return found

    def _stack(self, stack: Stack) -> automation.Stack:
        from pulumi import automation

        workspace = automation.LocalWorkspace(
            work_dir=str(self.root / stack.folder),
            program=self.program or stack.program(self.root),
            pulumi_command=_command(),
            env_vars=self._environment(),
        )
        return automation.Stack.select(stack.name, workspace)

    def _environment(self) -> dict[str, str]:
        return {"PULUMI_BACKEND_URL": self.backend, "PULUMI_SKIP_UPDATE_CHECK": "true", **self.variables}


def program() -> Path:
    """Return where `pulumi` is: as this checkout built it by `make pulumi`, else on PATH."""
    built = Path(".tools", "bin", "pulumi")
    found = built if built.is_file() else shutil.which("pulumi")
    if found is None:
        raise UserError("pulumi: not found; build it by `make pulumi` (needs Go), or install it")
    return Path(found).resolve()


def _command() -> automation.PulumiCommand:
    from pulumi import automation

    return automation.PulumiCommand(root=str(program().parents[1]))


def _step(metadata: StepEventMetadata) -> Iterator[Step]:
    operation = str(metadata.op.value)
    if operation not in UNTOUCHED:
        paths = metadata.detailed_diff or metadata.diffs or ()
        yield Step(operation, metadata.type, metadata.urn.rpartition("::")[2], tuple(sorted(paths)))


def _show(text: str) -> None:
    printing.line(text.rstrip("\n"))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST]

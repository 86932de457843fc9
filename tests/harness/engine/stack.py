"""A Pulumi project on a real engine: a file backend, provider plugins of ours, nothing outside of one folder."""

from __future__ import annotations

import json
import os
import shutil
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pulumi import automation
from pulumi.runtime import _grpc_settings, resource, rpc_manager

from tests.harness.aws_plugin.kept import Shelf
from tests.harness.engine.quick import QuickStack
from tests.harness.engine.tools import ROOT, TOOLS
from tests.harness.kubernetes_plugin.clusters import exists
from tests.harness.kubernetes_plugin.objects import Recorder, recorded
from tests.harness.plugin.calls import Calls
from tests.harness.plugin.starter import PACKAGES, command

PASSPHRASE = "only for tests"
PLUGINS = {package: f"tests.harness.{package}_plugin" for package in PACKAGES}
"""Package -> the module that stands in for its provider."""

Program = Callable[[], None]

_grpc_settings._GRPC_CHANNEL_OPTIONS.append(("grpc.use_local_subchannel_pool", 1))  # type: ignore[arg-type]
# By default all clients of one process share what they know of an address: that of an engine that has gone is taken for
# dead when the next one, by chance, gets the same port.

for _module in (resource, rpc_manager):  # they word the traceback of each call of a run that failed, for a log unread
    _module.traceback = SimpleNamespace(extract_stack=traceback.extract_stack, format_exc=str)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Outcome:
    """What one run of the engine did."""

    changes: dict[str, int]
    """Operation -> number of resources: `{"create": 12}`; what stays the same is left out."""
    stdout: str
    """What people would see."""


class Engine:
    """One stack of one project, in one account.

    Args:
        folder: Empty folder for everything: a copy of the project, the backend, the plugins, what they keep.
        project: Folder of the Pulumi project; only `Pulumi.yaml` and the stack's own file are copied.
        stack: Name of the stack.
        account: Account that the credentials belong to.
        endpoint: Address of moto's server, on loopback.
        stack_file: The stack's file, where it is not in the project's folder.
        kubeconfig: `$KUBECONFIG` of whoever runs the stack; none by default, and never that of the machine.
    """

    def __init__(
        self,
        folder: Path,
        project: Path,
        *,
        stack: str,
        account: str,
        endpoint: str,
        stack_file: Path | None = None,
        kubeconfig: Path | None = None,
    ) -> None:
        self.folder, self.name, self.account, self.endpoint = folder, stack, account, endpoint
        self.checkpoints = False
        """Whether the engine writes its state after every step, as it does for people; only at the end of a run by
        default, which takes half the time."""
        self.kept = folder / "standin"
        self.kubeconfig = kubeconfig
        self._work = folder / "project"
        self._calls = Calls(self.kept)
        for path in (self.kept, self._work, folder / "backend", folder / "bin"):
            path.mkdir(parents=True)
        shutil.copy(project / "Pulumi.yaml", self._work)
        source = stack_file or project / f"Pulumi.{stack}.yaml"
        if source.exists():
            shutil.copy(source, self._work / f"Pulumi.{stack}.yaml")
        for package, module in PLUGINS.items():
            _executable(folder / "bin" / f"pulumi-resource-{package}", command(module))

    @property
    def variables(self) -> dict[str, str]:
        """The variables of whoever runs the stack."""
        return self._environment()

    @property
    def stack_file(self) -> Path:
        """The copy of the stack's file that the engine reads."""
        return self._work / f"Pulumi.{self.name}.yaml"

    def preview(self, program: Program, **options: Any) -> Outcome:
        """Preview the program."""
        result = self._stack(program).preview(**options)
        return Outcome(_changed(result.change_summary), result.stdout)

    def up(self, program: Program, **options: Any) -> Outcome:
        """Update to the program."""
        return _outcome(self._stack(program).up(**options))

    def refresh(self, program: Program, **options: Any) -> Outcome:
        """Read what is live into the state."""
        return _outcome(self._stack(program).refresh(**options))

    def destroy(self, program: Program, **options: Any) -> Outcome:
        """Delete what the state holds."""
        return _outcome(self._stack(program).destroy(**options))

    def outputs(self, program: Program) -> dict[str, Any]:
        """Return the stack's outputs."""
        return {key: output.value for key, output in self._stack(program).all_outputs().items()}

    def state_text(self) -> str:
        """Return the state file as it lies on the disk."""
        (path,) = (self.folder / "backend").rglob(f"stacks/**/{self.name}.json")
        return path.read_text()

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources in the state, those without components, the stack itself and providers."""
        return [item for item in self.all_resources() if item["custom"] and not item["type"].startswith("pulumi:")]

    def all_resources(self) -> list[dict[str, Any]]:
        """Return everything in the state."""
        return json.loads(self.state_text())["checkpoint"]["latest"].get("resources", [])

    def calls(self, verb: str) -> list[str]:
        """Return the names of what the plugins made, changed or deleted since the last `forget`, in order."""
        return [short(urn) for urn in self._calls.of(verb)]

    def objects(self, server: str) -> dict[str, Any]:
        """Return the Kubernetes objects of a cluster."""
        return Recorder(self.kept / "objects.json", server).all()

    def kept_things(self) -> dict[str, list[str]]:
        """Return what the plugins themselves keep, but for what was in clusters that are gone."""
        objects = [key for server in recorded(self.kept) if exists(server, self.kept) for key in self.objects(server)]
        found = {"kept": sorted(Shelf(self.kept / "kept.json").all()), "objects": sorted(objects)}
        return {sort: names for sort, names in found.items() if names}

    def unprotect(self) -> None:
        """Take the protection off everything in the state."""
        self._made.command("state", "unprotect", "--all", "--yes")

    def forget(self) -> None:
        """Forget the calls so far."""
        self._calls.forget()

    def fail_at_create(self, number: int | None) -> None:
        """Let the create of that number (from 1) of the next run fail; none lets all succeed."""
        self._calls.fail_at_create(number)

    def add_cluster(self, server: str) -> None:
        """Let there be a Kubernetes cluster that no stack made."""
        with (self.kept / "clusters").open("a") as clusters:
            clusters.write(f"{server}\n")

    def back_clusters(self, kubeconfig: Path) -> None:
        """Let every EKS cluster that the stack makes be a real control plane, which this kubeconfig leads to."""
        (self.kept / "backed").write_text(str(kubeconfig))

    def _stack(self, program: Program) -> QuickStack:
        self._made.workspace.program = program
        self._made.workspace.env_vars = self._environment()
        return self._made

    @cached_property
    def _made(self) -> QuickStack:
        options = automation.LocalWorkspace(
            work_dir=str(self._work),
            pulumi_command=_pulumi(),
            pulumi_home=str(self.folder / "home"),
            env_vars=self._environment(),
            secrets_provider="passphrase",
        )
        return QuickStack(self.name, options, self.folder / "backend")

    def _environment(self) -> dict[str, str]:
        return {
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_EXPERIMENTAL": "true",
            "PULUMI_SKIP_CHECKPOINTS": str(not self.checkpoints).lower(),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
            "KUBECONFIG": str(self.kubeconfig or ""),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "GOGC": "off",  # a run is short, and collecting is a sixth of its time
            "GOMEMLIMIT": "1GiB",
            "STANDIN_ENDPOINT": self.endpoint,
            "STANDIN_ACCOUNT": self.account,
            "STANDIN_FOLDER": str(self.kept),
        }


@cache
def _pulumi() -> automation.PulumiCommand:
    """Return the command; making one asks it for its version."""
    return automation.PulumiCommand(root=str(TOOLS))


def _executable(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def _outcome(result: Any) -> Outcome:
    return Outcome(_changed(result.summary.resource_changes or {}), result.stdout)


def _changed(counts: Mapping[Any, int]) -> dict[str, int]:
    return {str(getattr(key, "value", key)): count for key, count in counts.items() if key != "same"}


def short(urn: str) -> str:
    """Return the last type and the name of a URN: `Bucket artifacts`."""
    type_, name = urn.split("::")[2:4]
    return f"{type_.rsplit(':', 1)[1]} {name}"

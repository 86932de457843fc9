"""Which clusters there are, and which of them a provider means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.harness.aws_plugin.kept import Shelf, host_of
from tests.harness.plugin.wire import UNKNOWN

_CLUSTER = "eks/cluster:Cluster "
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Cluster:
    """A cluster that is there."""

    server: str
    """Address of its API server."""
    config: Mapping[str, Any] | None = None
    """The kubeconfig by which it is really reached; none where objects are only recorded."""
    context: str | None = None
    """The context of that kubeconfig."""


def cluster_of(settings: Mapping[str, Any], folder: Path) -> Cluster:
    """Return the cluster that a provider means: a real one on loopback, or one that exists in the stand-ins.

    Args:
        settings: What the provider was configured with: `kubeconfig`, or the name of a `context` of `$KUBECONFIG`.
        folder: Where the stand-ins keep what they keep.
    """
    config = _config(settings)
    context = settings.get("context") or config.get("current-context")
    server = _server(config, context)
    if urlsplit(server).hostname == _LOOPBACK:
        return Cluster(server, config, context)
    if not exists(server, folder):
        raise ConnectionError(f"kubernetes: {server}: no such cluster")
    if (real := folder / "backed").exists() and _is_made(server, folder):
        return Cluster(server, yaml.safe_load(Path(real.read_text()).read_text()))
    return Cluster(server)


def exists(server: str, folder: Path) -> bool:
    """Return whether there is such a cluster: one that the stack made, or one that was there before."""
    before = folder / "clusters"
    return _is_made(server, folder) or (before.exists() and server in before.read_text().split())


def _is_made(server: str, folder: Path) -> bool:
    kept = Shelf(folder / "kept.json").all()
    made = {host_of(inputs).lower() for key, inputs in kept.items() if key.startswith(_CLUSTER)}
    return (urlsplit(server).hostname or "").partition(".")[0] in made


def _config(settings: Mapping[str, Any]) -> dict[str, Any]:
    given = settings.get("kubeconfig")
    if given in (None, "") and settings.get("context"):
        given = _of_whoever_runs_it()
    if not given or given == UNKNOWN:
        raise ConnectionError("kubernetes: kubeconfig: missing; the stand-in takes none from the machine")
    return given if isinstance(given, dict) else yaml.safe_load(given)


def _of_whoever_runs_it() -> str:
    """Return what `$KUBECONFIG` holds, which the harness sets; nobody's own file is looked for."""
    path = os.environ.get("KUBECONFIG")
    return Path(path).read_text() if path else ""


def _server(config: dict[str, Any], name: Any) -> str:
    """Return the address of the API server; whoever asks has credentials, and checks that it is the right one."""
    context = _named(config, "contexts", name)["context"]
    cluster = _named(config, "clusters", context.get("cluster"))["cluster"]
    user = _named(config, "users", context.get("user"))["user"]
    if not user:
        raise ConnectionError(f"kubernetes: kubeconfig: user `{context['user']}` has no credentials")
    if not cluster.get("certificate-authority-data"):
        raise ConnectionError(f"kubernetes: kubeconfig: cluster `{context['cluster']}` has no certificate authority")
    return cluster["server"]


def _named(config: dict[str, Any], listed: str, name: Any) -> dict[str, Any]:
    found = [item for item in config.get(listed) or [] if item.get("name") == name]
    if not found:
        raise ConnectionError(f"kubernetes: kubeconfig: {listed}: no `{name}`")
    return found[0]

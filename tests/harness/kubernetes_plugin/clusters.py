"""Which clusters there are, and which of them a kubeconfig means."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.harness.aws_plugin.kept import Shelf, host_of
from tests.harness.plugin.wire import UNKNOWN

_CLUSTER = "eks/cluster:Cluster "


def server_of(kubeconfig: Any, folder: Path) -> str:
    """Return the address of the API server that a kubeconfig means; it has to be that of a cluster that exists."""
    if not kubeconfig or kubeconfig == UNKNOWN:
        raise ConnectionError("kubernetes: kubeconfig: missing; the stand-in takes none from the machine")
    config = kubeconfig if isinstance(kubeconfig, dict) else yaml.safe_load(kubeconfig)
    context = _named(config, "contexts", config.get("current-context"))["context"]
    cluster = _named(config, "clusters", context.get("cluster"))["cluster"]
    user = _named(config, "users", context.get("user"))["user"]
    if not user:
        raise ConnectionError(f"kubernetes: kubeconfig: user `{context['user']}` has no credentials")
    if not cluster.get("certificate-authority-data"):
        raise ConnectionError(f"kubernetes: kubeconfig: cluster `{context['cluster']}` has no certificate authority")
    if not exists(cluster["server"], folder):
        raise ConnectionError(f"kubernetes: {cluster['server']}: no such cluster")
    return cluster["server"]


def exists(server: str, folder: Path) -> bool:
    """Return whether there is such a cluster: one that the stack made, or one that was there before."""
    before = folder / "clusters"
    kept = Shelf(folder / "kept.json").all()
    made = {host_of(inputs).lower() for key, inputs in kept.items() if key.startswith(_CLUSTER)}
    host = (urlsplit(server).hostname or "").partition(".")[0]
    return host in made or (before.exists() and server in before.read_text().split())


def _named(config: dict[str, Any], listed: str, name: Any) -> dict[str, Any]:
    found = [item for item in config.get(listed) or [] if item.get("name") == name]
    if not found:
        raise ConnectionError(f"kubernetes: kubeconfig: {listed}: no `{name}`")
    return found[0]

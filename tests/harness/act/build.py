"""A scaffolded project at a host, connected to three environments."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import psutil
import yaml

from tests.harness.act.app import app_of
from tests.harness.act.cloud import APP_SECRET, cloud
from tests.harness.act.host import hosted, protect
from tests.harness.act.network import network
from tests.harness.act.runner import HOSTED, Act
from tests.harness.act.site import Site
from tests.harness.scaffold import commit_all, git

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

CLIENT_ID = "Iv23act"


@contextlib.contextmanager
def site(prepared: Path, database: Path, folder: Path, *, with_app: bool = True) -> Generator[Site]:
    """Build all of it for one test.

    Args:
        prepared: A project that is set up; see prepared.py.
        database: An empty one of MLflow.
        folder: An empty folder.
        with_app: Whether the organisation has an app, as which pull requests are opened.
    """
    private, app = app_of(CLIENT_ID)
    with (
        network() as inside,
        cloud(inside, folder / "environments", database) as there,
        hosted(inside, folder / "host", app if with_app else None) as host,
    ):
        variables = {"AWS_ENDPOINT_URL": there.aws, "AWS_EC2_METADATA_DISABLED": "true"}
        labels = (HOSTED, *(item.label for item in there.environments.values()))
        (folder / "act").mkdir()
        act = Act(inside, folder / "act", prepared, variables, labels)
        made = Site(folder, inside, host, there, act)
        _connect(made, private, with_app=with_app)
        try:
            yield made
        finally:
            _stop(folder)


def _connect(site: Site, app_key: bytes, *, with_app: bool) -> None:
    """Put the project with its contracts into the repository, and protect its default branch."""
    git(site.folder, "clone", "--quiet", str(site.act.prepared), "connecting")
    clone = site.folder / "connecting"
    for name, text in site.cloud.contracts(app_key).items():
        (clone / "stack" / f"{name}.json").write_bytes(text)
    if with_app:
        keys = dict.fromkeys(site.cloud.environments, f"awssecretsmanager:///{APP_SECRET}")
        settings = {"app": {"client_id": CLIENT_ID, "private_keys": keys}}
        with (clone / ".stackwright.yaml").open("a") as file:
            file.write(yaml.safe_dump(settings))
    commit_all(clone, "Connect")
    git(clone, "push", "--quiet", str(site.host.bare), "HEAD:refs/heads/main")
    protect(site.host)


def _stop(folder: Path) -> None:
    """End the servers of models."""
    for process in psutil.process_iter(["cmdline"]):
        words: Any = process.info["cmdline"] or []
        if "--instance" in words and any(f"{folder}/" in word for word in words):
            process.kill()

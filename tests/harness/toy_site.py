"""The workflow files of a scaffolded project, executed for a project of few files: cheap, and every command is real.

Its pipeline is a Makefile of few lines, its environments are folders, and `stackwright` is this checkout. Each target
fails when the commit has a file of its name in `broken/`; what `broken/monitor` holds takes the place of what a look at
traffic says.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.release.register import register
from tests.harness.act.cloud import Cloud
from tests.harness.act.events import event_of
from tests.harness.act.host import hosted
from tests.harness.act.network import network
from tests.harness.act.runner import Act
from tests.harness.act.site import WORKFLOWS, Site
from tests.harness.project import Toy
from tests.harness.scaffold import ROOT, git

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.harness.act.runner import Run
    from tests.harness.act.triggers import Event

MODEL = "toy"
COMMAND = f"""\
#!/bin/sh
if [ "$1 $2" = "ci monitor" ] && [ -e broken/monitor ]; then cat broken/monitor >>"$GITHUB_OUTPUT"; exit; fi
PYTHONPATH="{ROOT}" exec "{sys.executable}" -m pipelines.cli "$@"
"""
MAKEFILE = f"""\
MADE := train rows sbom
TARGETS := setup lint test smoke pull push update $(MADE)
.PHONY: $(TARGETS)
$(TARGETS):
\t@test ! -e broken/$@ || {{ echo "$@ is broken" >&2; exit 1; }}
\t@test -z "$(filter $@,$(MADE))" || PYTHONPATH="{ROOT}" "{sys.executable}" -m tests.harness.toy.pipeline $@
"""


@dataclass
class ToySite(Site):
    """A project of few files at a host; see `Site` for what is inherited."""

    toy: Toy | None = None
    """Its environments, and the clone that it came from."""

    @property
    def origin(self) -> Toy:
        assert self.toy is not None
        return self.toy

    def pin(self, environment: str) -> dict[str, Any]:
        """Return what the default branch pins."""
        return yaml.safe_load(self.show(f"promotions/{environment}/{MODEL}.yaml"))

    def serving(self) -> dict[str, str | None]:
        """Ask the server of each environment which digest it serves."""
        return {name: self.served(name) for name in ("dev", "staging", "prod")}

    def served(self, environment: str) -> str | None:
        """Ask the server of an environment which digest it serves."""
        endpoint = self.origin.environments / environment / "serving" / f"{MODEL}.json"
        if not endpoint.exists():
            return None
        said = self.network.get(f"{json.loads(endpoint.read_text())['url']}/v2/models/{MODEL}")
        return json.loads(said)["versions"][0]

    def land(self, edit: Callable[[Path], object]) -> str:
        """Merge a person's change, whatever its checks say, and return the commit; nothing runs yet."""
        number = self.propose(f"change-{self._clones}", edit)
        self.github.runs = [run for run in self.github.runs if (run.event, run.about) != ("pull_request", number)]
        return self.github.merge(number)

    def release(self, **values: object) -> str:
        """Register another package in dev as a person would, merge its pin, and return its digest; nothing runs yet."""
        digests = list[str]()

        def edit(clone: Path) -> None:
            toy = Toy(clone, self.origin.environments)
            digests.append(toy.build(MODEL, **values))
            register(toy.project, MODEL)

        self.land(edit)
        return digests[0]

    def started(self, event: str, number: int = 0) -> Event:
        """Return what the host has started and nobody has answered yet, by default the first, and answer it."""
        found = [run for run in self.github.runs if run.event == event][number]
        self.github.runs.remove(found)
        return event_of(self.github, self.tip, found)

    def execute(self, workflow: str, event: Event) -> Run:
        """Run one workflow for an event; what it starts is left."""
        return self._execute(event, f"{WORKFLOWS}/{workflow}.yml")


@contextlib.contextmanager
def toy_site(toy: Toy, rendered: Path, folder: Path) -> Generator[ToySite]:
    """Put a project of few files, with the workflow files of a rendered one, at a host of its own.

    Args:
        toy: The project and its environments; it is not used afterwards.
        rendered: A scaffolded project.
        folder: An empty folder.
    """
    prepared = folder / "prepared"
    command = prepared / ".stackwright" / "venv" / "bin" / "stackwright"
    command.parent.mkdir(parents=True)
    (prepared / ".venv").mkdir()
    command.write_text(COMMAND)
    command.chmod(0o755)
    (folder / "act").mkdir()
    folder.mkdir(exist_ok=True)
    with network() as inside, hosted(inside, folder / "host") as host:
        act = Act(inside, folder / "act", prepared, {})
        site = ToySite(folder, inside, host, Cloud("", {}), act, toy=toy)
        _connect(site, rendered)
        try:
            yield site
        finally:
            toy.stop()


def _connect(site: ToySite, rendered: Path) -> None:
    toy = site.origin
    shutil.copytree(rendered / ".github", toy.root / ".github")
    (toy.root / "Makefile").write_text(MAKEFILE)
    with (toy.root / ".gitignore").open("a") as ignored:
        ignored.write(".venv\n.stackwright\n")
    for name in ("dev", "staging", "prod"):
        toy.edit(f"stack/{name}.json", runs_on="ubuntu-24.04")
    toy.commit("Connect")
    git(toy.root, "push", "--quiet", str(site.host.bare), "HEAD:refs/heads/main")

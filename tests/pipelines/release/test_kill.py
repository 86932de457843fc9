"""Kill -9 before and after every write of the commands that write."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pipelines.release.deployment import deploy
from pipelines.release.gating import gate
from pipelines.release.package import read_package
from pipelines.release.pin import Pin
from pipelines.release.promotion import promote
from pipelines.release.register import register
from pipelines.release.rollback import rollback
from pipelines.release.verification import verify
from tests.harness.children import WRITES, killed, observed, points
from tests.harness.project import Toy

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

    from pipelines.release.results import Result

COPY = ["staging_folder", "stage_file", "stage_file", "publish_folder"]
TAKE_OVER = ["replace_file", "start_process", "replace_file", "signal_process", "remove_file"]


def serve_first_release(toy: Toy) -> None:
    """Let dev serve release 1."""
    first = read_package(toy.environments / f"staging/artifacts/toy/models/sha256/{pinned(toy, 'staging')[7:]}")
    toy.deployer("dev").deploy(Pin(**toy.pin("staging")), first)


def pinned(toy: Toy, environment: str) -> str:
    """Return what an environment pins."""
    return str(toy.pin(environment)["digest"])


def gated(toy: Toy) -> None:
    """Have evidence for staging."""
    gate(toy.project, "staging", "toy")
    toy.commit("evidence")


def promoted(toy: Toy) -> None:
    """Have release 2 in staging."""
    gate(toy.project, "staging", "toy")
    promote(toy.project, "staging", "toy")
    toy.commit("promote")


def unpinned(toy: Toy) -> None:
    """Have no pin in dev."""
    (toy.root / "promotions/dev/toy.yaml").unlink()
    toy.commit("unpin")


def first_in_dev(toy: Toy) -> None:
    """Have release 1 in dev, and evidence for staging."""
    register(toy.project, "toy")
    toy.commit("register")
    gated(toy)


def nothing(toy: Toy) -> None:
    """Prepare nothing more."""


@dataclass(frozen=True)
class Scenario:
    """A command, what it finds, and the writes that it makes."""

    start: str
    command: Callable[[Toy], Result]
    writes: list[str]
    prepare: Callable[[Toy], None] = nothing
    before: Callable[[Toy], None] = nothing


SCENARIOS = {
    "register": Scenario(
        "new",
        lambda toy: register(toy.project, "toy"),
        [*COPY, "create_file", *["change_registry"] * 3, "replace_file"],
    ),
    "gate": Scenario("released", lambda toy: gate(toy.project, "staging", "toy"), ["replace_file"]),
    "promote": Scenario(
        "released",
        lambda toy: promote(toy.project, "staging", "toy"),
        [*COPY, "create_file", "change_registry", "replace_file", "replace_file"],
        prepare=gated,
    ),
    "first promote": Scenario(
        "new",
        lambda toy: promote(toy.project, "staging", "toy"),
        [*COPY, "create_file", *["change_registry"] * 2, "replace_file", "replace_file"],
        prepare=first_in_dev,
    ),
    "deploy": Scenario(
        "released", lambda toy: deploy(toy.project, "dev", "toy"), [*COPY, *TAKE_OVER], before=serve_first_release
    ),
    "first deploy": Scenario(
        "released",
        lambda toy: deploy(toy.project, "dev", "toy"),
        [*COPY, "replace_file", "start_process", "replace_file", "remove_file"],
    ),
    "undeploy": Scenario(
        "released",
        lambda toy: deploy(toy.project, "dev", "toy"),
        ["signal_process", "remove_file"],
        prepare=unpinned,
        before=serve_first_release,
    ),
    "rollback": Scenario(
        "released",
        lambda toy: rollback(toy.project, "staging", "toy", "wrong"),
        ["replace_file", "replace_file"],
        prepare=promoted,
    ),
}
ENDURES = {"start_process", "signal_process"}
"""Writes of processes: what they began goes on between them and the next write."""


def case(name: str, number: int, write: str, when: str) -> ParameterSet:
    """Name a case; after a write of files lies what lies before the next one, so one of the two is enough mostly."""
    last = number == len(SCENARIOS[name].writes) - 1
    again = when == "after" and not last and write not in ENDURES
    marks = [pytest.mark.slow] if again else []
    return pytest.param(name, number, write, when, marks=marks, id=f"{name}-{number}-{write}-{when}".replace(" ", "_"))


CASES = [case(name, *point) for name, scenario in SCENARIOS.items() for point in points(scenario.writes)]


@dataclass(frozen=True)
class Stage:
    """A prepared project that returns to how it was, in place: its contracts hold absolute addresses."""

    scenario: Scenario
    toy: Toy
    pristine: Path

    @cached_property
    def old_and_new(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What there is before the command, and after one that nobody kills."""
        self.restore()
        old = picture(self.toy)
        self.run()
        return old, picture(self.toy)

    @property
    def scratch(self) -> Path:
        return self.toy.root.parent / "scratch"

    def restore(self) -> None:
        self.toy.stop()
        shutil.rmtree(self.toy.root.parent)
        shutil.copytree(self.pristine, self.toy.root.parent, symlinks=True)
        self.scratch.mkdir()
        self.scenario.before(self.toy)

    def run(self) -> str:
        return self.scenario.command(self.toy).status


@pytest.fixture(scope="module")
def stage(
    prepared_new: Toy, prepared_released: Toy, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Callable[[str], Stage]]:
    """Make each stage once, and end its servers; no connection to a database that is put back stays open."""
    made: dict[str, Stage] = {}

    def make(name: str) -> Stage:
        if name not in made:
            scenario, folder = SCENARIOS[name], tmp_path_factory.mktemp("kill")
            toy = {"new": prepared_new, "released": prepared_released}[scenario.start].copy(folder / "live")
            scenario.prepare(toy)
            toy.pack()
            shutil.copytree(folder / "live", folder / "pristine", symlinks=True)
            made[name] = Stage(scenario, toy, folder / "pristine")
        return made[name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")
        yield make
    for item in made.values():
        item.toy.stop()


def picture(toy: Toy) -> dict[str, Any]:
    """All that a command leaves behind, but what differs each time (signatures, ports, times)."""
    promotions = sorted(path for path in (toy.root / "promotions").rglob("*") if path.is_file())
    stored = sorted(path for path in toy.environments.rglob("*") if ".db" not in path.name and "logs" not in path.parts)
    evidence = toy.root / "promotions" / "evidence"
    return {
        "pins": {str(path): path.read_bytes() for path in promotions if evidence not in path.parents},
        "evidence": [str(path) for path in promotions if evidence in path.parents],
        "stored": [str(path) for path in stored if path.name not in {".staging", ".lock"}],
        "registered": {name: registered(toy.environments / name / "mlflow.db") for name in toy.project.environments},
        "serving": toy.serving("dev"),
        "servers": len(toy.servers()),
    }


def registered(database: Path) -> list[Any]:
    """Return all versions and tags of a registry."""
    with sqlite3.connect(database) as connection:
        versions = "select name, version, key, value from model_version_tags order by 1, 2, 3"
        return connection.execute(versions).fetchall()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_writes_of_a_command_are_known(name: str, stage: Callable[[str], Stage]) -> None:
    """Each command makes the writes that the cases below kill it at, and no other."""
    at = stage(name)
    at.restore()

    assert SCENARIOS[name].writes == observed(lambda: at.scenario.command(at.toy), at.scratch)


def test_every_write_is_killed_at() -> None:
    """No function of the writes module is left out, but those that need an object store, a cluster or a host.

    Deployments to a cluster are killed at every write in tests/cluster/serving. What jobs write at their host
    is done again by the next run, as tests/pipelines/delivery shows.
    """
    used = {name for scenario in SCENARIOS.values() for name in scenario.writes}

    elsewhere = {"put_object", "put_large_object", "change_cluster", "change_host", "change_git", "append_file"}

    assert set(WRITES) - elsewhere == used


@pytest.mark.parametrize(("name", "number", "write", "when"), CASES)
def test_a_killed_command_leaves_old_or_new_and_completes(
    name: str, number: int, write: str, when: str, stage: Callable[[str], Stage]
) -> None:
    """Whenever it is killed, pins and servers are the old or the new ones, and the same command completes it."""
    at = stage(name)
    old, new = at.old_and_new
    at.restore()

    killed(lambda: at.scenario.command(at.toy), number, when, at.scratch)
    left = picture(at.toy)

    allowed = {old["serving"], new["serving"]}
    assert left["serving"] in allowed
    assert [] == [path for path, content in left["pins"].items() if content not in _either(path, old, new)]
    refused = _half_rolled_back(left, new) if name == "rollback" else []
    assert refused == [line for error in verify(at.toy.project)[1] for line in error.problems]
    assert _expected_status(name, left, new) == at.run()
    assert new == picture(at.toy)
    assert ("done" if name == "gate" else "nothing to do") == at.run()
    assert new == picture(at.toy)


def _either(path: str, *pictures: dict[str, Any]) -> list[bytes | None]:
    return [item["pins"].get(path) for item in pictures]


def _half_rolled_back(left: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """A rollback writes the refusal first: until the pin follows, `verify` says that it is refused."""
    pin = next(path for path in new["pins"] if path.endswith("staging/toy.yaml"))
    refused = next(path for path in new["pins"] if path.endswith("refused.yaml"))
    if left["pins"][refused] != new["pins"][refused]:
        assert left["pins"][pin] != new["pins"][pin], "the pin went back, and the bad digest may come again"
        return []
    if left["pins"][pin] == new["pins"][pin]:
        return []
    digest = yaml.safe_load(left["pins"][pin])["digest"]
    return [f"promotions/staging/toy.yaml: digest: {digest[:19]} was refused in staging: wrong"]


def _expected_status(name: str, left: dict[str, Any], new: dict[str, Any]) -> str:
    """What the second run says: a deployment is complete as soon as clients are sent to the new server."""
    settled = {
        "gate": False,
        "deploy": left["serving"] == new["serving"],
        "first deploy": left["serving"] == new["serving"],
        "undeploy": left["stored"] == new["stored"],
    }
    return "nothing to do" if settled.get(name, left["pins"] == new["pins"]) else "done"

"""The life of a project, step by step; after each one the environments must serve what the step says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from components.errors import UserError
from pipelines.project import Project
from pipelines.rehearsal.workspace import ENVIRONMENTS, Workspace
from pipelines.release.pin import read_pin, short
from pipelines.release.places import pin_path


@dataclass(frozen=True)
class Done:
    """A step that went as it should."""

    title: str
    seconds: float
    outcome: str
    serving: dict[str, str | None]


@dataclass
class Life:
    """What has happened so far."""

    space: Workspace
    expected: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(ENVIRONMENTS))
    """Which digest each environment must serve now."""
    releases: list[str] = field(default_factory=list[str])
    """Digests in the order of their registration."""

    def set_up(self) -> str:
        """Set up the project: its environment and its platform's command; offline when all is cached."""
        try:
            self.space.run("make", "setup", extra={"UV_OFFLINE": "1"})
            said = "from the cache, offline"
        except UserError:
            self.space.run("make", "setup")
            said = "packages were fetched"
        self.space.run(".stackwright/venv/bin/stackwright", "contract", "local", str(self.space.environments))
        self.space.commit("Lock the dependencies, connect the environments")
        return said

    def project_tests(self) -> str:
        """Run the project's own tests."""
        return self.space.run("make", "test").strip().splitlines()[-1].strip("= ")

    def pipeline(self) -> str:
        """Run the pipeline; a second run has nothing to do and makes the same package."""
        first = self._train()
        self.space.commit("Record the pipeline run")
        again = self.space.run(".venv/bin/dvc", "repro")
        if "up to date" not in again or self._train() != first:
            raise UserError("the pipeline ran again, or made another package, from the same inputs")
        return f"package {short(first)}, twice the same"

    def first_release(self) -> str:
        """Register in dev, then gate, promote and deploy to staging and prod: the same digest everywhere."""
        digest = self._register()
        for environment in ("staging", "prod"):
            self._release(environment, digest)
        return f"release 1 ({short(digest)}) serves in dev, staging and prod"

    def calm(self) -> str:
        """Send the traffic that the model was made for: monitoring stays calm."""
        return self._monitored("calm", "ok", seed=1)

    def drift(self) -> str:
        """Change the world: monitoring sees it, and asks for a new model."""
        return self._monitored("drift", "retrain", "--drift", seed=2)

    def retrain(self) -> str:
        """Retrain on labelled rows of the changed world; register the result, gate it against the champion."""
        self.space.simulate("collect")
        self.space.commit("Add rows of the changed world")
        self._train()
        self.space.commit("Retrain")
        digest = self._register()
        self._release("staging", digest)
        return f"release 2 ({short(digest)}) passes against the champion on the same rows; staging serves it"

    def corrupt(self) -> str:
        """Flip one byte of the package in staging's store: its promotion to prod is refused, then repaired."""
        digest = self.releases[-1]
        file = self._stored("staging", digest) / "model.onnx"
        content = file.read_bytes()
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        said = self._refused("gate", "--env", "prod", expect=1)
        file.write_bytes(content)
        return said

    def second_release(self) -> str:
        """Gate, promote and deploy the repaired package to prod."""
        self._release("prod", self.releases[-1])
        return f"release 2 ({short(self.releases[-1])}) serves in prod"

    def worse(self) -> str:
        """Make a worse model: dev takes it, the gate to staging does not."""
        self.space.simulate("weaken")
        self.space.commit("Weaken the model by mistake")
        self._train()
        self.space.commit("Record the pipeline run")
        self._register()
        gate = self.space.stackwright("gate", "--env", "staging", expect=4)
        self.space.commit("Keep the evidence against it")
        self._refused("promote", "--env", "staging", expect=4)
        return str(gate["results"][0]["details"][0])

    def rollback(self) -> str:
        """Revert the pin of prod: the release before it serves again, and the bad one stays refused."""
        bad, good = self.releases[1], self.releases[0]
        self.space.stackwright("rollback", "--env", "prod", "--reason", "rehearsed")
        self.space.commit("Roll prod back")
        self._deploy("prod", good)
        self._refused("gate", "--env", "prod", "--digest", bad, expect=4)
        return f"prod serves release 1 ({short(good)}) again; {short(bad)} is refused there"

    def verify(self) -> str:
        """Check every pin, its evidence and its history once more."""
        self.space.run(".stackwright/venv/bin/stackwright", "verify")
        return "all pins hold"

    def _train(self) -> str:
        self.space.run("make", "train")
        return self.package_digest()

    def package_digest(self) -> str:
        """Return the digest of the package that the pipeline made last."""
        from pipelines.release.package import read_package

        settings = Project(self.space.root).settings.models[self.space.model]
        return read_package(self.space.root / settings.package).digest

    def _register(self) -> str:
        self.space.stackwright("register")
        digest = self.package_digest()
        self.space.commit("Register a release")
        self.releases.append(digest)
        self._deploy("dev", digest)
        return digest

    def _release(self, environment: str, digest: str) -> None:
        self.space.stackwright("gate", "--env", environment)
        self.space.stackwright("promote", "--env", environment)
        self.space.commit(f"Pin {short(digest)} in {environment}")
        pin = read_pin(Project(self.space.root), environment, self.space.model)
        if pin is None or pin.digest != digest:
            raise UserError(f"{pin_path(environment, self.space.model)}: does not pin {digest}")
        self._deploy(environment, digest)

    def _deploy(self, environment: str, digest: str) -> None:
        self.space.stackwright("deploy", "--env", environment)
        self.expected[environment] = digest

    def _refused(self, *arguments: str, expect: int) -> str:
        said = self.space.stackwright(*arguments, expect=expect)
        return str(said["problems"][0])

    def _monitored(self, name: str, verdict: str, *extra: str, seed: int) -> str:
        space = self.space
        labels = space.environments / "prod" / "labels" / space.model / f"{name}.csv"
        target = ("--url", space.url("prod"), "--model", space.model, "--labels", str(labels))
        space.simulate("traffic", *target, "--seed", str(seed), *extra)
        time.sleep(1.5)
        report = space.folder / f"monitoring-{name}.html"
        result = space.stackwright("monitor", "--env", "prod", "--report", str(report))["results"][0]
        if result["data"]["verdict"] != verdict:
            raise UserError(f"monitoring says {result['data']['verdict']}, expected {verdict}: {result['details']}")
        return f"{verdict}: {result['details'][0]}"

    def _stored(self, environment: str, digest: str) -> Path:
        name = Project(self.space.root).settings.project
        packages = self.space.environments / environment / "artifacts" / name / "models" / "sha256"
        return packages / digest.removeprefix("sha256:")


STEPS: list[tuple[str, Callable[[Life], str]]] = [
    ("Set up", Life.set_up),
    ("Project's tests", Life.project_tests),
    ("Pipeline", Life.pipeline),
    ("First release, everywhere", Life.first_release),
    ("Calm traffic", Life.calm),
    ("Injected drift", Life.drift),
    ("Retrained, to staging", Life.retrain),
    ("Corruption is refused", Life.corrupt),
    ("Second release, to prod", Life.second_release),
    ("A worse one is blocked", Life.worse),
    ("Rolled back", Life.rollback),
    ("Verify every pin", Life.verify),
]

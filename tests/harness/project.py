"""A project of few files, in environments of folders: for tests of releases that need no pipeline."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import yaml

from pipelines.contracts import write_local
from pipelines.deploy.open import open_deployer
from pipelines.deploy.process import ProcessDeployer
from pipelines.project import Project
from pipelines.release.gating import gate
from pipelines.release.package import MANIFEST, build_manifest, read_package
from pipelines.release.promotion import promote
from pipelines.release.register import register

TOY = Path(__file__).parent / "toy"
GATE = {
    "primary": {"metric": "accuracy", "direction": "higher", "margin": 0.02, "min_rows": 100},
    "floors": [{"metric": "accuracy", "direction": "higher", "bound": 0.5}],
    "slices": {"columns": ["group"], "margin": 0.2, "min_rows": 50},
    "budgets": {"package_mib": 1, "score_milliseconds_per_row": 1000},
}


@dataclass(frozen=True)
class Toy:
    """A git repository with one or more models, and three environments beside it."""

    root: Path
    environments: Path

    @property
    def project(self) -> Project:
        return Project(self.root)

    def build(self, model: str = "toy", **values: object) -> str:
        """Write the package that a pipeline would write, and return its digest."""
        folder = self.root / "build" / model
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "model.json").write_text(json.dumps({"wrong_every": 5, **values}, sort_keys=True))
        (folder / MANIFEST).write_bytes(build_manifest(folder))
        return read_package(folder).digest

    def rows(self, count: int, model: str = "toy") -> None:
        """Write the rows that the gate scores."""
        with (self.root / "data" / f"{model}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["key", "label"])
            writer.writerows([index, (index // 2) % 2] for index in range(count))

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, message: str = "change") -> Toy:
        """Commit everything, and return the project."""
        self.git("add", "-A")
        self.git("commit", "-qm", message, "--allow-empty")
        return self

    @property
    def tip(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    def pack(self) -> None:
        """Keep all commits in one file: few files are soon copied."""
        self.git("gc", "--quiet", "--prune=now")

    def clone(self, target: Path) -> Toy:
        """Return another clone of the same origin, with the same built files."""
        subprocess.run(["git", "clone", "-q", self.git("remote", "get-url", "origin"), str(target)], check=True)
        configure(target)
        for folder in ("build", "data"):
            shutil.copytree(self.root / folder, target / folder, dirs_exist_ok=True)
        return Toy(target, self.environments)

    def edit(self, path: str, **changes: object) -> None:
        """Change fields of a YAML or JSON file; None removes one."""
        file = self.root / path
        content = yaml.safe_load(file.read_text()) | changes
        kept = {name: value for name, value in content.items() if value is not None}
        file.write_text(json.dumps(kept, indent=1) if path.endswith(".json") else yaml.safe_dump(kept, sort_keys=False))

    def copy(self, folder: Path) -> Toy:
        """Return the same project and environments in another folder, which its contracts then say."""
        shutil.copytree(self.root.parent, folder, symlinks=True, dirs_exist_ok=True)
        toy = toy_in(folder)
        for file in (toy.root / "stack").glob("*.json"):
            file.write_text(file.read_text().replace(str(self.environments), str(toy.environments)))
        toy.git("commit", "-qam", "connect to other environments", "--allow-empty")
        return toy

    def publish(self, model: str = "toy", **values: object) -> str:
        """Build, register and commit a package, and return its digest."""
        digest = self.build(model, **values)
        register(self.project, model)
        self.commit(f"pin {digest[:19]} in dev")
        return digest

    def advance(self, environment: str, model: str = "toy", digest: str | None = None) -> None:
        """Gate, promote and commit what the environment before holds."""
        assert "done" == gate(self.project, environment, model, digest).status
        assert "done" == promote(self.project, environment, model, digest).status
        self.commit(f"pin {model} in {environment}")

    def pin(self, environment: str, model: str = "toy") -> dict[str, object]:
        return yaml.safe_load((self.root / "promotions" / environment / f"{model}.yaml").read_text())

    def deployer(self, environment: str, **limits: float) -> ProcessDeployer:
        """Return the deployer of an environment, with other time limits."""
        deployer = open_deployer(self.project, self.project.contract(environment))
        assert isinstance(deployer, ProcessDeployer)
        return replace(deployer, **limits)

    def serving(self, environment: str, model: str = "toy") -> str | None:
        """Return the digest that an environment's server says it serves."""
        endpoint = self.deployer(environment).serving(model)
        return endpoint.digest if endpoint else None

    def servers(self) -> list[psutil.Process]:
        """Return the server processes of the environments, whether a client is sent to them or not."""
        found = psutil.process_iter(["cmdline"])
        return [process for process in found if "--instance" in self._words(process)]

    def stop(self) -> None:
        """End every process of the environments; whoever starts one keeps a log of it."""
        if not any(self.environments.glob("*/serving/logs")):
            return
        for process in psutil.process_iter(["cmdline"]):
            if self._words(process):
                process.kill()

    def _words(self, process: psutil.Process) -> list[str]:
        words = process.info["cmdline"] or []
        return words if any(f"{self.environments}/" in word for word in words) else []


def toy_in(folder: Path) -> Toy:
    """Return the project and environments that lie in a folder."""
    return Toy(folder / "project", folder / "environments")


def make_toy(folder: Path, models: tuple[str, ...] = ("toy",), rows: int = 1000) -> Toy:
    """Return a new project, committed, connected to local environments."""
    toy = toy_in(folder)
    root = toy.root
    for name in ("data", "policies", "promotions"):
        (root / name).mkdir(parents=True)
    settings = {name: model_settings(name) for name in models}
    (root / ".stackwright.yaml").write_text(
        yaml.safe_dump({"platform": "/nowhere", "revision": "0" * 40, "project": "toy", "models": settings})
    )
    (root / "policies" / "gate.yaml").write_text(yaml.safe_dump({"models": dict.fromkeys(models, GATE)}))
    (root / "promotions" / "refused.yaml").write_text("refused: []\n")
    (root / ".gitignore").write_text("build/\ndata/\n")
    for name in models:
        toy.rows(rows, name)
    subprocess.run(["git", "init", "-q", "-b", "main", "--template=", str(root)], check=True)
    configure(root)
    write_local(toy.project, toy.environments)
    toy.commit("start")
    return toy


def model_settings(name: str) -> dict[str, object]:
    """Return the settings of one toy model."""
    return {
        "package": f"build/{name}",
        "rows": f"data/{name}.csv",
        "score": [sys.executable, str(TOY / "score.py")],
        "serve": [sys.executable, str(TOY / "serve.py")],
    }


def configure(root: Path) -> None:
    """Give a clone somebody to commit as, and nothing to tidy up after each commit."""
    with (root / ".git" / "config").open("a") as file:
        file.write(
            "[user]\n\tname = A Person\n\temail = person@example.org\n[commit]\n\tgpgsign = false\n"
            "[maintenance]\n\tauto = false\n[gc]\n\tauto = 0\n"
        )

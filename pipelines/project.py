"""A project as the command sees it: its files, in the working tree or at a commit."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field

from components.base import Document
from components.errors import UserError, closest
from pipelines.connect.reading import read_versioned
from pipelines.hosts.git_access import git_variables
from stacks.contract import Contract, incompatible
from stacks.load import Model, parse

SETTINGS = ".stackwright.yaml"
FULL_COMMIT = re.compile(r"[0-9a-f]{40}")
PRIVATE_KEY = r"^(awssecretsmanager:///[A-Za-z0-9/_+=.@-]{1,512}|kubernetes:///[a-z0-9-]+/[a-z0-9.-]+#[A-Za-z0-9._-]+)$"


class ModelSettings(Document):
    """One model of a project."""

    package: str
    """Folder that the pipeline writes, relative to the project."""
    rows: str
    """Held-out rows that the gate scores, relative to the project."""
    score: list[str] = Field(min_length=1)
    """Scoring command; gets `--package DIR --rows FILE --output FILE`."""
    serve: list[str] = Field(min_length=1)
    """Serving command; gets `--package --model --host --port --prediction-log --instance`."""
    cpu: float = Field(default=0.25, gt=0, le=1000)
    """Cores that one copy of the model asks for, where it is served in a cluster."""
    memory_gib: float = Field(default=1.0, gt=0, le=10_000)
    """GiB of memory that one copy has, and not more, where it is served in a cluster."""


class AppSettings(Document):
    """The organisation's app at the host, as which jobs open pull requests."""

    client_id: str = Field(pattern=r"^([0-9]{1,12}|Iv[A-Za-z0-9.]{4,40})$")
    """Client ID of the app, or its App ID in quotes."""
    private_keys: dict[str, Annotated[str, Field(pattern=PRIVATE_KEY)]] = Field(min_length=1)
    """Environment -> where its secrets hold the app's private key (PEM): `awssecretsmanager:///NAME` or
    `kubernetes:///NAMESPACE/NAME#KEY`. Jobs of an environment that is not named use the workflow's own token."""


class Settings(Document):
    """`.stackwright.yaml`: the platform behind a project, and its models."""

    platform: str
    """Address of the platform repository."""
    revision: str
    """Full commit of the platform that this project was made with."""
    project: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    models: dict[str, ModelSettings] = Field(min_length=1)
    app: AppSettings | None = None
    """As whom jobs open pull requests; by default as the workflow itself, which leaves more clicks to people."""


@dataclass(frozen=True)
class Project:
    """The files of a project: in the working tree, or (`commit`) as of one commit."""

    root: Path
    commit: str | None = None

    def read(self, path: str) -> bytes | None:
        """Return a file's content, or nothing when there is no such file."""
        if self.commit:
            return git_blob(self.root, self.commit, path)
        file = self.root / path
        return file.read_bytes() if file.is_file() else None

    def names(self, folder: str, ending: str) -> list[str]:
        """Return the names of the files directly in a folder, without their ending."""
        if self.commit:
            listing = git(self.root, "ls-tree", "--name-only", self.commit, f"{folder}/")
            found = [PurePosixPath(line) for line in listing.splitlines()]
        else:
            found = [PurePosixPath(path.name) for path in (self.root / folder).glob(f"*{ending}")]
        return sorted(path.name.removesuffix(ending) for path in found if path.name.endswith(ending))

    def load(self, path: str, model: type[Model]) -> Model:
        """Read a document of the project, or say what is wrong with it."""
        content = self.read(path)
        if content is None:
            raise UserError(f"{path}: not found{f' at {self.commit[:12]}' if self.commit else ''}")
        return parse(content, model, path)

    @property
    def settings(self) -> Settings:
        """The project's `.stackwright.yaml`."""
        return self.load(SETTINGS, Settings)

    @property
    def environments(self) -> list[str]:
        """The environments this project has a contract for."""
        return self.names("stack", ".json")

    def contract(self, environment: str) -> Contract:
        """Read an environment's contract, refusing another major or another environment."""
        path = f"stack/{environment}.json"
        content = self.read(path)
        if content is None:
            raise UserError(self._no_contract(path, environment))
        contract = read_versioned(content, Contract, path, "contract_version", incompatible)
        if contract.environment != environment:
            raise UserError(f"{path}: environment: `{contract.environment}` is another environment; pull it again")
        return contract

    def _no_contract(self, path: str, environment: str) -> str:
        known = self.environments
        if not known:
            return (
                f"{path}: not found; this project is not connected to an environment yet: "
                f"run `stackwright contract pull --env {environment} --from ADDRESS` "
                "or `stackwright contract local DIR`"
            )
        return f"{path}: not found; contracts exist for {', '.join(known)}{closest(environment, known)}"

    def first_environment(self) -> str:
        """Return the environment that promotes from no other: where packages are registered."""
        first = [name for name in self.environments if self.contract(name).promotes_from is None]
        if len(first) != 1:
            said = f"found {', '.join(first)}" if first else "found none"
            raise UserError(f"stack: exactly one environment may promote from no other; {said}; name it with --env")
        return first[0]

    def model_names(self, chosen: str | None) -> list[str]:
        """Return the chosen model, or all of them."""
        models = self.settings.models
        if chosen is None:
            return sorted(models)
        if chosen not in models:
            raise UserError(f"{SETTINGS}: models: no `{chosen}`; choose one of {', '.join(sorted(models))}")
        return [chosen]


def find_project(start: Path) -> Project:
    """Return the project that a folder lies in."""
    for folder in [start.resolve(), *start.resolve().parents]:
        if (folder / SETTINGS).is_file():
            return Project(folder)
    raise UserError(f"{start}: no {SETTINGS} here or above; run this inside a project, or name one with --project")


def git(root: Path, *arguments: str) -> str:
    """Run git in a project and return what it prints; its own words on failure."""
    words = ["git", "-C", str(root), *arguments]
    done = subprocess.run(words, env=git_variables(), capture_output=True, text=True, check=False)
    if done.returncode:
        said = " | ".join(done.stderr.strip().splitlines()) or f"failed with {done.returncode}"
        raise UserError(f"git {arguments[0]}: {said}")
    return done.stdout


def git_blob(root: Path, commit: str, path: str) -> bytes | None:
    """Return a file at a commit, or nothing when the commit has none; once read, what a full commit has is known."""
    return (_known_blob if FULL_COMMIT.fullmatch(commit) else _blob)(root, commit, path)


@lru_cache(maxsize=1_000)
def _known_blob(root: Path, commit: str, path: str) -> bytes | None:
    return _blob(root, commit, path)


def _blob(root: Path, commit: str, path: str) -> bytes | None:
    done = subprocess.run(
        ["git", "-C", str(root), "cat-file", "blob", f"{commit}:{path}"], capture_output=True, check=False
    )
    if done.returncode == 0:
        return done.stdout
    git(root, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    return None


def tip(root: Path) -> str:
    """Return the commit at the tip of the default branch: the remote's when there is one."""
    if "origin" not in git(root, "remote").split():
        return git(root, "rev-parse", "--verify", _local_default(root)).strip()
    git(root, "fetch", "--quiet", "origin")
    return git(root, "rev-parse", "--verify", f"origin/{_remote_default(root)}").strip()


def default_branch(root: Path) -> str:
    """Return the name of the default branch, as the remote has it."""
    return _remote_default(root)


def _local_default(root: Path) -> str:
    for name in ("main", "master"):
        if git(root, "branch", "--list", name).strip():
            return name
    return "HEAD"


def _remote_default(root: Path) -> str:
    listing = git(root, "ls-remote", "--symref", "origin", "HEAD")
    return listing.split()[1].removeprefix("refs/heads/") if listing.startswith("ref:") else "main"

"""What the branch that a change would be merged into registers: its own code, run in a folder of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.platform_delivery.places import environment_names, stacks_of

if TYPE_CHECKING:
    from pipelines.platform_delivery.places import Stack

SECONDS = 600


@dataclass
class Base:
    """The repository as it is at a commit.

    Args:
        folder: An empty folder for its files and graphs.
    """

    root: Path
    commit: str
    folder: Path
    _problems: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def at(cls, root: Path, reference: str, folder: Path) -> Base:
        """Unpack where the working tree left a branch: what that branch did since is none of its doing."""
        if reference.startswith("-"):
            raise UserError(f"--base: `{reference}` is not a branch or commit")
        fork = _git(root, "merge-base", reference, "HEAD").decode().strip()
        with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", "--format=tar", fork))) as archive:
            archive.extractall(folder / "tree", filter="data")
        return cls(folder / "tree", fork, folder)

    @property
    def stacks(self) -> list[Stack]:
        """Every stack that it has a file of."""
        return [stack for name in environment_names(self.root) for stack in stacks_of(self.root, name)]

    def graph(self, stack: Stack) -> Path | None:
        """Return the graph of a stack, made by the code of that commit; none where it has no such stack.

        Raises:
            UserError: The code of that commit cannot make it, so that nothing can be compared.
        """
        if not (self.root / stack.file).is_file():
            return None
        path = self.folder / f"{stack.folder.name}-{stack.name}.json"
        words = ["plan", "--env", stack.environment, "--save", str(path)]
        words += ["--project", stack.project] if stack.project else []
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", *words],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        if not path.is_file():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            told = said[-1] if said else f"ended with {done.returncode}"
            raise UserError(f"{stack.file}: cannot be planned at {self.commit[:12]}: {told}")
        return path


def _git(root: Path, *words: str) -> bytes:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise UserError(f"--base: git {words[0]}: {said}; check out the whole history")
    return done.stdout

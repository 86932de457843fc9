"""Read a Dockerfile as its builder does, as far as ours goes: instructions, stages, and what is copied from where."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

KNOWN = {"FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "EXPOSE", "ENTRYPOINT"}


@dataclass(frozen=True)
class Instruction:
    """One instruction, its lines joined."""

    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        return self.rest.split()


@dataclass(frozen=True)
class Stage:
    """What lies between one FROM and the next."""

    base: str
    name: str
    instructions: list[Instruction]

    def named(self, name: str) -> list[Instruction]:
        """Return the instructions of a kind."""
        return [item for item in self.instructions if item.name == name]

    @property
    def entry_point(self) -> list[str]:
        """The words of the entry point: in the form that starts no shell."""
        return json.loads(self.named("ENTRYPOINT")[-1].rest)

    def copy_to(self, context: Path, root: Path) -> None:
        """Copy what the build context gives to this stage into a folder that stands for its root."""
        for item in self.named("COPY"):
            if not item.rest.startswith("--from"):
                *sources, target = item.words
                for source in sources:
                    _copy(context / source, root / target.lstrip("/"), is_folder=target.endswith("/"))


def stages(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile; an instruction that is not known here is an error."""
    found = list[Stage]()
    for item in instructions(text):
        if item.name == "FROM":
            base, _, name = item.rest.partition(" AS ")
            found.append(Stage(base, name, []))
        else:
            found[-1].instructions.append(item)
    return found


def instructions(text: str) -> list[Instruction]:
    """Return the instructions of a Dockerfile, in order."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found = [Instruction(*line.split(" ", 1)) for line in joined.splitlines() if line.strip()]
    unknown = {item.name for item in found} - KNOWN
    assert not unknown, f"not an instruction that is used here: {unknown}"
    return found


def _copy(source: Path, target: Path, *, is_folder: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        place = target / source.name if is_folder else target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)

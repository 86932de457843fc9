"""Run a rehearsal: a folder, the steps of a life, a table, a report."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines import printing
from pipelines.rehearsal.life import STEPS, Done, Life
from pipelines.rehearsal.scaffold import snapshot
from pipelines.rehearsal.workspace import Workspace
from pipelines.release.pin import short

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

CHECKOUT = Path(__file__).parents[2]


def rehearse(project: Path | None, report: Path | None, keep: Path | None, *, as_json: bool) -> None:
    """Live a project's whole life; raise where it goes otherwise than it should."""
    with _workspace(keep) as space:
        life = Life(space)
        start = (lambda: _clone(project, space)) if project else (lambda: _scaffold(space))
        steps: list[tuple[str, Callable[[], str]]] = [("Clone" if project else "Scaffold", start)]
        steps += [(title, partial(run, life)) for title, run in STEPS]
        done = list[Done]()
        with _progress(len(steps), quiet=as_json) as tell:
            for title, run in steps:
                tell(title)
                done.append(step(life, title, run))
        _finish(done, report, space, as_json=as_json)


def step(life: Life, title: str, run: Callable[[], str]) -> Done:
    """Run one step, then ask every environment what it serves."""
    started = time.monotonic()
    try:
        outcome = run()
    except UserError as error:
        raise UserError([f"rehearsal: {title}: {problem}" for problem in error.problems]) from error
    serving = life.space.serving()
    if serving != life.expected:
        raise UserError(f"rehearsal: {title}: serves {serving}, expected {life.expected}")
    return Done(title, time.monotonic() - started, outcome, serving)


def _scaffold(space: Workspace) -> str:
    import copier

    revision = snapshot(CHECKOUT, space.platform)
    copier.run_copy(str(space.platform), space.root, vcs_ref=revision, defaults=True, quiet=True)
    space.run("git", "init", "--quiet", "--initial-branch", "main")
    space.commit("Scaffold")
    return f"copier copy at platform revision {revision[:12]}"


def _clone(project: Path, space: Workspace) -> str:
    from pipelines.project import find_project, git

    source = find_project(project).root
    if git(source, "status", "--porcelain").strip():
        raise UserError(f"{source.name}: not all is committed; commit first: the rehearsal runs on a clone")
    git(source, "clone", "--quiet", "--no-hardlinks", str(source), str(space.root))
    space.run("git", "remote", "remove", "origin")
    space.run("git", "checkout", "--quiet", "-B", "main")
    shutil.rmtree(space.root / "stack", ignore_errors=True)
    shutil.rmtree(space.root / "promotions", ignore_errors=True)
    (space.root / "promotions").mkdir()
    (space.root / "promotions" / "refused.yaml").write_text("refused: []\n")
    platform = source / ".stackwright" / "platform"
    if platform.is_dir():
        space.environment["STACKWRIGHT_SOURCE"] = str(platform)
    return f"a clone of {source.name}, without its pins and contracts"


@contextlib.contextmanager
def _workspace(keep: Path | None) -> Generator[Workspace]:
    folder = keep.resolve() if keep else Path(tempfile.mkdtemp(prefix="stackwright-rehearsal-"))
    if keep and folder.exists() and any(folder.iterdir()):
        raise UserError(f"{keep}: not empty; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    tools = CHECKOUT / ".tools" / "uv" / "bin"
    space = Workspace(folder, {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"})
    try:
        yield space
    finally:
        space.close(keep=keep is not None)


@contextlib.contextmanager
def _progress(count: int, *, quiet: bool) -> Generator[Callable[[str], None]]:
    from rich.console import Console

    console = Console(file=sys.stderr, quiet=quiet)
    place = 0

    def tell(title: str) -> None:
        nonlocal place
        place += 1
        console.print(f"[dim]{place:2}/{count}[/dim] {title} …")

    yield tell


def _finish(done: list[Done], report: Path | None, space: Workspace, *, as_json: bool) -> None:
    total = sum(step.seconds for step in done)
    if report:
        from pipelines.rehearsal.report import write_report

        write_report(done, space.folder, report)
    if as_json:
        rows = [{"title": s.title, "seconds": s.seconds, "outcome": s.outcome, "serving": s.serving} for s in done]
        printing.document({"steps": rows, "seconds": total})
        return
    printing.table(
        ["step", "seconds", "dev", "staging", "prod"],
        [[step.title, f"{step.seconds:.1f}", *(_cell(digest) for digest in step.serving.values())] for step in done],
    )
    printing.line(f"{len(done)} steps as they should be, in {total:.0f} s" + (f"; see {report}" if report else ""))


def _cell(digest: str | None) -> str:
    return short(digest).removeprefix("sha256:") if digest else "-"

"""Byte-code for environments that are made later: compiling what a project imports takes longer than importing it."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path


def keep_bytecode(project: Path, cache: Path) -> int:
    """Put what a project's environments have compiled beside its sources in uv's cache, and return how many files.

    uv links a package's files from its cache, so the environments that it makes after this have them already.

    Args:
        project: Folder of a project that was set up: the packages in its environments are links into the cache.
        cache: Folder of uv's cache.
    """
    compiled = defaultdict[int, list[Path]](list)
    for path in _compiled_here(project):
        compiled[_source(path).stat().st_ino].append(path)
    sources = cache.glob("archive-v*/**/*.py") if compiled else ()
    return sum(_keep(path, source) for source in sources for path in compiled.pop(source.stat().st_ino, ()))


def _compiled_here(project: Path) -> Iterator[Path]:
    for environment in (".venv", ".stackwright/venv"):
        for path in project.glob(f"{environment}/lib/python*/site-packages/**/__pycache__/*.pyc"):
            source = _source(path)
            if path.stat().st_nlink == 1 and source.exists() and source.stat().st_nlink > 1:
                yield path


def _keep(path: Path, source: Path) -> bool:
    kept = source.parent / path.parent.name / path.name
    kept.parent.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.link(path, kept)
        return True
    return False


def _source(path: Path) -> Path:
    return path.parents[1] / f"{path.name.partition('.')[0]}.py"

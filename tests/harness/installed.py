"""Packages whose flavors join by entry point, as if they were installed."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint

import pytest

from components import catalogue

ACME = {"acme": "tests.harness.acme:FLAVORS"}


@contextmanager
def installed(packages: Mapping[str, str] = ACME) -> Generator[None]:
    """Add entry points, by name, to those of the machine while the block runs."""
    added = [EntryPoint(name, value, catalogue.GROUP) for name, value in packages.items()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "entry_points", lambda *, group: added if group == catalogue.GROUP else [])
        catalogue.flavors.cache_clear()
        try:
            yield
        finally:
            catalogue.flavors.cache_clear()

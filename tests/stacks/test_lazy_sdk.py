"""Names of Pulumi's SDKs, asked for one by one: the same as when whole packages are imported."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from stacks import lazy_sdk
from tests.harness.engine.tools import ROOT

USED = """
from pathlib import Path
from components.recording import record
from stacks.environment.config import read_stack_file
from stacks.environment.program import program

for name in ("aws", "kubernetes"):
    spec = read_stack_file(Path("stacks/examples", name, "Pulumi.prod.yaml"))
    record(lambda: program(spec))
"""
"""What an environment's programs import."""

SEEN = """
import json, sys, types

def loaded(module):
    return "__getattr__" in types.ModuleType.__getattribute__(module, "__dict__")  # without loading it

print(json.dumps([name for name, found in sys.modules.items() if name.startswith("pulumi_") and loaded(found)]))
"""
"""Prints the packages that take their names lazily, of those that were imported."""

NAMES = """
import importlib, inspect, json, random, sys

def what(found):
    whole = inspect.ismodule(found) or not hasattr(found, "__qualname__")
    return getattr(found, "__name__", repr(found)) if whole else f"{found.__module__}.{found.__qualname__}"

packages = json.loads(sys.argv[1])
for name, asked in packages.items():
    package = importlib.import_module(name)
    asked = asked or sorted(name for name in vars(package) if not name.startswith("__"))
    random.Random(name).shuffle(asked)
    packages[name] = {item: what(getattr(package, item)) for item in asked}
print(json.dumps(packages))
"""
"""Prints what is behind each name of packages: of all names, or of those that it is given, in any order."""


def run(code: str, *arguments: str) -> Any:
    """Return what a process of its own prints as JSON."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def used() -> list[str]:
    """The packages that our programs take classes of."""
    return run(USED + SEEN)


def test_every_name_is_what_it_was(used: list[str]) -> None:
    """Of each package that our programs use, every name leads to the same class or function."""
    assert {"pulumi_aws.ec2", "pulumi_kubernetes.core.v1"} <= set(used)
    whole = run(NAMES, json.dumps(dict.fromkeys(used)))

    asked = {name: list(found) for name, found in whole.items()}
    assert whole == run(f"from stacks import lazy_sdk\nlazy_sdk.install()\n{NAMES}", json.dumps(asked))


def test_only_what_is_asked_for_is_imported() -> None:
    """A class brings its module, and not those of others."""
    code = """
import json, sys
from stacks import lazy_sdk
lazy_sdk.install()
from pulumi_aws.ec2 import Vpc
print(json.dumps([name for name in sys.modules if name.startswith("pulumi_aws.ec2.")]))
"""
    assert ["pulumi_aws.ec2.vpc"] == run(code)


def test_what_is_not_there_is_an_error() -> None:
    """As of any module, after all of them were looked at."""
    code = """
import json
from stacks import lazy_sdk
lazy_sdk.install()
import pulumi_aws
try:
    pulumi_aws.kms.Lock
except AttributeError as error:
    print(json.dumps([str(error), pulumi_aws.kms.Key.__name__, hasattr(pulumi_aws.kms, "__wrapped__")]))
"""
    assert ["module `pulumi_aws.kms` has no attribute `Lock`", "Key", False] == run(code)


def test_it_is_installed_once() -> None:
    """However often a process builds programs."""
    before = list(sys.meta_path)
    try:
        for _ in range(2):
            lazy_sdk.install()
        assert 1 == sum(isinstance(finder, lazy_sdk._Finder) for finder in sys.meta_path)
    finally:
        sys.meta_path[:] = before

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from components import catalogue
from components.artifact_store.contract import S3Spec
from components.base import Tier
from components.catalogue import OURS, build, component_class, flavor_of, flavors, kind_of
from components.component import Component
from components.errors import UserError
from tests.harness.installed import installed
from tests.harness.recorded import PLACES, deploy
from tests.harness.shelf.contract import WoodenSpec

ROOT = Path(__file__).parents[2]


def test_a_spec_is_built_as_its_component() -> None:
    """The spec says which component is made, with the needs as its keyword arguments."""
    graph = deploy(lambda opts: build("artifacts", S3Spec(), place=PLACES[Tier.DEV], opts=opts))

    assert "stackwright:artifact_store:S3ArtifactStore" == graph["S3ArtifactStore"].type


@pytest.mark.parametrize("spec", OURS, ids=lambda spec: f"{kind_of(spec)}-{flavor_of(spec)}")
def test_each_flavor_is_one_component_of_its_file(spec: catalogue.AnySpec) -> None:
    """A row names a component, in the file of its flavor, in the folder of its kind; its class says both."""
    kind, flavor = kind_of(spec), flavor_of(spec)
    made = component_class(spec)

    assert issubclass(made, Component)
    assert f"components.{kind}.{flavor}" == made.__module__
    assert made.__doc__


def test_no_file_of_a_flavor_is_left_out() -> None:
    """Every component in a folder of a kind has a row, so that every one is held to the rules."""
    helpers = {"__init__", "contract"}
    folders = {path.parent for path in (ROOT / "components").glob("*/contract.py")}
    files = {path for folder in folders for path in folder.glob("*.py") if path.stem not in helpers}
    with_components = {
        f"{path.parent.name}.{path.stem}" for path in files if "(Component[" in path.read_text(encoding="utf-8")
    }

    assert {f"{kind_of(spec)}.{flavor_of(spec)}" for spec in OURS} == with_components


@pytest.mark.parametrize("spec", OURS, ids=lambda spec: f"{kind_of(spec)}-{flavor_of(spec)}")
def test_each_flavor_is_tested_where_it_lies(spec: catalogue.AnySpec) -> None:
    """Each flavor is tested in the folder of its kind."""
    files = (ROOT / "tests" / "components" / kind_of(spec)).glob("test_*.py")

    assert [] != [path for path in files if spec.__name__ in path.read_text(encoding="utf-8")]


def test_the_catalogue_imports_no_provider() -> None:
    """Reading specs needs no Pulumi: the command starts without it."""
    asked = (
        "import sys, components.catalogue as c; c.flavors(); print(*[m for m in sys.modules if m.startswith('pulumi')])"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "" == done.stdout.strip()


@pytest.mark.parametrize("package", ["pulumi", "pulumi_aws"])
def test_a_missing_provider_is_one_line(package: str) -> None:
    """Without the extra, the first component says what to install."""
    asked = f"""
import sys
sys.modules[{package!r}] = None
from components.artifact_store.contract import S3Spec
from components.catalogue import component_class
from components.errors import UserError
try:
    component_class(S3Spec)
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)

    assert f"artifact_store: `s3` needs {package}; install `stackwright[aws]`" == done.stdout.strip()


def test_a_module_of_ours_that_is_missing_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a provider's package is something to install."""
    monkeypatch.setattr(catalogue, "flavors", lambda: {S3Spec: "components.artifact_store.missing:Missing"})

    with pytest.raises(ModuleNotFoundError):
        component_class(S3Spec)


def test_a_spec_without_a_row_is_named() -> None:
    """A flavor that is in no catalogue is said so."""
    with pytest.raises(UserError, match="shelf: `wooden` is in no catalogue"):
        component_class(WoodenSpec)


def test_flavors_of_other_packages_join_by_entry_point() -> None:
    """An installed package that names a mapping in the group `stackwright.flavors` adds its flavors."""
    with installed({"shelves": "tests.harness.shelf:FLAVORS"}):
        joined = flavors()

    assert "tests.harness.shelf.wooden:Shelf" == joined[WoodenSpec]
    assert set(OURS) < set(joined)


CANNOT_JOIN = {
    "a package that is gone": (
        {"acme": "tests.harness.gone:FLAVORS"},
        "stackwright.flavors: `acme` cannot be loaded: No module named 'tests.harness.gone'; "
        "repair or remove that package",
    ),
    "a name that is gone": (
        {"acme": "tests.harness.acme:FLAVOURS"},
        "stackwright.flavors: `acme` cannot be loaded: module 'tests.harness.acme' has no attribute 'FLAVOURS'; "
        "repair or remove that package",
    ),
    "a name of ours": (
        {"copy": "components.catalogue:OURS"},
        "stackwright.flavors: copy: artifact_store: `s3` is a flavor already, of "
        "components.artifact_store.s3:S3ArtifactStore; give yours another name",
    ),
    "a name of another package": (
        {"one": "tests.harness.acme:FLAVORS", "two": "tests.harness.acme:FLAVORS"},
        "stackwright.flavors: two: budget: `ledger` is a flavor already, of "
        "tests.harness.acme.budget.ledger:LedgerBudget; give yours another name",
    ),
}


@pytest.mark.parametrize("name", CANNOT_JOIN)
def test_what_cannot_join_is_told(name: str) -> None:
    """A package that is broken, or takes a name, stops everything with one line: nothing is left out in silence."""
    packages, told = CANNOT_JOIN[name]
    with installed(packages), pytest.raises(UserError) as caught:
        flavors()

    assert told in caught.value.problems

"""Every flavor of the catalogue keeps every rule, and every rule finds who breaks it."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint

import pytest

from components import catalogue, conformance
from components.catalogue import AnySpec, flavor_of, flavors, kind_of
from tests.harness.shelf.contract import SteelSpec, WoodenSpec

cases = cache(conformance.cases)
SHELVES = "tests.harness.shelf.wooden"


def problems(rule: str, component: str, spec: AnySpec, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Say what a rule has against a flavor of another package, beside a sound one of the same kind."""
    rows = {WoodenSpec: f"{SHELVES}:Shelf", SteelSpec: f"{SHELVES}:Shelf", spec: f"{SHELVES}:{component}"}
    monkeypatch.setattr(catalogue, "flavors", lambda: rows)
    monkeypatch.setattr("components.conformance.rules.flavors", lambda: rows)
    found = {kept.__name__: kept for kept in conformance.RULES}[rule]
    return [problem for case in conformance.cases(spec) for problem in found(case)]


@pytest.mark.parametrize("rule", conformance.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("spec", flavors(), ids=lambda spec: f"{kind_of(spec)}-{flavor_of(spec)}")
def test_conforms(spec: AnySpec, rule: conformance.Rule) -> None:
    """A flavor is done when no rule has anything to say."""
    assert [] == [problem for case in cases(spec) for problem in rule(case)]


@pytest.mark.parametrize("rule", [rule.__name__ for rule in conformance.RULES])
def test_a_sound_flavor_of_another_package_conforms(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite asks nothing that only our own flavors can answer."""
    assert [] == problems(rule, "Shelf", WoodenSpec, monkeypatch)


BREAKS = {
    "outputs_are_the_contract": "ShelfOutputs.uri: not set",
    "needs_are_the_same": "needs ['place']; steel needs ['place', 'wall']",
    "children_are_parented": "make it `opts=self.child`",
    "providers_are_explicit": "no explicit provider",
    "outputs_mean_ready": "does not wait for",
    "graphs_are_deterministic": "two runs register different resources",
    "unknown_values_are_fine": "only known values register it",
    "names_fit": "at most 63",
    "secrets_are_marked": "lock.password: a plain value",
    "data_is_kept": "in prod protect is False",
    "growth_changes_nothing_else": "its name must not depend on a position",
}


@pytest.mark.parametrize(("rule", "told"), BREAKS.items(), ids=list(BREAKS))
def test_a_rule_finds_who_breaks_it(rule: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rule is broken once on purpose, and says what is wrong."""
    broken = rule.title().replace("_", "")

    assert told in "\n".join(problems(rule, broken, WoodenSpec, monkeypatch))


def test_a_field_that_says_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field without a docstring is named."""
    expected = ["SteelSpec.boards: no docstring under it"] * 2

    assert expected == problems("fields_are_documented", "Shelf", SteelSpec, monkeypatch)


def test_a_spec_that_imports_a_provider_is_found() -> None:
    """A contract that imports Pulumi when it runs is found: here the module of the components themselves."""
    from components.conformance.rules import providers_imported_by

    assert "pulumi" in providers_imported_by(SHELVES)


def test_every_rule_is_broken_once() -> None:
    """No rule is without a test that breaks it."""
    apart = {"fields_are_documented", "specs_need_no_provider"}

    assert {rule.__name__ for rule in conformance.RULES} == set(BREAKS) | apart


def test_flavors_of_other_packages_join_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that names a mapping in the group `stackwright.flavors` adds its flavors."""
    entry = EntryPoint("acme", "tests.harness.shelf:FLAVORS", catalogue.GROUP)
    monkeypatch.setattr(catalogue, "entry_points", lambda *, group: [entry] if group == catalogue.GROUP else [])
    flavors.cache_clear()

    joined = flavors()

    flavors.cache_clear()
    assert f"{SHELVES}:Shelf" == joined[WoodenSpec]
    assert set(catalogue.OURS) < set(joined)

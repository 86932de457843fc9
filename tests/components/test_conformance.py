"""Every flavor of the catalogue keeps every rule, and every rule finds who breaks it."""

from __future__ import annotations

from functools import cache

import pytest

from components import catalogue, conformance
from components.catalogue import OURS, AnySpec, flavor_of, flavors, kind_of
from components.conformance.limits import LIMITS
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
    "OutputsAreTheContract": ("outputs_are_the_contract", "ShelfOutputs.uri: not set"),
    "NeedsAreTheSame": ("needs_are_the_same", "does not take ['wall'], which steel needs"),
    "ChildrenAreParented": ("children_are_parented", "make it `opts=self.child`"),
    "ProvidersAreExplicit": ("providers_are_explicit", "no explicit provider"),
    "KubernetesProviderIsTheOneGiven": ("providers_are_explicit", "not the provider that was given"),
    "TagsReachEverything": ("tags_reach_everything", "instance: lacks ['stackwright:environment', 'stackwright:tier']"),
    "TagsAreOverridden": ("tags_reach_everything", "sets ['stackwright:environment']; leave them to the provider"),
    "OutputsMeanReady": ("outputs_mean_ready", "does not wait for"),
    "GraphsAreDeterministic": ("graphs_are_deterministic", "two runs register different resources"),
    "UnknownValuesAreFine": ("unknown_values_are_fine", "only known values register it"),
    "NamesFit": ("names_fit", "at most 63"),
    "ObjectNamesFit": ("names_fit", "metadata.name: `Left` does not match"),
    "SecretsAreMarked": ("secrets_are_marked", "lock.password: a plain value"),
    "VariablesAreMarked": ("secrets_are_marked", "containers.env.DATABASE_PASSWORD: a plain value"),
    "SecretsOfKubernetesAreMarked": ("secrets_are_marked", "stringData.file: a plain value"),
    "DataIsKept": ("data_is_kept", "in prod protect is False"),
    "GrowthChangesNothingElse": ("growth_changes_nothing_else", "its name must not depend on a position"),
    "NestedGrowthChangesNothingElse": ("growth_changes_nothing_else", "its name must not depend on a position"),
}
"""A component that breaks a rule -> the rule, and what it says."""


@pytest.mark.parametrize("broken", BREAKS)
def test_a_rule_finds_who_breaks_it(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rule is broken on purpose, and says what is wrong."""
    rule, told = BREAKS[broken]

    assert told in "\n".join(problems(rule, broken, WoodenSpec, monkeypatch))


def test_a_field_that_says_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field without a docstring is named."""
    expected = ["SteelSpec.boards: no docstring under it"] * 2

    assert expected == problems("fields_are_documented", "Shelf", SteelSpec, monkeypatch)


def test_a_spec_that_imports_a_provider_is_found() -> None:
    """A contract that imports Pulumi when it runs is found: here the module of the components themselves."""
    from components.conformance.rules import providers_imported_by

    assert "pulumi" in providers_imported_by(SHELVES)


def test_every_rule_is_broken() -> None:
    """No rule is without a test that breaks it."""
    apart = {"fields_are_documented", "specs_need_no_provider"}

    assert {rule.__name__ for rule in conformance.RULES} == {rule for rule, _ in BREAKS.values()} | apart


PHYSICAL = {
    "bucket",
    "bucketPrefix",
    "identifier",
    "identifierPrefix",
    "name",
    "namePrefix",
    "nodeGroupName",
    "nodeGroupNamePrefix",
}
"""Inputs of AWS that hold physical names."""

NO_LIMIT = {"aws:route53/record:Record", "aws:route53/zone:Zone"}
"""Types whose names are names of the internet."""


@pytest.mark.parametrize("spec", OURS, ids=lambda spec: f"{kind_of(spec)}-{flavor_of(spec)}")
def test_every_physical_name_has_a_limit(spec: AnySpec) -> None:
    """A name of our own choice on a type whose limits nobody wrote down is found."""
    found = {
        (item.type, name)
        for case in cases(spec)
        for item in case.built().managed
        for name in PHYSICAL & item.inputs.keys()
        if item.type.startswith("aws:") and item.type not in NO_LIMIT and "${" not in str(item.inputs[name])
    }
    known = {(type_, limit.property) for type_, limits in LIMITS.items() for limit in limits}

    assert set() == found - known

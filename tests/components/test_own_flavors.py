"""Models that take the flavors of other installed packages."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from components import conformance
from components.artifact_store.contract import ArtifactStoreSpec, ExistingSpec, S3Spec
from components.base import Document
from components.budget.contract import BudgetSpec
from components.own_flavors import with_own_flavors
from tests.harness.acme.artifact_store.contract import MinioSpec
from tests.harness.acme.budget.contract import LedgerSpec
from tests.harness.installed import installed


class Home(Document):
    """A model with kinds at every place where one can stand."""

    name: str = "home"
    """A field that is no kind."""
    store: ArtifactStoreSpec = S3Spec()
    """A union."""
    spare: ArtifactStoreSpec | None = None
    """A union that may be missing."""
    budget: BudgetSpec | None = None
    """One flavor that may be missing."""
    stores: dict[str, ArtifactStoreSpec] = Field(default={})
    """Unions by name."""
    shelves: tuple[Annotated[S3Spec | ExistingSpec, Field(discriminator="flavor")], ...] = ()
    """A list of unions."""


MINIO = {"flavor": "minio", "bucket": "models"}
ACCEPTED: dict[str, tuple[Any, type]] = {
    "store": (MINIO, MinioSpec),
    "spare": (MINIO, MinioSpec),
    "budget": ({"flavor": "ledger", "number": "1"}, LedgerSpec),
    "stores": ({"one": MINIO}, MinioSpec),
    "shelves": ([MINIO], MinioSpec),
}


@pytest.mark.parametrize("field", ACCEPTED)
def test_a_flavor_of_another_package_is_taken_where_ours_are(field: str) -> None:
    """Wherever a union of a kind stands in a model, the flavors of installed packages stand too."""
    value, spec = ACCEPTED[field]
    with installed():
        read = with_own_flavors(Home).model_validate_json(json.dumps({field: value}))
    found = getattr(read, field)
    (only,) = found.values() if isinstance(found, dict) else found if isinstance(found, tuple) else [found]

    assert isinstance(read, Home)
    assert spec is type(only)
    with pytest.raises(ValidationError):
        Home.model_validate_json(json.dumps({field: value}))


def test_our_own_values_stay_as_they_are() -> None:
    """A wider union takes ours as before, defaults and missing values included."""
    values = json.dumps({"spare": {"flavor": "s3", "access_log_days": 1}, "budget": None})
    with installed():
        wider = with_own_flavors(Home).model_validate_json(values)

    assert Home.model_validate_json(values).model_dump() == wider.model_dump()


def test_without_other_packages_nothing_is_made() -> None:
    """The model itself is used where nothing is installed, and for a model without kinds."""

    class Bare(Document):
        """A model without kinds."""

        name: str

    with installed({}):
        assert Home is with_own_flavors(Home)
    with installed():
        assert Bare is with_own_flavors(Bare)


def test_the_schema_for_editors_holds_ours_only() -> None:
    """What is checked in does not depend on what is installed."""
    with installed():
        with_own_flavors(Home)

        assert "minio" not in json.dumps(Home.model_json_schema())


@pytest.mark.parametrize("rule", conformance.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("spec", [MinioSpec, LedgerSpec], ids=lambda spec: spec.__name__)
def test_the_flavors_of_the_other_package_conform(spec: Any, rule: conformance.Rule) -> None:
    """The package of these tests is one that could be shipped."""
    with installed():
        assert [] == [problem for case in conformance.cases(spec) for problem in rule(case)]

"""A database that somebody else owns."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.conformance import Case
from components.database.contract import ExistingSpec

SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared-AbCdEf"


@pytest.mark.parametrize(("secret", "cloud"), [(SECRET, True), ("storage/database-admin", False)])
def test_it_promises_what_the_spec_says(secret: str, *, cloud: bool) -> None:
    """The outputs are the values of the spec, and nothing is created; its owner lets clients in."""
    spec = ExistingSpec(flavor="existing", host="db.example.com", database="platform", admin_secret=secret)
    built = Case(spec, cloud=cloud).built()

    assert {"host": "db.example.com", "port": 5432, "name": "platform", "admin_secret": secret} == {
        name: value for name, value in built.root.outputs.items() if value is not None
    }
    assert [] == built.managed


@pytest.mark.parametrize("secret", ["shared-admin", "storage/", "a/b/c", "arn:aws:iam::111122223333:role/admin"])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    """It is an ARN of Secrets Manager, or namespace and name of a Secret."""
    with pytest.raises(ValidationError):
        ExistingSpec(flavor="existing", host="db.example.com", database="platform", admin_secret=secret)

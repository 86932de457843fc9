"""A database that somebody else owns."""

from __future__ import annotations

from components.conformance import Case
from components.database.contract import ExistingSpec

SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared-AbCdEf"


def test_it_promises_what_the_spec_says() -> None:
    """The outputs are the values of the spec, and nothing is created; its owner lets clients in."""
    spec = ExistingSpec(flavor="existing", host="db.example.com", database="platform", admin_secret_arn=SECRET)
    built = Case(spec).built()

    assert {"host": "db.example.com", "port": 5432, "name": "platform", "admin_secret_arn": SECRET} == {
        name: value for name, value in built.root.outputs.items() if value is not None
    }
    assert [] == built.managed

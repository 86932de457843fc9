"""What IAM policies allow, and what is not decided."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components import conformance
from components.base import Tier
from components.errors import UserError
from pipelines.bootstrap.boundary import boundary
from pipelines.plan.access import OPERATORS, Principal, Request, decide, web_identity
from tests.harness.recorded import PLACES

READER = Principal("AWS", "arn:aws:iam::111122223333:role/reader")


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(**more: Any) -> dict[str, Any]:
    """A statement that allows to read."""
    return {"Sid": "Allowing", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **more}


def deny(**more: Any) -> dict[str, Any]:
    """A statement that denies to read."""
    return {"Sid": "Denying", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*", **more}


def get(**more: Any) -> Request:
    """The request to read one object."""
    return Request(action="s3:GetObject", resource="arn:aws:s3:::models/churn", **more)


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([], "no statement allows it"),
        ([allow()], "allowed by Allowing"),
        ([allow(), deny()], "denied by Denying"),
        ([deny(), allow()], "denied by Denying"),
        ([deny()], "denied by Denying"),
        ([allow(Sid="")], "allowed by a statement without Sid"),
    ],
)
def test_a_denial_wins(statements: list[dict[str, Any]], told: str) -> None:
    """Nothing is allowed that no statement allows, and nothing that one denies."""
    decision = decide([policy(*statements)], get())

    assert (told, told.startswith("allowed")) == (decision.because, decision.allowed)


def test_several_policies_are_one() -> None:
    """A denial in one policy takes what another gives."""
    assert "denied by Denying" == decide([policy(allow()), json.dumps(policy(deny()))], get()).because


@pytest.mark.parametrize(
    ("part", "allowed"),
    [
        ({"Action": "S3:getobject"}, True),
        ({"Action": ["s3:PutObject", "s3:Get*"]}, True),
        ({"Action": "s3:GetObjec?"}, True),
        ({"Action": "s3:GetObject?"}, False),
        ({"Action": "s3.GetObject"}, False),
        ({"Resource": "arn:aws:s3:::models/*"}, True),
        ({"Resource": "arn:aws:s3:::models"}, False),
        ({"Resource": ["arn:aws:s3:::Models/churn", "arn:aws:s3:::other/*"]}, False),
        ({"Resource": "${aws:s3/bucket:Bucket::models.arn}/*"}, False),
    ],
)
def test_actions_and_resources(part: dict[str, Any], allowed: bool) -> None:
    """Actions are compared without case, resources with it; only `*` and `?` are patterns."""
    assert allowed is decide([policy(allow(**part))], get()).allowed


@pytest.mark.parametrize(("action", "denied"), [("s3:GetObject", False), ("s3:getobject", False), ("s3:Put", True)])
def test_everything_but(action: str, denied: bool) -> None:
    """`NotAction` is about every action that it does not list."""
    statement = {"Effect": "Deny", "NotAction": ["s3:GetObject"], "Resource": "*"}
    decision = decide([policy(statement, allow(Action="*"))], Request(action=action))

    assert denied is not decision.allowed


@pytest.mark.parametrize(
    ("named", "who", "allowed"),
    [
        ("*", READER, True),
        ({"AWS": "*"}, READER, True),
        ({"AWS": READER.name}, READER, True),
        ({"AWS": [READER.name, "arn:aws:iam::111122223333:role/other"]}, READER, True),
        ({"AWS": "arn:aws:iam::111122223333:role/other"}, READER, False),
        ({"AWS": "arn:aws:iam::111122223333:root"}, READER, False),
        ({"Service": READER.name}, READER, False),
        ({"AWS": READER.name}, None, False),
    ],
)
def test_principals(named: Any, who: Principal | None, allowed: bool) -> None:
    """A statement is for whom it names; to the root of an account it only delegates."""
    assert allowed is decide([policy(allow(Principal=named))], get(principal=who)).allowed


@pytest.mark.parametrize(("account", "allowed"), [("111122223333", False), ("444455556666", True)])
def test_the_root_denied_is_the_account_denied(account: str, allowed: bool) -> None:
    """A denial of an account's root denies every principal of the account."""
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    document = policy(allow(Principal="*"), deny(Principal=root))

    assert allowed is decide([document], get(principal=READER)).allowed


@pytest.mark.parametrize(
    ("operator", "expected", "value", "holds"),
    [
        ("StringEquals", "main", "main", True),
        ("StringEquals", ["main", "next"], "next", True),
        ("StringEquals", "main", "Main", False),
        ("StringEquals", "m*", "main", False),
        ("StringEquals", "main", None, False),
        ("StringEquals", "None", None, False),
        ("StringNotEquals", "main", "next", True),
        ("StringNotEquals", ["main", "next"], "next", False),
        ("StringNotEquals", "main", None, True),
        ("Bool", "false", "False", True),
        ("Bool", "false", "true", False),
        ("Bool", "false", None, False),
        ("NumericLessThan", "1.2", "1.1", True),
        ("NumericLessThan", "1.2", "1.2", False),
        ("NumericLessThan", "1.2", None, False),
        ("ArnLike", "arn:aws:ec2:eu-west-1:1:vpc-flow-log/*", "arn:aws:ec2:eu-west-1:1:vpc-flow-log/fl-1", True),
        ("ArnLike", "arn:aws:ec2:*:1:vpc-flow-log/*", "arn:aws:ec2:x:2:y:1:vpc-flow-log/fl-1", False),
        ("ArnLike", "arn:aws:ec2:*", "arn:aws:ec2:eu-west-1:1:vpc-flow-log/fl-1", False),
        ("ArnLike", "arn:aws:s3:::models", None, False),
        ("StringLike", "churn/*", "churn/models/x", True),
        ("StringLike", ["fraud/*", "churn/?"], "churn/a", True),
        ("StringLike", "churn/*", "churn-eu/models/x", False),
        ("StringLike", "Churn/*", "churn/models/x", False),
        ("StringLike", "*", None, False),
        ("Null", "true", None, True),
        ("Null", "true", "owned", False),
        ("Null", "false", None, False),
        ("Null", "false", "owned", True),
    ],
)
def test_operators(operator: str, expected: Any, value: str | None, holds: bool) -> None:
    """Each operator as AWS documents it; a key that the request has not meets nothing."""
    statement = allow(Condition={operator: {"aws:SomeKey": expected}})
    context = {} if value is None else {"AWS:somekey": value}

    assert holds is decide([policy(statement)], get(context=context)).allowed


def test_all_conditions_hold() -> None:
    """Several keys and several operators are one condition."""
    condition = {"StringEquals": {"a:One": "1", "a:Two": "2"}, "Bool": {"a:Three": "true"}}
    context = {"a:One": "1", "a:Two": "2", "a:Three": "true"}
    document = policy(allow(Condition=condition))

    fewer = [{key: value for key, value in context.items() if key != left_out} for left_out in context]
    assert [True, False, False, False] == [decide([document], get(context=each)).allowed for each in (context, *fewer)]


def test_a_token_is_what_its_issuer_says() -> None:
    """Claims become condition keys of their issuer, which is part of the provider's ARN."""
    provider = "arn:aws:iam::111122223333:oidc-provider/issuer.example/path"
    request = web_identity(provider, {"sub": "me"})

    assert (Principal("Federated", provider), {"issuer.example/path:sub": "me"}) == (request.principal, request.context)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (
            policy(allow(Condition={"StringEqual": {}})),
            "Allowing: Condition: operator `StringEqual` cannot be decided here; did you mean `StringEquals`?",
        ),
        (
            policy(allow(Condition={"ForAllValues:DateLessThan": {}})),
            "Allowing: Condition: operator `ForAllValues:DateLessThan` cannot be decided here; "
            "known: ArnLike, Bool, Null, NumericLessThan, StringEquals, StringLike, StringNotEquals",
        ),
        (
            policy(deny(NotPrincipal="*")),
            "Denying: `NotPrincipal` cannot be decided here; "
            "known: Action, Condition, Effect, NotAction, Principal, Resource, Sid",
        ),
        (policy(deny(Effect="deny")), "Denying: Effect: `deny` is neither Allow nor Deny"),
        (policy(deny(NotAction="*")), "Denying: needs one of Action and NotAction"),
        ({"Statement": []}, "Version: `None` cannot be decided here; write 2012-10-17"),
        (
            policy(allow(Resource="arn:aws:s3:::home/${aws:username}")),
            "policy: variables (`${…}`) cannot be decided here; write the value",
        ),
        ({**policy(), "Rules": []}, "a policy: `Rules` cannot be decided here; known: Id, Statement, Version"),
    ],
)
def test_what_is_not_understood_is_an_error(document: dict[str, Any], told: str) -> None:
    """Nothing is guessed, not even in a statement that is about something else."""
    with pytest.raises(UserError) as refused:
        decide([document], Request(action="ec2:RunInstances"))

    assert told == str(refused.value)


def test_every_policy_of_the_catalogue_is_understood() -> None:
    """Each policy that we write can be decided, and no operator is known that none of them uses."""
    written = [
        value
        for case in conformance.cases()
        for resource in case.built(Tier.PROD).resources
        for key, value in resource.inputs.items()
        if key in {"policy", "assumeRolePolicy"} and isinstance(value, str) and '"Statement"' in value
    ]
    written.append(json.dumps(boundary(PLACES[Tier.PROD], "arn:aws:kms:eu-west-1:111122223333:key/state")))
    for document in written:
        decide([document], Request(action="nobody:Asks"))

    statements = [statement for document in written for statement in json.loads(document)["Statement"]]
    assert set(OPERATORS) == {operator for statement in statements for operator in statement.get("Condition", {})}

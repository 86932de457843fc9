"""Whether IAM policies let somebody do something, for exactly the policy language that this repository writes.

What is not understood here is an error, never a guess: an operator, a key or a variable that this repository does not
write has to be added here first, with its test.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from components.errors import UserError, closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

VERSION = "2012-10-17"
"""The only version of the language in which variables are not taken literally."""


@dataclass(frozen=True)
class Principal:
    """Who asks, as a policy names it."""

    kind: str
    """`AWS`, `Federated` or `Service`."""
    name: str
    """ARN, or host name of a service."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody asks AWS for."""

    action: str
    """`s3:GetObject`."""
    resource: str = "*"
    """ARN; nothing to say in a trust policy, which stands on its role."""
    principal: Principal | None = None
    """Who asks; only policies on a resource or a role name it."""
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    """Condition key -> its one value: `{"aws:SecureTransport": "true"}`. Keys are compared without case."""


@dataclass(frozen=True)
class Decision:
    """What the policies say."""

    allowed: bool
    because: str
    """The statement that decided, or that none did."""


def web_identity(provider_arn: str, claims: Mapping[str, str]) -> Request:
    """Return the request of a job that shows a token of an OIDC provider.

    Every claim counts as a condition key. AWS knows fewer (of GitHub's `aud`, `sub`, `repository_id`, `environment`,
    `ref` and some more), and refuses a policy with others when it is written.
    """
    issuer = provider_arn.partition(":oidc-provider/")[2]
    context = {f"{issuer}:{claim}": value for claim, value in claims.items()}
    return Request(
        action="sts:AssumeRoleWithWebIdentity", principal=Principal("Federated", provider_arn), context=context
    )


def decide(documents: Iterable[str | Mapping[str, Any]], request: Request) -> Decision:
    """Decide a request by policies of one side: those of a role, or that of a resource.

    A denial wins over every permission, and without a permission nothing is allowed. To allow the root of an account
    is to leave it to that account's own policies, so it allows nobody else here; to deny it denies the account.

    Raises:
        UserError: A policy says something that is not understood here.
    """
    granted: str | None = None
    for statement in [each for document in documents for each in _statements(document)]:
        if not _applies(statement, request):
            continue
        told = str(statement.get("Sid") or "a statement without Sid")
        if statement["Effect"] == "Deny":
            return Decision(allowed=False, because=f"denied by {told}")
        granted = granted or told
    if granted is None:
        return Decision(allowed=False, because="no statement allows it")
    return Decision(allowed=True, because=f"allowed by {granted}")


_DOCUMENT_KEYS = {"Version", "Id", "Statement"}
_STATEMENT_KEYS = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "Condition"}

_VARIABLE = re.compile(r"\$\{(?![^}]*::)")
"""A variable of a policy, `${aws:username}`; a recorded graph's placeholders, `${<type>::<name>.arn}`, are values."""


def _statements(document: str | Mapping[str, Any]) -> list[dict[str, Any]]:
    policy: Mapping[str, Any] = json.loads(document) if isinstance(document, str) else document
    _only("a policy", policy, _DOCUMENT_KEYS)
    if policy.get("Version") != VERSION:
        raise UserError(f"Version: `{policy.get('Version')}` cannot be decided here; write {VERSION}")
    if _VARIABLE.search(json.dumps(policy)):
        raise UserError("policy: variables (`${…}`) cannot be decided here; write the value")
    found = policy["Statement"]
    statements = cast("list[dict[str, Any]]", found if isinstance(found, list) else [found])
    for statement in statements:
        _check(statement)
    return statements


def _check(statement: Mapping[str, Any]) -> None:
    where = str(statement.get("Sid") or "a statement without Sid")
    _only(where, statement, _STATEMENT_KEYS)
    if statement.get("Effect") not in {"Allow", "Deny"}:
        raise UserError(f"{where}: Effect: `{statement.get('Effect')}` is neither Allow nor Deny")
    if ("Action" in statement) == ("NotAction" in statement):
        raise UserError(f"{where}: needs one of Action and NotAction")
    conditions: Mapping[str, Any] = statement.get("Condition", {})
    for operator in conditions:
        if operator not in OPERATORS:
            known = closest(operator, OPERATORS) or f"; known: {', '.join(sorted(OPERATORS))}"
            raise UserError(f"{where}: Condition: operator `{operator}` cannot be decided here{known}")


def _only(where: str, found: Mapping[str, Any], known: set[str]) -> None:
    if strange := sorted(set(found) - known):
        raise UserError(f"{where}: `{', '.join(strange)}` cannot be decided here; known: {', '.join(sorted(known))}")


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        _names_principal(statement, request.principal)
        and _names_action(statement, request.action)
        and any(_like(request.resource, pattern) for pattern in _listed(statement.get("Resource", "*")))
        and _conditions_hold(statement.get("Condition", {}), request.context)
    )


def _names_principal(statement: Mapping[str, Any], principal: Principal | None) -> bool:
    if "Principal" not in statement:
        return True
    named = statement["Principal"]
    if named == "*":
        return True
    if principal is None:
        return False
    names = _listed(named.get(principal.kind, []))
    if statement["Effect"] == "Deny" and _root_of(principal) in names:
        return True
    return principal.name in names or "*" in names


def _root_of(principal: Principal) -> str:
    parts = principal.name.split(":")
    return ":".join([*parts[:5], "root"]) if principal.kind == "AWS" else ""


def _names_action(statement: Mapping[str, Any], action: str) -> bool:
    listed = _listed(statement.get("Action", statement.get("NotAction")))
    named = any(_like(action.lower(), pattern.lower()) for pattern in listed)
    return named != ("NotAction" in statement)


def _conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    known = {key.lower(): value for key, value in context.items()}
    return all(
        OPERATORS[operator](known.get(key.lower()), _listed(expected))
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _listed(value: object) -> list[str]:
    return [str(item) for item in cast("list[object]", value)] if isinstance(value, list) else [str(value)]


def _like(value: str, pattern: str) -> bool:
    """Match `*` and `?`, and nothing else."""
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _string_equals(value: str | None, expected: list[str]) -> bool:
    return value in expected


def _string_like(value: str | None, expected: list[str]) -> bool:
    return value is not None and any(_like(value, pattern) for pattern in expected)


def _string_not_equals(value: str | None, expected: list[str]) -> bool:
    return value not in expected


def _arn_like(value: str | None, expected: list[str]) -> bool:
    return value is not None and any(_arn_matches(value, pattern) for pattern in expected)


def _arn_matches(arn: str, pattern: str) -> bool:
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) == 6 and all(map(_like, parts, patterns))


def _bool(value: str | None, expected: list[str]) -> bool:
    return value is not None and value.lower() in {each.lower() for each in expected}


def _numeric_less_than(value: str | None, expected: list[str]) -> bool:
    return value is not None and any(float(value) < float(each) for each in expected)


def _null(value: str | None, expected: list[str]) -> bool:
    return str(value is None).lower() in {each.lower() for each in expected}


OPERATORS: Mapping[str, Callable[[str | None, list[str]], bool]] = {
    "ArnLike": _arn_like,
    "Bool": _bool,
    "Null": _null,
    "NumericLessThan": _numeric_less_than,
    "StringEquals": _string_equals,
    "StringLike": _string_like,
    "StringNotEquals": _string_not_equals,
}
"""Operator -> whether the value of a key, none if the request has no such key, meets what is expected."""

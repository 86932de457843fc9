"""Who may become somebody, or do something with a resource: nobody unforeseen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines.plan.graph import Graph
from pipelines.plan.policy.base import Example, Flaw, Policy
from pipelines.plan.policy.documents import RESOURCE, TRUST, Statement, statements

_SOURCES = re.compile(
    r"aws:source(account|arn|orgid|orgpaths)$|aws:requesttag/(kubernetes-|eks-)|kms:(encryptioncontext|calleraccount|viaservice)"
)
"""Condition keys that say on whose behalf a service acts."""

_SAYS_NOTHING = {"ec2.amazonaws.com", "lambda.amazonaws.com"}
"""Services that assume a role only for a machine or function of the account that the role was passed to."""

_CALLERS = re.compile(
    r"aws:(principal(orgid|orgpaths|account|arn)|source(account|arn|vpc|vpce|orgid))$|kms:(calleraccount|viaservice)$"
)
"""Condition keys that make a principal `*` somebody."""


def _deputies(graph: Graph) -> Iterator[Flaw]:
    for resource, statement in statements(graph, TRUST, RESOURCE):
        services = [name for kind, name in statement.principals if kind == "Service" and name not in _SAYS_NOTHING]
        if statement.allows and services and not any(map(_SOURCES.search, statement.condition_keys)):
            told = "add a condition on `aws:SourceAccount` or `aws:SourceArn`"
            yield resource, f"{statement.label}: trusts {', '.join(services)} on anybody's behalf; {told}"


def _tokens(graph: Graph) -> Iterator[Flaw]:
    for resource, statement in statements(graph, TRUST):
        issuers = [name.partition("oidc-provider/")[2] for kind, name in statement.principals if kind == "Federated"]
        for issuer in issuers if statement.allows else []:
            missing = [claim for claim in ("aud", "sub") if not _exact(statement, issuer, claim)]
            if missing:
                claims = " and ".join(f"`{issuer}:{claim}`" for claim in missing)
                yield resource, f"{statement.label}: {claims} not compared by `StringEquals` with whole values; do so"


def _exact(statement: Statement, issuer: str, claim: str) -> bool:
    values = statement.conditions.get("StringEquals", {}).get(f"{issuer}:{claim}".lower(), ())
    return bool(values) and not any("*" in value or "?" in value for value in values)


def _everybody(graph: Graph) -> Iterator[Flaw]:
    for resource, statement in statements(graph, TRUST, RESOURCE):
        anybody = any(kind == "AWS" and name == "*" for kind, name in statement.principals)
        if statement.allows and anybody and not any(map(_CALLERS.search, statement.condition_keys)):
            yield resource, f"{statement.label}: allows everybody; name the principals"


def _role(**statement: Any) -> Example:
    return {"aws:iam/role:Role work": {"assumeRolePolicy": {"Statement": [{"Effect": "Allow", **statement}]}}}


def _topic(**statement: Any) -> Example:
    whole = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*", **statement}
    return {"aws:sns/topicPolicy:TopicPolicy alerts": {"policy": {"Statement": [whole]}}}


def _job(operator: str, subject: str) -> Example:
    issuer = "token.actions.githubusercontent.com"
    provider = f"arn:aws:iam::111122223333:oidc-provider/{issuer}"
    conditions = {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"}}
    conditions.setdefault(operator, {})[f"{issuer}:sub"] = subject
    action = "sts:AssumeRoleWithWebIdentity"
    return _role(Principal={"Federated": provider}, Action=action, Condition=conditions)


_LOGS = {"Service": "vpc-flow-logs.amazonaws.com"}
_OWN = {"StringEquals": {"aws:SourceAccount": "111122223333"}}

POLICIES = (
    Policy(
        id="trust-no-confused-deputy",
        reason="A service that everybody uses can be made to act with our role, or on our resource, for a stranger.",
        source="AWS IAM User Guide, the confused deputy problem",
        check=_deputies,
        fires=[_role(Principal=_LOGS, Action="sts:AssumeRole"), _topic(Principal={"Service": "budgets.amazonaws.com"})],
        holds=[
            _role(Principal=_LOGS, Action="sts:AssumeRole", Condition=_OWN),
            _role(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole"),
        ],
    ),
    Policy(
        id="trust-exact-tokens",
        reason="A pattern in the subject lets jobs of other branches, forks or repositories in.",
        source="GitHub Docs, configuring OpenID Connect in Amazon Web Services",
        check=_tokens,
        fires=[_job("StringLike", "repo:acme/*"), _job("StringEquals", "repo:acme/churn:*")],
        holds=[_job("StringEquals", "repo:acme@1/churn@2:environment:prod")],
    ),
    Policy(
        id="trust-not-everybody",
        reason="`*` as the principal is every account of AWS, and on some services every caller.",
        source="AWS Security Hub, controls S3.2, KMS.5, SNS.4, SQS.3",
        check=_everybody,
        fires=[_topic(Principal="*"), _role(Principal={"AWS": "*"}, Action="sts:AssumeRole")],
        holds=[
            _topic(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-example"}}),
            _topic(Principal="*", Effect="Deny"),
        ],
    ),
)

"""Who may be the deploy role that lives in the account: its trust as AWS has it, decided for every token."""

from __future__ import annotations

import json
from collections.abc import Callable

import pulumi
import pytest

from components.base import AwsPlace, Tier
from components.catalogue import build
from pipelines.plan.access import decide, web_identity
from tests.components.ci_identity.test_github import SPEC, TOKENS
from tests.harness.aws_plugin.cloud import Cloud
from tests.harness.engine import programs
from tests.harness.engine.stack import Engine

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def cloud(small: Callable[[], Engine]) -> Cloud:
    """An account with the roles of one repository in prod."""
    engine = small()
    place = AwsPlace(
        organization="acme", environment="prod", tier=Tier.PROD, account=engine.account, region=programs.REGION
    )
    spec = SPEC.model_copy(update={"provider": "create"})

    def program() -> None:
        build("ci", spec, place=place, opts=pulumi.ResourceOptions(providers=[programs.aws_provider()]))

    engine.up(program)
    return Cloud(engine.endpoint, engine.account, programs.REGION)


def who_may_be(cloud: Cloud, last: str) -> list[str]:
    """Name the tokens with which the role can be assumed whose name ends like this."""
    [provider] = cloud.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    [role] = [role for role in cloud.iam.list_roles()["Roles"] if last in role["RoleName"]]
    trust = role["AssumeRolePolicyDocument"]
    return [name for name, claims in TOKENS.items() if decide([trust], web_identity(provider["Arn"], claims)).allowed]


@pytest.mark.parametrize(("role", "token"), [("-deploy", "deployment"), ("-plan", "pull request")])
def test_a_live_role_is_for_one_token(cloud: Cloud, role: str, token: str) -> None:
    """Exactly the token of its repository and environment, and no other."""
    assert [token] == who_may_be(cloud, role)


def test_a_trust_that_somebody_loosened_is_noticed(cloud: Cloud) -> None:
    """Without its condition on the subject the role is for other environments and branches, too."""
    [role] = [role for role in cloud.iam.list_roles()["Roles"] if "-deploy" in role["RoleName"]]
    trust = role["AssumeRolePolicyDocument"]
    loose = {**trust, "Statement": [{key: value for key, value in trust["Statement"][0].items() if key != "Condition"}]}
    cloud.iam.update_assume_role_policy(RoleName=role["RoleName"], PolicyDocument=json.dumps(loose))
    found = who_may_be(cloud, "-deploy")
    cloud.iam.update_assume_role_policy(RoleName=role["RoleName"], PolicyDocument=json.dumps(trust))

    assert {"deployment", "fork", "other environment"} < set(found)

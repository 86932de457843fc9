"""The jobs of one GitHub repository, as roles of one AWS account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pulumi_aws import iam

from components.ci_identity.contract import CiIdentityOutputs, GithubSpec
from components.component import Component

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi import ResourceOptions

    from components.base import AwsPlace

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"

READS = (
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "eks:DescribeCluster",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GetPublicKey",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:ListBucket",
)
"""All that a plan role can be granted: the contract, packages and images; no secret, no write."""


class GithubCiIdentity(Component[CiIdentityOutputs]):
    """Two roles that exactly one repository's jobs can assume, without a stored key.

    `<organization>-<environment>-<name>-deploy` is for jobs that name this environment and run on its branch;
    `…-plan` is for jobs of pull requests. Each trusts the audience, the whole subject with both ids, and the
    repository's id, all by equality: no pattern can match more than was meant. The branch is there because a job of
    a pull request may name an environment too, and not every plan of GitHub can keep it out. GitHub gives jobs of a
    fork's pull request no token unless the repository's settings say so. Rights are not given here: whoever owns a
    resource attaches them by role name. The names are fixed, for people and contracts write the ARNs down.
    """

    def __init__(self, name: str, spec: GithubSpec, *, place: AwsPlace, opts: ResourceOptions | None = None) -> None:
        super().__init__(name, spec, opts)
        self._spec, self._place, self._oidc = spec, place, self._provider_of_the_account(name, spec)
        deploy = self._role(
            f"{name}-deploy",
            f"Deploys {spec.owner}/{spec.repository} to {place.environment}",
            f"environment:{place.environment}",
            {f"{ISSUER}:environment": place.environment, f"{ISSUER}:ref": f"refs/heads/{spec.branch}"},
        )
        plan = self._role(f"{name}-plan", f"Reads for pull requests of {spec.owner}/{spec.repository}", "pull_request")
        iam.RolePolicy(f"{name}-plan-reads-only", role=plan.name, policy=json.dumps(_deny_but(READS)), opts=self.child)
        self.outputs = self.promise(
            CiIdentityOutputs(
                deploy_role_arn=deploy.arn,
                deploy_role_name=deploy.name,
                plan_role_arn=plan.arn,
                plan_role_name=plan.name,
            )
        )

    def _provider_of_the_account(self, name: str, spec: GithubSpec) -> list[iam.OpenIdConnectProvider]:
        if spec.provider == "existing":
            return []
        return [iam.OpenIdConnectProvider(name, url=f"https://{ISSUER}", client_id_lists=[AUDIENCE], opts=self.child)]

    def _role(self, name: str, description: str, job: str, claims: Mapping[str, str] | None = None) -> iam.Role:
        return iam.Role(
            name,
            name=f"{self._place.prefix}-{name}",
            description=description,
            assume_role_policy=json.dumps(_trust(self._spec, self._place, job, claims or {})),
            max_session_duration=self._spec.session_hours * 3600,
            permissions_boundary=self._spec.permissions_boundary,
            opts=self.child_with(depends_on=self._oidc),
        )


def subjects(spec: GithubSpec, job: str) -> list[str]:
    """Return the subjects of a job's token: the one with ids, and the older one if it was asked for."""
    immutable = f"repo:{spec.owner}@{spec.owner_id}/{spec.repository}@{spec.repository_id}:{job}"
    return [immutable, f"repo:{spec.owner}/{spec.repository}:{job}"] if spec.legacy_subject else [immutable]


def _trust(spec: GithubSpec, place: AwsPlace, job: str, claims: Mapping[str, str]) -> dict[str, Any]:
    expected = {
        f"{ISSUER}:aud": AUDIENCE,
        f"{ISSUER}:sub": subjects(spec, job),
        f"{ISSUER}:repository_id": str(spec.repository_id),
        **claims,
    }
    provider = f"arn:{place.partition}:iam::{place.account}:oidc-provider/{ISSUER}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "JobsOfTheRepository",
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": expected},
            }
        ],
    }


def _deny_but(actions: Sequence[str]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "OnlyReads", "Effect": "Deny", "NotAction": list(actions), "Resource": "*"}],
    }

"""The jobs of one GitHub repository, as roles of one AWS account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pulumi import Output
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
"""All that the roles that only read can be granted: the contract, packages and images; no secret, no write."""


class GithubCiIdentity(Component[CiIdentityOutputs]):
    """Roles that exactly one repository's jobs can assume, without a stored key.

    `<organization>-<environment>-<name>-deploy` is for jobs that name this environment and run on its branch;
    `…-plan` is for jobs of pull requests; `…-promotion`, where something promotes from here, is for the jobs that
    deploy there. Each trusts the audience, the whole subject with both ids, and the repository's id, all by equality:
    no pattern can match more than was meant, and no role of another environment is named, which might not exist yet.
    The branch is there because a job of a pull request may name an environment too, and not every plan of GitHub can
    keep it out. GitHub gives jobs of a fork's pull request no token unless the repository's settings say so. Rights
    are not given here: whoever owns a resource attaches them by role name. The names are fixed, for people and
    contracts write the ARNs down.
    """

    def __init__(self, name: str, spec: GithubSpec, *, place: AwsPlace, opts: ResourceOptions | None = None) -> None:
        super().__init__(name, spec, opts)
        self._spec, self._place, self._oidc = spec, place, self._provider_of_the_account(name, spec)
        repository = f"{spec.owner}/{spec.repository}"
        deploy = self._deploying(f"{name}-deploy", f"Deploys {repository} to {place.environment}", place.environment)
        plan = self._reading(
            f"{name}-plan", self._role(f"{name}-plan", f"Reads for pull requests of {repository}", ["pull_request"])
        )
        promotion = self._promotion(f"{name}-promotion", repository)
        self.outputs = self.promise(
            CiIdentityOutputs(
                deploy=self._arn(deploy),
                plan=self._arn(plan),
                promotion=[self._arn(promotion)] if promotion else [],
            )
        )

    def _arn(self, role: iam.Role) -> Output[str]:
        """Return the ARN of a role by its name, so that it is known, and its name in it, before the role is made."""
        return Output.concat(f"arn:{self._place.partition}:iam::{self._place.account}:role/", role.name)

    def _promotion(self, name: str, repository: str) -> iam.Role | None:
        targets = self._spec.promotes_to
        if not targets:
            return None
        told = f"Reads what {repository} promotes from {self._place.environment}"
        return self._reading(name, self._deploying(name, told, *targets))

    def _deploying(self, name: str, description: str, *environments: str) -> iam.Role:
        """Make a role for the jobs that deploy to some environments: they run on the branch."""
        claims = {
            f"{ISSUER}:environment": environments[0] if len(environments) == 1 else list(environments),
            f"{ISSUER}:ref": f"refs/heads/{self._spec.branch}",
        }
        return self._role(name, description, [f"environment:{each}" for each in environments], claims)

    def _reading(self, name: str, role: iam.Role) -> iam.Role:
        iam.RolePolicy(f"{name}-reads-only", role=role.name, policy=json.dumps(_deny_but(READS)), opts=self.child)
        return role

    def _provider_of_the_account(self, name: str, spec: GithubSpec) -> list[iam.OpenIdConnectProvider]:
        if spec.provider == "existing":
            return []
        return [iam.OpenIdConnectProvider(name, url=f"https://{ISSUER}", client_id_lists=[AUDIENCE], opts=self.child)]

    def _role(
        self, name: str, description: str, jobs: Sequence[str], claims: Mapping[str, object] | None = None
    ) -> iam.Role:
        return iam.Role(
            name,
            name=f"{self._place.prefix}-{name}",
            description=description,
            assume_role_policy=json.dumps(_trust(self._spec, self._place, jobs, claims or {})),
            max_session_duration=self._spec.session_hours * 3600,
            permissions_boundary=self._spec.permissions_boundary,
            opts=self.child_with(depends_on=self._oidc),
        )


def subjects(spec: GithubSpec, job: str) -> list[str]:
    """Return the subjects of a job's token: the one with ids, and the older one if it was asked for."""
    immutable = f"repo:{spec.owner}@{spec.owner_id}/{spec.repository}@{spec.repository_id}:{job}"
    return [immutable, f"repo:{spec.owner}/{spec.repository}:{job}"] if spec.legacy_subject else [immutable]


def _trust(spec: GithubSpec, place: AwsPlace, jobs: Sequence[str], claims: Mapping[str, object]) -> dict[str, Any]:
    expected = {
        f"{ISSUER}:aud": AUDIENCE,
        f"{ISSUER}:sub": [subject for job in jobs for subject in subjects(spec, job)],
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

"""Runners inside the network, on AWS CodeBuild."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from pulumi import Output
from pulumi_aws import cloudwatch, codebuild, ec2, iam, vpc

from components.component import Component
from components.runners.contract import CodebuildSpec, RunnersOutputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import ResourceOptions

    from components.base import AwsPlace
    from components.network.contract import NetworkOutputs

ANYWHERE = "0.0.0.0/0"

ORGANIZATION = "CODEBUILD_DEFAULT_WEBHOOK_SOURCE_LOCATION"
"""Stands for the repository of the job, where a webhook is that of an organization
(docs.aws.amazon.com/codebuild/latest/userguide/github-global-organization-webhook-setup.html)."""

SIZES = {"small": "BUILD_GENERAL1_SMALL", "medium": "BUILD_GENERAL1_MEDIUM", "large": "BUILD_GENERAL1_LARGE"}

NOT_A_RUNNER_S = "version: 0.2\nphases:\n  build:\n    commands: [exit 1]\n"
"""What a build does that no workflow asked for; CodeBuild puts the runner in its place."""


class CodebuildRunners(Component[RunnersOutputs]):
    """A CodeBuild project that starts a machine in a private subnet for each job of a GitHub workflow.

    Jobs of the named repositories are taken, by the organization's webhook. A machine goes out by HTTPS and is not
    reached; what it may do on AWS is what its workflow signs in for, its own role gives it network, log and the
    connection to GitHub. The subnets need a way to GitHub: a NAT gateway.
    """

    def __init__(
        self,
        name: str,
        spec: CodebuildSpec,
        *,
        place: AwsPlace,
        network: NetworkOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, network)
        self._stem, self._place, self._values = name, place, spec
        self._project_name = f"{place.prefix}-{name}"
        self._subnets = [network.private_subnet_ids[zone] for zone in sorted(network.private_subnet_ids)]
        group = self._way_out(network)
        project = self._project(network, group)
        self._webhook(project)
        self.outputs = self.promise(
            RunnersOutputs(runs_on=project.name.apply(_label), security_group_ids={"runners": group.id})
        )

    def _way_out(self, network: NetworkOutputs) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self._stem,
            name_prefix=f"{self._project_name}-",
            description=f"Runners of {self._place.environment}: HTTPS to anywhere, nothing in",
            vpc_id=network.vpc_id,
            opts=self.child,
        )
        vpc.SecurityGroupEgressRule(
            self._stem,
            security_group_id=group.id,
            description="HTTPS: GitHub, packages, AWS, the API server of the cluster",
            cidr_ipv4=ANYWHERE,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=self.child,
        )
        return group

    def _project(self, network: NetworkOutputs, group: ec2.SecurityGroup) -> codebuild.Project:
        spec, log = self._values, self._log()
        role, rights = self._role(log, group)
        return codebuild.Project(
            self._stem,
            name=self._project_name,
            description=f"Jobs of GitHub workflows that reach {self._place.environment}",
            service_role=role.arn,
            build_timeout=spec.timeout_minutes,
            concurrent_build_limit=spec.concurrent_jobs,
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "compute_type": SIZES[spec.size],
                "image": spec.image,
                "image_pull_credentials_type": "CODEBUILD",
                "privileged_mode": spec.containers,
            },
            source={
                "type": "GITHUB",
                "location": ORGANIZATION,
                "buildspec": NOT_A_RUNNER_S,
                "auth": {"type": "CODECONNECTIONS", "resource": spec.connection_arn},
            },
            vpc_config={"vpc_id": network.vpc_id, "subnets": self._subnets, "security_group_ids": [group.id]},
            logs_config={"cloudwatch_logs": {"status": "ENABLED", "group_name": log.name}},
            opts=self.child_with(depends_on=[rights]),
        )

    def _webhook(self, project: codebuild.Project) -> None:
        spec = self._values
        codebuild.Webhook(
            self._stem,
            project_name=project.name,
            build_type="BUILD",
            scope_configuration={"name": spec.github_organization, "scope": "GITHUB_ORGANIZATION"},
            filter_groups=[
                {
                    "filters": [
                        {"type": "EVENT", "pattern": "WORKFLOW_JOB_QUEUED"},
                        {"type": "REPOSITORY_NAME", "pattern": repository_pattern(spec.repositories)},
                    ]
                }
            ],
            opts=self.child,
        )

    def _log(self) -> cloudwatch.LogGroup:
        place = self._place
        return cloudwatch.LogGroup(
            self._stem,
            name_prefix=f"/{place.organization}/{place.environment}/{self._stem}-",
            retention_in_days=self._values.log_retention_days,
            opts=self.child,
        )

    def _role(self, log: cloudwatch.LogGroup, group: ec2.SecurityGroup) -> tuple[iam.Role, iam.RolePolicy]:
        role = iam.Role(
            self._stem,
            name_prefix=self._place.role_prefix(self._stem),
            description=f"Starts runners of {self._place.environment}",
            assume_role_policy=json.dumps(_trust(self._place, self._project_name)),
            opts=self.child,
        )
        rights = Output.all(log.arn, group.id, *self._subnets).apply(
            lambda found: _rights(self._place, self._values.connection_arn, *cast("list[str]", found))
        )
        return role, iam.RolePolicy(self._stem, role=role.name, policy=Output.json_dumps(rights), opts=self.child)


def repository_pattern(repositories: Sequence[str]) -> str:
    """Return the regular expression that matches the names of repositories, and nothing more."""
    names = [re.escape(name.removesuffix("*")) + (".*" if name.endswith("*") else "") for name in repositories]
    return f"^({'|'.join(sorted(set(names)))})$"


def _label(project: str) -> str:
    return f"codebuild-{project}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}"


def _trust(place: AwsPlace, project: str) -> dict[str, Any]:
    source = f"arn:{place.partition}:codebuild:{place.region}:{place.account}:project/{project}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "codebuild.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": place.account},
                    "ArnLike": {"aws:SourceArn": source},
                },
            }
        ],
    }


def _rights(place: AwsPlace, connection_arn: str, log_arn: str, group_id: str, *subnet_ids: str) -> dict[str, Any]:
    """Return the rights of a project in a network, each as narrow as AWS takes it.

    Source: docs.aws.amazon.com/codebuild/latest/userguide, "Allow CodeBuild access to AWS services required to create
    a VPC network interface", and the service authorization reference of Amazon EC2.
    """
    ec2_ = f"arn:{place.partition}:ec2:{place.region}:{place.account}"
    subnets, interfaces = [f"{ec2_}:subnet/{subnet}" for subnet in subnet_ids], f"{ec2_}:network-interface/*"
    in_subnets = {"ArnLike": {"ec2:Subnet": subnets}}
    for_codebuild = {"StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("logs:CreateLogStream logs:PutLogEvents", [log_arn, f"{log_arn}:*"]),
            _allow("codeconnections:GetConnection codeconnections:GetConnectionToken", connection_arn),
            _allow(_DESCRIBE, "*"),
            _allow("ec2:CreateNetworkInterface", [*subnets, f"{ec2_}:security-group/{group_id}", interfaces]),
            _allow("ec2:DeleteNetworkInterface", interfaces, in_subnets),
            _allow("ec2:CreateNetworkInterfacePermission", interfaces, {**in_subnets, **for_codebuild}),
        ],
    }


_DESCRIBE = (
    "ec2:DescribeDhcpOptions ec2:DescribeNetworkInterfaces ec2:DescribeSecurityGroups ec2:DescribeSubnets "
    "ec2:DescribeVpcs"
)
"""AWS limits these to no resource."""


def _allow(actions: str, resource: str | list[str], condition: dict[str, Any] | None = None) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Action": actions.split(), "Resource": resource}
    return {**allowed, "Condition": condition} if condition else allowed

"""Runners inside the network that nobody reaches, for the repositories that are named."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.base import Tier
from components.conformance import Case
from components.conformance.standins import stand_in
from components.errors import UserError
from components.network.contract import NetworkOutputs
from components.recording import RecordedResource
from components.runners.codebuild import repository_pattern
from components.runners.contract import CodebuildSpec
from pipelines.plan.access import Principal, Request, decide
from stacks.load import validate

CONNECTION = "arn:aws:codeconnections:eu-west-1:111122223333:connection/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
VALUES = {"connection_arn": CONNECTION, "github_organization": "acme-research", "repositories": ["platform", "ml-*"]}
ZONES = ("euw1-az1", "euw1-az2")
EC2 = "arn:aws:ec2:eu-west-1:111122223333"
GROUP = "${aws:ec2/securityGroup:SecurityGroup::runners.id}"
LOG = "${aws:cloudwatch/logGroup:LogGroup::runners.arn}"


def spec(**values: Any) -> CodebuildSpec:
    """A spec with some values of its own."""
    return CodebuildSpec.model_validate({**VALUES, **values})


def case(values: CodebuildSpec | None = None) -> Case:
    """Runners in a network with two private subnets."""

    def needs(_: Any) -> dict[str, Any]:
        given = stand_in(NetworkOutputs, "network")
        subnets = {zone: pulumi.Output.from_input(f"subnet-{zone}") for zone in ZONES}
        return {"network": replace(given, private_subnet_ids=subnets)}

    return Case(values or spec(), needs)


def managed(values: CodebuildSpec | None = None) -> dict[str, RecordedResource]:
    """What the runners register, by class."""
    return {item.type.rpartition(":")[2]: item for item in case(values).built(Tier.PROD).managed}


def test_a_workflow_asks_for_them_by_their_label() -> None:
    """The label names the project and the run, so that a job gets the machine that was started for it."""
    outputs = case().built(Tier.PROD).root.outputs

    assert "codebuild-acme-prod-runners-${{ github.run_id }}-${{ github.run_attempt }}" == outputs["runs_on"]
    assert {"runners": GROUP} == outputs["security_group_ids"]


def test_they_are_inside() -> None:
    """Machines start in the private subnets, in a group of their own."""
    found = managed()["Project"].inputs["vpcConfig"]

    assert ("network-vpc_id", [f"subnet-{zone}" for zone in ZONES], [GROUP]) == (
        found["vpcId"],
        found["subnets"],
        found["securityGroupIds"],
    )
    assert CodebuildSpec.inside


def test_nothing_comes_in_and_https_goes_out() -> None:
    """One rule, for the way out."""
    found = managed()
    rule = found["SecurityGroupEgressRule"].inputs

    assert ("tcp", 443, 443, "0.0.0.0/0") == (rule["ipProtocol"], rule["fromPort"], rule["toPort"], rule["cidrIpv4"])
    assert not {"ingress", "egress"} & set(found["SecurityGroup"].inputs)
    assert "SecurityGroupIngressRule" not in found


def test_jobs_of_the_named_repositories_start_them() -> None:
    """The organization's webhook takes queued jobs, and only of these repositories."""
    found = managed()["Webhook"].inputs
    (group,) = found["filterGroups"]
    filters = {each["type"]: each["pattern"] for each in group["filters"]}

    assert {"name": "acme-research", "scope": "GITHUB_ORGANIZATION"} == found["scopeConfiguration"]
    assert {"EVENT": "WORKFLOW_JOB_QUEUED", "REPOSITORY_NAME": repository_pattern(["platform", "ml-*"])} == filters
    assert "acme-prod-runners" == found["projectName"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("platform", True),
        ("ml-churn", True),
        ("ml-", True),
        ("platform-fork", False),
        ("my-platform", False),
        ("html-pages", False),
        ("mlXchurn", False),
    ],
)
def test_a_name_is_matched_as_a_whole(name: str, *, expected: bool) -> None:
    """No other repository gets in by a name that contains a listed one."""
    assert expected is bool(re.search(repository_pattern(["platform", "ml-*"]), name))


def test_a_dot_is_a_dot() -> None:
    """Names are text, not regular expressions."""
    assert not re.search(repository_pattern(["acme.ml"]), "acme-ml")


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("logs:PutLogEvents", f"{LOG}:log-stream:1", {}, True),
        ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:111122223333:log-group:other:log-stream:1", {}, False),
        ("logs:CreateLogGroup", LOG, {}, False),
        ("codeconnections:GetConnectionToken", CONNECTION, {}, True),
        ("codeconnections:GetConnectionToken", f"{CONNECTION}0", {}, False),
        ("ec2:DescribeSubnets", "*", {}, True),
        ("ec2:CreateNetworkInterface", f"{EC2}:subnet/subnet-euw1-az1", {}, True),
        ("ec2:CreateNetworkInterface", f"{EC2}:subnet/subnet-public", {}, False),
        ("ec2:CreateNetworkInterface", f"{EC2}:security-group/{GROUP}", {}, True),
        ("ec2:CreateNetworkInterface", f"{EC2}:security-group/sg-of-database-clients", {}, False),
        ("ec2:DeleteNetworkInterface", f"{EC2}:network-interface/eni-1", {"ec2:Subnet": "subnet-euw1-az2"}, True),
        ("ec2:DeleteNetworkInterface", f"{EC2}:network-interface/eni-1", {"ec2:Subnet": "subnet-public"}, False),
        ("ec2:CreateNetworkInterfacePermission", f"{EC2}:network-interface/eni-1", {"service": "codebuild"}, True),
        ("ec2:CreateNetworkInterfacePermission", f"{EC2}:network-interface/eni-1", {"service": "lambda"}, False),
        ("ec2:RunInstances", f"{EC2}:instance/i-1", {}, False),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/any", {}, False),
    ],
)
def test_its_role_may_what_a_runner_needs(
    action: str, resource: str, context: dict[str, str], *, allowed: bool
) -> None:
    """Its log, its connection, and interfaces in these subnets; a job signs in as itself for the rest."""
    rights = managed()["RolePolicy"].inputs["policy"]
    said: dict[str, str] = {}
    if subnet := context.get("ec2:Subnet"):
        said["ec2:Subnet"] = f"{EC2}:subnet/{subnet}"
    if service := context.get("service"):
        said |= {"ec2:Subnet": f"{EC2}:subnet/subnet-euw1-az1", "ec2:AuthorizedService": f"{service}.amazonaws.com"}

    assert allowed is decide([rights], Request(action=action, resource=resource, context=said)).allowed


@pytest.mark.parametrize(
    ("project", "account", "allowed"),
    [("acme-prod-runners", "111122223333", True), ("other", "111122223333", False), ("other", "999999999999", False)],
)
def test_codebuild_acts_for_this_project_only(project: str, account: str, *, allowed: bool) -> None:
    """No project of another name or account gets the role (no confused deputy)."""
    trust = managed()["Role"].inputs["assumeRolePolicy"]
    source = f"arn:aws:codebuild:eu-west-1:{account}:project/{project}"
    request = Request(
        action="sts:AssumeRole",
        principal=Principal("Service", "codebuild.amazonaws.com"),
        context={"aws:SourceArn": source, "aws:SourceAccount": account},
    )

    assert allowed is decide([trust], request).allowed


def test_rights_are_there_first() -> None:
    """CodeBuild refuses a project in a network whose role may not look at it."""
    found = managed()

    assert found["RolePolicy"].urn in found["Project"].dependencies


def test_logs_end() -> None:
    """The project writes to a group that forgets."""
    found = managed(spec(log_retention_days=30))

    assert 30 == found["LogGroup"].inputs["retentionInDays"]
    assert {"status": "ENABLED", "groupName": "${aws:cloudwatch/logGroup:LogGroup::runners.name}"} == found[
        "Project"
    ].inputs["logsConfig"]["cloudwatchLogs"]


@pytest.mark.parametrize(("size", "expected"), [("small", "SMALL"), ("medium", "MEDIUM"), ("large", "LARGE")])
def test_machines_are_a_choice(size: str, expected: str) -> None:
    """Size, image, containers and times are the spec's."""
    found = managed(spec(size=size, containers=True, timeout_minutes=90, concurrent_jobs=5))["Project"].inputs
    environment = found["environment"]

    assert (f"BUILD_GENERAL1_{expected}", True) == (environment["computeType"], environment["privilegedMode"])
    assert (90, 5) == (found["buildTimeout"], found["concurrentBuildLimit"])


def test_nobody_is_privileged_unasked() -> None:
    """Jobs run no containers unless the spec says so."""
    assert managed()["Project"].inputs["environment"]["privilegedMode"] is False


def test_the_connection_reaches_the_organization() -> None:
    """The source stands for whatever repository the job is of, and signs in by the connection."""
    source = managed()["Project"].inputs["source"]

    assert ("GITHUB", "CODEBUILD_DEFAULT_WEBHOOK_SOURCE_LOCATION") == (source["type"], source["location"])
    assert {"type": "CODECONNECTIONS", "resource": CONNECTION} == source["auth"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"repositories": []}, "repositories: `[]`: tuple should have at least 1 item"),
        ({"repositories": ["acme/ml"]}, "repositories.0: `acme/ml`: string should match pattern"),
        ({"repositories": ["*"]}, "repositories.0: `*`: string should match pattern"),
        ({"repositories": ["*-ml"]}, "repositories.0: `*-ml`: string should match pattern"),
        ({"connection_arn": "github"}, "connection_arn: `github`: string should match pattern"),
        ({"github_organization": "acme/"}, "github_organization: `acme/`: string should match pattern"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any], told: str) -> None:
    """Each at its path."""
    with pytest.raises(UserError) as refused:
        validate({"flavor": "codebuild", **VALUES, **values}, CodebuildSpec, "spec.yaml")

    assert str(refused.value).startswith(f"spec.yaml: {told}")

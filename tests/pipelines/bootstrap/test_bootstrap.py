"""`stackwright bootstrap`: what the first `pulumi up` needs, and nobody else gets."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from components.base import AwsPlace
from pipelines.bootstrap.boundary import boundary
from pipelines.bootstrap.render import read_place
from pipelines.plan.access import Request, decide, web_identity
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.command import Outcome, stackwright
from tests.harness.github import github, repository
from tests.harness.web import Server

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples" / "aws"
ENVIRONMENTS = ("dev", "staging", "prod")
IDS = ("--repository", "acme/platform", "--owner-id", "12", "--repository-id", "34")
KEY = "arn:aws:kms:eu-central-1:111111111111:key/state"


def bootstrap(*words: object) -> Outcome:
    """Run `bootstrap` over the examples, for dev unless told otherwise."""
    environment = () if "--env" in words else ("--env", "dev")
    return stackwright("bootstrap", "--folder", EXAMPLES, *environment, *words)


def rendered(environment: str = "dev", *words: str) -> dict[str, Any]:
    """Return the template of an example."""
    return json.loads(bootstrap("--env", environment, *IDS, "--format", "json", *words).out)


def place_of(environment: str = "dev") -> AwsPlace:
    """Return where an example is built."""
    place = read_place(EXAMPLES, environment)
    assert isinstance(place, AwsPlace)
    return place


@pytest.mark.parametrize(("environment", "form"), [*((name, "yaml") for name in ENVIRONMENTS), ("dev", "json")])
def test_cfn_lint_finds_nothing(environment: str, form: str) -> None:
    """Both forms say the same, and it is a template without a warning."""
    from cfnlint.api import lint  # takes long to import

    text = bootstrap("--env", environment, *IDS, "--format", form).out

    assert rendered(environment) == yaml.safe_load(text)
    assert [] == [str(match) for match in lint(text)]


def test_the_state_is_versioned_encrypted_and_private() -> None:
    """What the state's bucket and key are, in the words of CloudFormation; both outlive the stack."""
    found = rendered()["Resources"]
    bucket, key = found["StateBucket"], found["StateKey"]

    assert {"Status": "Enabled"} == bucket["Properties"]["VersioningConfiguration"]
    assert {True} == set(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
    assert 4 == len(bucket["Properties"]["PublicAccessBlockConfiguration"])
    assert [{"ObjectOwnership": "BucketOwnerEnforced"}] == bucket["Properties"]["OwnershipControls"]["Rules"]
    assert key["Properties"]["EnableKeyRotation"]
    assert ["Retain"] * 2 == [item["DeletionPolicy"] for item in (bucket, key)]


@pytest.mark.parametrize(("context", "allowed"), [({"aws:SecureTransport": "false"}, False), ({}, True)])
def test_the_state_is_read_over_tls_only(context: dict[str, str], allowed: bool) -> None:
    """The bucket's policy denies plain HTTP, and gives nobody anything."""
    denies = rendered()["Resources"]["StateBucketPolicy"]["Properties"]["PolicyDocument"]
    everything = {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}
    granted = {"Version": "2012-10-17", "Statement": [everything]}
    asked = Request(
        action="s3:GetObject",
        resource="arn:aws:s3:::acme-dev-state-111111111111/x",
        context={"aws:SecureTransport": "true", "s3:TlsVersion": "1.3", **context},
    )

    assert allowed is decide([denies, granted], asked).allowed
    assert not decide([denies], asked).allowed


@pytest.fixture(scope="module")
def deployed() -> Generator[AwsPlace]:
    """The template of dev, deployed."""
    with pytest.MonkeyPatch.context() as patch, empty_moto_server() as endpoint:
        point_at(patch, endpoint)
        patch.setenv("MOTO_ACCOUNT_ID", "111111111111")
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        text = bootstrap(*IDS).out
        client = boto3.client("cloudformation")
        client.create_stack(StackName="b", TemplateBody=text, Capabilities=["CAPABILITY_NAMED_IAM"])
        assert "CREATE_COMPLETE" == client.describe_stacks(StackName="b")["Stacks"][0]["StackStatus"]
        yield place_of()


def test_what_is_deployed_is_what_was_meant(deployed: AwsPlace) -> None:
    """The bucket has the stack's key, and both roles carry the boundary as it is written."""
    iam, bucket = boto3.client("iam"), "acme-dev-state-111111111111"
    aliases = {item["AliasName"]: item.get("TargetKeyId") for item in boto3.client("kms").list_aliases()["Aliases"]}
    key = f"arn:aws:kms:eu-central-1:111111111111:key/{aliases['alias/acme-dev-state']}"
    found = boto3.client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    roles = [iam.get_role(RoleName=f"acme-dev-{name}")["Role"] for name in ("apply", "preview")]
    bounds = {role["PermissionsBoundary"]["PermissionsBoundaryArn"] for role in roles}

    assert {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} == found["ApplyServerSideEncryptionByDefault"]
    assert {deployed.boundary_arn} == bounds
    version = iam.get_policy_version(PolicyArn=deployed.boundary_arn, VersionId="v1")["PolicyVersion"]
    assert boundary(deployed, key) == version["Document"]


def test_the_boundary_is_all_that_the_applying_role_may_do() -> None:
    """One policy is its rights and its bound."""
    role = rendered()["Resources"]["ApplyRole"]["Properties"]

    assert ([{"Ref": "Boundary"}], {"Ref": "Boundary"}) == (role["ManagedPolicyArns"], role["PermissionsBoundary"])
    assert "Policies" not in role


def test_outputs_say_what_pulumi_is_told(deployed: AwsPlace) -> None:
    """Backend and secrets provider are ready to be pasted."""
    outputs = boto3.client("cloudformation").describe_stacks(StackName="b")["Stacks"][0]["Outputs"]
    said = {item["OutputKey"]: item["OutputValue"] for item in outputs}

    assert "s3://acme-dev-state-111111111111?region=eu-central-1" == said["StateBackend"]
    assert "awskms://alias/acme-dev-state?region=eu-central-1" == said["SecretsProvider"]
    assert "arn:aws:iam::111111111111:role/acme-dev-apply" == said["ApplyRoleArn"]


JOB = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:acme@12/platform@34:environment:dev",
    "repository_id": "34",
    "environment": "dev",
    "ref": "refs/heads/main",
}
AFTER_MERGE = {**JOB, "sub": "repo:acme@12/platform@34:ref:refs/heads/main"}
PULL = {**JOB, "sub": "repo:acme@12/platform@34:pull_request", "ref": "refs/pull/7/merge"}
TOKENS: dict[str, tuple[dict[str, str], list[str]]] = {
    "a job of the environment": (JOB, ["apply"]),
    "a job of the branch": (AFTER_MERGE, ["preview"]),
    "a pull request": (PULL, []),
    "a pull request that names the environment": ({**PULL, "sub": JOB["sub"]}, []),
    "another environment": ({**JOB, "sub": JOB["sub"][:-3] + "prod", "environment": "prod"}, []),
    "another branch": ({**AFTER_MERGE, "sub": AFTER_MERGE["sub"][:-4] + "fix", "ref": "refs/heads/fix"}, []),
    "a repository that took the name": ({**JOB, "sub": JOB["sub"].replace("34", "35"), "repository_id": "35"}, []),
    "a repository that chose its subject": ({**JOB, "repository_id": "35"}, []),
    "the older subject": ({**JOB, "sub": "repo:acme/platform:environment:dev"}, []),
    "another audience": ({**JOB, "aud": "https://github.com/acme"}, []),
}


@pytest.mark.parametrize("name", TOKENS)
def test_who_may_become_whom(name: str, deployed: AwsPlace) -> None:
    """By the trust that is deployed: jobs of the environment apply, jobs of the branch look, nobody else is let in."""
    claims, expected = TOKENS[name]
    asked = web_identity("arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com", claims)
    iam = boto3.client("iam")
    trusts = {
        role: iam.get_role(RoleName=f"acme-dev-{role}")["Role"]["AssumeRolePolicyDocument"]
        for role in ("apply", "preview")
    }

    assert expected == [role for role, trust in trusts.items() if decide([trust], asked).allowed]


HERE = {"aws:RequestedRegion": "eu-central-1"}
BOUND = {**HERE, "iam:PermissionsBoundary": place_of().boundary_arn}
ROLE = "arn:aws:iam::111111111111:role/acme-dev-nodes"
STATE = "arn:aws:s3:::acme-dev-state-111111111111"
RIGHTS: dict[str, tuple[str, str, dict[str, str], bool]] = {
    "a cluster": ("eks:CreateCluster", "*", HERE, True),
    "a cluster in another region": ("eks:CreateCluster", "*", {"aws:RequestedRegion": "us-east-1"}, False),
    "a budget, which has no region": ("budgets:ModifyBudget", "*", {"aws:RequestedRegion": "us-east-1"}, True),
    "a role that carries the boundary": ("iam:CreateRole", ROLE, BOUND, True),
    "a role without it": ("iam:CreateRole", ROLE, HERE, False),
    "rights for a role that carries it": ("iam:PutRolePolicy", ROLE, BOUND, True),
    "rights for a role without it": ("iam:AttachRolePolicy", ROLE, HERE, False),
    "a role of another environment": ("iam:CreateRole", ROLE.replace("dev", "prod"), BOUND, False),
    "taking a boundary away": ("iam:DeleteRolePermissionsBoundary", ROLE, BOUND, False),
    "handing a role to a service": ("iam:PassRole", ROLE, HERE, True),
    "handing itself to a service": ("iam:PassRole", ROLE.replace("nodes", "apply"), HERE, False),
    "its own trust": ("iam:UpdateAssumeRolePolicy", ROLE.replace("nodes", "apply"), HERE, False),
    "its own rights": ("iam:PutRolePolicy", ROLE.replace("nodes", "apply"), BOUND, False),
    "the boundary": ("iam:CreatePolicyVersion", place_of().boundary_arn, HERE, False),
    "a user": ("iam:CreateUser", "arn:aws:iam::111111111111:user/acme-dev-x", BOUND, False),
    "an access key": ("iam:CreateAccessKey", "arn:aws:iam::111111111111:user/x", BOUND, False),
    "writing the state": ("s3:PutObject", f"{STATE}/.pulumi/stacks/x", HERE, True),
    "removing a state's history": ("s3:DeleteObjectVersion", f"{STATE}/.pulumi/stacks/x", HERE, False),
    "removing the state's bucket": ("s3:DeleteBucket", STATE, HERE, False),
    "removing another bucket": ("s3:DeleteBucket", "arn:aws:s3:::acme-dev-artifacts-1", HERE, True),
    "removing the state's key": ("kms:ScheduleKeyDeletion", KEY, HERE, False),
    "the organization": ("organizations:LeaveOrganization", "*", HERE, False),
    "a service that is not used": ("sagemaker:CreateDomain", "*", HERE, False),
}


@pytest.mark.parametrize("name", RIGHTS)
def test_what_the_boundary_lets_through(name: str) -> None:
    """It is the rights of the role that applies, and the most that any role of the environment has."""
    action, resource, context, allowed = RIGHTS[name]
    asked = Request(action=action, resource=resource, context=context)

    assert allowed is decide([boundary(place_of(), KEY)], asked).allowed


PREVIEW: dict[str, tuple[str, str, bool]] = {
    "a state": ("s3:GetObject", f"{STATE}/.pulumi/stacks/x", True),
    "a lock": ("s3:PutObject", f"{STATE}/.pulumi/locks/x", True),
    "a bucket's settings": ("s3:GetBucketPolicy", "arn:aws:s3:::acme-dev-artifacts-1", True),
    "a model": ("s3:GetObject", "arn:aws:s3:::acme-dev-artifacts-1/churn/models/x", False),
    "writing a state": ("s3:PutObject", f"{STATE}/.pulumi/stacks/x", False),
    "a secret": ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-central-1:1:secret:x", False),
    "another key": ("kms:Decrypt", KEY.replace("state", "artifacts"), False),
    "a change": ("ec2:CreateVpc", "*", False),
}


@pytest.mark.parametrize("name", PREVIEW)
def test_a_preview_looks_and_changes_nothing(name: str) -> None:
    """Settings and state can be read, data cannot; only the lock of the state is written."""
    action, resource, allowed = PREVIEW[name]
    given = rendered()["Resources"]["PreviewRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    text = json.dumps(given).replace(json.dumps({"Fn::GetAtt": ["StateKey", "Arn"]}), json.dumps(KEY))

    assert allowed is decide([text], Request(action=action, resource=resource)).allowed


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_policies_are_within_what_aws_takes(environment: str) -> None:
    """6,144 characters for a managed policy, 10,240 for those in a role, blanks not counted; 64 for a role's name."""
    found = rendered(environment)["Resources"]
    role = found["PreviewRole"]["Properties"]

    assert 6144 > len(json.dumps(boundary(place_of(environment), KEY), separators=(",", ":")))
    assert 10240 > len(json.dumps(role["Policies"][0]["PolicyDocument"], separators=(",", ":")))
    assert 64 >= len(role["RoleName"])


def test_the_repository_is_looked_up_when_no_ids_are_given() -> None:
    """Ids, spelling and branch come from the host; an older repository is trusted by both subjects."""

    def trust(server: Server) -> Any:
        words = ("--repository", "acme/platform", "--api-url", server.url, "--format", "json")
        document = json.loads(bootstrap(*words).out)
        role = document["Resources"]["ApplyRole"]["Properties"]
        return role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]

    issuer = "token.actions.githubusercontent.com"
    with github(platform=repository(name="platform", created_at="2020-01-01T00:00:00Z")) as server:
        found = trust(server)
    subject = "repo:Acme@123456/platform@987654321:environment:dev"
    assert [subject, "repo:Acme/platform:environment:dev"] == found[f"{issuer}:sub"]
    assert "refs/heads/trunk" == found[f"{issuer}:ref"]


def test_an_account_that_has_the_provider_keeps_it() -> None:
    """The option is the default of the template's parameter, which decides."""
    defaults = [
        rendered("dev", *words)["Parameters"]["OidcProvider"]["Default"]
        for words in ((), ("--oidc-provider", "existing"))
    ]

    assert ["create", "existing"] == defaults
    assert "MakeProvider" == rendered()["Resources"]["GithubProvider"]["Condition"]


def test_a_file_is_not_written_over(tmp_path: Path) -> None:
    """The same template again is up to date; another one is left alone."""
    file = tmp_path / "bootstrap.yaml"
    said = [bootstrap(*IDS, "--output", file) for _ in range(2)]
    other = bootstrap("--env", "prod", *IDS, "--output", file)

    assert [f"wrote {file}\n", f"{file} is up to date\n"] == [item.out for item in said]
    assert bootstrap(*IDS).out == file.read_text()
    told = f"{file}: exists and says something else; move it away, or choose another file"
    assert (1, [told]) == (other.code, other.problems)


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "one id": (IDS[:4], "--owner-id: goes with --repository-id; give both, or none to look them up"),
    "no such environment": ((*IDS, "--env", "qa"), f"{EXAMPLES}/Pulumi.qa.yaml: cannot be read"),
    "not a repository": (("--repository", "acme", *IDS[2:]), "--repository: `acme` is not a repository; write it like"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_rendered(name: str) -> None:
    """One line on standard error, nothing on standard output."""
    words, told = WRONG[name]
    said = bootstrap(*words)

    assert (1, "", True) == (said.code, said.out, said.err.startswith(told)), said.err

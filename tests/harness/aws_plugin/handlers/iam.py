"""AWS IAM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.harness.aws_plugin.cloud import GoneError
from tests.harness.aws_plugin.handlers.base import TAGS, Given, Handler

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud


class Role(Handler):
    type = "iam/role:Role"
    named = "name"
    later = frozenset({"forceDetachPolicies"})

    def create(self, aws: Cloud, given: Given) -> str:
        name = given.physical("name", "namePrefix")
        aws.iam.create_role(
            RoleName=name,
            **given.only(
                "description",
                "maxSessionDuration",
                "path",
                "permissionsBoundary",
                AssumeRolePolicyDocument="assumeRolePolicy",
            ),
            Tags=aws.tag_list(given.tags),
        )
        return name

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.iam.get_role(RoleName=id_)["Role"]
        return {
            "name": id_,
            "arn": live["Arn"],
            "uniqueId": live["RoleId"],
            "assumeRolePolicy": json.dumps(live["AssumeRolePolicyDocument"]),
            "description": live.get("Description"),
            "maxSessionDuration": live["MaxSessionDuration"],
            "permissionsBoundary": live.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        aws.iam.update_role(RoleName=id_, **given.only("description", "maxSessionDuration"))
        aws.iam.update_assume_role_policy(RoleName=id_, PolicyDocument=given["assumeRolePolicy"])
        if given.get("permissionsBoundary"):
            aws.iam.put_role_permissions_boundary(RoleName=id_, PermissionsBoundary=given["permissionsBoundary"])
        aws.iam.tag_role(RoleName=id_, Tags=aws.tag_list(given.tags))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.iam.delete_role(RoleName=id_)


class RolePolicy(Handler):
    """Its id is `role:name`."""

    type = "iam/rolePolicy:RolePolicy"
    named = "name"

    def create(self, aws: Cloud, given: Given) -> str:
        name = given.physical("name", "namePrefix")
        aws.iam.put_role_policy(RoleName=given["role"], PolicyName=name, PolicyDocument=given["policy"])
        return f"{given['role']}:{name}"

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        role, _, name = id_.partition(":")
        live = aws.iam.get_role_policy(RoleName=role, PolicyName=name)
        return {"role": role, "name": name, "policy": json.dumps(live["PolicyDocument"])}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        role, _, name = id_.partition(":")
        aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=given["policy"])

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        role, _, name = id_.partition(":")
        aws.iam.delete_role_policy(RoleName=role, PolicyName=name)


class RolePolicyAttachment(Handler):
    """Its id is `role/arn`."""

    type = "iam/rolePolicyAttachment:RolePolicyAttachment"
    replaces = frozenset({"role", "policyArn"})

    def create(self, aws: Cloud, given: Given) -> str:
        aws.iam.attach_role_policy(RoleName=given["role"], PolicyArn=given["policyArn"])
        return f"{given['role']}/{given['policyArn']}"

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        role, _, arn = id_.partition("/")
        attached = aws.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        if arn not in [policy["PolicyArn"] for policy in attached]:
            raise GoneError(id_)
        return {"role": role, "policyArn": arn}

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        role, _, arn = id_.partition("/")
        aws.iam.detach_role_policy(RoleName=role, PolicyArn=arn)


class Policy(Handler):
    type = "iam/policy:Policy"
    named = "name"

    def create(self, aws: Cloud, given: Given) -> str:
        made = aws.iam.create_policy(
            PolicyName=given.physical("name", "namePrefix"),
            PolicyDocument=given["policy"],
            **given.only("description", "path"),
            Tags=aws.tag_list(given.tags),
        )
        return made["Policy"]["Arn"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.iam.get_policy(PolicyArn=id_)["Policy"]
        version = aws.iam.get_policy_version(PolicyArn=id_, VersionId=live["DefaultVersionId"])["PolicyVersion"]
        return {"arn": id_, "name": live["PolicyName"], "policy": json.dumps(version["Document"])}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        aws.iam.create_policy_version(PolicyArn=id_, PolicyDocument=given["policy"], SetAsDefault=True)
        self._prune(aws, id_)

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        self._prune(aws, id_)
        aws.iam.delete_policy(PolicyArn=id_)

    def _prune(self, aws: Cloud, id_: str) -> None:
        for version in aws.iam.list_policy_versions(PolicyArn=id_)["Versions"]:
            if not version["IsDefaultVersion"]:
                aws.iam.delete_policy_version(PolicyArn=id_, VersionId=version["VersionId"])


class OpenIdConnectProvider(Handler):
    type = "iam/openIdConnectProvider:OpenIdConnectProvider"

    def create(self, aws: Cloud, given: Given) -> str:
        return aws.iam.create_open_id_connect_provider(
            Url=given["url"],
            **given.only(ClientIDList="clientIdLists", ThumbprintList="thumbprintLists"),
            Tags=aws.tag_list(given.tags),
        )["OpenIDConnectProviderArn"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=id_)
        return {"arn": id_, "clientIdLists": live["ClientIDList"]}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        if changed - TAGS:
            super().update(aws, id_, given, changed)
        aws.iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=id_, Tags=aws.tag_list(given.tags))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=id_)

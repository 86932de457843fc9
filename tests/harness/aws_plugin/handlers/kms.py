"""AWS KMS."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.harness.aws_plugin.cloud import GoneError
from tests.harness.aws_plugin.handlers.base import Given, Handler

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud


class Key(Handler):
    type = "kms/key:Key"
    later = frozenset({"deletionWindowInDays"})

    def create(self, aws: Cloud, given: Given) -> str:
        made = aws.kms.create_key(
            **given.only("description", "policy", "keyUsage", "multiRegion", KeySpec="customerMasterKeySpec"),
            Tags=aws.tag_list(given.tags, "TagKey", "TagValue"),
        )["KeyMetadata"]
        if given.get("enableKeyRotation"):
            aws.kms.enable_key_rotation(KeyId=made["KeyId"])
        return made["KeyId"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.kms.describe_key(KeyId=id_)["KeyMetadata"]
        if live["KeyState"] == "PendingDeletion":
            raise GoneError(id_)
        rotates = given.get("enableKeyRotation") and aws.kms.get_key_rotation_status(KeyId=id_)["KeyRotationEnabled"]
        return {
            "keyId": id_,
            "arn": live["Arn"],
            "description": live["Description"],
            "policy": aws.kms.get_key_policy(KeyId=id_, PolicyName="default")["Policy"],
            "enableKeyRotation": bool(rotates),
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        if "policy" in changed:
            aws.kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=given["policy"])
        if "enableKeyRotation" in changed:
            rotate = aws.kms.enable_key_rotation if given.get("enableKeyRotation") else aws.kms.disable_key_rotation
            rotate(KeyId=id_)
        aws.kms.update_key_description(KeyId=id_, Description=given.get("description", ""))
        aws.kms.tag_resource(KeyId=id_, Tags=aws.tag_list(given.tags, "TagKey", "TagValue"))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.kms.schedule_key_deletion(KeyId=id_, PendingWindowInDays=given.get("deletionWindowInDays", 30))


class Alias(Handler):
    type = "kms/alias:Alias"
    named = "name"

    def create(self, aws: Cloud, given: Given) -> str:
        name = given.physical("name", "namePrefix")
        aws.kms.create_alias(AliasName=name, TargetKeyId=given["targetKeyId"])
        return name

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        found = [alias for alias in aws.kms.list_aliases()["Aliases"] if alias["AliasName"] == id_]
        if not found:
            raise GoneError(id_)
        key = aws.kms.describe_key(KeyId=found[0]["TargetKeyId"])["KeyMetadata"]
        target = key["Arn"] if str(given["targetKeyId"]).startswith("arn:") else key["KeyId"]
        return {"name": id_, "arn": found[0]["AliasArn"], "targetKeyId": target, "targetKeyArn": key["Arn"]}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        aws.kms.update_alias(AliasName=id_, TargetKeyId=given["targetKeyId"])

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.kms.delete_alias(AliasName=id_)


def public_key(aws: Cloud, key_id: str) -> dict[str, Any]:
    """Return the public half of an asymmetric key."""
    live, key = aws.kms.get_public_key(KeyId=key_id), aws.kms.describe_key(KeyId=key_id)["KeyMetadata"]
    text = base64.encodebytes(live["PublicKey"]).decode()
    return {
        "id": key["Arn"],
        "arn": key["Arn"],
        "keyId": key_id,
        "keyUsage": key["KeyUsage"],
        "customerMasterKeySpec": key["KeySpec"],
        "signingAlgorithms": key["SigningAlgorithms"],
        "publicKey": text.replace("\n", ""),
        "publicKeyPem": f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n",
    }

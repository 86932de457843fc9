"""What machines are started from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.harness.aws_plugin.handlers.base import TAGS, Given, Names
from tests.harness.aws_plugin.handlers.ec2 import Ec2Handler, arn

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud


class LaunchTemplate(Ec2Handler):
    """Every change is a new version, as on AWS."""

    type = "ec2/launchTemplate:LaunchTemplate"
    named = "name"
    listed = ("describe_launch_templates", "LaunchTemplateIds", "LaunchTemplates")
    deletes = ("delete_launch_template", "LaunchTemplateId")
    parts = ("blockDeviceMappings", "metadataOptions", "tagSpecifications")
    flags = ("encrypted", "deleteOnTermination")
    names = Names()

    def create(self, aws: Cloud, given: Given) -> str:
        made = aws.ec2.create_launch_template(
            LaunchTemplateName=given.physical("name", "namePrefix"),
            LaunchTemplateData=self._data(aws, given),
            **given.only(VersionDescription="description"),
            **self.tagged(aws, given, "launch-template"),
        )
        given.get("updateDefaultVersion")
        return made["LaunchTemplate"]["LaunchTemplateId"]

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        versions = aws.ec2.describe_launch_template_versions(LaunchTemplateId=id_)["LaunchTemplateVersions"]
        latest = versions[-1]
        return {
            "arn": arn(aws, "launch-template", id_),
            "name": live["LaunchTemplateName"],
            "latestVersion": live["LatestVersionNumber"],
            "defaultVersion": live["DefaultVersionNumber"],
            "description": latest.get("VersionDescription"),
            **self._inputs(latest["LaunchTemplateData"], given),
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        if changed - TAGS:
            made = aws.ec2.create_launch_template_version(
                LaunchTemplateId=id_,
                LaunchTemplateData=self._data(aws, given),
                **given.only(VersionDescription="description"),
            )
            if given.get("updateDefaultVersion"):
                number = made["LaunchTemplateVersion"]["VersionNumber"]
                aws.ec2.modify_launch_template(LaunchTemplateId=id_, DefaultVersion=str(number))
        super().update(aws, id_, given, changed & TAGS)

    def _data(self, aws: Cloud, given: Given) -> dict[str, Any]:
        """Return what machines get, as AWS takes it; the provider's flags of volumes are text."""
        parts = {part: given[part] for part in self.parts if given.get(part)}
        volumes = [
            {
                **each,
                "ebs": {key: value == "true" if key in self.flags else value for key, value in each["ebs"].items()},
            }
            for each in parts.get("blockDeviceMappings", [])
        ]
        tags = [
            {"ResourceType": each["resourceType"], "Tags": aws.tag_list(each["tags"])}
            for each in parts.get("tagSpecifications", [])
        ]
        return {
            **self.names.to_aws({**parts, "blockDeviceMappings": volumes, "tagSpecifications": []}),
            "TagSpecifications": tags,
        }

    def _inputs(self, live: dict[str, Any], given: Given) -> dict[str, Any]:
        """Return what machines get, as it was given; moto keeps the template's own tags there, too."""
        volumes = self.names.from_aws(live.get("BlockDeviceMappings", []), given.get("blockDeviceMappings"))
        for each in volumes:
            each["ebs"] |= {
                flag: str(each["ebs"][flag]).lower() for flag in self.flags if each["ebs"].get(flag) is not None
            }
        return {
            "blockDeviceMappings": volumes,
            "metadataOptions": self.names.from_aws(live.get("MetadataOptions", {}), given.get("metadataOptions")),
            "tagSpecifications": [
                {
                    "resourceType": each["ResourceType"],
                    "tags": {tag["Key"]: tag["Value"] for tag in each["Tags"]},
                }
                for each in live.get("TagSpecifications", [])
                if each["ResourceType"] != "launch-template"
            ],
        }

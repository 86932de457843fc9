"""Amazon EC2: networks, their subnets and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tests.harness.aws_plugin.cloud import GoneError
from tests.harness.aws_plugin.handlers.base import Given, Handler

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud


class Ec2Handler(Handler):
    """Something that EC2 describes by its id, and that has tags."""

    listed: ClassVar[tuple[str, str, str]]
    """The call that describes it, its argument, and the list in its answer."""
    deletes: ClassVar[tuple[str, str]]
    """The call that deletes it and its argument."""

    def tagged(self, aws: Cloud, given: Given, kind: str) -> dict[str, Any]:
        """Return the argument that tags what is made."""
        tags = aws.tag_list(given.tags)
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}

    def live(self, aws: Cloud, id_: str) -> dict[str, Any]:
        """Return what EC2 says of it."""
        call, argument, answer = self.listed
        found = getattr(aws.ec2, call)(**{argument: [id_]})[answer]
        if not found:
            raise GoneError(id_)
        return found[0]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = self.live(aws, id_)
        return {"tagsAll": _mapping(live.get("Tags", [])), **self.shown(aws, id_, live, given)}

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        """Return what of it is inputs and outputs."""
        return {}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        if changed - {"tags", "tagsAll"}:
            super().update(aws, id_, given, changed - {"tags", "tagsAll"})
        was = {tag["Key"]: tag["Value"] for tag in self.live(aws, id_).get("Tags", [])}
        if gone := [{"Key": key} for key in was if key not in given.tags]:
            aws.ec2.delete_tags(Resources=[id_], Tags=gone)
        aws.ec2.create_tags(Resources=[id_], Tags=aws.tag_list(given.tags))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        call, argument = self.deletes
        getattr(aws.ec2, call)(**{argument: id_})


def arn(aws: Cloud, kind: str, id_: str) -> str:
    """Return the ARN of something of EC2's."""
    return f"arn:aws:ec2:{aws.region}:{aws.account}:{kind}/{id_}"


def _mapping(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


class Vpc(Ec2Handler):
    type = "ec2/vpc:Vpc"
    listed = ("describe_vpcs", "VpcIds", "Vpcs")
    deletes = ("delete_vpc", "VpcId")
    switches: ClassVar = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}

    def create(self, aws: Cloud, given: Given) -> str:
        made = aws.ec2.create_vpc(CidrBlock=given["cidrBlock"], **self.tagged(aws, given, "vpc"))["Vpc"]["VpcId"]
        self._switch(aws, made, given)
        return made

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        group = {"Filters": [{"Name": "vpc-id", "Values": [id_]}, {"Name": "group-name", "Values": ["default"]}]}
        return {
            "arn": arn(aws, "vpc", id_),
            "cidrBlock": live["CidrBlock"],
            "defaultSecurityGroupId": aws.ec2.describe_security_groups(**group)["SecurityGroups"][0]["GroupId"],
            **{key: self._value(aws, id_, name) for key, name in self.switches.items()},
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        self._switch(aws, id_, given)
        super().update(aws, id_, given, changed - set(self.switches))

    def _switch(self, aws: Cloud, id_: str, given: Given) -> None:
        for key, name in self.switches.items():
            if given.get(key) is not None:
                aws.ec2.modify_vpc_attribute(VpcId=id_, **{name: {"Value": given[key]}})

    def _value(self, aws: Cloud, id_: str, name: str) -> bool:
        attribute = name[:1].lower() + name[1:]
        return aws.ec2.describe_vpc_attribute(VpcId=id_, Attribute=attribute)[name]["Value"]


class Subnet(Ec2Handler):
    type = "ec2/subnet:Subnet"
    listed = ("describe_subnets", "SubnetIds", "Subnets")
    deletes = ("delete_subnet", "SubnetId")

    def create(self, aws: Cloud, given: Given) -> str:
        wanted = given.only("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId")
        made = aws.ec2.create_subnet(**wanted, **self.tagged(aws, given, "subnet"))["Subnet"]["SubnetId"]
        self._public(aws, made, given)
        return made

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        return {
            "arn": arn(aws, "subnet", id_),
            "vpcId": live["VpcId"],
            "cidrBlock": live["CidrBlock"],
            "availabilityZone": live["AvailabilityZone"],
            "availabilityZoneId": live["AvailabilityZoneId"],
            "mapPublicIpOnLaunch": live["MapPublicIpOnLaunch"],
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        self._public(aws, id_, given)
        super().update(aws, id_, given, changed - {"mapPublicIpOnLaunch"})

    def _public(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.ec2.modify_subnet_attribute(
            SubnetId=id_, MapPublicIpOnLaunch={"Value": bool(given.get("mapPublicIpOnLaunch"))}
        )


class InternetGateway(Ec2Handler):
    type = "ec2/internetGateway:InternetGateway"
    listed = ("describe_internet_gateways", "InternetGatewayIds", "InternetGateways")
    deletes = ("delete_internet_gateway", "InternetGatewayId")

    def create(self, aws: Cloud, given: Given) -> str:
        made = aws.ec2.create_internet_gateway(**self.tagged(aws, given, "internet-gateway"))["InternetGateway"]
        aws.ec2.attach_internet_gateway(InternetGatewayId=made["InternetGatewayId"], VpcId=given["vpcId"])
        return made["InternetGatewayId"]

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        attached = live.get("Attachments", [])
        return {"arn": arn(aws, "internet-gateway", id_), "vpcId": attached[0]["VpcId"] if attached else None}

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=given["vpcId"])
        super().delete(aws, id_, given)


class Eip(Ec2Handler):
    type = "ec2/eip:Eip"
    listed = ("describe_addresses", "AllocationIds", "Addresses")
    deletes = ("release_address", "AllocationId")

    def create(self, aws: Cloud, given: Given) -> str:
        made = aws.ec2.allocate_address(Domain=given.get("domain", "vpc"), **self.tagged(aws, given, "elastic-ip"))
        return made["AllocationId"]

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        return {"allocationId": id_, "publicIp": live["PublicIp"], "domain": live["Domain"]}


class NatGateway(Ec2Handler):
    type = "ec2/natGateway:NatGateway"
    listed = ("describe_nat_gateways", "NatGatewayIds", "NatGateways")
    deletes = ("delete_nat_gateway", "NatGatewayId")

    def create(self, aws: Cloud, given: Given) -> str:
        wanted = given.only("subnetId", "allocationId", "connectivityType")
        return aws.ec2.create_nat_gateway(**wanted, **self.tagged(aws, given, "natgateway"))["NatGateway"][
            "NatGatewayId"
        ]

    def live(self, aws: Cloud, id_: str) -> dict[str, Any]:
        live = super().live(aws, id_)
        if live["State"] in ("deleting", "deleted"):
            raise GoneError(id_)
        return live

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        return {"subnetId": live["SubnetId"], "allocationId": live["NatGatewayAddresses"][0].get("AllocationId")}

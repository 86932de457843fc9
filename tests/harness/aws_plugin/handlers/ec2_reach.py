"""Amazon EC2: routes, security groups, endpoints and the record of connections."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from tests.harness.aws_plugin.cloud import GoneError
from tests.harness.aws_plugin.handlers.base import TAGS, Given, Handler
from tests.harness.aws_plugin.handlers.ec2 import Ec2Handler, arn

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud


class RouteTable(Ec2Handler):
    type = "ec2/routeTable:RouteTable"
    listed = ("describe_route_tables", "RouteTableIds", "RouteTables")
    deletes = ("delete_route_table", "RouteTableId")

    def create(self, aws: Cloud, given: Given) -> str:
        made = aws.ec2.create_route_table(VpcId=given["vpcId"], **self.tagged(aws, given, "route-table"))
        return made["RouteTable"]["RouteTableId"]

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        return {"arn": arn(aws, "route-table", id_), "vpcId": live["VpcId"]}


class Route(Handler):
    """Its id is made of its table and destination, as AWS has none."""

    type = "ec2/route:Route"
    targets = ("gatewayId", "natGatewayId", "transitGatewayId", "vpcPeeringConnectionId", "networkInterfaceId")

    def create(self, aws: Cloud, given: Given) -> str:
        aws.ec2.create_route(**given.only("routeTableId", "destinationCidrBlock", *self.targets))
        digest = hashlib.sha256(given["destinationCidrBlock"].encode()).hexdigest()[:10]
        return f"r-{given['routeTableId']}{digest}"

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        tables = aws.ec2.describe_route_tables(RouteTableIds=[given["routeTableId"]])["RouteTables"]
        for route in tables[0]["Routes"]:
            if route.get("DestinationCidrBlock") == given["destinationCidrBlock"]:
                return {key: route.get(key[:1].upper() + key[1:]) for key in self.targets if given.get(key)}
        raise GoneError(id_)

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        aws.ec2.replace_route(**given.only("routeTableId", "destinationCidrBlock", *self.targets))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.ec2.delete_route(**given.only("routeTableId", "destinationCidrBlock"))


class RouteTableAssociation(Handler):
    type = "ec2/routeTableAssociation:RouteTableAssociation"

    def create(self, aws: Cloud, given: Given) -> str:
        return aws.ec2.associate_route_table(**given.only("routeTableId", "subnetId"))["AssociationId"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        for table in aws.ec2.describe_route_tables()["RouteTables"]:
            for association in table["Associations"]:
                if association["RouteTableAssociationId"] == id_:
                    return {"routeTableId": table["RouteTableId"], "subnetId": association.get("SubnetId")}
        raise GoneError(id_)

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.ec2.disassociate_route_table(AssociationId=id_)


class SecurityGroup(Ec2Handler):
    """Made without AWS's own rule that lets everything out, as the provider does; rules are types of their own."""

    type = "ec2/securityGroup:SecurityGroup"
    named = "name"
    later = frozenset({"revokeRulesOnDelete"})
    listed = ("describe_security_groups", "GroupIds", "SecurityGroups")
    deletes = ("delete_security_group", "GroupId")

    def create(self, aws: Cloud, given: Given) -> str:
        made = aws.ec2.create_security_group(
            GroupName=given.physical("name", "namePrefix"),
            Description=given.get("description", "Managed by Pulumi"),
            VpcId=given["vpcId"],
            **self.tagged(aws, given, "security-group"),
        )["GroupId"]
        close(aws, made, "Egress")
        return made

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        return {
            "arn": arn(aws, "security-group", id_),
            "name": live["GroupName"],
            "description": live["Description"],
            "vpcId": live["VpcId"],
        }


def close(aws: Cloud, group: str, direction: str) -> None:
    """Revoke every rule of a security group in one direction."""
    found = aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    rules = found["IpPermissions" if direction == "Ingress" else "IpPermissionsEgress"]
    if rules:
        getattr(aws.ec2, f"revoke_security_group_{direction.lower()}")(GroupId=group, IpPermissions=rules)


class DefaultSecurityGroup(Ec2Handler):
    """Adopted, never made: its rules are taken away; a deletion leaves it alone, as the provider does."""

    type = "ec2/defaultSecurityGroup:DefaultSecurityGroup"
    listed = ("describe_security_groups", "GroupIds", "SecurityGroups")
    replaces = frozenset({"vpcId"})

    def create(self, aws: Cloud, given: Given) -> str:
        filters = [{"Name": "vpc-id", "Values": [given["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
        group = aws.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
        self._apply(aws, group, given)
        if given.tags:
            aws.ec2.create_tags(Resources=[group], Tags=aws.tag_list(given.tags))
        return group

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        return {
            "arn": arn(aws, "security-group", id_),
            "vpcId": live["VpcId"],
            "ingress": [_rule(rule) for rule in live["IpPermissions"]],
            "egress": [_rule(rule) for rule in live["IpPermissionsEgress"]],
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        self._apply(aws, id_, given)
        super().update(aws, id_, given, changed - {"ingress", "egress"})

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        """Leave it as it is: it goes with its network."""

    def _apply(self, aws: Cloud, id_: str, given: Given) -> None:
        if given.get("ingress") or given.get("egress"):
            raise NotImplementedError(f"{self.type}: the stand-in only closes it; leave `ingress` and `egress` empty")
        close(aws, id_, "Ingress")
        close(aws, id_, "Egress")


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "protocol": rule["IpProtocol"],
        "fromPort": rule.get("FromPort", 0),
        "toPort": rule.get("ToPort", 0),
        "cidrBlocks": [item["CidrIp"] for item in rule.get("IpRanges", [])],
    }


class _Rule(Handler):
    """One rule of a security group."""

    direction: ClassVar[str]
    sources: ClassVar[dict[str, Callable[[str], dict[str, Any]]]] = {
        "cidrIpv4": lambda value: {"IpRanges": [{"CidrIp": value}]},
        "cidrIpv6": lambda value: {"Ipv6Ranges": [{"CidrIpv6": value}]},
        "prefixListId": lambda value: {"PrefixListIds": [{"PrefixListId": value}]},
        "referencedSecurityGroupId": lambda value: {"UserIdGroupPairs": [{"GroupId": value}]},
    }

    def create(self, aws: Cloud, given: Given) -> str:
        permission = given.only("ipProtocol", "fromPort", "toPort")
        for key, source in self.sources.items():
            if given.get(key):
                permission |= source(given[key])
                self._describe(permission, given.get("description"))
        tags = aws.tag_list(given.tags)
        tagged = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": tags}]} if tags else {}
        call = getattr(aws.ec2, f"authorize_security_group_{self.direction}")
        made = call(GroupId=given["securityGroupId"], IpPermissions=[permission], **tagged)
        return made["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        found = aws.ec2.describe_security_group_rules(SecurityGroupRuleIds=[id_])["SecurityGroupRules"]
        if not found:
            raise GoneError(id_)
        live = found[0]
        return {
            "securityGroupRuleId": id_,
            "arn": arn(aws, "security-group-rule", id_),
            "securityGroupId": live["GroupId"],
            "cidrIpv4": live.get("CidrIpv4"),
            "ipProtocol": live["IpProtocol"],
            "fromPort": live.get("FromPort"),
            "toPort": live.get("ToPort"),
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        if changed - TAGS:
            super().update(aws, id_, given, changed)
        aws.ec2.create_tags(Resources=[id_], Tags=aws.tag_list(given.tags))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        call = getattr(aws.ec2, f"revoke_security_group_{self.direction}")
        call(GroupId=given["securityGroupId"], SecurityGroupRuleIds=[id_])

    def _describe(self, permission: dict[str, Any], text: str | None) -> None:
        for value in permission.values():
            if text and isinstance(value, list):
                value[0]["Description"] = text


class SecurityGroupIngressRule(_Rule):
    type = "vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    direction = "ingress"


class SecurityGroupEgressRule(_Rule):
    type = "vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "egress"


class VpcEndpoint(Ec2Handler):
    type = "ec2/vpcEndpoint:VpcEndpoint"
    listed = ("describe_vpc_endpoints", "VpcEndpointIds", "VpcEndpoints")
    names: ClassVar = {
        "PolicyDocument": "policy",
        "SecurityGroupIds": "securityGroupIds",
        "SubnetIds": "subnetIds",
        "RouteTableIds": "routeTableIds",
    }

    def create(self, aws: Cloud, given: Given) -> str:
        wanted = given.only("vpcId", "serviceName", "vpcEndpointType", "privateDnsEnabled", **self.names)
        made = aws.ec2.create_vpc_endpoint(**wanted, **self.tagged(aws, given, "vpc-endpoint"))
        return made["VpcEndpoint"]["VpcEndpointId"]

    def live(self, aws: Cloud, id_: str) -> dict[str, Any]:
        live = super().live(aws, id_)
        if live["State"] in ("deleting", "deleted"):
            raise GoneError(id_)
        return live

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        return {
            "arn": arn(aws, "vpc-endpoint", id_),
            "vpcId": live["VpcId"],
            "serviceName": live["ServiceName"],
            "vpcEndpointType": live["VpcEndpointType"],
        }

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[id_])


class _EndpointAssociation(Handler):
    """Something that an endpoint is put into; its id is made of both, as AWS has none."""

    given_as: ClassVar[str]
    listed_as: ClassVar[str]

    def create(self, aws: Cloud, given: Given) -> str:
        endpoint, other = given["vpcEndpointId"], given[self.given_as]
        aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, **{f"Add{self.listed_as}": [other]})
        return f"a-{endpoint}{hashlib.sha256(other.encode()).hexdigest()[:10]}"

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        found = aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[given["vpcEndpointId"]])["VpcEndpoints"]
        if not found or given[self.given_as] not in found[0][self.listed_as]:
            raise GoneError(id_)
        return {}

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        removed = {f"Remove{self.listed_as}": [given[self.given_as]]}
        aws.ec2.modify_vpc_endpoint(VpcEndpointId=given["vpcEndpointId"], **removed)


class VpcEndpointRouteTableAssociation(_EndpointAssociation):
    type = "ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
    given_as, listed_as = "routeTableId", "RouteTableIds"
    replaces = frozenset({"routeTableId", "vpcEndpointId"})


class VpcEndpointSubnetAssociation(_EndpointAssociation):
    type = "ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation"
    given_as, listed_as = "subnetId", "SubnetIds"
    replaces = frozenset({"subnetId", "vpcEndpointId"})


class FlowLog(Ec2Handler):
    type = "ec2/flowLog:FlowLog"
    listed = ("describe_flow_logs", "FlowLogIds", "FlowLogs")
    names: ClassVar = {
        "TrafficType": "trafficType",
        "LogDestinationType": "logDestinationType",
        "LogDestination": "logDestination",
        "DeliverLogsPermissionArn": "iamRoleArn",
        "MaxAggregationInterval": "maxAggregationInterval",
    }

    def create(self, aws: Cloud, given: Given) -> str:
        made = aws.ec2.create_flow_logs(
            ResourceType="VPC",
            ResourceIds=[given["vpcId"]],
            **given.only(**self.names),
            **self.tagged(aws, given, "vpc-flow-log"),
        )
        if made.get("Unsuccessful"):
            raise ValueError(f"flow log: {made['Unsuccessful'][0]['Error']['Message']}")
        return made["FlowLogIds"][0]

    def shown(self, aws: Cloud, id_: str, live: dict[str, Any], given: Given) -> dict[str, Any]:
        return {
            "arn": arn(aws, "vpc-flow-log", id_),
            "vpcId": live["ResourceId"],
            "trafficType": live["TrafficType"],
            "logDestination": live.get("LogDestination"),
        }

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.ec2.delete_flow_logs(FlowLogIds=[id_])

"""Networks: nothing is open that nobody opened on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.plan.graph import Graph, GraphResource
from pipelines.plan.policy.base import Flaw, Policy, beside, each, inside, items

GROUP = "aws:ec2/securityGroup:SecurityGroup"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"

_WORLD = {"0.0.0.0/0", "::/0"}
_PUBLIC_PORTS = {80, 443}


@each(GROUP, RULE, OLD_RULE)
def _open(resource: GraphResource) -> str | None:
    for rule in _ingress(resource):
        ports = f"{rule.get('fromPort', 'all')}-{rule.get('toPort', 'all')}"
        if _from_everywhere(rule) and not _only_web(rule):
            return f"lets the whole internet in on ports {ports}; name the address ranges or security groups"
    return None


def _ingress(resource: GraphResource) -> list[dict[str, Any]]:
    if resource.type == GROUP:
        return items(resource.inputs.get("ingress"))
    incoming = resource.type == RULE or resource.inputs.get("type") == "ingress"
    return [resource.inputs] if incoming else []


def _from_everywhere(rule: Mapping[str, Any]) -> bool:
    ranges = [rule.get("cidrIpv4"), rule.get("cidrIpv6"), *rule.get("cidrBlocks", []), *rule.get("ipv6CidrBlocks", [])]
    return any(cidr in _WORLD for cidr in ranges)


def _only_web(rule: Mapping[str, Any]) -> bool:
    low, high = rule.get("fromPort"), rule.get("toPort")
    protocol = rule.get("ipProtocol") or rule.get("protocol")
    return protocol == "tcp" and low == high and low in _PUBLIC_PORTS


@each(SUBNET)
def _public_addresses(subnet: GraphResource) -> str | None:
    if subnet.inputs.get("mapPublicIpOnLaunch") is True:
        return "gives every machine a public address; set `mapPublicIpOnLaunch` to false"
    return None


def _default_group(graph: Graph) -> Iterator[Flaw]:
    for vpc in graph.of_type(VPC):
        groups = beside(graph, vpc, DEFAULT_GROUP, "vpcId")
        if not any(not group.inputs.get("ingress") and not group.inputs.get("egress") for group in groups):
            yield vpc, "leaves its default security group open; add a `DefaultSecurityGroup` without rules"


def _unrecorded(graph: Graph) -> Iterator[Flaw]:
    for vpc in graph.of_type(VPC):
        if not beside(graph, vpc, FLOW_LOG, "vpcId"):
            yield vpc, "keeps no record of its connections; add a `FlowLog`"


@each(TEMPLATE)
def _metadata(template: GraphResource) -> str | None:
    options = inside(template.inputs, "metadataOptions")
    if options.get("httpTokens") != "required":
        return "lets anything on the machine ask for its credentials; set `metadataOptions.httpTokens` to `required`"
    if options.get("httpPutResponseHopLimit", 1) > 1:
        return "lets pods ask for the machine's credentials; set `metadataOptions.httpPutResponseHopLimit` to 1"
    return None


_MAIN = {"vpcId": "${aws:ec2/vpc:Vpc::main.id}"}
_TCP = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22}

POLICIES = (
    Policy(
        id="network-no-open-ingress",
        reason="Every port that the internet reaches is tried within minutes.",
        source="AWS Security Hub, EC2 controls EC2.18, EC2.19",
        check=_open,
        fires=[
            {f"{RULE} ssh": {**_TCP, "cidrIpv4": "0.0.0.0/0"}},
            {f"{RULE} all": {"ipProtocol": "-1", "cidrIpv6": "::/0"}},
            {f"{GROUP} old": {"ingress": [{"protocol": "tcp", "fromPort": 0, "toPort": 443, "cidrBlocks": [*_WORLD]}]}},
        ],
        holds=[
            {f"{RULE} ssh": {**_TCP, "cidrIpv4": "10.0.0.0/8"}},
            {f"{RULE} web": {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "0.0.0.0/0"}},
            {f"{OLD_RULE} out": {"type": "egress", "protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}},
        ],
    ),
    Policy(
        id="network-no-public-addresses",
        reason="A machine that is started in the wrong subnet would be on the internet at once.",
        source="AWS Security Hub, EC2 controls EC2.15",
        check=_public_addresses,
        fires=[{f"{SUBNET} a": {"mapPublicIpOnLaunch": True}}],
        holds=[{f"{SUBNET} a": {"mapPublicIpOnLaunch": False}}],
    ),
    Policy(
        id="network-default-group-closed",
        reason="What is started without a security group gets the default one, which lets its members talk freely.",
        source="AWS Security Hub, EC2 controls EC2.2",
        check=_default_group,
        fires=[
            {f"{VPC} main": {}},
            {f"{VPC} main": {}, f"{DEFAULT_GROUP} main": {**_MAIN, "ingress": [{"self": True}]}},
        ],
        holds=[{f"{VPC} main": {}, f"{DEFAULT_GROUP} main": {**_MAIN, "ingress": [], "egress": []}}],
    ),
    Policy(
        id="network-recorded",
        reason="Without a record nobody can say afterwards who talked to whom.",
        source="AWS Security Hub, EC2 controls EC2.6",
        check=_unrecorded,
        fires=[{f"{VPC} main": {}}],
        holds=[{f"{VPC} main": {}, f"{FLOW_LOG} main": {**_MAIN, "trafficType": "ALL"}}],
    ),
    Policy(
        id="machine-metadata-guarded",
        reason="A request that a pod is tricked into making would fetch the machine's own credentials.",
        source="AWS Security Hub, EC2 controls EC2.170; Amazon EKS best practices, identity and access management",
        check=_metadata,
        fires=[
            {f"{TEMPLATE} gpu": {}},
            {f"{TEMPLATE} gpu": {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2}}},
        ],
        holds=[{f"{TEMPLATE} gpu": {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}}}],
    ),
)

"""A network that is private by default, and grows without moving."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.base import Tier
from components.conformance import Case
from components.errors import UserError
from components.network.contract import PRIVATE_CLUSTER, VpcSpec
from components.recording import RecordedResource
from pipelines.plan.access import Principal, Request, decide

ONE, TWO, THREE = "euw1-az1", "euw1-az2", "euw1-az3"
PLAN: dict[str, dict[str, str]] = {
    "public": {ONE: "10.20.0.0/24", TWO: "10.20.1.0/24"},
    "private": {ONE: "10.20.16.0/20", TWO: "10.20.32.0/20"},
    "isolated": {ONE: "10.20.8.0/24", TWO: "10.20.9.0/24"},
}


def spec(plan: dict[str, dict[str, str]] = PLAN, **more: Any) -> VpcSpec:
    """A spec of an address plan."""
    return VpcSpec.model_validate_json(json.dumps({"cidr": "10.20.0.0/16", "subnets": plan, **more}))


def managed(values: VpcSpec | None = None) -> dict[str, RecordedResource]:
    """What the network registers, by class and name."""
    built = Case(values or spec()).built(Tier.PROD)
    found = {f"{item.type.rpartition(':')[2]} {item.name}": item for item in built.managed}
    assert len(built.managed) == len(found)
    return found


def named(found: dict[str, RecordedResource], kind: str) -> dict[str, dict[str, Any]]:
    """The inputs of one class of resources, by name without that of the network."""
    own = {name: item for name, item in found.items() if name.split()[0] == kind}
    return {name.split()[1].removeprefix("network-"): dict(item.inputs) for name, item in own.items()}


def way_out(found: dict[str, RecordedResource]) -> dict[str, str]:
    """Where each subnet's default route leads."""
    routes = {item["routeTableId"]: item for item in named(found, "Route").values()}
    leads = {}
    for association in named(found, "RouteTableAssociation").values():
        route = routes.get(association["routeTableId"], {})
        target = route.get("natGatewayId") or route.get("gatewayId") or "nowhere"
        subnet = association["subnetId"].split("network-")[1].removesuffix(".id}")
        leads[subnet] = target.split("::")[-1].removesuffix(".id}")
    return leads


def test_only_public_subnets_meet_the_internet() -> None:
    """Private subnets go out through the gateway of their zone, isolated ones nowhere; nothing gets an address."""
    assert {
        f"public-{ONE}": "network",
        f"public-{TWO}": "network",
        f"private-{ONE}": f"network-nat-{ONE}",
        f"private-{TWO}": f"network-nat-{TWO}",
        f"isolated-{ONE}": "nowhere",
        f"isolated-{TWO}": "nowhere",
    } == way_out(managed())
    assert {False} == {subnet["mapPublicIpOnLaunch"] for subnet in named(managed(), "Subnet").values()}


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        ([TWO], [f"network-nat-{TWO}", f"network-nat-{TWO}"]),
        ([TWO, ONE], [f"network-nat-{ONE}", f"network-nat-{TWO}"]),
        ([], ["nowhere", "nowhere"]),
    ],
)
def test_gateways_are_a_choice(zones: list[str], expected: list[str]) -> None:
    """One gateway stands in for the zones without one; without any, endpoints are the only way out."""
    found = managed(spec(nat_zones=zones))

    assert sorted(f"nat-{zone}" for zone in zones) == sorted(named(found, "NatGateway"))
    assert sorted(f"nat-{zone}" for zone in zones) == sorted(named(found, "Eip"))
    assert expected == [way_out(found)[f"private-{zone}"] for zone in (ONE, TWO)]


def test_a_gateway_waits_for_the_way_in() -> None:
    """A NAT gateway without a route to the internet cannot start."""
    found = managed()

    assert found["Route network-public"].urn in found[f"NatGateway network-nat-{ONE}"].dependencies


def test_a_network_without_an_entrance() -> None:
    """Without public subnets there is no internet gateway, and nothing leads out."""
    found = managed(spec(PLAN | {"public": {}}))

    assert {"nowhere"} == set(way_out(found).values())
    assert [] == [name for name in found if name.split()[0] in {"InternetGateway", "NatGateway", "Route"}]


LATER = {tier: dict(ranges) for tier, ranges in PLAN.items()}
LATER["public"]["euw1-az0"], LATER["private"]["euw1-az0"], LATER["isolated"]["euw1-az0"] = (
    "10.20.2.0/24",
    "10.20.48.0/20",
    "10.20.10.0/24",
)


WITHOUT_ENTRANCE = PLAN | {"public": {}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (spec(), spec(LATER)),
        (spec(nat_zones=[TWO]), spec(LATER, nat_zones=[TWO])),
        (spec(nat_zones=[TWO]), spec(PLAN | {"private": LATER["private"]}, nat_zones=[TWO])),
        (spec(WITHOUT_ENTRANCE), spec()),
    ],
    ids=["zone", "zone with one gateway", "zone of one tier", "tier"],
)
def test_growth_changes_nothing(before: VpcSpec, after: VpcSpec) -> None:
    """A new zone, one that sorts first, or a new tier of subnets adds resources and changes no input of another."""
    small, large = managed(before), managed(after)

    assert small == {name: item for name, item in large.items() if name in small}
    assert len(small) < len(large)


def test_the_default_security_group_is_closed() -> None:
    """Whoever forgets to choose a security group gets one that lets nothing through."""
    [group] = named(managed(), "DefaultSecurityGroup").values()

    assert ([], []) == (group["ingress"], group["egress"])


def test_every_connection_is_recorded() -> None:
    """All traffic goes to a log group with an end, before anything writes without permission."""
    found = managed(spec(flow_log_retention_days=90))
    [log], [group] = named(found, "FlowLog").values(), named(found, "LogGroup").values()

    assert ("ALL", "${aws:cloudwatch/logGroup:LogGroup::network-flow-logs.arn}") == (
        log["trafficType"],
        log["logDestination"],
    )
    assert 90 == group["retentionInDays"]
    assert found["RolePolicy network-flow-logs"].urn in found["FlowLog network-flow-logs"].dependencies


@pytest.mark.parametrize(
    ("account", "source", "allowed"),
    [
        ("111122223333", "arn:aws:ec2:eu-west-1:111122223333:vpc-flow-log/fl-1", True),
        ("444455556666", "arn:aws:ec2:eu-west-1:444455556666:vpc-flow-log/fl-1", False),
        ("444455556666", "arn:aws:ec2:eu-west-1:111122223333:vpc-flow-log/fl-1", False),
        ("111122223333", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", False),
    ],
)
def test_the_recorder_is_nobodys_deputy(account: str, source: str, allowed: bool) -> None:
    """The flow log service takes the role for flow logs of this account only."""
    trust = named(managed(), "Role")["flow-logs"]["assumeRolePolicy"]
    context = {"aws:SourceAccount": account, "aws:SourceArn": source}
    service = Principal("Service", "vpc-flow-logs.amazonaws.com")

    request = Request(action="sts:AssumeRole", principal=service, context=context)
    assert allowed is decide([trust], request).allowed


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("logs:PutLogEvents", "${aws:cloudwatch/logGroup:LogGroup::network-flow-logs.arn}:log-stream:eni-1", True),
        ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:111122223333:log-group:other:log-stream:eni-1", False),
        ("logs:CreateLogGroup", "${aws:cloudwatch/logGroup:LogGroup::network-flow-logs.arn}", False),
    ],
)
def test_the_recorder_writes_its_own_log_only(action: str, resource: str, allowed: bool) -> None:
    """It cannot make a log group again that was destroyed, which would have no end."""
    rights = named(managed(), "RolePolicy")["flow-logs"]["policy"]

    assert allowed is decide([rights], Request(action=action, resource=resource)).allowed


def test_s3_is_reached_from_every_subnet() -> None:
    """The gateway endpoint is in every route table."""
    found = managed()
    tables = {item["routeTableId"] for item in named(found, "VpcEndpointRouteTableAssociation").values()}

    assert {"com.amazonaws.eu-west-1.s3"} == {
        item["serviceName"] for item in named(found, "VpcEndpoint").values() if item["vpcEndpointType"] == "Gateway"
    }
    assert {item["routeTableId"] for item in named(found, "RouteTableAssociation").values()} == tables


def test_services_are_reached_from_inside_only() -> None:
    """A private cluster finds each service it calls in every zone, by its own name, for HTTPS from the network."""
    found = managed()
    endpoints = [item for item in named(found, "VpcEndpoint").values() if item["vpcEndpointType"] == "Interface"]
    zones = [item["subnetId"] for item in named(found, "VpcEndpointSubnetAssociation").values()]

    assert [f"com.amazonaws.eu-west-1.{service}" for service in PRIVATE_CLUSTER] == sorted(
        item["serviceName"] for item in endpoints
    )
    assert {(True, "${aws:ec2/securityGroup:SecurityGroup::network-endpoints.id}")} == {
        (item["privateDnsEnabled"], *item["securityGroupIds"]) for item in endpoints
    }
    for zone in (ONE, TWO):
        assert len(PRIVATE_CLUSTER) == zones.count(f"${{aws:ec2/subnet:Subnet::network-private-{zone}.id}}")
    [rule] = named(found, "SecurityGroupIngressRule").values()
    assert ("10.20.0.0/16", "tcp", 443, 443) == tuple(
        rule[name] for name in ("cidrIpv4", "ipProtocol", "fromPort", "toPort")
    )


def test_endpoints_are_a_choice() -> None:
    """Each is paid for; without any there is no security group for them either."""
    some, none = managed(spec(interface_endpoints=["sts", "ecr.api", "sts"])), managed(spec(interface_endpoints=[]))

    assert ["ecr-api", "s3", "sts"] == sorted(named(some, "VpcEndpoint"))
    assert ["s3"] == sorted(named(none, "VpcEndpoint"))
    assert {} == named(none, "SecurityGroup")


def test_load_balancers_find_their_subnets() -> None:
    """Public subnets are for those of the internet, private ones for internal ones, isolated ones for none."""
    tags = {name: set(subnet["tags"]) - {"Name"} for name, subnet in named(managed(), "Subnet").items()}

    assert {"kubernetes.io/role/elb"} == tags[f"public-{ONE}"]
    assert {"kubernetes.io/role/internal-elb"} == tags[f"private-{ONE}"]
    assert set() == tags[f"isolated-{ONE}"]


def test_zones_of_another_region_are_refused() -> None:
    """An address plan that was copied from another region is told so before anything exists."""
    plan = {tier: {zone.replace("euw1", "use1"): cidr for zone, cidr in PLAN[tier].items()} for tier in PLAN}

    with pytest.raises(UserError) as refused:
        managed(spec(plan))
    assert "network: subnets: `use1-az1, use1-az2`: zones of eu-west-1 begin with `euw1`" == str(refused.value)

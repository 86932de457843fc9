"""Address plans that cannot be: every problem at once, at the path that was typed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from components.errors import UserError
from components.network.addresses import zone_prefix
from components.network.contract import NetworkSpec
from stacks.load import validate


class Environment(BaseModel):
    """A document with a network in it."""

    network: NetworkSpec


ONE, TWO, THREE = "euw1-az1", "euw1-az2", "euw1-az3"


def told(**changes: Any) -> list[str]:
    """Say what is wrong with an address plan, or nothing."""
    network: dict[str, Any] = {
        "flavor": "vpc",
        "cidr": "10.20.0.0/16",
        "subnets": {
            "public": {ONE: "10.20.0.0/24", TWO: "10.20.1.0/24"},
            "private": {ONE: "10.20.16.0/20", TWO: "10.20.32.0/20"},
            "isolated": {ONE: "10.20.8.0/24", TWO: "10.20.9.0/24"},
        },
    }
    network["subnets"].update(changes.pop("subnets", {}))
    try:
        validate({"network": network | changes}, Environment, "dev")
    except UserError as error:
        return [problem.removeprefix("dev: network.") for problem in error.problems]
    return []


def test_a_good_plan_has_no_problem() -> None:
    """What the documents show is accepted, a network without public subnets too."""
    assert [[], []] == [told(), told(subnets={"public": {}})]


ZONE = "not the id of a zone; write `euc1-az1`, as `aws ec2 describe-availability-zones` lists them"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cidr": "10.20.0.1/16"}, "cidr: `10.20.0.1/16`: has bits of a host; did you mean `10.20.0.0/16`?"),
        (
            {"cidr": "ten"},
            "cidr: `ten`: not a range of IPv4 addresses; write it like `10.20.0.0/16`",
        ),
        ({"cidr": "10.0.0.0/8"}, "cidr: `10.0.0.0/8`: a VPC has between a /16 and a /28"),
        (
            {"subnets": {"private": {ONE: "10.20.16.0/20", TWO: "10.20.32.0/25"}}},
            "subnets.private.euw1-az2: `10.20.32.0/25`: too small; a /24 or larger: every pod takes an address",
        ),
        (
            {"subnets": {"public": {ONE: "10.20.0.0/28", TWO: "10.20.1.0/27"}}},
            "subnets.public.euw1-az1: `10.20.0.0/28`: too small; a /27 or larger: "
            "a load balancer needs a /27 with 8 free addresses",
        ),
        (
            {"subnets": {"isolated": {ONE: "10.20.8.0/28", TWO: "10.20.8.16/29"}}},
            "subnets.isolated.euw1-az2: `10.20.8.16/29`: too small; a /28 or larger: AWS makes none smaller",
        ),
        (
            {"subnets": {"isolated": {ONE: "10.20.8.0/24", TWO: "10.21.9.0/24"}}},
            "subnets.isolated.euw1-az2: `10.21.9.0/24`: outside of cidr 10.20.0.0/16",
        ),
        (
            {"subnets": {"isolated": {ONE: "10.20.8.0/24", TWO: "10.20.40.0/24"}}},
            "subnets.isolated.euw1-az2: `10.20.40.0/24`: overlaps subnets.private.euw1-az2 10.20.32.0/20",
        ),
        (
            {"subnets": {"isolated": {ONE: "10.20.8.0/24"}}},
            "subnets.isolated: `{'euw1-az1': '10.20.8.0/24'}`: "
            "a cluster and a database need subnets in two zones or more; add one",
        ),
        (
            {"subnets": {"isolated": {ONE: "10.20.8.0/24", "eu-west-1b": "10.20.9.0/24"}}},
            f"subnets.isolated.eu-west-1b: `eu-west-1b`: {ZONE}",
        ),
        (
            {"subnets": {"isolated": {ONE: "10.20.8.0/24", "use1-az1": "10.20.9.0/24"}}},
            "subnets: `euw1, use1`: zones of several regions; a network is in one",
        ),
        (
            {"subnets": {"public": {ONE: "10.20.0.0/24"}}},
            "subnets.private.euw1-az2: `euw1-az2`: no NAT gateway in its zone; "
            "add a public subnet there, or list nat_zones",
        ),
        ({"nat_zones": [ONE, TWO, ONE]}, "nat_zones: `euw1-az1`: zone is given twice"),
        (
            {"nat_zones": [THREE]},
            "nat_zones: `euw1-az3`: no public subnet in this zone for a NAT gateway; add one",
        ),
        ({"subnets": {"secret": {}}}, "subnets.secret: unknown field; allowed: isolated, private, public"),
        (
            {"flow_log_retention_day": 30},
            "flow_log_retention_day: unknown field; did you mean `flow_log_retention_days`?",
        ),
    ],
)
def test_a_problem_is_said_where_it_is(changes: dict[str, Any], expected: str) -> None:
    """Each problem has its own line: where, what, and what to do."""
    assert [expected] == told(**changes)


def test_a_network_that_the_internet_routes_is_refused() -> None:
    """A range that belongs to somebody else cannot be the network's."""
    plan = {tier: {} for tier in ("public",)}
    plan |= {"private": {ONE: "8.8.0.0/24", TWO: "8.8.1.0/24"}, "isolated": {ONE: "8.8.2.0/24", TWO: "8.8.3.0/24"}}

    allowed = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10"
    assert [f"cidr: `8.8.0.0/16`: not a private range; take one inside {allowed}"] == told(
        cidr="8.8.0.0/16", subnets=plan
    )


def test_every_problem_is_said_at_once() -> None:
    """Slips of every sort are told together, so that a file is corrected once."""
    subnets = {
        "private": {ONE: "10.20.0.128/25", TWO: "10.21.0.0/20"},
        "isolated": {ONE: "10.20.8.0/24", "eu-west-1b": "wrong"},
    }

    assert [
        "nat_zone: unknown field; did you mean `nat_zones`?",
        "subnets.isolated.eu-west-1b: `eu-west-1b`: " + ZONE,
        "subnets.isolated.eu-west-1b: `wrong`: not a range of IPv4 addresses; write it like `10.20.0.0/16`",
        "subnets.private.euw1-az1: `10.20.0.128/25`: overlaps subnets.public.euw1-az1 10.20.0.0/24",
        "subnets.private.euw1-az1: `10.20.0.128/25`: too small; a /24 or larger: every pod takes an address",
        "subnets.private.euw1-az2: `10.21.0.0/20`: outside of cidr 10.20.0.0/16",
    ] == told(nat_zone=ONE, subnets=subnets)


@pytest.mark.parametrize(
    ("region", "prefix"),
    [
        ("eu-central-1", "euc1"),
        ("us-east-1", "use1"),
        ("ap-southeast-2", "apse2"),
        ("ap-northeast-3", "apne3"),
        ("us-gov-west-1", "usgw1"),
        ("me-south-1", "mes1"),
        ("cn-north-1", "cnn1"),
    ],
)
def test_zone_ids_begin_with_their_region(region: str, prefix: str) -> None:
    """The prefix is the region's name, shortened."""
    assert prefix == zone_prefix(region)

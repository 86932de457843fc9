"""A network of the platform's own, in Amazon VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output
from pulumi_aws import ec2, vpc

from components.component import Component
from components.errors import UserError
from components.network.addresses import zone_prefix
from components.network.contract import NetworkOutputs, VpcSpec
from components.network.flow_logs import record_connections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import ResourceOptions

    from components.base import AwsPlace

ANYWHERE = "0.0.0.0/0"

_CLUSTER_TAGS = {
    "public": {"kubernetes.io/role/elb": "1"},
    "private": {"kubernetes.io/role/internal-elb": "1"},
    "isolated": {},
}
"""By these the load-balancer controller finds its subnets."""


class VpcNetwork(Component[NetworkOutputs]):
    """A VPC that is private by default: nothing in it gets a public address but NAT gateways and load balancers.

    Every subnet, route table, route and association is named by tier of subnets and zone id, and nothing lists its
    siblings: a new zone adds resources and changes none. The default security group is closed, all connections are
    recorded, and S3 and the services of the spec are reached without leaving the network. It connects to no other
    network.

    Raises:
        UserError: The zones are not those of the region.
    """

    def __init__(self, name: str, spec: VpcSpec, *, place: AwsPlace, opts: ResourceOptions | None = None) -> None:
        _refuse_foreign_zones(name, spec, place)
        super().__init__(name, spec, opts)
        self._stem, self._place = name, place
        self._vpc = ec2.Vpc(
            name,
            cidr_block=spec.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags(name),
            opts=self.child,
        )
        ec2.DefaultSecurityGroup(name, vpc_id=self._vpc.id, ingress=[], egress=[], opts=self.child)
        record_connections(self, name, place, self._vpc, spec.flow_log_retention_days)
        public, private, isolated = self._subnets(spec)
        tables = self._route(spec, public, private, isolated)
        self._gateway_endpoint(tables)
        self._interface_endpoints(spec, private)
        self.outputs = self.promise(
            NetworkOutputs(
                vpc_id=self._vpc.id,
                cidr=Output.from_input(spec.cidr),
                public_subnet_ids=_ids(public),
                private_subnet_ids=_ids(private),
                isolated_subnet_ids=_ids(isolated),
            )
        )

    def _tags(self, name: str) -> dict[str, str]:
        return {"Name": f"{self._place.prefix}-{name}"}

    def _subnets(self, spec: VpcSpec) -> list[dict[str, ec2.Subnet]]:
        plan = spec.subnets
        tiers = {"public": plan.public, "private": plan.private, "isolated": plan.isolated}
        return [
            {zone: self._subnet(tier, zone, ranges[zone]) for zone in sorted(ranges)} for tier, ranges in tiers.items()
        ]

    def _subnet(self, tier: str, zone: str, cidr: str) -> ec2.Subnet:
        name = f"{self._stem}-{tier}-{zone}"
        return ec2.Subnet(
            name,
            vpc_id=self._vpc.id,
            availability_zone_id=zone,
            cidr_block=cidr,
            map_public_ip_on_launch=False,
            tags=self._tags(name) | _CLUSTER_TAGS[tier],
            opts=self.child,
        )

    def _route(
        self,
        spec: VpcSpec,
        public: Mapping[str, ec2.Subnet],
        private: Mapping[str, ec2.Subnet],
        isolated: Mapping[str, ec2.Subnet],
    ) -> dict[str, ec2.RouteTable]:
        """Give each subnet its way out, and return the route tables by name."""
        tables = {"isolated": self._table("isolated", isolated)}
        gateways: dict[str, ec2.NatGateway] = {}
        if public:
            tables["public"], entrance = self._entrance(public)
            gateways = {zone: self._nat(zone, public[zone], entrance) for zone in spec.zones_with_nat}
        for zone, subnet in private.items():
            tables[f"private-{zone}"] = table = self._table(f"private-{zone}", {zone: subnet})
            if gateways:
                gateway = gateways.get(zone) or gateways[spec.zones_with_nat[0]]
                self._default_route(f"private-{zone}", table, nat_gateway_id=gateway.id)
        return tables

    def _table(self, suffix: str, subnets: Mapping[str, ec2.Subnet]) -> ec2.RouteTable:
        name = f"{self._stem}-{suffix}"
        table = ec2.RouteTable(name, vpc_id=self._vpc.id, tags=self._tags(name), opts=self.child)
        for zone, subnet in subnets.items():
            association = name if name.endswith(zone) else f"{name}-{zone}"
            ec2.RouteTableAssociation(association, route_table_id=table.id, subnet_id=subnet.id, opts=self.child)
        return table

    def _default_route(
        self,
        suffix: str,
        table: ec2.RouteTable,
        *,
        gateway_id: Output[str] | None = None,
        nat_gateway_id: Output[str] | None = None,
    ) -> ec2.Route:
        return ec2.Route(
            f"{self._stem}-{suffix}",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=self.child,
        )

    def _entrance(self, public: Mapping[str, ec2.Subnet]) -> tuple[ec2.RouteTable, ec2.Route]:
        gateway = ec2.InternetGateway(self._stem, vpc_id=self._vpc.id, tags=self._tags(self._stem), opts=self.child)
        table = self._table("public", public)
        return table, self._default_route("public", table, gateway_id=gateway.id)

    def _nat(self, zone: str, subnet: ec2.Subnet, entrance: ec2.Route) -> ec2.NatGateway:
        name = f"{self._stem}-nat-{zone}"
        address = ec2.Eip(name, domain="vpc", tags=self._tags(name), opts=self.child_with(depends_on=[entrance]))
        return ec2.NatGateway(
            name,
            subnet_id=subnet.id,
            allocation_id=address.id,
            tags=self._tags(name),
            opts=self.child_with(depends_on=[entrance]),
        )

    def _gateway_endpoint(self, tables: Mapping[str, ec2.RouteTable]) -> None:
        name = f"{self._stem}-s3"
        endpoint = ec2.VpcEndpoint(
            name,
            vpc_id=self._vpc.id,
            service_name=self._service("s3"),
            vpc_endpoint_type="Gateway",
            tags=self._tags(name),
            opts=self.child,
        )
        for suffix, table in tables.items():
            ec2.VpcEndpointRouteTableAssociation(
                f"{name}-{suffix}", vpc_endpoint_id=endpoint.id, route_table_id=table.id, opts=self.child
            )

    def _interface_endpoints(self, spec: VpcSpec, private: Mapping[str, ec2.Subnet]) -> None:
        if not spec.interface_endpoints:
            return
        group = self._https_from_inside(spec)
        for service in spec.interface_endpoints:
            name = f"{self._stem}-{service.replace('.', '-')}"
            endpoint = ec2.VpcEndpoint(
                name,
                vpc_id=self._vpc.id,
                service_name=self._service(service),
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                security_group_ids=[group.id],
                tags=self._tags(name),
                opts=self.child,
            )
            for zone, subnet in private.items():
                ec2.VpcEndpointSubnetAssociation(
                    f"{name}-{zone}", vpc_endpoint_id=endpoint.id, subnet_id=subnet.id, opts=self.child
                )

    def _https_from_inside(self, spec: VpcSpec) -> ec2.SecurityGroup:
        name = f"{self._stem}-endpoints"
        group = ec2.SecurityGroup(
            name,
            name_prefix=f"{self._place.prefix}-{name}-",
            description="Endpoints of AWS services: HTTPS from inside the network",
            vpc_id=self._vpc.id,
            tags=self._tags(name),
            opts=self.child,
        )
        vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            description="HTTPS from inside the network",
            cidr_ipv4=spec.cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=self.child,
        )
        return group

    def _service(self, service: str) -> str:
        return f"com.amazonaws.{self._place.region}.{service}"


def _ids(subnets: Mapping[str, ec2.Subnet]) -> dict[str, Output[str]]:
    return {zone: subnet.id for zone, subnet in subnets.items()}


def _refuse_foreign_zones(name: str, spec: VpcSpec, place: AwsPlace) -> None:
    prefix = zone_prefix(place.region)
    tiers = (spec.subnets.public, spec.subnets.private, spec.subnets.isolated)
    foreign = sorted({zone for ranges in tiers for zone in ranges if zone.partition("-")[0] != prefix})
    if foreign:
        told = f"zones of {place.region} begin with `{prefix}`"
        raise UserError(f"{name}: subnets: `{', '.join(foreign)}`: {told}")

"""Node pools in the network and cluster of somebody else, recorded."""

from __future__ import annotations

from collections.abc import Callable

import pulumi

from components.base import Tier
from components.catalogue import build
from components.cluster.contract import ClusterOutputs
from components.conformance.standins import example_place
from components.network.contract import NetworkOutputs
from components.node_pools.contract import EksManagedSpec, Taint
from components.recording import RecordedResource, record

ONE, TWO, THREE = "euw1-az1", "euw1-az2", "euw1-az3"
GPU = EksManagedSpec(
    instance_types=("g5.12xlarge",),
    max_size=2,
    labels={"acme.example/team": "vision", "purpose": "training"},
    taints=(Taint(key="nvidia.com/gpu", value="true"), Taint(key="team", effect="NoExecute")),
)
"""A pool with labels and taints of its own."""

Program = Callable[[], None]


def known(value: str) -> pulumi.Output[str]:
    """A value that is there before the pool."""
    return pulumi.Output.from_input(value)


def pools(*names: str, spec: EksManagedSpec = GPU, zones: tuple[str, ...] = (ONE, TWO)) -> Program:
    """A program with pools of these names, in the network and cluster of somebody else."""

    def program() -> None:
        opts = pulumi.ResourceOptions(providers=[pulumi.ProviderResource("aws", "aws", {})])
        subnets = {zone: known(f"subnet-{zone}") for zone in zones}
        network = NetworkOutputs(
            vpc_id=known("vpc-1"),
            cidr=known("10.20.0.0/16"),
            public_subnet_ids={},
            private_subnet_ids=subnets,
            isolated_subnet_ids={},
        )
        cluster = ClusterOutputs(
            name=known("acme-prod"),
            endpoint=known("https://prod.invalid"),
            certificate_authority=known("bm90IGEgY2VydGlmaWNhdGU="),
            identifier=known("arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod"),
            version=known("1.35"),
            audience=pulumi.Output.from_input(None),
            security_group_ids={},
        )
        for name in names:
            build(name, spec, place=example_place(Tier.PROD), network=network, cluster=cluster, opts=opts)

    return program


def managed(
    spec: EksManagedSpec = GPU, name: str = "gpu", zones: tuple[str, ...] = (ONE, TWO)
) -> dict[str, RecordedResource]:
    """What a pool registers, by class and name."""
    found = record(pools(name, spec=spec, zones=zones))
    return {f"{item.type.rpartition(':')[2]} {item.name}": item for item in found if item.type.startswith("aws:")}

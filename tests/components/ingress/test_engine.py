"""The services and the ingress of a cluster in the real engine, with live names and certificates."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pulumi
import pytest
from pulumi import Output, automation

from components.base import AwsPlace, Tier
from components.catalogue import build
from components.cluster.contract import ClusterOutputs
from components.cluster_services.contract import EksServicesSpec
from components.ingress.contract import AlbSpec
from components.kubernetes_provider import kubernetes_provider
from components.network.contract import NetworkOutputs
from components.node_pools.contract import NodePoolOutputs
from tests.harness.aws import empty_moto_server
from tests.harness.aws_plugin.cloud import Cloud
from tests.harness.aws_plugin.handlers.dns import add_zone
from tests.harness.engine import programs
from tests.harness.engine.stack import Engine
from tests.harness.engine.tools import ROOT, need_engine

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Pulumi's own, of a failed run
]

ACCOUNT, ZONE, DOMAIN = "555555555500", "Z0123456789ABCDEFGHIJ", "dev.ml.acme.example"
PLACE = AwsPlace(organization="acme", environment="dev", tier=Tier.DEV, account=ACCOUNT, region=programs.REGION)


GOES_IN_ORDER = [
    "Ingress ingress",
    "Release services-aws-load-balancer-controller",
    "PodIdentityAssociation services-load-balancers",
    "RolePolicy services-load-balancers",
    "Role services-load-balancers",
]
"""The load balancer first, then who made it, then its rights."""


@pytest.fixture(scope="module")
def endpoint() -> Generator[str]:
    """Every account of moto, on loopback."""
    need_engine()
    with empty_moto_server(managed_policies=True) as address:
        yield address


@pytest.fixture
def make(endpoint: str, tmp_path: Path) -> Callable[[str], Engine]:
    """Make a stack in an account that has a zone of some domain, and a cluster."""

    def engine(domain: str) -> Engine:
        account = str(int(ACCOUNT) + len(domain))
        add_zone(account, ZONE, domain)
        project = ROOT / "tests" / "harness" / "engine" / "small"
        made = Engine(tmp_path / "stack", project, stack="test", account=account, endpoint=endpoint)
        made.add_cluster(programs.SERVER)
        return made

    return engine


def known(value: str) -> Output[str]:
    """A value that is known."""
    return Output.from_input(value)


def program() -> None:
    """What an environment makes of both, in a cluster that is there."""
    cluster = ClusterOutputs(
        name=known("acme-dev"),
        endpoint=known(programs.SERVER),
        certificate_authority=known("bm90IGEgY2VydGlmaWNhdGU="),
        identifier=known(f"arn:aws:eks:{PLACE.region}:{ACCOUNT}:cluster/acme-dev"),
        version=known("1.35"),
        security_group_ids={},
        audience=Output.from_input(None),
    )
    network = NetworkOutputs(
        vpc_id=known("vpc-0123456789abcdef0"),
        cidr=known("10.20.0.0/16"),
        public_subnet_ids={},
        private_subnet_ids={},
        isolated_subnet_ids={},
    )
    labels = Output.from_input({"stackwright/pool": "system"})
    system = NodePoolOutputs(labels=labels, taints=Output.from_input([]), accelerators=Output.from_input({}))
    opts = pulumi.ResourceOptions(providers=[programs.aws_provider(), kubernetes_provider("main", cluster, PLACE)])
    spec = EksServicesSpec(device_plugin=True)
    services = build("services", spec, place=PLACE, network=network, cluster=cluster, system=system, opts=opts)
    alb = AlbSpec(domain=DOMAIN, zone_id=ZONE)
    build("ingress", alb, place=PLACE, cluster=cluster, services=services.outputs, opts=opts)


def test_names_and_certificate_live_and_go(make: Callable[[str], Engine]) -> None:
    """The proof is where ACM looks, every name leads to the load balancer; all goes, in order, and nothing stays."""
    engine = make("ml.acme.example")
    cloud = Cloud(engine.endpoint, engine.account, programs.REGION)

    def names() -> dict[str, str]:
        records = cloud.route53.list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
        return {one["Name"]: one["ResourceRecords"][0]["Value"] for one in records if one["Type"] == "CNAME"}

    made = engine.up(program)
    (certificate,) = cloud.acm.list_certificates()["CertificateSummaryList"]
    (proof,) = {
        (option["ResourceRecord"]["Name"], option["ResourceRecord"]["Value"])
        for option in cloud.acm.describe_certificate(CertificateArn=certificate["CertificateArn"])["Certificate"][
            "DomainValidationOptions"
        ]
    }

    assert {"create": len(engine.resources()) + 5} == made.changes
    assert {f"*.{DOMAIN}.": "k8s-kube-system-not-found.elb.amazonaws.com", proof[0]: proof[1]} == names()
    assert {} == engine.up(program).changes
    assert {} == engine.refresh(program).changes

    engine.forget()
    engine.destroy(program)

    assert GOES_IN_ORDER == [name for name in engine.calls("delete") if name in GOES_IN_ORDER]
    assert ({}, []) == (names(), cloud.acm.list_certificates()["CertificateSummaryList"])
    assert {} == engine.objects(programs.SERVER)


def test_a_domain_outside_of_the_zone_is_refused(make: Callable[[str], Engine]) -> None:
    """Route 53 takes no name that is not in its zone, so nothing is proven and nothing is served."""
    engine = make("another.example")

    with pytest.raises(automation.CommandError, match="not permitted in zone"):
        engine.up(program)

    assert [] == [item["type"] for item in engine.resources() if item["type"].endswith(":IngressClassParams")]

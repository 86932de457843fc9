"""Values of an environment that are right each by itself, but not together or not in its shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast, get_args

from components.base import Document
from components.charts import charts
from components.cluster_services.contract import ServiceChart
from components.ingress.contract import GATEWAY_API, GatewaySpec, self_signed_problem
from components.ingress.contract import ExistingSpec as ExistingIngressSpec
from components.node_pools.contract import GPU
from stacks.environment.kubernetes_spec import IN_CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from components.cluster.contract import ClusterAbilities, ExistingSpec
    from components.node_pools.contract import ExistingSpec as NodePoolSpec
    from stacks.stack_file import Flaw

ABILITIES = "cluster.abilities"
_ANYWHERE = {("cluster", "identifier"), ("cluster", "name")}
_OF_AWS = re.compile(r"(arn:aws|sg-)\S+")


def misfits(fields: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield what cannot be together, of the fields that are right by themselves."""
    yield from _in_cluster(fields) if fields.get("shape") == "kubernetes" else _in_aws(fields)


def _in_aws(fields: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield what is of another shape in what is there already; `fields` hold only what is right there."""
    for kind, name in (("cluster", "identifier"), ("database", "admin_secret")):
        value = getattr(fields.get(kind), name, None)
        if value and not value.startswith("arn:"):
            yield f"{kind}.{name}", f"`{value}` is not in AWS; give the ARN of one that is"
    if endpoint := getattr(fields.get("artifact_store"), "endpoint", None):
        yield "artifact_store.endpoint", f"`{endpoint}` is not in AWS, where roles have the rights; leave it out"


def _in_cluster(fields: Mapping[str, Any]) -> Iterator[Flaw]:
    for path, value in _texts(fields, ""):
        if _OF_AWS.fullmatch(value):
            yield path, f"`{value}` is in AWS, and this shape has no account there; leave it out"
    ingress, tier = fields.get("ingress"), fields.get("tier")
    if ingress and tier and (told := self_signed_problem(ingress, tier)):
        yield "ingress.self_signed", told
    if cluster := fields.get("cluster"):
        yield from _unreached(cluster, fields)
        yield from _unknown_classes(cluster.abilities, fields)
        yield from _unserved(cluster.abilities, fields)
        yield from _unknown_accelerators(cluster.abilities, fields.get("node_pools", {}))


def _unreached(cluster: ExistingSpec, fields: Mapping[str, Any]) -> Iterator[Flaw]:
    runners = fields.get("runners")
    if cluster.private_only and runners and not runners.inside:
        told = f"`{runners.flavor}` runners are outside of the network; choose arc, or existing ones that are inside"
        yield "runners", told


def _unknown_classes(abilities: ClusterAbilities, fields: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield classes and issuers that the cluster does not say it has."""
    if abilities.default_storage_class is None:
        yield f"{ABILITIES}.default_storage_class", "missing; data is kept on volumes of it, so name one of the cluster"
    for path, name, ability in _named(fields):
        known = getattr(abilities, ability)
        if name is not None and name not in known:
            choice = f"choose one of {', '.join(known)}, or add" if known else "add"
            yield path, f"`{name}` is not in the cluster; {choice} it to {ABILITIES}.{ability} when it is there"


def _named(fields: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """Yield path, name and kind of each class that is somebody else's."""
    for kind in ("artifact_store", "database"):
        yield f"{kind}.storage_class", getattr(fields.get(kind), "storage_class", None), "storage_classes"
    match fields.get("ingress"):
        case GatewaySpec() as gateway:
            yield "ingress.issuer", gateway.issuer, "cluster_issuers"
            yield "ingress.gateway_class", gateway.gateway_class, "gateway_classes"
        case ExistingIngressSpec() as existing:
            yield "ingress.class_name", existing.class_name, "ingress_classes"
        case _:
            pass


def _unserved(abilities: ClusterAbilities, fields: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield API groups that the cluster does not have, and that would not be installed, or not as they are needed."""
    installed = {group for chart in get_args(ServiceChart) for group in charts()[chart].api_groups}
    for kind in IN_CLUSTER:
        spec = fields.get(kind)
        for group in sorted({*(spec.api_groups if spec else ())} - {*abilities.api_groups}):
            if group not in installed:
                yield kind, f"needs the API group `{group}`; add it to {ABILITIES}.api_groups when it is there"
            elif group == GATEWAY_API and (name := _gateway_of_others(spec)):
                told = f"`{name}` is somebody else's, so its API group is in the cluster"
                yield f"ingress.{_gateway_field(spec)}", f"{told}; add `{group}` to {ABILITIES}.api_groups"


def _gateway_of_others(spec: Any) -> str | None:
    return getattr(spec, _gateway_field(spec), None)


def _gateway_field(spec: Any) -> str:
    return "gateway_class" if isinstance(spec, GatewaySpec) else "gateway"


def _unknown_accelerators(abilities: ClusterAbilities, pools: Mapping[str, NodePoolSpec]) -> Iterator[Flaw]:
    """Yield what no node offers: the device plugin of NVIDIA is installed where it is needed, and no other."""
    for name, pool in pools.items():
        for resource in sorted({*pool.accelerators} - {GPU, *abilities.extended_resources}):
            told = f"nothing offers it to pods; install its device plugin, and add it to {ABILITIES}.extended_resources"
            yield f"node_pools.{name}.accelerators.{resource}", told


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield every text of a spec with its path; what says what a cluster is may be of any cloud."""
    if isinstance(value, str):
        yield path, value
    for name, item in _items(value):
        if (path, name) not in _ANYWHERE:
            yield from _texts(item, f"{path}.{name}".strip("."))


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, Document):
        return [(name, getattr(value, name)) for name in type(value).model_fields]
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).items()
    return (
        ((str(place), item) for place, item in enumerate(cast("tuple[Any, ...]", value)))
        if isinstance(value, tuple)
        else ()
    )

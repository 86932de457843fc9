"""The Helm charts that components install: pinned, and what they run and serve, in one table."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import Field, TypeAdapter

from components.base import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_kubernetes.helm import v3

    from components.base import OutputsT
    from components.component import Component

TABLE = Path(__file__).with_name("charts.yaml")

TIMEOUT_SECONDS = 600
"""How long a release may take to become ready; a node that has to come first is in it."""


class Chart(Document):
    """One chart: where it is from, and what it brings, since nothing renders it before it is installed."""

    repository: str = Field(pattern=r"^(https|oci)://")
    """Where it is installed from: a repository of charts, or the address of the chart itself in a registry (OCI)."""
    version: str = Field(pattern=r"^v?[0-9]+\.[0-9]+\.[0-9]+$")
    """Exactly this release."""
    images: dict[str, str]
    """Container -> image of the release that it runs with the values of ours, by tag: a chart pins none by digest."""
    images_of_others: dict[str, str] = Field(default_factory=dict[str, str])
    """Container -> image of other software that it runs; by digest where a value of ours says so."""
    privileges: dict[str, tuple[Literal["root", "privileged", "hostPath", "hostNetwork", "capabilities"], ...]] = Field(
        default_factory=dict[str, tuple[Literal["root", "privileged", "hostPath", "hostNetwork", "capabilities"], ...]]
    )
    """Container -> what it has beyond the restricted pod security standard; no other container has any."""
    api_groups: tuple[str, ...] = ()
    """API groups whose kinds it makes known, by custom resource definitions or an aggregated server."""
    ingress_classes: tuple[str, ...] = ()
    """IngressClasses that it makes with the values of ours."""
    extended_resources: tuple[str, ...] = ()
    """Resources of nodes that its pods announce: `nvidia.com/gpu`."""


_CHARTS = TypeAdapter(dict[str, Chart])


@cache
def charts() -> Mapping[str, Chart]:
    """Return every chart by its name."""
    return _CHARTS.validate_python(yaml.safe_load(TABLE.read_text(encoding="utf-8")), strict=False)


def chart_named(given: object) -> Chart | None:
    """Return the chart of a release by what it says in `chart`: a name, or an address of OCI that ends with it."""
    return charts().get(str(given).rpartition("/")[2])


def release(
    owner: Component[OutputsT],
    name: str,
    chart: str,
    namespace: str,
    values: Mapping[str, Any],
    **opts: Any,
) -> v3.Release:
    """Install a chart of the table as a child of a component, and wait until its pods are ready.

    The release is called like the chart, so that its objects have names to rely on: a namespace has one release of
    a chart. A failed installation or upgrade is taken back as a whole.

    Args:
        owner: The component that needs it.
        name: Logical name.
        chart: Its name in `charts.yaml`.
        namespace: Where it runs; it must be there already.
        values: What differs from the defaults of the chart.
        **opts: More options of the child, like those of `Component.child_with`.
    """
    from pulumi_kubernetes.helm import v3  # the table is read without an SDK

    row = charts()[chart]
    is_oci = row.repository.startswith("oci://")
    return v3.Release(
        name,
        name=chart,
        chart=row.repository if is_oci else chart,
        repository_opts=None if is_oci else {"repo": row.repository},
        version=row.version,
        namespace=namespace,
        values=values,
        atomic=True,
        cleanup_on_fail=True,
        max_history=5,
        timeout=TIMEOUT_SECONDS,
        opts=owner.child_with(**opts),
    )

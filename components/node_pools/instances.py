"""What EC2 machines have: `instances.csv`, so that a pool is checked and described without a cloud."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from components.errors import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

Architecture = Literal["x86_64", "arm64"]

TABLE = Path(__file__).with_name("instances.csv")
"""Its first line says where the numbers are from."""

MIG = frozenset({"A100", "H100", "H200"})
"""GPUs that can be cut into instances (docs.nvidia.com/datacenter/tesla/mig-user-guide, July 2026)."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One type of machine."""

    type: str
    """`g5.xlarge`."""
    architecture: Architecture
    """What images have to be built for."""
    vcpus: int
    """Virtual processors."""
    memory_mib: int
    """Memory, in MiB."""
    gpus: int
    """NVIDIA GPUs; none on most."""
    gpu: str
    """Model of the GPUs, `A10G`; empty without."""
    gpu_memory_mib: int
    """Memory of each GPU, in MiB."""
    efa: bool
    """Whether an Elastic Fabric Adapter can be attached."""

    @property
    def mig_capable(self) -> bool:
        """Whether a GPU can be cut into several."""
        return self.gpu in MIG

    @property
    def shape(self) -> tuple[Architecture, int, int, int, str]:
        """What the autoscaler takes to be equal on all machines of a pool."""
        return self.architecture, self.vcpus, self.memory_mib, self.gpus, self.gpu


@cache
def instances() -> Mapping[str, Instance]:
    """Return every known type of machine by name."""
    _source, *lines = TABLE.read_text(encoding="utf-8").splitlines()
    return {row["type"]: _instance(row) for row in csv.DictReader(lines)}


def instance(name: str) -> Instance:
    """Return a type of machine.

    Raises:
        ValueError: Nobody knows it here.
    """
    known = instances()
    if name not in known:
        raise ValueError(f"`{name}` is not in {TABLE.name}{closest(name, known)}")
    return known[name]


def _instance(row: Mapping[str, str]) -> Instance:
    return Instance(
        type=row["type"],
        architecture=cast("Architecture", row["architecture"]),
        vcpus=int(row["vcpus"]),
        memory_mib=int(row["memory_mib"]),
        gpus=int(row["gpus"]),
        gpu=row["gpu"],
        gpu_memory_mib=int(row["gpu_memory_mib"]),
        efa=row["efa"] == "yes",
    )

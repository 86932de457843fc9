"""What every node pool promises."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, Strict, ValidationInfo, field_validator, model_validator

from components.base import Document, Outputs, Spec
from components.network.contract import Zone
from components.node_pools.ami import AmiType, default_ami, lacks_device_plugin, misfit
from components.node_pools.instances import Instance, instance

if TYPE_CHECKING:
    from pulumi import Output


class Taint(Document):
    """What keeps pods away that do not tolerate it."""

    key: str
    """`nvidia.com/gpu`."""
    value: str = ""
    """Empty, or what a toleration compares."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"
    """What happens to a pod that does not tolerate it."""


class NodePoolSection(Document):
    """One pool of machines, as pods choose it."""

    labels: dict[str, str]
    """What a pod selects it by."""
    taints: tuple[Taint, ...] = ()
    """What a pod has to tolerate."""
    accelerators: dict[str, int] = Field(default_factory=dict[str, int])
    """Extended resource -> how many a node has: `{"nvidia.com/gpu": 1}`."""


@dataclass(frozen=True, kw_only=True)
class NodePoolOutputs(Outputs):
    """What every node pool promises: how pods choose it."""

    labels: Output[dict[str, str]]
    """What a pod selects it by."""
    taints: Output[list[dict[str, str]]]
    """What a pod has to tolerate: `key`, `value`, `effect`."""
    accelerators: Output[dict[str, int]]
    """Extended resource -> how many a node has; empty without."""


PoolName = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=20)]
"""Name of a pool: the logical name of its component, and the label `stackwright/pool` of its nodes."""

SYSTEM = "system"
"""Name of the pool that runs what every cluster needs."""

POOL = "stackwright/pool"
ACCELERATOR = "k8s.amazonaws.com/accelerator"
GPU_PRESENT = "nvidia.com/gpu.present"
GPU = "nvidia.com/gpu"

_KEY = re.compile(r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_RESERVED = re.compile(r"([a-z0-9.-]+\.)?(kubernetes\.io|k8s\.io|eks\.amazonaws\.com)/.*")
LONGEST_KEY = 83
"""Characters that the longest prefix of a template tag leaves of the 128 that the key of a tag may have."""


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    found = [instance(name) for name in names]
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f"`{twice[0]}` is given twice")
    if odd := [each.type for each in found if each.shape != found[0].shape]:
        raise ValueError(
            f"{odd[0]} and {names[0]} differ in architecture, processors, memory or GPUs; "
            "make a pool of each: the autoscaler takes all machines of one for equal"
        )
    return names


def _problem_of_key(key: str) -> str | None:
    if not _KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        return f"`{key}` is not a key of at most {LONGEST_KEY} characters; write it like `team` or `acme.example/team`"
    return f"`{key}` belongs to Kubernetes; use a prefix of your own" if _RESERVED.fullmatch(key) else None


def _labels(labels: dict[str, str]) -> dict[str, str]:
    for key, value in labels.items():
        if key in {POOL, ACCELERATOR, GPU_PRESENT}:
            raise ValueError(f"`{key}` is set by the pool itself; leave it out")
        if problem := _problem_of_key(key):
            raise ValueError(problem)
        if not _VALUE.fullmatch(value):
            raise ValueError(f"`{value}` of `{key}` is not a value of at most 63 letters, digits, `-`, `_`, `.`")
    return labels


def _any_labels(labels: dict[str, str]) -> dict[str, str]:
    """Accept keys of Kubernetes, too: the machines are somebody else's."""
    for key, value in labels.items():
        if not _KEY.fullmatch(key):
            raise ValueError(f"`{key}` is not a key of a label; write it like `team` or `acme.example/team`")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"`{value}` of `{key}` is not a value of at most 63 letters, digits, `-`, `_`, `.`")
    return labels


def _taints(taints: tuple[Taint, ...] | None) -> tuple[Taint, ...] | None:
    for key, times in Counter(taint.key for taint in taints or ()).items():
        if problem := _problem_of_key(key):
            raise ValueError(problem)
        if times > 1:
            raise ValueError(f"`{key}` is given twice; the autoscaler knows one effect of a key")
    if odd := [taint.value for taint in taints or () if not _VALUE.fullmatch(taint.value)]:
        raise ValueError(f"`{odd[0]}` is not a value of at most 63 letters, digits, `-`, `_`, `.`")
    return taints


class EksManagedSpec(Spec[NodePoolOutputs]):
    """A pool of equal machines, as a managed node group of Amazon EKS."""

    flavor: Literal["eks_managed"] = "eks_managed"
    instance_types: Annotated[tuple[str, ...], Strict(strict=False), AfterValidator(_known)] = Field(
        min_length=1, max_length=20, examples=[["g5.xlarge"]]
    )
    """Types of machine, of one size and architecture; several give spot more to choose from. Changing them replaces
    the pool: the new one is there before the old one goes."""
    ami_type: AmiType | None = None
    """Image of the nodes; by default Amazon Linux 2023 for the architecture, with the driver of NVIDIA for GPUs.
    Changing it replaces the pool."""
    min_size: int = Field(default=0, ge=0, le=450)
    """Machines that are always there; none lets the autoscaler empty the pool, and fill it again."""
    max_size: int = Field(ge=1, le=450, examples=[4])
    """Machines at most: what the pool can cost."""
    start_size: int | None = Field(default=None, ge=0, le=450)
    """Machines at the start, by default `min_size`; from then on the autoscaler decides, and a change does nothing."""
    disk_gib: int = Field(default=100, ge=20, le=16384)
    """Size of the volume for images, logs and what pods write, in GiB."""
    capacity: Literal["on_demand", "spot"] = "on_demand"
    """Price: `spot` is cheaper, and machines go at two minutes' notice. Changing it replaces the pool."""
    labels: Annotated[dict[str, str], AfterValidator(_labels)] = Field(
        default_factory=dict[str, str], max_length=20, examples=[{"acme.example/team": "vision", "purpose": "training"}]
    )
    """What pods select the pool by, beside `stackwright/pool` and, with GPUs, `nvidia.com/gpu.present` and
    `k8s.amazonaws.com/accelerator`."""
    taints: Annotated[
        Annotated[tuple[Taint, ...], Strict(strict=False), Field(max_length=10)] | None, AfterValidator(_taints)
    ] = None
    """What keeps pods away that do not tolerate it; by default nothing, and `nvidia.com/gpu=true:NoSchedule` with
    GPUs, so that nothing else takes their room."""
    zones: Annotated[tuple[Zone, ...], Strict(strict=False)] | None = Field(default=None, min_length=1)
    """Zones of its machines, those that have the type (`aws ec2 describe-instance-type-offerings`); by default all
    that have a private subnet when the pool is made. Listing others replaces the pool."""

    @field_validator("ami_type")
    @classmethod
    def _runs(cls, value: AmiType | None, info: ValidationInfo) -> AmiType | None:
        names = info.data.get("instance_types")
        if value and names and (problem := misfit(value, instance(names[0]))):
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        if self.max_size < self.min_size:
            raise ValueError(f"max_size: `{self.max_size}` is less than min_size `{self.min_size}`")
        if not self.min_size <= self.first_size <= self.max_size:
            between = f"min_size `{self.min_size}` and max_size `{self.max_size}`"
            raise ValueError(f"start_size: `{self.start_size}` is not between {between}")
        return self

    @property
    def machine(self) -> Instance:
        """What each of its machines has; all of them have the same."""
        return instance(self.instance_types[0])

    @property
    def ami(self) -> AmiType:
        """The image of its nodes."""
        return self.ami_type or default_ami(self.machine)

    @property
    def first_size(self) -> int:
        """Machines at the start."""
        return self.min_size if self.start_size is None else self.start_size

    @property
    def accelerators(self) -> dict[str, int]:
        """Extended resource -> how many a node has; empty without."""
        return {GPU: self.machine.gpus} if self.machine.gpus else {}

    @property
    def node_taints(self) -> tuple[Taint, ...]:
        """The taints of its nodes, by key."""
        default = (Taint(key=GPU, value="true"),) if self.accelerators else ()
        taints = default if self.taints is None else self.taints
        return tuple(sorted(taints, key=lambda taint: taint.key))

    def node_labels(self, pool: str) -> dict[str, str]:
        """Return the labels of its nodes."""
        gpu = {GPU_PRESENT: "true", ACCELERATOR: f"nvidia-{self.machine.gpu.lower()}"} if self.accelerators else {}
        return {**self.labels, POOL: pool, **gpu}


class ExistingSpec(Spec[NodePoolOutputs]):
    """Machines that a cluster has already, known by their labels: nothing is created."""

    flavor: Literal["existing"]
    labels: Annotated[dict[str, str], AfterValidator(_any_labels)] = Field(
        min_length=1, max_length=20, examples=[{"acme.example/machines": "gpu"}]
    )
    """What all of its machines have, and no others: pods select the pool by it."""
    taints: Annotated[tuple[Taint, ...], Strict(strict=False), Field(max_length=10)] = Field(
        default=(), examples=[[{"key": "nvidia.com/gpu", "value": "true"}]]
    )
    """What keeps pods away that do not tolerate it; machines with GPUs need one, or others take their room."""
    accelerators: dict[str, Annotated[int, Field(ge=1, le=64)]] = Field(
        default_factory=dict[str, int], examples=[{"nvidia.com/gpu": 1}]
    )
    """Extended resource -> how many each machine has."""
    cpu: int = Field(ge=1, le=1024, examples=[8])
    """Cores of each machine."""
    memory_gib: int = Field(ge=1, le=65_536, examples=[32])
    """Memory of each machine, in GiB."""
    max_size: int = Field(ge=1, le=5000, examples=[4])
    """Machines at most."""

    @model_validator(mode="after")
    def _kept_apart(self) -> Self:
        if self.accelerators and not self.taints:
            raise ValueError("taints: machines with accelerators need one, or the pods of everybody take their room")
        return self

    @property
    def node_taints(self) -> tuple[Taint, ...]:
        """The taints of its nodes, by key."""
        return tuple(sorted(self.taints, key=lambda taint: taint.key))

    def node_labels(self, pool: str) -> dict[str, str]:  # noqa: ARG002
        """Return the labels of its nodes."""
        return self.labels


NodePoolSpec = Annotated[EksManagedSpec | ExistingSpec, Field(discriminator="flavor")]
"""A pool of any flavor."""


def default_system_pool() -> EksManagedSpec:
    """Return the pool that is there unless somebody describes it: two machines, so that one may fail."""
    return EksManagedSpec(instance_types=("m7i.large",), min_size=2, max_size=4, disk_gib=50)


def system_pool_problem(spec: NodePoolSpec) -> str | None:
    """Say why a pool cannot be the system pool, whatever the tier, or nothing."""
    if isinstance(spec, EksManagedSpec) and spec.min_size < 2:
        return "min_size: add-ons run two replicas on different machines; at least 2"
    return "taints: add-ons tolerate none; leave them out, and GPUs" if spec.node_taints else None


def device_plugin_needed(spec: NodePoolSpec) -> bool:
    """Return whether a pool's GPUs reach no pod until somebody installs the device plugin of NVIDIA."""
    return lacks_device_plugin(spec.ami) if isinstance(spec, EksManagedSpec) else GPU in spec.accelerators

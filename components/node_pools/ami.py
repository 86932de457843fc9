"""The images that EKS builds for nodes: which one fits a machine, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.node_pools.instances import Architecture, Instance

AmiType = Literal[
    "AL2023_ARM_64_NVIDIA",
    "AL2023_ARM_64_STANDARD",
    "AL2023_x86_64_NVIDIA",
    "AL2023_x86_64_STANDARD",
    "BOTTLEROCKET_ARM_64",
    "BOTTLEROCKET_ARM_64_NVIDIA",
    "BOTTLEROCKET_x86_64",
    "BOTTLEROCKET_x86_64_NVIDIA",
]
"""Amazon Linux 2023 and Bottlerocket, with and without the driver of NVIDIA."""

_DEFAULTS: Mapping[tuple[Architecture, bool], AmiType] = {
    ("x86_64", False): "AL2023_x86_64_STANDARD",
    ("x86_64", True): "AL2023_x86_64_NVIDIA",
    ("arm64", False): "AL2023_ARM_64_STANDARD",
    ("arm64", True): "AL2023_ARM_64_NVIDIA",
}


def default_ami(machine: Instance) -> AmiType:
    """Return the Amazon Linux image for a machine."""
    return _DEFAULTS[machine.architecture, machine.gpus > 0]


def architecture_of(ami: AmiType) -> Architecture:
    """Return what machines an image runs on."""
    return "arm64" if "_ARM_64" in ami else "x86_64"


def has_driver(ami: AmiType) -> bool:
    """Return whether the driver of NVIDIA is in an image."""
    return ami.endswith("_NVIDIA")


def is_bottlerocket(ami: AmiType) -> bool:
    """Return whether an image is Bottlerocket, whose data live on a second volume."""
    return ami.startswith("BOTTLEROCKET_")


def lacks_device_plugin(ami: AmiType) -> bool:
    """Return whether an image has the driver but does not offer the GPUs to pods.

    Bottlerocket brings the device plugin of NVIDIA, and a second one would offer each GPU twice
    (docs.aws.amazon.com/eks/latest/userguide/ml-eks-k8s-device-plugin.html).
    """
    return has_driver(ami) and not is_bottlerocket(ami)


def misfit(ami: AmiType, machine: Instance) -> str | None:
    """Say why a machine cannot run an image, or nothing."""
    if architecture_of(ami) != machine.architecture:
        return f"{machine.type} is {machine.architecture}; take {default_ami(machine)}, or leave it out"
    if machine.gpus and not has_driver(ami):
        return f"{machine.type} has GPUs and this image no driver; take one that ends in _NVIDIA, or leave it out"
    if has_driver(ami) and not machine.gpus:
        return f"{machine.type} has no GPU for this driver; take one that does not end in _NVIDIA, or leave it out"
    return None

"""What a project gets in an environment, by the environment's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks import lazy_sdk
from stacks.platform import Platform

if TYPE_CHECKING:
    from stacks.platform import AnyPlatform
    from stacks.project.spec import ProjectSpec


def program(spec: ProjectSpec, platform: AnyPlatform) -> None:
    """Register every resource of a project in an environment; of no other shape anything is imported."""
    lazy_sdk.install()
    if isinstance(platform, Platform):
        from stacks.project import aws

        aws.program(spec, platform)
    else:
        from stacks.project import kubernetes

        kubernetes.program(spec, platform)

"""What an environment is made of, by its shape."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stacks import lazy_sdk
from stacks.environment.kubernetes_spec import KubernetesEnvironmentSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacks.environment.config import AnyEnvironmentSpec


def program(spec: AnyEnvironmentSpec) -> None:
    """Register every resource of an environment, and export what the stacks of its projects may know."""
    program_of(spec)()


def program_of(spec: AnyEnvironmentSpec) -> Callable[[], None]:
    """Return what registers every resource of an environment, with its shape's packages imported and no others.

    Raises:
        ModuleNotFoundError: A package is not installed.
    """
    lazy_sdk.install()
    if isinstance(spec, KubernetesEnvironmentSpec):
        from stacks.environment import kubernetes

        return partial(kubernetes.program, spec)
    from stacks.environment import aws

    return partial(aws.program, spec)

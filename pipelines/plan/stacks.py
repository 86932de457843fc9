"""The offline plan of a stack file: an environment's, or a project's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from components.cluster.contract import ClusterAbilities
from components.errors import UserError
from pipelines.plan.run import plan_stack
from stacks.platform import KubernetesPlatform

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.plan.run import PlanResult
    from stacks.platform import AnyPlatform


def plan_environment(
    folder: Path, environment: str, saved: Path | None = None, *, allow_stateful_replacement: bool = False
) -> PlanResult:
    """Plan `Pulumi.<environment>.yaml` of a folder, with its `suppressions.yaml` if there is one."""
    from stacks.environment.config import read_stack_file
    from stacks.environment.kubernetes_spec import KubernetesEnvironmentSpec

    spec = read_stack_file(folder / f"Pulumi.{environment}.yaml")
    try:
        from stacks.environment.program import program_of

        program = program_of(spec)
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    return plan_stack(
        program,
        project="stackwright-environment",
        stack=environment,
        saved=saved,
        suppressions=folder / "suppressions.yaml",
        abilities=spec.cluster.abilities if isinstance(spec, KubernetesEnvironmentSpec) else None,
        allow_stateful_replacement=allow_stateful_replacement,
    )


def plan_project(
    folder: Path, environment: str, project: str, saved: Path | None = None, *, allow_stateful_replacement: bool = False
) -> PlanResult:
    """Plan `Pulumi.<project>-<environment>.yaml` of a folder, in the environment that its platform document says."""
    from stacks.project.config import read_stack_file

    stack = f"{project}-{environment}"
    spec, platform = read_stack_file(folder / f"Pulumi.{stack}.yaml")
    try:
        from stacks.project.program import program
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    return plan_stack(
        partial(program, spec, platform),
        project="stackwright-project",
        stack=stack,
        saved=saved,
        suppressions=folder / "suppressions.yaml",
        abilities=_abilities(platform),
        allow_stateful_replacement=allow_stateful_replacement,
    )


def _abilities(platform: AnyPlatform) -> ClusterAbilities:
    """Return what the environment's stack has put into the cluster."""
    if isinstance(platform, KubernetesPlatform):
        return platform.abilities
    accelerators = {name for pool in platform.node_pools.values() for name in pool.accelerators}
    return ClusterAbilities(
        api_groups=("metrics.k8s.io",),
        ingress_classes=(platform.ingress.class_name,) if platform.ingress.class_name else (),
        extended_resources=tuple(sorted(accelerators)),
    )


def _missing(error: ModuleNotFoundError) -> UserError:
    return UserError(f"plan: needs {error.name}; install `stackwright[plan]`")

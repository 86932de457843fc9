"""The contract of a project, from what its stack builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pulumi

from stacks.contract import CONTRACT_VERSION
from stacks.outputs import values_of

_WITHIN = {"credentials_secret", "endpoint_inside", "users_namespace"}
"""What stacks know of an artifact store, and projects need not."""

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.model_deployer.contract import ModelDeployerOutputs
    from stacks.platform import AnyPlatform
    from stacks.project.spec import ProjectOutputs, ProjectSpec


def contract_document(
    spec: ProjectSpec,
    platform: AnyPlatform,
    project: ProjectOutputs,
    deployer: ModelDeployerOutputs,
    more: Mapping[str, Any] | None = None,
) -> pulumi.Output[dict[str, Any]]:
    """Return the contract, as `stacks.contract.Contract` reads it; fields without a value are left out.

    Args:
        spec: What the stack file says.
        platform: The environment.
        project: What belongs to the project.
        deployer: Where its models run.
        more: What environments of one shape alone have.
    """
    home = f"{platform.artifact_store.uri}/{spec.project}"
    tracker = platform.experiment_tracker.model_dump(mode="json")
    secrets = {"storage_secret": project.storage_secret, "promotion_secret": project.promotion_secret}
    document = {
        "contract_version": CONTRACT_VERSION,
        "project": spec.project,
        "environment": platform.environment,
        "tier": platform.tier.value,
        "promotes_from": platform.promotes_from,
        "runs_on": platform.runners.runs_on,
        **(more or {}),
        "artifact_store": platform.artifact_store.model_dump(mode="json", exclude=_WITHIN),
        "container_registry": {
            **platform.container_registry.model_dump(mode="json"),
            "uri": project.image_repository,
        },
        "experiment_tracker": {**tracker, "credentials_secret": project.credentials_secret},
        "model_deployer": {"flavor": spec.model_deployer.flavor, **values_of(deployer), **secrets},
        "node_pools": {name: pool.model_dump(mode="json") for name, pool in platform.node_pools.items()},
        "monitoring": {"flavor": "s3", "predictions_uri": f"{home}/predictions", "labels_uri": f"{home}/labels"},
        "data_remote": {"uri": f"{home}/data"},
        "data_sets": {name: data.uri or _published(spec, platform, name) for name, data in spec.reads.items()},
        "alerts": platform.alerts.model_dump(mode="json"),
        "signing_key": {"public_key": project.signing_public_key, "private_key_uri": project.signing_key_uri},
    }
    return pulumi.Output.from_input(document).apply(_without_nothing)


def _published(spec: ProjectSpec, platform: AnyPlatform, name: str) -> str:
    return f"{platform.artifact_store.uri}/{spec.reads[name].published_by}/published/{name}"


def _without_nothing(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    return {name: _without_nothing(item) for name, item in fields.items() if item is not None}

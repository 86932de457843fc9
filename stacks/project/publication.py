"""The contract of a project, from what its stack builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pulumi

from stacks.contract import CONTRACT_VERSION
from stacks.outputs import values_of

if TYPE_CHECKING:
    from components.ci_identity.contract import CiIdentityOutputs
    from components.model_deployer.contract import ModelDeployerOutputs
    from stacks.platform import Platform
    from stacks.project.spec import ProjectOutputs, ProjectSpec


def contract_document(
    spec: ProjectSpec,
    platform: Platform,
    ci_identity: CiIdentityOutputs,
    project: ProjectOutputs,
    deployer: ModelDeployerOutputs,
) -> pulumi.Output[dict[str, Any]]:
    """Return the contract, as `stacks.contract.Contract` reads it; fields without a value are left out."""
    home = f"{platform.artifact_store.uri}/{spec.project}"
    tracker = platform.experiment_tracker.model_dump(mode="json")
    document = {
        "contract_version": CONTRACT_VERSION,
        "project": spec.project,
        "environment": platform.environment,
        "tier": platform.tier.value,
        "promotes_from": platform.promotes_from,
        "account": platform.account,
        "region": platform.region,
        "runs_on": platform.runners.runs_on,
        "roles": {
            "deploy": ci_identity.deploy_role_arn,
            "plan": ci_identity.plan_role_arn,
            "promotion": ci_identity.promotion_role_arn,
        },
        "artifact_store": platform.artifact_store.model_dump(mode="json"),
        "container_registry": {
            **platform.container_registry.model_dump(mode="json"),
            "uri": project.image_repository,
        },
        "experiment_tracker": {**tracker, "credentials_secret": project.credentials_secret},
        "model_deployer": {"flavor": spec.model_deployer.flavor, **values_of(deployer)},
        "node_pools": {name: pool.model_dump(mode="json") for name, pool in platform.node_pools.items()},
        "monitoring": {"flavor": "s3", "predictions_uri": f"{home}/predictions", "labels_uri": f"{home}/labels"},
        "data_remote": {"uri": f"{home}/data"},
        "data_sets": {name: data.uri or _published(spec, platform, name) for name, data in spec.reads.items()},
        "alerts": platform.alerts.model_dump(mode="json"),
        "signing_key": {
            "public_key": project.signing_public_key,
            "private_key_uri": pulumi.Output.concat("awskms:///", project.signing_key_arn),
        },
    }
    return pulumi.Output.from_input(document).apply(_without_nothing)


def _published(spec: ProjectSpec, platform: Platform, name: str) -> str:
    return f"{platform.artifact_store.uri}/{spec.reads[name].published_by}/published/{name}"


def _without_nothing(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    return {name: _without_nothing(item) for name, item in fields.items() if item is not None}

"""A container registry in Amazon ECR."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pulumi import Output
from pulumi_aws import ecr

from components.aws_key import customer_key
from components.component import Component
from components.container_registry.contract import ContainerRegistryOutputs, EcrSpec

if TYPE_CHECKING:
    from pulumi import Input, ResourceOptions

    from components.base import AwsPlace, OutputsT


class EcrContainerRegistry(Component[ContainerRegistryOutputs]):
    """The platform's repositories in the account's registry, and their key.

    It leaves the registry's own settings alone (scanning, replication): an account has one registry, and it may
    serve other environments.
    """

    def __init__(self, name: str, spec: EcrSpec, *, place: AwsPlace, opts: ResourceOptions | None = None) -> None:
        super().__init__(name, spec, opts)
        key = customer_key(self, name, place, deletion_days=spec.key_deletion_days)
        for repository in spec.repositories:
            image_repository(self, f"{name}-{repository}", f"{place.prefix}/{repository}", place, spec, key.arn)
        host = f"{place.account}.dkr.ecr.{place.region}.{place.domain}"
        self.outputs = self.promise(
            ContainerRegistryOutputs(uri=Output.from_input(f"{host}/{place.prefix}"), encryption_key=key.arn)
        )


def image_repository(
    owner: Component[OutputsT], name: str, path: str, place: AwsPlace, spec: EcrSpec, key_arn: Input[str]
) -> ecr.Repository:
    """Make one repository: tags never move, every push is scanned, images without a tag expire.

    Args:
        owner: The component that it belongs to.
        name: Logical name.
        path: What people type after the registry: `acme-dev/platform`.
        place: Images go with a `dev` environment, and are protected elsewhere.
        spec: How long images are kept.
        key_arn: The key that encrypts them; it cannot be changed later without a replacement.
    """
    made = ecr.Repository(
        name,
        name=path,
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[{"encryption_type": "KMS", "kms_key": key_arn}],
        force_delete=place.disposable,
        opts=owner.child_with(protect=not place.disposable),
    )
    ecr.LifecyclePolicy(
        name, repository=made.name, policy=_expire_untagged(spec.untagged_expiration_days), opts=owner.child
    )
    return made


def _expire_untagged(days: int) -> str:
    rule = {
        "rulePriority": 1,
        "description": f"Untagged images live {days} days",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": days,
        },
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})

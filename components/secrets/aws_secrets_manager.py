"""Secrets in AWS Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output
from pulumi_aws import secretsmanager

from components.aws_key import customer_key
from components.component import Component
from components.secrets.contract import AwsSecretsManagerSpec, SecretsOutputs

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import AwsPlace


class AwsSecretsManagerSecrets(Component[SecretsOutputs]):
    """The key and the empty secrets of an environment.

    It never holds a value: whoever may write one puts it there, so none is in a stack file or in the state.
    """

    def __init__(
        self, name: str, spec: AwsSecretsManagerSpec, *, place: AwsPlace, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(name, spec, opts)
        key = customer_key(self, name, place, deletion_days=spec.key_deletion_days)
        for secret in spec.names:
            secretsmanager.Secret(
                f"{name}-{secret}",
                name=f"{place.prefix}/{secret}",
                kms_key_id=key.arn,
                recovery_window_in_days=0 if place.disposable else spec.recovery_days,
                opts=self.child_with(protect=not place.disposable),
            )
        self.outputs = self.promise(
            SecretsOutputs(prefix=Output.from_input(f"{place.prefix}/"), encryption_key=key.arn)
        )

"""What belongs to one project in AWS, and the rights of its roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import ecr, iam, kms, secretsmanager

from components.component import Component
from components.container_registry.contract import EcrSpec
from components.container_registry.ecr import image_repository
from stacks.project.aws_rights import Belongings, Rights, Statement
from stacks.project.spec import ProjectOutputs, ProjectSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.ci_identity.contract import CiIdentityOutputs
    from stacks.platform import Platform

SECRET_RECOVERY_DAYS = 30


class AwsProject(Component[ProjectOutputs]):
    """A repository for images, a key that attests packages, an empty secret for the tracker, and rights by role.

    A person or a job puts `username` and `password` of the experiment tracker into the secret; no program holds them.
    The project's prefix in the artifact store is no resource: what lies there stays when the stack is destroyed.
    """

    def __init__(
        self,
        name: str,
        spec: ProjectSpec,
        *,
        platform: Platform,
        ci_identity: CiIdentityOutputs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, ci_identity)
        self._name, self._platform = name, platform
        repository, key, secret = self._repository(), self._signing_key(), self._secret()
        own = Belongings(
            signing_key=key.arn,
            repository=repository.arn if repository else None,
            secret=secret.arn if secret else self._shared_secret(),
        )
        self._grant(Rights(spec, platform, own), ci_identity)
        asked = pulumi.InvokeOutputOptions(parent=self, depends_on=[key])
        shared = platform.experiment_tracker.credentials_secret
        self.outputs = self.promise(
            ProjectOutputs(
                image_repository=repository.repository_url if repository else self._elsewhere(),
                signing_key_uri=pulumi.Output.concat("awskms:///", key.arn),
                signing_public_key=kms.get_public_key_output(key_id=key.arn, opts=asked).public_key_pem,
                credentials_secret=secret.name if secret else pulumi.Output.from_input(shared),
                storage_secret=pulumi.Output.from_input(None),
                promotion_secret=pulumi.Output.from_input(None),
            )
        )

    def _repository(self) -> ecr.Repository | None:
        registry = self._platform.container_registry
        if registry.flavor != "ecr" or registry.encryption_key is None:
            return None
        path = f"{registry.uri.partition('/')[2]}/projects/{self._name}"
        return image_repository(self, self._name, path, self._platform.place, EcrSpec(), registry.encryption_key)

    def _elsewhere(self) -> pulumi.Output[str]:
        return pulumi.Output.from_input(f"{self._platform.container_registry.uri}/projects/{self._name}")

    def _signing_key(self) -> kms.Key:
        place = self._platform.place
        key = kms.Key(
            f"{self._name}-signing",
            description=f"Attests packages of {self._name} in {place.environment}",
            customer_master_key_spec="ECC_NIST_P256",
            key_usage="SIGN_VERIFY",
            deletion_window_in_days=7 if place.disposable else 30,
            opts=self.child_with(protect=not place.disposable),
        )
        alias = f"alias/{place.prefix}-{self._name}-signing"
        kms.Alias(f"{self._name}-signing", name=alias, target_key_id=key.key_id, opts=self.child)
        return key

    def _secret(self) -> secretsmanager.Secret | None:
        place, secrets = self._platform.place, self._platform.secrets
        if self._platform.experiment_tracker.credentials_secret:
            return None
        return secretsmanager.Secret(
            f"{self._name}-tracker",
            name=f"{secrets.prefix}{self._name}/tracker",
            description=f"username and password of {self._name} at the experiment tracker",
            kms_key_id=secrets.encryption_key,
            recovery_window_in_days=0 if place.disposable else SECRET_RECOVERY_DAYS,
            opts=self.child_with(protect=not place.disposable),
        )

    def _shared_secret(self) -> str:
        """Return the ARN of the secret that all projects share; AWS adds six characters to its name."""
        place = self._platform.place
        name = self._platform.experiment_tracker.credentials_secret
        return f"arn:{place.partition}:secretsmanager:{place.region}:{place.account}:secret:{name}-??????"

    def _grant(self, rights: Rights, roles: CiIdentityOutputs) -> None:
        self._attach("deploy", roles.deploy, rights.deploy())
        self._attach("plan", roles.plan, rights.plan())
        for promotion in roles.promotion:
            self._attach("promotion", promotion, rights.promotion())

    def _attach(self, what: str, role_arn: pulumi.Output[str], statements: Sequence[Statement]) -> None:
        policy = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [*statements]})
        role = role_arn.apply(lambda arn: arn.rpartition("/")[2])
        iam.RolePolicy(f"{self._name}-{what}", role=role, policy=policy, opts=self.child)

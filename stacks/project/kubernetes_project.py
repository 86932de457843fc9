"""What belongs to one project in a cluster without a cloud, and the rights of its jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_tls
from pulumi import Output
from pulumi_kubernetes import core

from components.artifact_store.contract import ArtifactStoreOutputs
from components.artifact_store.user import storage_user
from components.component import Component
from components.model_deployer.admission import admit, kept
from components.model_deployer.contract import namespace_of
from components.model_deployer.kubernetes import PORT
from components.monitoring.project import DASHBOARD, watch_project
from stacks.outputs import outputs_of
from stacks.project import kubernetes_rights as rights
from stacks.project.spec import ProjectOutputs, ProjectSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import ResourceOptions

    from components.ci_identity.contract import CiIdentityOutputs
    from components.model_deployer.contract import ModelDeployerOutputs
    from stacks.platform import KubernetesPlatform

CONTRACT = "contract"
"""Config map that the contract is published in."""
SIGNING = "signing"
"""Secret with the key that attests packages."""
PRIVATE = "private.pem"
"""Key of that Secret."""
STORAGE = "storage"
"""Secret with which jobs that deploy reach the artifact store."""
PROMOTION = "storage-promotion"
"""Secret with which jobs that promote from here read packages."""
TRACKER = "tracker"
"""Secret with which jobs sign in to the experiment tracker, where each project has an account of its own."""


class KubernetesProject(Component[ProjectOutputs]):
    """Users of the artifact store, a key that attests packages, and rights by group, in the project's namespace.

    The namespace is the deployer's; what is in other namespaces is a right on one secret there, by its name. Who may
    run pods in the namespace may have them read its secrets, so the rights on them are those of the jobs that deploy.
    The state holds the private key and the keys of the users, encrypted. The project's prefix in the artifact store
    is no resource: what lies there stays when the stack is destroyed.
    """

    def __init__(
        self,
        name: str,
        spec: ProjectSpec,
        *,
        platform: KubernetesPlatform,
        ci_identity: CiIdentityOutputs,
        deployer: ModelDeployerOutputs,
        images: Output[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, ci_identity, deployer)
        self._name, self._home, self._platform = name, namespace_of(name), platform
        key = self._signing_key()
        self._make_users(spec)
        tracker = platform.experiment_tracker.credentials_secret or self._own_account()
        self._grant(ci_identity, tracker)
        ours = kept([CONTRACT, DASHBOARD], ci_identity.deploy)
        admit(self, f"{name}-kept", self._home, f"{self._home}-kept", ours)
        watch_project(self, name, namespace=self._home, port=PORT, thresholds=spec.monitoring)
        self.outputs = self.promise(
            ProjectOutputs(
                image_repository=images,
                signing_key_uri=Output.from_input(f"{self._uri(SIGNING)}#{PRIVATE}"),
                signing_public_key=key.public_key_pem,
                credentials_secret=Output.from_input(tracker),
                storage_secret=Output.from_input(self._uri(STORAGE)),
                promotion_secret=Output.from_input(self._uri(PROMOTION) if ci_identity.promotion else None),
            )
        )

    def _uri(self, secret: str) -> str:
        return f"kubernetes:///{self._home}/{secret}"

    def _signing_key(self) -> pulumi_tls.PrivateKey:
        kept_outside_dev = self.child_with(protect=not self._platform.disposable)
        key = pulumi_tls.PrivateKey(
            f"{self._name}-signing", algorithm="ECDSA", ecdsa_curve="P256", opts=kept_outside_dev
        )
        core.v1.Secret(
            f"{self._name}-signing",
            metadata={"name": SIGNING, "namespace": self._home},
            type="Opaque",
            string_data={PRIVATE: key.private_key_pem_pkcs8},
            opts=kept_outside_dev,
        )
        return key

    def _make_users(self, spec: ProjectSpec) -> None:
        published = [f"{data.published_by}/published/{name}" for name, data in sorted(spec.reads.items())]
        self._user(STORAGE, reads=published, writes=[self._name])
        if spec.ci_identity.promotes_to:
            self._user(PROMOTION, reads=[f"{self._name}/models"], writes=[])

    def _user(self, secret: str, *, reads: Sequence[str], writes: Sequence[str]) -> None:
        store = outputs_of(self._platform.artifact_store, ArtifactStoreOutputs)
        name = f"{self._name}-{secret}"
        storage_user(self, name, store, namespace=self._home, secret=secret, reads=reads, writes=writes)

    def _own_account(self) -> str:
        """Make the place for a password of the project's own, and return where it is."""
        core.v1.Secret(
            f"{self._name}-{TRACKER}",
            metadata={"name": TRACKER, "namespace": self._home},
            type="Opaque",
            opts=self.child_with(ignore_changes=["data", "stringData"], protect=not self._platform.disposable),
        )
        return self._uri(TRACKER)

    def _grant(self, groups: CiIdentityOutputs, tracker: str) -> None:
        deploy, plan = [groups.deploy], [groups.plan]
        for found in rights.by_namespace(
            self._uri(SIGNING), self._uri(STORAGE), tracker, self._platform.alerts.channel
        ):
            name = "deploy-secrets" if found.namespace == self._home else f"{self._home}-deploy"
            rights.grant(self, f"{self._name}-{found.namespace}", name, found.namespace, [found.rule], deploy)
        looks = rights.looks(gateway=self._platform.ingress.gateway is not None)
        rights.grant(self, f"{self._name}-plan", "plan", self._home, looks, plan)
        if groups.promotion:
            reads = [rights.gets([PROMOTION])]
            rights.grant(self, f"{self._name}-promotion", "promotion", self._home, reads, groups.promotion)

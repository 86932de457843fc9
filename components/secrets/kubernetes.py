"""Secrets in the cluster itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output
from pulumi_kubernetes import core

from components.component import Component
from components.pod_security import guarded_namespace
from components.secrets.contract import NAMESPACE, KubernetesSpec, SecretsOutputs

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place


class KubernetesSecrets(Component[SecretsOutputs]):
    """A namespace with the empty secrets of an environment.

    Values are put there by who may write them; server-side apply leaves to them what the program says nothing of.
    The state has a copy, encrypted, as of the last `up`: the provider keeps all of an object. Whether the cluster
    encrypts what it stores is its owner's matter. From `staging` on a secret is protected.
    """

    def __init__(self, name: str, spec: KubernetesSpec, *, place: Place, opts: ResourceOptions | None = None) -> None:
        super().__init__(name, spec, opts)
        namespace = guarded_namespace(self, name, NAMESPACE)
        for secret in spec.names:
            core.v1.Secret(
                f"{name}-{secret}",
                metadata={"name": secret, "namespace": NAMESPACE},
                type="Opaque",
                opts=self.child_with(
                    depends_on=[namespace], ignore_changes=["data", "stringData"], protect=not place.disposable
                ),
            )
        self.outputs = self.promise(
            SecretsOutputs(prefix=Output.from_input(f"{NAMESPACE}/"), encryption_key=Output.from_input(None))
        )

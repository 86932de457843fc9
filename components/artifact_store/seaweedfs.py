"""An artifact store in SeaweedFS, inside the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi_random as random
from pulumi import Output
from pulumi_kubernetes import core, networking, policy

from components.artifact_store.contract import DEFAULT_REGION, ArtifactStoreOutputs, SeaweedfsSpec
from components.artifact_store.seaweedfs_values import S3_PORT, replicas, values
from components.artifact_store.user import KEY_ID, SECRET_KEY
from components.artifact_store.weed import NAMESPACE, weed_job
from components.charts import release
from components.component import Component
from components.ingress.contract import ROUTES_LABEL
from components.ingress.route import route

if TYPE_CHECKING:
    from pulumi import Resource, ResourceOptions

    from components.base import Place
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.ingress.contract import IngressOutputs

SERVICE = "seaweedfs-s3"
ADMIN = "seaweedfs-admin"

_NAME = "app.kubernetes.io/name"
_PART = "app.kubernetes.io/component"

_BUCKET = """buckets() { echo s3.bucket.list | shell; }
buckets | grep -qE "^ *$STORE_BUCKET([^a-z0-9.-]|$)" || echo "s3.bucket.create -name=$STORE_BUCKET" | shell
echo "s3.bucket.versioning -name=$STORE_BUCKET -enable" | shell
echo "s3.bucket.versioning -name=$STORE_BUCKET" | shell | grep -q "Versioning: Enabled"
"""
"""A bucket that is there is never made again: that would forget what it is, though not what is in it."""


class SeaweedfsArtifactStore(Component[ArtifactStoreOutputs]):
    """A versioned bucket, `<organization>-<environment>-<name>`, in a SeaweedFS of its own, reached by the S3 API.

    Nobody gets in without keys: the gateway has an administrator's, which are in no other namespace, before it answers
    at all, and `storage_user` makes one user for each that needs prefixes. Names and users are on one volume, objects
    on those of the volume servers; all of them follow their pods. Outside `dev` each object is on two machines, and
    the release and its namespace are protected. Its parts speak plainly to each other, and with pods that use
    the address inside the cluster; the network rules of its namespace let the S3 API be reached, and nothing else.
    """

    def __init__(
        self,
        name: str,
        spec: SeaweedfsSpec,
        *,
        place: Place,
        services: ClusterServicesOutputs,
        ingress: IngressOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, services, ingress)
        self._stem, self._place = name, place
        self._namespace = self._make_namespace()
        fences = [self._fence("inside", {}, _INSIDE), self._fence("s3", {_PART: "filer"}, _TO_S3)]
        server = self._install(spec, services, [*fences, self._administrator()])
        self._keep_a_majority(server)
        host = Output.concat("s3.", ingress.domain)
        bucket = f"{place.prefix}-{name}"
        there = weed_job(self, f"{name}-bucket", "bucket", _BUCKET, {"STORE_BUCKET": bucket}, depends_on=[server])
        self._expose(ingress, host, there)
        self.outputs = self.promise(
            ArtifactStoreOutputs(
                uri=Output.from_input(f"s3://{bucket}"),
                encryption_key=Output.from_input(None),
                endpoint=Output.concat("https://", host),
                endpoint_inside=Output.from_input(f"http://{SERVICE}.{NAMESPACE}.svc:{S3_PORT}"),
                region=Output.from_input(DEFAULT_REGION),
                users_namespace=NAMESPACE,
                credentials_secret=None,
            )
        )

    def _inside(self, *depends_on: Resource, **options: Any) -> ResourceOptions:
        return self.child_with(depends_on=[self._namespace, *depends_on], **options)

    def _make_namespace(self) -> core.v1.Namespace:
        guard = "pod-security.kubernetes.io"
        labels = {f"{guard}/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
        return core.v1.Namespace(
            self._stem,
            metadata={"name": NAMESPACE, "labels": {**labels, ROUTES_LABEL: "true"}},
            opts=self.child_with(protect=not self._place.disposable),
        )

    def _administrator(self) -> core.v1.Secret:
        """Make keys that may do everything: with them in its environment the gateway lets nobody in without any."""
        key = random.RandomId(f"{self._stem}-admin", byte_length=10, opts=self.child)
        password = random.RandomPassword(f"{self._stem}-admin", length=40, special=False, opts=self.child)
        return core.v1.Secret(
            f"{self._stem}-admin",
            metadata={"name": ADMIN, "namespace": NAMESPACE},
            string_data={KEY_ID: Output.secret(key.hex), SECRET_KEY: password.result},
            opts=self._inside(),
        )

    def _install(self, spec: SeaweedfsSpec, services: ClusterServicesOutputs, needed: list[Resource]) -> Resource:
        storage_class = Output.from_input(spec.storage_class or services.storage_class)
        return release(
            self,
            f"{self._stem}-seaweedfs",
            "seaweedfs",
            NAMESPACE,
            values(spec, self._place.tier, storage_class, ADMIN),
            depends_on=[self._namespace, *needed],
            protect=not self._place.disposable,
        )

    def _keep_a_majority(self, server: Resource) -> None:
        """Let one master and one volume server be drained at a time, where there are several."""
        for part, number in replicas(self._place.tier).items():
            if number > 1:
                policy.v1.PodDisruptionBudget(
                    f"{self._stem}-{part}",
                    metadata={"name": f"seaweedfs-{part}", "namespace": NAMESPACE},
                    spec={"max_unavailable": 1, "selector": {"match_labels": _chosen(part)}},
                    opts=self._inside(server),
                )

    def _fence(self, what: str, chosen: dict[str, str], spec: dict[str, Any]) -> networking.v1.NetworkPolicy:
        return networking.v1.NetworkPolicy(
            f"{self._stem}-{what}",
            metadata={"name": f"seaweedfs-{what}", "namespace": NAMESPACE},
            spec={"pod_selector": {"match_labels": chosen} if chosen else {}, **spec},  # pyright: ignore[reportArgumentType]
            opts=self._inside(),
        )

    def _expose(self, ingress: IngressOutputs, host: Output[str], bucket: Resource) -> None:
        route(
            self,
            f"{self._stem}-s3",
            ingress,
            host=host,
            namespace=NAMESPACE,
            service=SERVICE,
            port=S3_PORT,
            depends_on=[bucket],
        )


def _chosen(part: str) -> dict[str, str]:
    return {_NAME: "seaweedfs", _PART: part}


_NAMES = {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "kube-system"}}}
_INSIDE: dict[str, Any] = {
    "policy_types": ["Ingress", "Egress"],
    "ingress": [{"from_": [{"pod_selector": {}}]}],
    "egress": [
        {"to": [{"pod_selector": {}}]},
        {"to": [_NAMES], "ports": [{"protocol": protocol, "port": 53} for protocol in ("TCP", "UDP")]},
    ],
}
"""Its parts reach each other and names; the API of names and files, which asks nobody who they are, is theirs alone."""

_TO_S3: dict[str, Any] = {
    "policy_types": ["Ingress"],
    "ingress": [{"ports": [{"protocol": "TCP", "port": S3_PORT}]}],
}
"""Whoever has keys reaches the S3 API."""

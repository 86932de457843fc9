"""Runners in the cluster, by GitHub's Actions Runner Controller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi import Output
from pulumi_kubernetes import networking

from components.charts import charts, release
from components.component import Component
from components.pod_security import guarded_namespace
from components.runners.contract import RUNNERS_NAMESPACE, ArcSpec, RunnersOutputs

if TYPE_CHECKING:
    from pulumi import Resource, ResourceOptions

    from components.base import Place
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.network.contract import NetworkOutputs

CHART = "gha-runner-scale-set"
LONGEST = 45
"""Characters that the name of a scale set may have, for the controller adds to it."""

_USER = 1001
"""The one of the runner's image."""

_CONTEXT = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
_POD_CONTEXT = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


class ArcRunners(Component[RunnersOutputs]):
    """A scale set of runners: a pod for each job, in a namespace that nothing reaches.

    Jobs ask for it by `runs-on: <organization>-<environment>-<name>`. A pod is used for one job, has no token of the
    cluster's and no rights in it: what a job may do is what its workflow signs in for. It cannot build containers,
    for that takes privileges. It goes out to wherever the cluster lets it; `inside` says that it reaches what only
    the cluster's network reaches.
    """

    def __init__(
        self,
        name: str,
        spec: ArcSpec,
        *,
        place: Place,
        services: ClusterServicesOutputs,
        network: NetworkOutputs | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, services, *([network] if network else []))
        label = f"{place.prefix}-{name}"[:LONGEST].rstrip("-")
        home = guarded_namespace(self, name, RUNNERS_NAMESPACE)
        fence = self._fence(name, home)
        release(self, f"{name}-{CHART}", CHART, RUNNERS_NAMESPACE, values(spec, label), depends_on=[home, fence])
        self.outputs = self.promise(
            RunnersOutputs(runs_on=Output.from_input(label), security_group_ids=dict[str, Output[str]]())
        )

    def _fence(self, name: str, home: Resource) -> networking.v1.NetworkPolicy:
        return networking.v1.NetworkPolicy(
            name,
            metadata={"name": "nothing-in", "namespace": RUNNERS_NAMESPACE},
            spec={"pod_selector": {}, "policy_types": ["Ingress"]},
            opts=self.child_with(depends_on=[home]),
        )


def values(spec: ArcSpec, label: str) -> dict[str, Any]:
    """Return what differs from the defaults of the chart; the controller is found by name, not looked up."""
    namespace, _, account = spec.controller.partition("/")
    return {
        "githubConfigUrl": spec.github_url,
        "githubConfigSecret": spec.credentials_secret,
        "runnerScaleSetName": label,
        **({"runnerGroup": spec.runner_group} if spec.runner_group else {}),
        "minRunners": spec.min_runners,
        "maxRunners": spec.max_runners,
        "controllerServiceAccount": {"namespace": namespace, "name": account},
        "template": {"spec": _runner(spec)},
        "listenerTemplate": {"spec": _listener()},
    }


def _runner(spec: ArcSpec) -> dict[str, Any]:
    memory = f"{spec.memory_mib}Mi"
    return {
        "automountServiceAccountToken": False,
        "securityContext": {**_POD_CONTEXT, "runAsUser": _USER, "runAsGroup": _USER, "fsGroup": _USER},
        "containers": [
            {
                "name": "runner",
                "image": spec.image or charts()[CHART].images_of_others["runner"],
                "command": ["/home/runner/run.sh"],
                "securityContext": _CONTEXT,
                "resources": {
                    "requests": {"cpu": f"{spec.cpu_millicores}m", "memory": memory},
                    "limits": {"memory": memory},
                },
            }
        ],
    }


def _listener() -> dict[str, Any]:
    """Return what asks GitHub for jobs: one pod, in the namespace of the controller."""
    resources = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
    return {
        "securityContext": _POD_CONTEXT,
        "containers": [
            {
                "name": "listener",
                "resources": resources,
                "securityContext": {**_CONTEXT, "readOnlyRootFilesystem": True},
            }
        ],
    }

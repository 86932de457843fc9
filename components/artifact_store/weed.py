"""Jobs that change a SeaweedFS by its own shell."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import Output
from pulumi_kubernetes import batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi import Input, Resource

    from components.base import OutputsT
    from components.component import Component

NAMESPACE = "seaweedfs"
"""Where SeaweedFS runs, and the Jobs that change it."""

TAG = "4.44@sha256:e67e8c385484120b78bff47ba5f4debbca47fbd27ed1a39f016f47e8baea615b"
"""Release and digest of its image, for the chart and for the Jobs alike."""

IMAGE = f"docker.io/chrislusf/seaweedfs:{TAG}"

USER = 1000

RESTRICTED: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}

_SECONDS = 600
_SHELL = f"""set -eu
shell() {{ weed shell -master=seaweedfs-master.{NAMESPACE}:9333 -filer=seaweedfs-filer-client.{NAMESPACE}:8888 2>&1; }}
"""
"""What every script begins with. The shell ends well whatever its commands say: each script looks at what came of
them. It prints users with their keys, so nothing of it reaches a log."""


def weed_job(
    owner: Component[OutputsT],
    name: str,
    job: str,
    script: str,
    variables: Mapping[str, Input[str]],
    *,
    secret: str | None = None,
    depends_on: Sequence[Resource] = (),
) -> batch.v1.Job:
    """Run a script in the namespace of SeaweedFS once, and again whenever it or its variables change.

    The Job is called after its content, for a Job never changes, and stays after its end: one that disappeared would
    be made again by the first `up` after a refresh. One that failed is replaced by the next `up`.

    Args:
        owner: The component that it belongs to.
        name: Logical name.
        job: First part of its name in the cluster.
        script: What it does, for `sh`; `shell` is the shell of SeaweedFS, which reads commands.
        variables: Plain values that the script reads; they are part of the content.
        secret: Secret of the namespace whose values it reads, too.
        depends_on: What has to be there first.
    """
    content = {"script": _SHELL + script, "image": IMAGE, **variables}
    return batch.v1.Job(
        name,
        metadata={
            "name": Output.concat(f"{job[:52].rstrip('-')}-", _digest(content)),
            "namespace": NAMESPACE,
            "annotations": {"pulumi.com/replaceUnready": "true"},
        },
        spec={
            "template": {"spec": _pod(_SHELL + script, variables, secret)},
            "backoff_limit": 5,
            "active_deadline_seconds": _SECONDS,
        },
        opts=owner.child_with(
            depends_on=depends_on, custom_timeouts=pulumi.CustomTimeouts(create=f"{_SECONDS + 120}s")
        ),
    )


def _digest(content: Mapping[str, Input[str]]) -> Output[str]:
    return Output.json_dumps(content, sort_keys=True).apply(lambda text: hashlib.sha256(text.encode()).hexdigest()[:10])


def _pod(script: str, variables: Mapping[str, Input[str]], secret: str | None) -> Any:
    container = {
        "name": "shell",
        "image": IMAGE,
        "command": ["/bin/sh", "-c", script],
        "env": [{"name": key, "value": value} for key, value in variables.items()],
        **({"env_from": [{"secret_ref": {"name": secret}}]} if secret else {}),
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
        "security_context": {**RESTRICTED, "readOnlyRootFilesystem": True},
        "volume_mounts": [{"name": "scratch", "mount_path": "/tmp"}],  # noqa: S108 - of its own volume
    }
    return {
        "restart_policy": "Never",
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": {"run_as_user": USER, "run_as_group": USER, "fs_group": USER},
        "containers": [container],
        "volumes": [{"name": "scratch", "empty_dir": {"size_limit": "16Mi"}}],
    }

"""What runs in the pods of the tracker."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi import Input, Output

from components.quantities import cpu, memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi_kubernetes import core

    from components.experiment_tracker.contract import MlflowSpec
    from components.experiment_tracker.ground import Ground, Role

NAME = "mlflow"
PORT = 5000
USER = 10001

SCRIPTS = "/scripts"
CERTIFICATES = "database.pem"
CREDENTIALS = "/credentials"
SECRET = "/secret"  # noqa: S105 - a folder
SCRATCH = "/tmp"  # noqa: S108 - of its own volume

ENVIRONMENT = {
    "HOME": SCRATCH,
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PGPASSFILE": f"{CREDENTIALS}/pgpass",
    "MLFLOW_AUTH_CONFIG_PATH": f"{CREDENTIALS}/basic_auth.ini",
    "TRACKER_FOLDER": CREDENTIALS,
}
"""Variables of every container: files and switches, no secret."""


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """Where the pods find what they work with."""

    ground: Ground
    """What is given by the place where they run."""
    host: Output[str]
    """Name by which clients call the server."""
    tracking_database: Output[str]
    """Address of the rows of runs and models, without a password."""
    auth_database: Output[str]
    """Address of the rows of people and their rights, without a password."""
    admin_database: Output[str]
    """Database that is there from the start."""
    artifacts: Output[str]
    """Where the server keeps artifacts: `s3://…`."""
    scripts: Input[str]
    """Name of the ConfigMap with what the containers run."""


def address(host: Output[str], port: Output[int], database: str, certificates: Output[str | None]) -> Output[str]:
    """Return the address of a database as SQLAlchemy takes it; the password is in a file of its own."""
    checked = f"verify-full&sslrootcert={SCRIPTS}/{CERTIFICATES}"
    proof = certificates.apply(lambda found: checked if found else "require")
    return Output.concat(f"postgresql+psycopg2://{NAME}@", host, ":", port.apply(str), f"/{database}?sslmode=", proof)


def labels(role: str) -> dict[str, str]:
    """Return the labels of the pods of one role, `server` or `setup`."""
    return {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": role}


def hosts(spec: MlflowSpec, wiring: Wiring) -> list[Input[str]]:
    """Return the names that the server answers to: the public one, and those of its Service inside the cluster."""
    inside = [f"{NAME}.{NAME}", f"{NAME}.{NAME}.svc", f"{NAME}.{NAME}.svc.cluster.local"]
    return [wiring.host, *inside, *spec.hosts]


def server_options(spec: MlflowSpec, wiring: Wiring) -> list[Input[str]]:
    """Return the options of `mlflow server`.

    Its own page has to be among the origins: browsers send the header within one origin too. Connections stay open
    longer than a load balancer keeps them (60 s), or it sends requests into closing ones.
    """
    origins = [Output.concat("https://", wiring.host), *spec.origins]
    return [
        *("--host", "0.0.0.0", "--port", str(PORT), "--workers", str(spec.workers)),  # noqa: S104
        *("--uvicorn-opts", "--timeout-keep-alive 75"),
        *("--app-name", "basic-auth"),
        *("--backend-store-uri", wiring.tracking_database),
        *("--serve-artifacts", "--artifacts-destination", wiring.artifacts),
        *("--allowed-hosts", _joined(hosts(spec, wiring))),
        *("--cors-allowed-origins", _joined(origins)),
        *("--x-frame-options", "DENY"),
    ]


def server_pod(spec: MlflowSpec, wiring: Wiring) -> core.v1.PodTemplateSpecArgsDict:
    """Return the pod of the server: one container fetches its secret into memory, the other one serves."""
    role = wiring.ground.server
    server: core.v1.ContainerArgsDict = {
        **_container(
            spec,
            role,
            "server",
            ["serve", *server_options(spec, wiring)],
            cpu_millicores=spec.cpu_millicores,
            memory_mib=spec.memory_mib,
            disk_mib=1024 * spec.scratch_gib,
        ),
        "ports": [{"name": "http", "container_port": PORT}],
        "startup_probe": _probe(wiring, period_seconds=5, failure_threshold=60),
        "readiness_probe": _probe(wiring, period_seconds=10, failure_threshold=3),
        "liveness_probe": _probe(wiring, period_seconds=20, failure_threshold=6),
        "lifecycle": {"pre_stop": {"sleep": {"seconds": 15}}},
    }
    if role.keys:
        server["env_from"] = [{"secret_ref": {"name": role.keys}}]
    unlock = _container(spec, role, "unlock", ["unlock"], _credentials(spec, wiring, wiring.ground.secret_at_server))
    pod = _pod("server", wiring, [server], scratch_gib=spec.scratch_gib)
    return _template("server", {**pod, "init_containers": [unlock], "topology_spread_constraints": _spread()})


def setup_pod(spec: MlflowSpec, wiring: Wiring) -> core.v1.PodTemplateSpecArgsDict:
    """Return the pod that makes passwords, databases and tables."""
    ground = wiring.ground
    prepare = _container(
        spec,
        ground.setup,
        "prepare",
        ["prepare"],
        {
            **_credentials(spec, wiring, ground.secret),
            "TRACKER_RELEASE": spec.version,
            "TRACKER_PROJECTS_SECRET_URI": ground.projects_secret,
            "TRACKER_ADMIN_SECRET_URI": ground.admin_secret,
            "TRACKER_ADMIN_DATABASE": wiring.admin_database,
        },
        memory_mib=1024,
    )
    return _template("setup", {**_pod("setup", wiring, [prepare]), "restart_policy": "Never"})


def digest(content: object) -> Output[str]:
    """Return ten characters that change with what is given."""
    return Output.json_dumps(content, sort_keys=True).apply(lambda text: hashlib.sha256(text.encode()).hexdigest()[:10])


def _credentials(spec: MlflowSpec, wiring: Wiring, secret: Input[str]) -> dict[str, Input[str]]:
    """Return what a container needs to write what MLflow reads; none of it is secret."""
    return {
        "TRACKER_SECRET_URI": secret,
        "TRACKER_DATABASE_URI": wiring.tracking_database,
        "TRACKER_AUTH_DATABASE_URI": wiring.auth_database,
        "TRACKER_DEFAULT_PERMISSION": spec.default_permission,
    }


def _joined(parts: Sequence[Input[str]]) -> Output[str]:
    return Output.all(*parts).apply(",".join)


def _container(
    spec: MlflowSpec,
    role: Role,
    name: str,
    task: Sequence[Input[str]],
    variables: dict[str, Input[str]] | None = None,
    *,
    cpu_millicores: int = 250,
    memory_mib: int = 256,
    disk_mib: int = 100,
) -> core.v1.ContainerArgsDict:
    given = {**ENVIRONMENT, **role.variables, **(variables or {})}
    mounted: list[core.v1.VolumeMountArgsDict] = [{"name": "secret", "mount_path": SECRET, "read_only": True}]
    return {
        "name": name,
        "image": spec.image,
        "command": ["python", f"{SCRIPTS}/tasks.py"],
        "args": [*task],
        "working_dir": SCRATCH,
        "env": [{"name": key, "value": value} for key, value in given.items()],
        "resources": {
            "requests": {
                "cpu": cpu(cpu_millicores),
                "memory": memory(memory_mib),
                "ephemeral-storage": memory(disk_mib),
            },
            "limits": {"cpu": cpu(2 * cpu_millicores), "memory": memory(memory_mib)},
        },
        "security_context": {
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "run_as_non_root": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volume_mounts": [
            {"name": "scripts", "mount_path": SCRIPTS, "read_only": True},
            {"name": "credentials", "mount_path": CREDENTIALS, "read_only": name == "server"},
            {"name": "scratch", "mount_path": SCRATCH},
            *(mounted if role.mounted and name == "unlock" else []),
        ],
    }


def _pod(
    name: str, wiring: Wiring, containers: list[core.v1.ContainerArgsDict], *, scratch_gib: int = 1
) -> core.v1.PodSpecArgsDict:
    role = wiring.ground.server if name == "server" else wiring.ground.setup
    secret: core.v1.VolumeArgsDict = {"name": "secret", "secret": {"secret_name": role.mounted, "default_mode": 0o440}}
    return {
        "service_account_name": f"{NAME}-{name}",
        "automount_service_account_token": role.token,
        "enable_service_links": False,
        "termination_grace_period_seconds": 60,
        "containers": containers,
        "security_context": {
            "run_as_user": USER,
            "run_as_group": USER,
            "fs_group": USER,
            "run_as_non_root": True,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "volumes": [
            {"name": "scripts", "config_map": {"name": wiring.scripts}},
            {"name": "credentials", "empty_dir": {"medium": "Memory", "size_limit": "1Mi"}},
            {"name": "scratch", "empty_dir": {"size_limit": f"{scratch_gib}Gi"}},
            *([secret] if role.mounted else []),
        ],
    }


def _template(role: str, pod: core.v1.PodSpecArgsDict) -> core.v1.PodTemplateSpecArgsDict:
    return {"metadata": {"labels": labels(role)}, "spec": pod}


def _probe(wiring: Wiring, *, period_seconds: int, failure_threshold: int) -> core.v1.ProbeArgsDict:
    asked: Any = {"path": "/health", "port": "http", "http_headers": [{"name": "Host", "value": wiring.host}]}
    return {
        "http_get": asked,
        "timeout_seconds": 5,
        "period_seconds": period_seconds,
        "failure_threshold": failure_threshold,
    }


def _spread() -> list[core.v1.TopologySpreadConstraintArgsDict]:
    return [
        {
            "topology_key": f"{'topology.' if place == 'zone' else ''}kubernetes.io/{place}",
            "max_skew": 1,
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": labels("server")},
        }
        for place in ("zone", "hostname")
    ]

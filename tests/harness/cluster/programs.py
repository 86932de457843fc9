"""The programs of a plane: ports, files, command lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from tests.harness.cluster.certificates import Pair, authority, new_key, pem, public_pem, signed
from tests.harness.cluster.issuer import AUDIENCE
from tests.harness.engine.tools import TOOLS
from tests.harness.web import free_port

API_SERVER = "kube-apiserver"
SERVICES = "10.96.0.0/16"
"""Addresses of Services."""

_HOSTS = ("127.0.0.1", "localhost", "kubernetes.default.svc", "10.96.0.1")
_PEOPLE: Mapping[str, tuple[str, ...]] = {
    "admin": ("system:masters",),
    "system:kube-controller-manager": ("system:masters",),  # for all its controllers: an account each takes time
    "system:kube-scheduler": (),
    "kwok": ("system:masters",),
}


@dataclass(frozen=True)
class Ports:
    """Where the programs of one plane listen on 127.0.0.1."""

    etcd: int
    etcd_peer: int
    api_server: int
    controller_manager: int
    scheduler: int
    kwok: int
    issuer: int

    @classmethod
    def free(cls) -> Ports:
        """Return ports that nobody has."""
        return cls(**{field.name: free_port() for field in fields(cls)})

    @classmethod
    def read(cls, folder: Path) -> Ports:
        """Return the ports of the plane in a folder."""
        return cls(**json.loads((folder / "ports.json").read_text()))

    def write(self, folder: Path) -> None:
        """Remember them."""
        (folder / "ports.json").write_text(json.dumps(asdict(self)))


def write_files(folder: Path, ports: Ports) -> None:
    """Write keys, certificates, kubeconfigs and configuration of all programs."""
    ca = authority()
    ca.write(folder, "ca")
    signed(ca, "kube-apiserver", hosts=_HOSTS).write(folder, "serving")
    for user, groups in _PEOPLE.items():
        pair = signed(ca, user, groups)
        pair.write(folder, user.removeprefix("system:"))
        _kubeconfig(folder, ports, user.removeprefix("system:"))
    accounts = new_key()
    Pair(public_pem(accounts), pem(accounts)).write(folder, "accounts")
    (folder / "tokens.key").write_bytes(pem(new_key()))
    (folder / "authentication.yaml").write_text(yaml.safe_dump(_authentication(folder, ports)))


def commands(folder: Path, ports: Ports) -> dict[str, list[str]]:
    """Return the command line of each program, in the order in which they start."""
    made = {
        "etcd": _etcd(folder, ports),
        API_SERVER: _api_server(folder, ports),
        "kube-controller-manager": _controller_manager(folder, ports),
        "kube-scheduler": _client("kube-scheduler", folder, ports.scheduler),
        "kwok": _kwok(folder, ports),
    }
    return {name: [str(TOOLS / "bin" / name), *_flags(given)] for name, given in made.items()}


def _etcd(folder: Path, ports: Ports) -> dict[str, Any]:
    client, peer = f"http://127.0.0.1:{ports.etcd}", f"http://127.0.0.1:{ports.etcd_peer}"
    return {
        "data-dir": folder / "etcd",
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
        "unsafe-no-fsync": "true",
        "log-level": "warn",
    }


def _api_server(folder: Path, ports: Ports) -> dict[str, Any]:
    return {
        "etcd-servers": f"http://127.0.0.1:{ports.etcd}",
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "secure-port": ports.api_server,
        "endpoint-reconciler-type": "none",
        "enable-priority-and-fairness": "false",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "service-cluster-ip-range": SERVICES,
        "client-ca-file": folder / "ca.crt",
        "tls-cert-file": folder / "serving.crt",
        "tls-private-key-file": folder / "serving.key",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": folder / "accounts.crt",
        "service-account-signing-key-file": folder / "accounts.key",
        "authentication-config": folder / "authentication.yaml",
        "shutdown-watch-termination-grace-period": "0s",
        "kubelet-preferred-address-types": "InternalIP",  # nobody is asked where a node of this name is
    }


def _controller_manager(folder: Path, ports: Ports) -> dict[str, Any]:
    return {
        **_client("kube-controller-manager", folder, ports.controller_manager),
        "root-ca-file": folder / "ca.crt",
        "service-account-private-key-file": folder / "accounts.key",
        "kube-api-qps": 500,
        "kube-api-burst": 1000,
    }


def _kwok(folder: Path, ports: Ports) -> dict[str, Any]:
    return {
        "kubeconfig": folder / "kwok.kubeconfig",
        "manage-all-nodes": "true",
        "enable-crds": "Stage",
        "cidr": "10.244.0.0/16",
        "node-ip": "127.0.0.1",
        "node-lease-duration-seconds": 40,
        "server-address": f"127.0.0.1:{ports.kwok}",
    }


def _client(name: str, folder: Path, port: int) -> dict[str, Any]:
    return {
        "kubeconfig": folder / f"{name}.kubeconfig",
        "bind-address": "127.0.0.1",
        "secure-port": port,
        "leader-elect": "false",
    }


def _flags(given: Mapping[str, Any]) -> list[str]:
    return [f"--{name}={value}" for name, value in given.items()]


def _kubeconfig(folder: Path, ports: Ports, name: str) -> None:
    cluster = {"server": f"https://127.0.0.1:{ports.api_server}", "certificate-authority": str(folder / "ca.crt")}
    user = {"client-certificate": str(folder / f"{name}.crt"), "client-key": str(folder / f"{name}.key")}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "plane",
        "clusters": [{"name": "plane", "cluster": cluster}],
        "contexts": [{"name": "plane", "context": {"cluster": "plane", "user": name}}],
        "users": [{"name": name, "user": user}],
    }
    (folder / f"{name}.kubeconfig").write_text(yaml.safe_dump(document))


def _authentication(folder: Path, ports: Ports) -> dict[str, Any]:
    issuer = {
        "url": f"https://127.0.0.1:{ports.issuer}",
        "audiences": [AUDIENCE],
        "certificateAuthority": (folder / "ca.crt").read_text(),
    }
    mapped = {name: {"claim": claim, "prefix": "oidc:"} for name, claim in (("username", "sub"), ("groups", "groups"))}
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [{"issuer": issuer, "claimMappings": mapped}],
    }

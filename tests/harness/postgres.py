"""A real PostgreSQL on loopback, that lets nobody in without TLS and a password, as a cloud's."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.web import free_port

if TYPE_CHECKING:
    from collections.abc import Generator

ADMIN = {"username": "platform_admin", "password": "the-password-of-the-administrator"}
OWNER = {"username": "owner", "password": "the-password-of-the-owner"}
DATABASE = "platform"
UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Postgres:
    """A server, and what its clients have to know."""

    port: int
    """Where it listens on 127.0.0.1."""
    certificates: str
    """By which it proves that it is 127.0.0.1."""
    log: Path
    """All statements, as it got them."""

    def connect(self, username: str, password: str, database: str = DATABASE) -> Any:
        """Connect as somebody."""
        import psycopg2

        return psycopg2.connect(
            host="127.0.0.1", port=self.port, user=username, password=password, dbname=database, sslmode="require"
        )

    def rows(self, query: str, database: str = DATABASE) -> list[Any]:
        """Answer a question with every right."""
        with contextlib.closing(self.connect(**OWNER, database=database)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def run(self, statement: str) -> None:
        """Change something with every right."""
        with contextlib.closing(self.connect(**OWNER)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)


def binaries() -> Path | None:
    """Return the folder of its programs; none where it is not installed."""
    found = shutil.which("initdb")
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(found).resolve().parent if found else versions[-1].parent if versions else None


@contextlib.contextmanager
def postgres() -> Generator[Postgres]:
    """Run a server for the time of a test: its administrator may make users and databases, and no more."""
    programs = binaries()
    if not programs:
        raise RuntimeError("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        certificates = _certificates(folder)
        (folder / "password").write_text(OWNER["password"])
        rights = _as_somebody_else(folder)
        _run([programs / "initdb", "-D", folder / "data", "-U", OWNER["username"], *_INITIAL], folder, rights)
        (folder / "data" / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        with _running(programs, folder, rights) as port:
            server = Postgres(port, certificates, folder / "log")
            _make_administrator(server)
            yield server
    finally:
        shutil.rmtree(folder)


_INITIAL = ["--auth=scram-sha-256", "--pwfile=password", "--no-sync", "--encoding=UTF8", "--locale=C"]


def _as_somebody_else(folder: Path) -> dict[str, Any]:
    """PostgreSQL does not run as root: say as whom, and give the folder to them."""
    if os.geteuid():
        return {}
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, UNPRIVILEGED)
    return {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []}


def _run(command: list[Any], folder: Path, rights: dict[str, Any]) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **rights)
    if done.returncode:
        raise RuntimeError(done.stderr)


@contextlib.contextmanager
def _running(programs: Path, folder: Path, rights: dict[str, Any]) -> Generator[int]:
    port = free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "ssl": "on",
        "ssl_cert_file": folder / "certificate.pem",
        "ssl_key_file": folder / "key.pem",
        "fsync": "off",
        "log_statement": "all",
    }
    command = [programs / "postgres", "-D", folder / "data"]
    command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **rights)
    try:
        _wait(Postgres(port, "", folder / "log"), process)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _wait(server: Postgres, process: subprocess.Popen[bytes]) -> None:
    import psycopg2

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(psycopg2.OperationalError):
            server.connect(**OWNER, database="postgres").close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start:\n{server.log.read_text()}")


def _make_administrator(server: Postgres) -> None:
    with contextlib.closing(server.connect(**OWNER, database="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE ROLE {ADMIN['username']} LOGIN CREATEDB CREATEROLE PASSWORD '{ADMIN['password']}'")
            cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {ADMIN['username']}")


def _certificates(folder: Path) -> str:
    """Write a key and a certificate of 127.0.0.1 that signs itself, and return the certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    (folder / "certificate.pem").write_bytes(certificate)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    (folder / "key.pem").chmod(0o600)
    return certificate.decode()

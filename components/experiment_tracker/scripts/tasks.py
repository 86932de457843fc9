"""What the pods of the tracker do, in MLflow's image: `python tasks.py prepare`, `unlock`, `serve <options>`.

Passwords come from a secret, wherever it is, and go to files that only the pod's user reads; never to an argument or
to a log. Needs mlflow[auth] and psycopg2, and boto3 where secrets or artifacts are in AWS or reached like it.
"""

from __future__ import annotations

import base64
import configparser
import contextlib
import importlib.metadata
import json
import os
import secrets
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

ADMIN = "admin"
PROJECTS = "projects"

PASSWORDS = "pgpass"
SERVER_KEY = "flask_secret_key"
AUTH_CONFIG = "basic_auth.ini"


def prepare() -> None:
    """Make passwords, user, databases, tables and people, each unless it is there: it may run any number of times."""
    require_release(os.environ["TRACKER_RELEASE"])
    own = filled(
        os.environ["TRACKER_SECRET_URI"],
        {
            "database_password": generated(),
            "admin_username": ADMIN,
            "admin_password": generated(),
            "flask_secret_key": generated(),
        },
    )
    shared = filled(os.environ["TRACKER_PROJECTS_SECRET_URI"], {"username": PROJECTS, "password": generated()})
    addresses = [os.environ["TRACKER_DATABASE_URI"], os.environ["TRACKER_AUTH_DATABASE_URI"]]
    make_databases(addresses, own["database_password"])
    write_credentials(own)
    upgrade_tables(addresses[0])
    make_people(
        addresses[1],
        {own["admin_username"]: own["admin_password"], shared["username"]: shared["password"]},
        admin=own["admin_username"],
    )
    print("prepared")  # noqa: T201


def unlock() -> None:
    """Write what the server reads, from its secret."""
    write_credentials(known(os.environ["TRACKER_SECRET_URI"]))


def serve(options: list[str]) -> None:
    """Become MLflow's server; the key that signs its sessions is in its environment only."""
    key = (folder() / SERVER_KEY).read_text(encoding="utf-8")
    command = [sys.executable, "-m", "mlflow", "server", *options]
    os.execve(sys.executable, command, {**os.environ, "MLFLOW_FLASK_SERVER_SECRET_KEY": key})  # noqa: S606


def require_release(release: str) -> None:
    """Refuse an image that holds another release than clients are told to match."""
    found = importlib.metadata.version("mlflow")
    if not found.startswith(f"{release}."):
        sys.exit(f"version: the image holds MLflow {found}, not {release}; change `version` or `image`")


def filled(address: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return what a secret holds, after giving it each value that it does not hold yet."""
    before = read_secret(address)
    whole = {**values, **(before or {})}
    if whole != before:
        keeper_of(address).write(address, whole)
    return whole


def read_secret(address: str) -> dict[str, str] | None:
    """Return what a secret holds; nothing while it was never given a value."""
    return keeper_of(address).read(address)


def known(address: str) -> dict[str, str]:
    """Return what a secret holds, which has to be there."""
    return read_secret(address) or sys.exit(f"{address}: has no value yet; whoever fills it has to run before")


class Keeper(Protocol):
    """Where secrets are."""

    def read(self, address: str) -> dict[str, str] | None:
        """Return what a secret holds; nothing while it was never given a value."""
        ...

    def write(self, address: str, values: Mapping[str, str]) -> None:
        """Give a secret these values."""
        ...


def keeper_of(address: str) -> Keeper:
    """Return who keeps a secret: `kubernetes:///mlflow/mlflow`, `file:///secret`, or an ARN."""
    return {"kubernetes": Cluster, "file": Folder}.get(urlsplit(address).scheme, SecretsManager)()


class SecretsManager:
    """AWS Secrets Manager, as the AWS identity of the pod; the address is an ARN."""

    def read(self, address: str) -> dict[str, str] | None:
        """Return what a secret holds; nothing while it was never given a value."""
        client = self._client()
        try:
            return json.loads(client.get_secret_value(SecretId=address)["SecretString"])
        except client.exceptions.ResourceNotFoundException:
            return None

    def write(self, address: str, values: Mapping[str, str]) -> None:
        """Give a secret these values."""
        self._client().put_secret_value(SecretId=address, SecretString=json.dumps(values))

    def _client(self) -> Any:
        import boto3

        return cast("Any", boto3).client("secretsmanager")


class Cluster:
    """Secrets of the cluster by its API, as the service account of the pod: `kubernetes:///<namespace>/<name>`."""

    def read(self, address: str) -> dict[str, str] | None:
        """Return what a Secret holds; nothing while it was never given a value."""
        data: dict[str, str] = self._ask(address, "GET").get("data") or {}
        return {name: base64.b64decode(value).decode() for name, value in data.items()} or None

    def write(self, address: str, values: Mapping[str, str]) -> None:
        """Give a Secret these values."""
        data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
        self._ask(address, "PATCH", {"data": data})

    def _ask(self, address: str, method: str, change: object = None) -> dict[str, Any]:
        _, namespace, name = urlsplit(address).path.split("/")
        identity = Path(os.environ["TRACKER_IDENTITY"])
        request = urllib.request.Request(  # noqa: S310 - the address of the API server
            f"{os.environ['TRACKER_API']}/api/v1/namespaces/{namespace}/secrets/{name}?fieldManager=mlflow-setup",
            method=method,
            data=json.dumps(change).encode() if change else None,
            headers={
                "Authorization": f"Bearer {(identity / 'token').read_text(encoding='utf-8').strip()}",
                "Content-Type": "application/merge-patch+json",
            },
        )
        trusted = ssl.create_default_context(cafile=identity / "ca.crt")
        try:
            with urllib.request.urlopen(request, context=trusted, timeout=30) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"{address}: the API server says {error.code} {error.reason}")


class Folder:
    """A Secret of the cluster that the pod has as a folder: `file:///secret`, a file for each value."""

    def read(self, address: str) -> dict[str, str] | None:
        """Return what the folder holds."""
        files = [path for path in Path(urlsplit(address).path).iterdir() if path.is_file()]
        return {path.name: path.read_text(encoding="utf-8") for path in files} or None

    def write(self, address: str, values: Mapping[str, str]) -> None:
        """Refuse: what is mounted is for reading."""
        sys.exit(f"{address}: cannot be given {', '.join(values)}: it is for reading only")


def generated() -> str:
    """Return a new password, safe in addresses and files."""
    return secrets.token_urlsafe(32)


def make_databases(addresses: list[str], password: str) -> None:
    """Make the user of these addresses and the databases, which nobody else may enter; set the user's password."""
    import psycopg2
    from psycopg2 import extensions, sql

    admin = known(os.environ["TRACKER_ADMIN_SECRET_URI"])
    user = sql.Identifier(str(urlsplit(addresses[0]).username))
    connection = psycopg2.connect(
        addresses[0].replace("+psycopg2", ""),
        dbname=os.environ["TRACKER_ADMIN_DATABASE"],
        user=admin["username"],
        password=admin["password"],
    )
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [user.string])
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(user))
        hashed = extensions.encrypt_password(password, user.string, connection, "scram-sha-256")
        cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(user, sql.Literal(hashed)))
        cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(user))
        for database in [sql.Identifier(urlsplit(address).path.lstrip("/")) for address in addresses]:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database.string])
            if not cursor.fetchone():
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, user))
            cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        cursor.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(user))


def upgrade_tables(tracking: str) -> None:
    """Bring the tables of runs and models to what this release of MLflow needs, as `mlflow db upgrade` does."""
    from mlflow import db

    commands: Any = db.commands
    commands.main(["upgrade", tracking], standalone_mode=False)


def make_people(auth: str, passwords: Mapping[str, str], *, admin: str) -> None:
    """Bring the tables of people up to date, too; let people sign in with these passwords, and with no others."""
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    store: Any = SqlAlchemyStore()
    store.init_db(auth)
    for username, password in passwords.items():
        if not store.has_user(username):
            store.create_user(username, password, is_admin=username == admin)
        elif not store.authenticate_user(username, password):
            store.update_user(username, password=password)


def write_credentials(own: Mapping[str, str]) -> None:
    """Write the database's password, the key that signs sessions, and the configuration, as MLflow reads them."""
    address = urlsplit(os.environ["TRACKER_DATABASE_URI"])
    password = own["database_password"].replace("\\", r"\\").replace(":", r"\:")
    write(PASSWORDS, f"{address.hostname}:{address.port}:*:{address.username}:{password}\n")
    write(SERVER_KEY, own["flask_secret_key"])
    config = configparser.ConfigParser(interpolation=None)
    config["mlflow"] = {
        "default_permission": os.environ["TRACKER_DEFAULT_PERMISSION"],
        "database_uri": os.environ["TRACKER_AUTH_DATABASE_URI"],
        "admin_username": own["admin_username"],
        "authorization_function": "mlflow.server.auth:authenticate_request_basic_auth",
    }
    with opened(AUTH_CONFIG) as file:
        config.write(file)


def write(name: str, content: str) -> None:
    """Write a file for the pod's user only."""
    with opened(name) as file:
        file.write(content)


@contextlib.contextmanager
def opened(name: str) -> Generator[Any]:
    """Open a file for the pod's user only; what was there is gone."""
    path = folder() / name
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        yield file


def folder() -> Path:
    """Return where credentials lie: in memory, of this pod only."""
    return Path(os.environ["TRACKER_FOLDER"])


if __name__ == "__main__":
    task, *rest = sys.argv[1:]
    if task == "serve":
        serve(rest)
    else:
        {"prepare": prepare, "unlock": unlock}[task]()

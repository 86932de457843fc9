"""A user of an artifact store, for those whom no cloud gives an identity."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import pulumi_random as random
from pulumi import Output
from pulumi_kubernetes import core

from components.artifact_store.weed import weed_job
from components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pulumi import Input, Resource

    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.base import OutputsT
    from components.component import Component

KEY_ID, SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"

_PREFIX = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")

_SCRIPT = f"""shell > /dev/null <<END
s3.configure -user=$STORE_USER -delete -apply
s3.configure -user=$STORE_USER -access_key=${KEY_ID} -secret_key=${SECRET_KEY} -actions=$STORE_ACTIONS -apply
END
echo s3.configure | shell | grep -qF "${KEY_ID}" || {{ echo "$STORE_USER was not made" >&2; exit 1; }}
echo "$STORE_USER is there"
"""
"""The user is made anew: the shell adds rights and keys to those that are there, and takes none away. Its commands come
by its input, where nobody who lists processes sees them."""


def storage_user(
    owner: Component[OutputsT],
    name: str,
    store: ArtifactStoreOutputs,
    *,
    namespace: str,
    secret: str,
    reads: Sequence[str],
    writes: Sequence[str],
    depends_on: Sequence[Resource] = (),
) -> core.v1.Secret:
    """Make a user of a store that reaches some prefixes and nothing else, and the Secret from which pods get its keys.

    The Secret has `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_ENDPOINT_URL_S3` (the address inside the cluster)
    and `AWS_REGION`, as `envFrom` takes them. In a SeaweedFS of the platform the user is called `<namespace>-<secret>`;
    whoever waits for the Secret, waits for the user. A changed prefix makes the user anew, with the same keys: for a
    moment requests are refused. When the Secret is deleted, the user stays in the store with its keys; who wants it
    gone says so to the store (README). Where the owner of the store gave keys, the Secret is a copy of theirs: the
    prefixes limit nothing.

    Args:
        owner: The component that it belongs to.
        name: Logical name.
        store: Where the prefixes are.
        namespace: Where the pods are.
        secret: Name of the Secret there.
        reads: Prefixes below the root of the store, without slashes at the ends, to read and list.
        writes: Prefixes to read, list, write and delete.
        depends_on: What has to be there first: the namespace, mostly.

    Raises:
        UserError: AWS decides who may what in this store; or a prefix is none.
    """
    if wrong := [prefix for prefix in (*reads, *writes) if not _PREFIX.fullmatch(prefix)]:
        raise UserError(f"{name}: `{prefix}` is no prefix of an artifact store" for prefix in wrong)
    if store.users_namespace:
        keys, made = _own(owner, name, store, f"{namespace}-{secret}", [*_actions(store, reads, writes)], depends_on)
    elif store.credentials_secret:
        keys, made = _shared(owner, name, store.credentials_secret), []
    else:
        raise UserError(f"{name}: the artifact store has no keys to give; add endpoint and credentials_secret to it")
    return core.v1.Secret(
        name,
        metadata={"name": secret, "namespace": namespace},
        string_data=_secret({**keys, "AWS_ENDPOINT_URL_S3": store.endpoint_inside, "AWS_REGION": store.region}),
        opts=owner.child_with(depends_on=[*depends_on, *made]),
    )


def _actions(store: ArtifactStoreOutputs, reads: Sequence[str], writes: Sequence[str]) -> Iterator[Output[str]]:
    """Yield rights as SeaweedFS writes them: an action and a pattern of paths that begin with the bucket."""
    root = store.uri.apply(lambda uri: uri.removeprefix("s3://"))
    for verb, prefixes in (("Read", {*reads, *writes}), ("List", {*reads, *writes}), ("Write", writes)):
        for prefix in sorted(prefixes):
            yield Output.concat(f"{verb}:", root, f"/{prefix}/*")


def _own(
    owner: Component[OutputsT],
    name: str,
    store: ArtifactStoreOutputs,
    user: str,
    actions: Sequence[Output[str]],
    depends_on: Sequence[Resource],
) -> tuple[Mapping[str, Input[str]], list[Resource]]:
    """Make keys, and the Job that gives them to a user."""
    key = random.RandomId(f"{name}-key", byte_length=10, opts=owner.child)
    password = random.RandomPassword(f"{name}-key", length=40, special=False, opts=owner.child)
    given = core.v1.Secret(
        f"{name}-user",
        metadata={"name": user, "namespace": store.users_namespace},
        string_data=_secret({SECRET_KEY: password.result}),
        opts=owner.child_with(depends_on=depends_on),
    )
    variables = {KEY_ID: key.hex, "STORE_USER": user, "STORE_ACTIONS": Output.all(*actions).apply(",".join)}
    job = weed_job(owner, f"{name}-user", user, _SCRIPT, variables, secret=user, depends_on=[*depends_on, given])
    return {KEY_ID: key.hex, SECRET_KEY: password.result}, [job]


def _shared(owner: Component[OutputsT], name: str, address: str) -> Mapping[str, Input[str]]:
    """Read the keys that all share."""
    found = core.v1.Secret.get(f"{name}-shared", address, opts=owner.child)
    return {key: found.data.apply(lambda data, key=key: _decoded(data, key, address)) for key in (KEY_ID, SECRET_KEY)}


def _decoded(data: Mapping[str, str] | None, key: str, address: str) -> str:
    """Return a value of a Secret; where nobody read it, as in a plan, what stands for it."""
    if data is None:
        return f"${{{address}.{key}}}"
    if key not in data:
        raise UserError(f"artifact_store.credentials_secret: `{address}` has no `{key}`; add it to the Secret")
    return base64.b64decode(data[key]).decode()


def _secret(values: Mapping[str, Input[Any]]) -> dict[str, Output[Any]]:
    return {key: Output.secret(value) for key, value in values.items()}

"""Users of an artifact store where no cloud gives identities: what is made, and the Jobs' scripts really run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import Output

from components.artifact_store.contract import ArtifactStoreOutputs
from components.artifact_store.user import storage_user
from components.base import Outputs, Spec
from components.component import Component
from components.conformance.standins import stand_in
from components.errors import UserError
from components.recording import Secret
from tests.harness.recorded import Recorded, deploy
from tests.harness.weed import Weed

ROOT = "acme-dev-artifacts"
PLAIN = {"users_namespace", "credentials_secret"}
SECRETS = {"AWS_SECRET_ACCESS_KEY": "the-secret-key-of-the-user"}


class Plain(Component[Outputs]):
    """Something that needs a user."""

    def __init__(self, store: Mapping[str, Any], opts: pulumi.ResourceOptions, **given: Any) -> None:
        super().__init__("churn", Spec[Outputs](), opts)
        wrapped = {name: value if name in PLAIN else Output.from_input(value) for name, value in store.items()}
        outputs = replace(stand_in(ArtifactStoreOutputs, "store"), **wrapped)
        storage_user(self, "churn", outputs, namespace="project-churn", secret="models", **given)


def made(
    reads: Sequence[str] = ("churn/models",), writes: Sequence[str] = ("churn/predictions",), **store: Any
) -> Recorded:
    """What is registered for one user."""
    known: dict[str, Any] = {
        "uri": f"s3://{ROOT}",
        "endpoint_inside": "http://seaweedfs-s3.seaweedfs.svc:8333",
        "region": "us-east-1",
        "users_namespace": "seaweedfs",
        "credentials_secret": None,
    }
    return deploy(lambda opts: Plain(known | store, opts, reads=reads, writes=writes))


def job(found: Recorded) -> dict[str, Any]:
    """The Job that makes the user."""
    return dict(found["Job"].inputs)


@pytest.fixture
def weed(tmp_path: Path) -> Weed:
    """An empty store."""
    return Weed.install(tmp_path)


def test_pods_get_keys_and_addresses_from_a_secret_of_theirs() -> None:
    """All four values are secret, in the namespace of the pods; the Job waits for its own Secret, and this for it."""
    found = made()
    secret, given = (found.all("Secret")[name] for name in ("churn", "churn-user"))

    assert ("models", "project-churn") == (secret.inputs["metadata"]["name"], secret.inputs["metadata"]["namespace"])
    assert ("project-churn-models", "seaweedfs") == (
        given.inputs["metadata"]["name"],
        given.inputs["metadata"]["namespace"],
    )
    whole = secret.inputs["stringData"]
    assert isinstance(whole, Secret)
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_REGION"} == set(whole.value)
    assert "http://seaweedfs-s3.seaweedfs.svc:8333" in repr(whole.value)
    assert found["Job"].urn in secret.dependencies
    assert given.urn in found["Job"].dependencies


def test_the_secret_key_is_in_no_argument_and_no_plain_variable() -> None:
    """It comes from a Secret of the namespace of the store, which nobody but the Job reads."""
    (container,) = job(made())["spec"]["template"]["spec"]["containers"]

    assert [{"secretRef": {"name": "project-churn-models"}}] == container["envFrom"]
    assert ["AWS_ACCESS_KEY_ID", "STORE_USER", "STORE_ACTIONS"] == [item["name"] for item in container["env"]]
    assert "AWS_SECRET_ACCESS_KEY=" not in " ".join(container["command"])


@pytest.mark.parametrize(
    ("action", "key", "allowed"),
    [
        ("Read", "churn/models/1/model.onnx", True),
        ("Read", "churn/predictions/today", True),
        ("Write", "churn/predictions/today", True),
        ("Write", "churn/models/1/model.onnx", False),
        ("Read", "churn/published/scores", False),
        ("Read", "churn", False),
        ("Read", "churn/models-of-others/x", False),
        ("Read", "fraud/models/1/model.onnx", False),
        ("List", "churn/models/", True),
        ("List", "churn/models", False),
        ("List", "churn/", False),
        ("List", "", False),
        ("Admin", "churn/predictions/today", False),
        ("Tagging", "churn/predictions/today", False),
    ],
)
def test_a_user_reaches_its_prefixes_and_nothing_else(weed: Weed, action: str, key: str, *, allowed: bool) -> None:
    """The script that the Job runs gives these rights; keys of other prefixes that begin alike are not among them."""
    done = weed.run(job(made()), SECRETS)

    assert (0, "project-churn-models is there\n", "") == (done.returncode, done.stdout, done.stderr)
    assert allowed == weed.may("project-churn-models", action, f"{ROOT}/{key}" if key else ROOT)


def test_a_store_below_a_prefix_is_one_bucket_all_the_same(weed: Weed) -> None:
    """Rights begin with the whole root of the store."""
    weed.run(job(made(uri="s3://shared/ml")), SECRETS)

    assert weed.may("project-churn-models", "Read", "shared/ml/churn/models/x")
    assert not weed.may("project-churn-models", "Read", "shared/churn/models/x")


def test_no_key_is_in_what_the_job_says_or_in_a_list_of_processes(weed: Weed) -> None:
    """The shell prints users with their keys, and gets commands by its input."""
    done = weed.run(job(made()), SECRETS)

    assert SECRETS["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr
    assert SECRETS["AWS_SECRET_ACCESS_KEY"] not in " ".join(weed.state["arguments"])
    assert [*SECRETS.values()] == [*weed.state["users"]["project-churn-models"]["keys"].values()]


def test_a_right_that_is_taken_away_is_gone(weed: Weed) -> None:
    """The user is made anew, for the shell only adds; other users stay as they are."""
    weed.run(job(made(reads=("churn/models", "fraud/published/scores"))), SECRETS)
    weed.keep(weed.state | {"users": weed.state["users"] | {"other": {"actions": ["Read:x"], "keys": {}}}})
    weed.run(job(made()), SECRETS)

    assert not weed.may("project-churn-models", "Read", f"{ROOT}/fraud/published/scores/1")
    assert weed.may("project-churn-models", "Read", f"{ROOT}/churn/models/1")
    assert ["other", "project-churn-models"] == sorted(weed.state["users"])


def test_it_may_run_any_number_of_times(weed: Weed) -> None:
    """The second run leaves what the first one made."""
    states = []
    for _ in range(2):
        assert not weed.run(job(made()), SECRETS).returncode
        states.append(weed.state["users"])

    assert states[0] == states[1]


def test_a_user_that_was_not_made_is_an_error(weed: Weed) -> None:
    """The shell ends well whatever it said; the script looks at what came of it, and says no more than that."""
    (weed.folder / "weed").write_text("#!/bin/sh\necho error: no master\n")
    done = weed.run(job(made()), SECRETS)

    assert (1, "", "project-churn-models was not made\n") == (done.returncode, done.stdout, done.stderr)


def name_of(found: Recorded) -> str:
    """The name of the Job."""
    return job(found)["metadata"]["name"]


def test_the_job_runs_again_exactly_when_something_changes() -> None:
    """Its name is made of its content, and it stays after its end: a refresh finds it, so no `up` makes it again."""
    before = name_of(made())

    assert before == name_of(made())
    assert before != name_of(made(reads=("churn/models", "data")))
    assert before != name_of(made(uri="s3://other"))
    assert re.fullmatch("project-churn-models-[0-9a-f]{10}", before)
    assert "ttlSecondsAfterFinished" not in job(made())["spec"]


def test_its_pod_keeps_the_restricted_standard() -> None:
    """No root, no token, nothing to write but a small volume, limits, an image by digest."""
    pod = job(made())["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert (False, False) == (pod["automountServiceAccountToken"], pod["enableServiceLinks"])
    assert {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    } == container["securityContext"]
    assert re.fullmatch(r"docker.io/chrislusf/seaweedfs:4\.44@sha256:[0-9a-f]{64}", container["image"])
    assert {"memory": "128Mi"} == container["resources"]["limits"]


def test_keys_of_the_stores_owner_are_copied() -> None:
    """Nothing is made in the store; the Secret that is read stays what it is."""
    found = made(users_namespace=None, credentials_secret="storage/shared")
    (read,) = [item for item in found.resources if item.read]

    assert "storage/shared" == read.inputs["id"]
    assert ["Secret"] == [
        item.type.split(":")[-1] for item in found.managed if item.name.startswith("churn") and not item.read
    ]
    assert isinstance(found.all("Secret")["churn"].inputs["stringData"], Secret)


def test_a_store_that_gives_no_keys_is_refused() -> None:
    """In AWS identities decide; there is nothing to copy."""
    with pytest.raises(UserError, match="the artifact store has no keys to give; add endpoint and credentials_secret"):
        made(users_namespace=None)


@pytest.mark.parametrize("prefix", ["", "/churn", "churn/", "churn/*", "a,Admin", "a b", "a;s3.configure", "$HOME"])
def test_a_prefix_that_says_more_is_refused(prefix: str) -> None:
    """Nothing of it may be a wildcard, another right, another command or a variable."""
    with pytest.raises(UserError, match="is no prefix of an artifact store"):
        made(reads=(prefix,))

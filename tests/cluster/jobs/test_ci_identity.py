"""Which job of GitHub may do what at the API server, by its token alone.

The API server reads the configuration that `stackwright bootstrap` writes, and checks tokens of an issuer on loopback
that answers in the name of GitHub's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes import client as kubernetes
from kubernetes.client.exceptions import ApiException

from components.ci_identity.groups import audience
from pipelines.bootstrap import cluster as bootstrap
from tests.harness.cluster.certificates import new_key, pem
from tests.harness.cluster.issuer import Issuer
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.tenants import IDS, OWNER_ID, PLATFORM_ID, Tenant

pytestmark = pytest.mark.cluster

GITHUB = bootstrap.Issuer().url
STRANGER = 666

Claims = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """A cluster of two projects that takes GitHub's tokens."""

    plane: Plane
    forger: Issuer
    """Somebody else's key behind the same names."""


@pytest.fixture(scope="module")
def site(trusting: tuple[Plane, dict[str, Tenant]], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The cluster, and somebody who signs with another key."""
    plane, _ = trusting
    key = tmp_path_factory.mktemp("forger") / "key"
    key.write_bytes(pem(new_key()))
    return Site(plane, Issuer(plane.issuer.url, key, plane.issuer.ca))


def job(repository: str = "churn", repository_id: int = IDS["churn"], **changes: Any) -> Claims:
    """Return what GitHub says of a job that deploys to dev; None as a change leaves a claim out."""
    owner_id = changes.pop("owner_id", OWNER_ID)
    said = {
        "sub": f"repo:acme@{owner_id}/{repository}@{repository_id}:environment:dev",
        "aud": audience("acme", "dev"),
        "repository": f"acme/{repository}",
        "repository_id": str(repository_id),
        "repository_owner": "acme",
        "repository_owner_id": str(owner_id),
        "environment": "dev",
        "event_name": "push",
        "ref": "refs/heads/main",
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


PULL_REQUEST = {"event_name": "pull_request", "ref": "refs/pull/7/merge"}

MAY: dict[str, tuple[Claims, set[str]]] = {
    "deploys churn": (job(), {"churn"}),
    "deploys fraud": (job("fraud", IDS["fraud"]), {"fraud"}),
    "applies the platform": (job("platform", PLATFORM_ID), {"churn", "fraud", "platform"}),
    "deploys by hand": (job(event_name="workflow_dispatch"), {"churn"}),
    "deploys after the repository got another name": (job("customers", IDS["churn"]), {"churn"}),
    "a pull request": (job(environment=None, **PULL_REQUEST), set()),
    "a pull request that names the environment": (job(**PULL_REQUEST), set()),
    "a pull request of the platform that names the environment": (job("platform", PLATFORM_ID, **PULL_REQUEST), set()),
    "a pull request that runs on the branch": (job(environment=None, event_name="pull_request_target"), set()),
    "another branch": (job(ref="refs/heads/try"), set()),
    "a tag that is called like the branch": (job(ref="refs/tags/main"), set()),
    "the branch without the environment": (job(environment=None), set()),
    "another environment": (job(environment="staging"), set()),
    "an environment that ends like the branch": (
        job(environment="dev:ref:refs/heads/main", ref="refs/heads/try"),
        set(),
    ),
    "an environment in capitals": (job(environment="DEV"), set()),
    "another repository of the owner": (job("notes", 4711), set()),
    "another repository that got churn's name": (job("churn", 4711), set()),
}
"""Job whose token is good -> its claims, and whose namespaces it may deploy to."""


@pytest.mark.parametrize("name", MAY)
def test_a_job_may_do_what_its_token_says(site: Site, name: str) -> None:
    """By ids, environment and branch a job is who deploys one project to this environment, or nobody in particular."""
    claims, expected = MAY[name]
    client = site.plane.client_by_token(site.plane.issuer.mint(claims, issuer=GITHUB))

    known = kubernetes.AuthenticationV1Api(client).create_self_subject_review({})

    assert f"github:{claims['sub']}" == known.status.user_info.username
    assert expected == set(_rights(client))


def _rights(client: kubernetes.ApiClient) -> Iterator[str]:
    """Yield the projects to which somebody may deploy, and the platform where somebody may do everything."""
    asked = {f"project-{name}": name for name in IDS}
    for namespace, name in asked.items():
        if _may(client, verb="patch", group="apps", resource="deployments", namespace=namespace):
            yield name
    if _may(client, verb="*", group="*", resource="*"):
        yield "platform"


def _may(client: kubernetes.ApiClient, **attributes: str) -> bool:
    asked = {"spec": {"resourceAttributes": attributes}}
    return kubernetes.AuthorizationV1Api(client).create_self_subject_access_review(asked).status.allowed


@dataclass(frozen=True)
class Bad:
    """A token that is not taken."""

    claims: Mapping[str, Any]
    seconds: int = 600
    issuer: str = GITHUB
    forged: bool = False


REFUSED: dict[str, Bad] = {
    "another owner with the same names": Bad(job(owner_id=STRANGER)),
    "a fork": Bad(job(repository_id=4711, owner_id=STRANGER)),
    "a token without an owner": Bad({key: value for key, value in job().items() if key != "repository_owner_id"}),
    "a token without a repository": Bad({key: value for key, value in job().items() if key != "repository_id"}),
    "a token for another environment's cluster": Bad(job(aud=audience("acme", "staging"))),
    "a token for AWS": Bad(job(aud="sts.amazonaws.com")),
    "a token for the API server of nobody": Bad(job(aud="https://github.com/acme")),
    "an expired token": Bad(job(), seconds=-60),
    "a token of another issuer": Bad(job(), issuer="https://gitlab.example"),
    "a token that somebody else signed": Bad(job(), forged=True),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_that_is_not_for_this_cluster_is_not_taken(site: Site, name: str) -> None:
    """Whoever brings it is nobody: not even a question is answered."""
    bad = REFUSED[name]
    signer = site.forger if bad.forged else site.plane.issuer
    client = site.plane.client_by_token(signer.mint(bad.claims, seconds=bad.seconds, issuer=bad.issuer))

    with pytest.raises(ApiException) as caught:
        kubernetes.AuthenticationV1Api(client).create_self_subject_review({})

    assert 401 == caught.value.status

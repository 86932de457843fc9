"""Runners in the cluster: a pod for each job, with no rights there."""

from __future__ import annotations

from typing import Any

import pytest

from components.base import Tier
from components.charts import charts
from components.cluster_services.contract import KubernetesServicesSpec
from components.conformance import Case
from components.errors import UserError
from components.runners.arc import LONGEST
from components.runners.contract import RUNNERS_NAMESPACE, ArcSpec
from stacks.load import validate

URL = "https://github.com/acme-research"


def spec(**values: Any) -> ArcSpec:
    """A spec as a stack file gives it."""
    return validate({"flavor": "arc", "github_url": URL, **values}, ArcSpec, "dev.yaml")


def values(given: ArcSpec | None = None, *, longest: bool = False) -> dict[str, Any]:
    """What is set of the chart."""
    (release,) = [
        item for item in Case(given or spec(), cloud=False).built(longest=longest).managed if ":Release" in item.type
    ]
    assert RUNNERS_NAMESPACE == release.inputs["namespace"]
    return dict(release.inputs["values"])


def container(template: dict[str, Any]) -> dict[str, Any]:
    """The one container of a template."""
    (only,) = template["spec"]["containers"]
    return only


@pytest.mark.parametrize("longest", [False, True])
def test_jobs_ask_for_it_by_the_name_of_the_scale_set(*, longest: bool) -> None:
    """It says the environment, and is short enough for the names that the controller makes of it."""
    name = values(longest=longest)["runnerScaleSetName"]
    built = Case(spec(), cloud=False).built(longest=longest)

    assert name == built.root.outputs["runs_on"]
    assert len(name) <= LONGEST == 45
    assert longest or name == "acme-dev-runners"


def test_it_registers_as_an_app() -> None:
    """By the name of a Secret that people fill: no token is in a stack file, or in the state."""
    chosen = values(spec(credentials_secret="acme-app", runner_group="platform"))

    assert (URL, "acme-app", "platform") == tuple(
        chosen[name] for name in ("githubConfigUrl", "githubConfigSecret", "runnerGroup")
    )
    assert "runnerGroup" not in values()


def test_it_says_how_many() -> None:
    """None waits unless somebody says so."""
    assert (0, 4) == (values()["minRunners"], values()["maxRunners"])
    assert (1, 9) == tuple(values(spec(min_runners=1, max_runners=9))[name] for name in ("minRunners", "maxRunners"))


def test_the_controller_is_the_one_that_is_installed() -> None:
    """By name: a chart that is rendered without a cluster can look nothing up."""
    installed = Case(
        KubernetesServicesSpec(flavor="kubernetes", storage_class="a", charts=("gha-runner-scale-set-controller",)),
        cloud=False,
    )
    (release,) = [item for item in installed.built().managed if ":Release" in item.type]
    account = {"namespace": release.inputs["namespace"], "name": release.inputs["values"]["serviceAccount"]["name"]}

    assert account == values()["controllerServiceAccount"]
    assert {"namespace": "a", "name": "b"} == values(spec(controller="a/b"))["controllerServiceAccount"]


@pytest.mark.parametrize("template", ["template", "listenerTemplate"])
def test_pods_keep_to_the_restricted_standard(template: str) -> None:
    """Runner and listener alike, with requests and a limit of memory: GitHub's image is not root."""
    given = values()[template]
    context, pod = container(given)["securityContext"], given["spec"]["securityContext"]

    assert (False, ["ALL"], True) == (
        context["allowPrivilegeEscalation"],
        context["capabilities"]["drop"],
        context["runAsNonRoot"],
    )
    assert {"type": "RuntimeDefault"} == pod["seccompProfile"]
    assert {"cpu", "memory"} == container(given)["resources"]["requests"].keys()
    assert {"memory"} == container(given)["resources"]["limits"].keys()


def test_a_job_gets_no_rights_in_the_cluster() -> None:
    """No token of a service account, nothing of the machine; what it may do is what it signs in for."""
    pod = values()["template"]["spec"]

    assert pod["automountServiceAccountToken"] is False
    assert {"hostNetwork", "hostPID", "volumes"}.isdisjoint(pod)


def test_the_image_is_pinned_by_digest() -> None:
    """GitHub's own of a release, or what somebody writes, by digest too."""
    own = f"registry.acme.example/runner@sha256:{'0' * 64}"

    assert charts()["gha-runner-scale-set"].images_of_others["runner"] == container(values()["template"])["image"]
    assert "@sha256:" in container(values()["template"])["image"]
    assert own == container(values(spec(image=own))["template"])["image"]


def test_nothing_reaches_a_runner() -> None:
    """It asks GitHub for jobs; nobody has to ask it."""
    built = Case(spec(), cloud=False).built(Tier.PROD)
    (policy,) = [item for item in built.managed if item.type.endswith(":NetworkPolicy")]

    assert {"podSelector": {}, "policyTypes": ["Ingress"]} == policy.inputs["spec"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"github_url": "https://github.com"}, "github_url: `https://github.com`: string should match pattern"),
        ({"github_url": "http://github.com/a"}, "github_url: `http://github.com/a`: string should match pattern"),
        ({"min_runners": 5}, "max_runners: `4` is less than min_runners `5`"),
        ({"image": "ghcr.io/actions/actions-runner:latest"}, "image: `ghcr.io/actions/actions-runner:latest`"),
        ({"token": "x"}, "token: unknown field"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], told: str) -> None:
    """Each at its path."""
    with pytest.raises(UserError) as refused:
        spec(**given)

    assert told in str(refused.value)

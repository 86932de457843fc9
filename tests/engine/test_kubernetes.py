"""Objects of Kubernetes in the real engine: programs of a few lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from pulumi import automation

from tests.harness.engine import programs
from tests.harness.engine.stack import Engine

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Pulumi's own, of a failed run
]

VALUES = {"replicas": 2}


def served(values: dict[str, Any] = VALUES, color: str = "blue", replicas: int = 2, size: str = "small") -> None:
    """A namespace, settings and a service in it, a release, and something that the cluster's owner defined."""
    opts = pulumi.ResourceOptions(provider=programs.kubernetes_provider())
    space = kubernetes.core.v1.Namespace("space", opts=opts)
    place = {"namespace": space.metadata.name}
    settings = kubernetes.core.v1.ConfigMap("settings", metadata=place, data={"color": color}, opts=opts)
    labels = {"app": "web"}
    container = {
        "name": "web",
        "image": "web@sha256:0",
        "env_from": [{"config_map_ref": {"name": settings.metadata.name}}],
    }
    kubernetes.apps.v1.Deployment(
        "web",
        metadata={**place, "name": "web"},
        spec={
            "replicas": replicas,
            "selector": {"match_labels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
        opts=opts,
    )
    service = kubernetes.core.v1.Service("web", metadata=place, spec={"type": "LoadBalancer"}, opts=opts)
    repository = {"repo": "https://charts.example"}
    release = kubernetes.helm.v3.Release(
        "metrics",
        chart="metrics",
        version="1.0.0",
        values=values,
        namespace=space.metadata.name,
        repository_opts=repository,
        opts=opts,
    )
    kubernetes.storage.v1.StorageClass(
        "fast", metadata={"name": "fast"}, provisioner="ebs.csi.aws.com", parameters={"size": size}, opts=opts
    )
    pulumi.export("host", service.status.load_balancer.ingress[0].hostname)
    pulumi.export("settings", settings.metadata.name)
    pulumi.export("release", release.status.status)


def test_objects_live_as_the_provider_keeps_them(small: Callable[[], Engine]) -> None:
    """Names are given once and stay; what is fixed is replaced, the rest is changed in place; nothing is left."""
    engine = small()
    engine.add_cluster(programs.SERVER)
    previewed = engine.preview(served)
    made = engine.up(served)
    first = engine.outputs(served)

    assert {"create": 8} == previewed.changes == made.changes
    assert ("deployed", f"settings-{first['settings'][-7:]}") == (first["release"], first["settings"])
    assert first["host"].endswith(".elb.amazonaws.com")
    assert {} == engine.up(served).changes

    engine.forget()
    engine.up(lambda: served(values={"replicas": 3}, color="green", replicas=3, size="large"))
    second = engine.outputs(served)
    calls = {verb: sorted(engine.calls(verb)) for verb in ("create", "update", "delete")}
    replaced = ["ConfigMap settings", "StorageClass fast"]
    assert {"create": replaced, "update": ["Deployment web", "Release metrics"], "delete": replaced} == calls
    assert (first["host"], True) == (second["host"], first["settings"] != second["settings"])

    engine.destroy(served)
    assert {} == engine.objects(programs.SERVER)


def test_a_release_made_by_nobody_is_found_missing(small: Callable[[], Engine]) -> None:
    """A refresh sees what somebody deleted or changed by hand, and the next `up` puts it right."""
    engine = small()
    engine.add_cluster(programs.SERVER)
    engine.up(served)
    path = engine.kept / "objects.json"
    kept = json.loads(path.read_text())
    [release] = [key for key in kept[programs.SERVER] if "Release" in key]
    [deployment] = [key for key in kept[programs.SERVER] if "Deployment" in key]
    del kept[programs.SERVER][release]
    kept[programs.SERVER][deployment]["spec"]["replicas"] = 0
    path.write_text(json.dumps(kept))

    found = engine.refresh(served)
    engine.forget()
    engine.up(served)

    assert {"delete": 1, "update": 1} == found.changes
    assert [["Release metrics"], ["Deployment web"]] == [engine.calls(verb) for verb in ("create", "update")]


def mistyped(opts: pulumi.ResourceOptions) -> None:
    """A field that no Deployment has, and a number written as text."""
    spec = {"replicsa": 1, "selector": {}, "template": {"spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}}}
    kubernetes.apps.v1.Deployment("web", spec=spec, opts=opts)  # type: ignore[arg-type]


def without_version(opts: pulumi.ResourceOptions) -> None:
    """A release of whatever is newest."""
    kubernetes.helm.v3.Release("metrics", chart="metrics", values=VALUES, opts=opts)


def nowhere(opts: pulumi.ResourceOptions) -> None:
    """Something in a namespace that nobody made."""
    kubernetes.core.v1.ConfigMap("settings", metadata={"namespace": "nowhere"}, opts=opts)


def twice(opts: pulumi.ResourceOptions) -> None:
    """Two objects of one name."""
    for name in ("one", "two"):
        kubernetes.core.v1.ConfigMap(name, metadata={"name": "same"}, opts=opts)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (mistyped, r"spec\.replicsa.*unknown property; did you mean `replicas`"),
        (mistyped, r"containerPort.*`'80'` is not a whole number"),
        (without_version, "version.*a release says its chart, version and values"),
        (nowhere, "ConfigMap nowhere/settings-.*namespace `nowhere` not found"),
        (twice, "ConfigMap default/same: already exists"),
    ],
    ids=["unknown", "type", "release", "namespace", "name"],
)
def test_an_up_refuses(
    small: Callable[[], Engine], program: Callable[[pulumi.ResourceOptions], None], told: str
) -> None:
    """What the SDK ignores, what an API server would not take, what is there already."""
    engine = small()
    engine.add_cluster(programs.SERVER)

    with pytest.raises(automation.CommandError, match=told):
        engine.up(lambda: program(pulumi.ResourceOptions(provider=programs.kubernetes_provider())))


def test_a_cluster_that_does_not_exist_takes_nothing(small: Callable[[], Engine]) -> None:
    """The kubeconfig has to be that of a cluster."""
    engine = small()

    with pytest.raises(automation.CommandError, match=r"https://cluster\.invalid: no such cluster"):
        engine.up(served)


def moved(server: str, identifier: str) -> None:
    """A namespace in a cluster with an identifier."""
    provider = programs.kubernetes_provider(server, cluster_identifier=identifier)
    kubernetes.core.v1.Namespace("space", opts=pulumi.ResourceOptions(provider=provider))


def test_another_kubeconfig_of_the_same_cluster_replaces_nothing(small: Callable[[], Engine]) -> None:
    """The identifier says which cluster it is; only another one replaces what is in it."""
    engine = small()
    for server in ("https://one.invalid", "https://two.invalid"):
        engine.add_cluster(server)
    engine.up(lambda: moved("https://one.invalid", "acme-dev"))
    engine.forget()

    renewed = engine.preview(lambda: moved("https://two.invalid", "acme-dev"))
    other = engine.preview(lambda: moved("https://two.invalid", "acme-prod"))

    assert {"update": 1} == renewed.changes
    assert {"replace": 2} == other.changes

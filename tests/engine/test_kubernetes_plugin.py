"""The Kubernetes stand-in without the engine."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pulumi.provider.experimental import provider as engine
from pulumi.runtime.proto import provider_pb2 as proto

from tests.harness.kubernetes_plugin import custom, names, problems
from tests.harness.kubernetes_plugin.objects import MissingError, RefusedError
from tests.harness.kubernetes_plugin.provider import KubernetesStandIn
from tests.harness.plugin.calls import Calls
from tests.harness.plugin.wire import UNKNOWN, plain, secret_keys, wire

SERVER = "https://cluster.invalid"
NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"


def kubeconfig(server: str = SERVER, authority: str = "YQ==", user: dict[str, Any] | None = None) -> str:
    """A kubeconfig with one cluster."""
    cluster = {"server": server, "certificate-authority-data": authority}
    return json.dumps(
        {
            "current-context": "it",
            "clusters": [{"name": "it", "cluster": cluster}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "users": [{"name": "it", "user": {"token": "t"} if user is None else user}],
        }
    )


def stand_in(folder: Path, config: Any = None, **settings: Any) -> KubernetesStandIn:
    """A configured provider; its cluster exists."""
    (folder / "clusters").write_text(SERVER)
    plugin = KubernetesStandIn(folder)
    args = wire({"kubeconfig": kubeconfig() if config is None else config, **settings}, set())
    asyncio.run(plugin.configure(engine.ConfigureRequest({}, args, accept_secrets=True, accept_resources=True)))
    return plugin


def a(kind: str, name: str = "one", **fields: Any) -> tuple[str, dict[str, Any]]:
    """An object: its token and inputs."""
    version, _, short = kind.rpartition(":")
    api = version.removeprefix("core/")
    metadata = {"name": name, **fields.pop("metadata", {})}
    return f"kubernetes:{kind}", {"apiVersion": api, "kind": short, "metadata": metadata, **fields}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("", "kubeconfig: missing"),
        (UNKNOWN, "kubeconfig: missing"),
        (kubeconfig("https://other.invalid"), "no such cluster"),
        (kubeconfig(authority=""), "no certificate authority"),
        (kubeconfig(user={}), "no credentials"),
        ('{"current-context": "it"}', "contexts: no `it`"),
    ],
)
def test_only_a_cluster_that_exists_takes_objects(tmp_path: Path, config: str, told: str) -> None:
    """The provider may be configured before its cluster is there; what is really made needs it."""
    plugin = stand_in(tmp_path, config)

    with pytest.raises(ConnectionError, match=told):
        plugin.make(*a("core/v1:ConfigMap"))


def test_an_object_is_made_changed_and_deleted(tmp_path: Path) -> None:
    """It has a uid for life and a version for each change; what is gone says so."""
    plugin = stand_in(tmp_path)
    token, inputs = a("core/v1:ConfigMap", data={"a": "1"})
    id_ = plugin.make(token, inputs)
    first = plugin.look(token, id_, inputs)["metadata"]
    other = {**inputs, "data": {"a": "2"}}
    plugin.alter(token, id_, other, {"data"})
    second = plugin.look(token, id_, other)
    plugin.remove(token, id_, other)

    assert "default/one" == id_
    assert {"a": "2"} == second["data"]
    assert [first["uid"], "1", "2"] == [
        second["metadata"]["uid"],
        first["resourceVersion"],
        second["metadata"]["resourceVersion"],
    ]
    with pytest.raises(MissingError):
        plugin.look(token, id_, other)


def test_a_namespace_takes_what_it_holds_along(tmp_path: Path) -> None:
    """What it held is gone with it, and a deletion of that is fine."""
    plugin = stand_in(tmp_path)
    space = plugin.make(*a("core/v1:Namespace", "space"))
    held = a("core/v1:ConfigMap", metadata={"namespace": "space"})
    plugin.make(*held)
    plugin.remove(*a("core/v1:Namespace", "space")[:1], space, a("core/v1:Namespace", "space")[1])

    with pytest.raises(MissingError) as told:
        plugin.remove(held[0], "space/one", held[1])
    assert plugin.is_gone(told.value)


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("core/v1:ConfigMap", {"metadata": {"namespace": "nowhere"}}, "namespace `nowhere` not found"),
        ("core/v1:Namespace", {"metadata": {"name": "taken"}}, "Namespace taken: already exists"),
    ],
)
def test_an_api_server_would_refuse(tmp_path: Path, kind: str, fields: dict[str, Any], told: str) -> None:
    """One object of a name, in a namespace that exists; `kube-system` always does."""
    plugin = stand_in(tmp_path)
    plugin.make(*a("core/v1:Namespace", "taken"))
    plugin.make(*a("core/v1:ConfigMap", metadata={"namespace": "kube-system"}))

    with pytest.raises(RefusedError, match=told):
        plugin.make(*a(kind, **fields))


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("batch/v1:Job", {"spec": {"completions": 2}}, {"succeeded": 2}),
        (
            "networking.k8s.io/v1:Ingress",
            {},
            {"loadBalancer": {"ingress": [{"hostname": "k8s-default-one.elb.amazonaws.com"}]}},
        ),
        ("core/v1:Service", {"spec": {"type": "ClusterIP"}}, {"loadBalancer": {}}),
        ("apps/v1:Deployment", {"spec": {"replicas": 3}}, {"readyReplicas": 3}),
    ],
)
def test_what_is_waited_for_is_there(tmp_path: Path, kind: str, fields: Any, expected: dict[str, Any]) -> None:
    """Jobs are done, replicas ready, addresses given."""
    plugin = stand_in(tmp_path)
    token, inputs = a(kind, **fields)
    status = plugin.look(token, plugin.make(token, inputs), inputs)["status"]

    assert expected == {key: status[key] for key in expected}


@pytest.mark.parametrize(
    ("type_", "old", "new", "replaces"),
    [
        ("apps/v1:Deployment", {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, False),
        ("apps/v1:Deployment", {"spec": {"selector": {"a": 1}}}, {"spec": {"selector": {"a": 2}}}, True),
        ("core/v1:ConfigMap", {"data": {"a": "1"}}, {"data": {"a": "2"}}, True),
        ("core/v1:ConfigMap", {"metadata": {"labels": {}}}, {"metadata": {"labels": {"a": "1"}}}, False),
        ("batch/v1:Job", {"spec": {"template": {"a": 1}}}, {"spec": {"template": {"a": 2}}}, True),
        ("karpenter.sh/v1:NodePool", {"spec": {"weight": 1}}, {"spec": {"weight": 2}}, False),
        ("karpenter.sh/v1:NodePool", {"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}, True),
        ("helm.sh/v3:Release", {"version": "1"}, {"version": "2"}, False),
        ("helm.sh/v3:Release", {"namespace": "a"}, {"namespace": "b"}, True),
    ],
)
def test_what_is_fixed_is_replaced(tmp_path: Path, type_: str, old: Any, new: Any, replaces: bool) -> None:
    """As pipelines/plan/kubernetes_types.py says."""
    found = stand_in(tmp_path).changes(f"kubernetes:{type_}", old, new)

    assert [replaces] == [change.replaces for change in found.values()]


def test_mutable_settings_are_changed_in_place(tmp_path: Path) -> None:
    """A provider can be told that readers of a ConfigMap notice by themselves."""
    plugin = stand_in(tmp_path, enableConfigMapMutable=True)
    found = plugin.changes("kubernetes:core/v1:ConfigMap", {"data": {"a": "1"}}, {"data": {"a": "2"}})

    assert [False] == [change.replaces for change in found.values()]


@pytest.mark.parametrize(
    ("type_", "given", "told"),
    [
        (
            "apps/v1:Deployment",
            {"spec": {"replicsa": 1}},
            ("spec.replicsa", "unknown property; did you mean `replicas`?"),
        ),
        ("apps/v1:Deployment", {"spec": {"replicas": "1"}}, ("spec.replicas", "`'1'` is not a whole number")),
        (
            "core/v1:Namespace",
            {"metadata": {"namespace": "a"}},
            ("metadata.namespace", "no namespace holds a Namespace"),
        ),
        (
            "helm.sh/v3:Release",
            {"chart": "a", "values": {"a": 1}},
            ("version", "missing; a release says its chart, version and values"),
        ),
    ],
)
def test_a_wrong_input_is_named(type_: str, given: dict[str, Any], told: tuple[str, str]) -> None:
    """To any depth, with its path."""
    assert [told] == list(problems.found(f"kubernetes:{type_}", given))


@pytest.mark.skipif(not custom.SCHEMAS.is_dir(), reason="no schemas of custom resources beside the checkout")
def test_a_custom_resource_is_held_against_its_schema() -> None:
    """A field that its project does not know fails; what is not known yet is left for later."""
    given = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "a"}, "spec": {"wieght": 1}}
    found = dict(custom.wrong(NODE_POOL, given))
    unheard = dict(custom.wrong("kubernetes:acme.example/v1:Thing", {"apiVersion": "acme.example/v1", "kind": "Thing"}))

    assert "wieght" in found["spec"]
    assert "no schema" in unheard["kind"]
    assert [] == [path for path, _ in custom.wrong(NODE_POOL, {**given, "spec": UNKNOWN})]


def test_without_schemas_custom_resources_are_not_checked(tmp_path: Path) -> None:
    """Where the schemas are not at hand, nothing is said."""
    assert [] == list(custom.wrong(NODE_POOL, {"spec": {"wieght": 1}}, tmp_path / "nowhere"))


def test_a_made_up_name_stays() -> None:
    """It is given once, for releases in another place; a name of the program's own is fixed."""
    for type_, read in (
        ("core/v1:ConfigMap", lambda given: given["metadata"]["name"]),
        ("helm.sh/v3:Release", lambda given: given["name"]),
    ):
        token = f"kubernetes:{type_}"
        first = names.fill(token, {}, {}, ("web", b"1"))
        second = names.fill(token, {}, first, ("web", b"2"))
        assert read(first) == read(second)
        assert not names.is_fixed(first)
    assert names.is_fixed(names.fill("kubernetes:core/v1:ConfigMap", {"metadata": {"name": "a"}}, {}, ("web", b"1")))


@pytest.mark.parametrize(
    ("old", "new", "changes", "replaces"),
    [
        ({"kubeconfig": "a", "clusterIdentifier": "x"}, {"kubeconfig": "b", "clusterIdentifier": "x"}, True, []),
        (
            {"kubeconfig": "a", "clusterIdentifier": "x"},
            {"kubeconfig": "a", "clusterIdentifier": "y"},
            True,
            ["clusterIdentifier"],
        ),
        ({"kubeconfig": "a"}, {"kubeconfig": "b"}, True, ["kubeconfig"]),
        ({"kubeconfig": "a"}, {"kubeconfig": "a"}, False, []),
    ],
)
def test_another_cluster_replaces_the_provider(
    tmp_path: Path, old: dict[str, str], new: dict[str, str], changes: bool, replaces: list[str]
) -> None:
    """The identifier decides; without one the kubeconfig does."""
    request = engine.DiffRequest("urn", "id", wire(old, set()), wire(new, set()), [])
    found = asyncio.run(stand_in(tmp_path).diff_config(request))

    some = proto.DiffResponse.DIFF_SOME if changes else proto.DiffResponse.DIFF_NONE
    assert (some, replaces) == (found.changes, found.replaces)


def test_values_survive_the_wire() -> None:
    """Whole numbers stay whole, nothing is lost in depth, and secrets stay secrets."""
    values = {"number": 3, "part": 1.5, "flag": True, "text": "a", "list": [1, {"b": [None, "c"]}], "later": UNKNOWN}
    sent = wire(values, {"text"})

    assert values == plain(sent)
    assert {"text"} == secret_keys(sent)


def test_the_create_that_was_told_to_fails(tmp_path: Path) -> None:
    """The creates of all plugins are counted together, from 1, until nothing is told any more."""
    calls = Calls(tmp_path)
    calls.fail_at_create(2)
    calls.fail_if_told("urn::one")
    with pytest.raises(ConnectionError, match="two: the stand-in was told to fail"):
        Calls(tmp_path).fail_if_told("urn::two")
    calls.fail_at_create(None)
    assert calls.fail_if_told("urn::three") is None

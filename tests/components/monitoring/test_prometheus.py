"""What watches an environment: it finds everybody's rules, and tells people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi import Output

from components.alerts.contract import AlertsOutputs
from components.base import Outputs, Tier
from components.catalogue import AnySpec
from components.conformance import Case
from components.conformance.standins import needs_of
from components.ingress.contract import ROUTES_LABEL
from components.monitoring.contract import DASHBOARD_LABEL, NAMESPACE, PrometheusSpec
from components.recording import RecordedResource, Secret
from tests.harness.recorded import before

URL, IN_SECRET = "https://hooks.acme.example/ml", f"kubernetes:///{NAMESPACE}/alerts#url"


def told_by(channel: str) -> Any:
    """Make needs whose alerts go to a channel."""

    def needs(spec: AnySpec) -> Mapping[str, Outputs]:
        alerts = AlertsOutputs(channel=Output.from_input(channel), encryption_key=Output.from_input(None))
        return {**needs_of(spec), "alerts": alerts}

    return needs


def managed(
    spec: PrometheusSpec | None = None, *, channel: str = URL, tier: Tier = Tier.PROD
) -> dict[str, RecordedResource]:
    """What the monitoring registers, by kind."""
    built = Case(spec or PrometheusSpec(), told_by(channel), cloud=False).built(tier)
    return {item.type.rpartition(":")[2]: item for item in built.managed}


def values(spec: PrometheusSpec | None = None, **how: Any) -> dict[str, Any]:
    """What is set of the chart."""
    return dict(managed(spec, **how)["Release"].inputs["values"])


def test_rules_and_monitors_of_every_namespace_are_found() -> None:
    """Unless all five are told so, Prometheus takes only what its own chart has made."""
    kinds = {"podMonitor", "probe", "rule", "scrapeConfig", "serviceMonitor"}
    chosen = values()["prometheus"]["prometheusSpec"]

    assert dict.fromkeys(kinds, False) == {kind: chosen[f"{kind}SelectorNilUsesHelmValues"] for kind in kinds}


def test_dashboards_of_every_namespace_are_found() -> None:
    """Those with the label that projects put on theirs."""
    dashboards = values()["grafana"]["sidecar"]["dashboards"]

    assert (DASHBOARD_LABEL, "1", "ALL") == tuple(
        dashboards[name] for name in ("label", "labelValue", "searchNamespace")
    )


def test_samples_have_a_volume_and_fit_on_it() -> None:
    """By default the chart keeps them in the pod, and no longer; a full disk would stop Prometheus."""
    chosen = values(PrometheusSpec(storage_gib=20, retention_days=7))["prometheus"]["prometheusSpec"]
    claim = chosen["storageSpec"]["volumeClaimTemplate"]["spec"]

    assert "services-storage_class" == claim["storageClassName"]
    assert {"requests": {"storage": "20Gi"}} == claim["resources"]
    assert ("7d", "18GiB") == (chosen["retention"], chosen["retentionSize"])


@pytest.mark.parametrize(("tier", "count"), [(Tier.DEV, 1), (Tier.STAGING, 2), (Tier.PROD, 2)])
def test_there_is_one_in_dev_and_two_elsewhere(tier: Tier, count: int) -> None:
    """So that people hear of a machine that is gone; and two are not taken away at once."""
    found = values(tier=tier)
    specs = [found["prometheus"]["prometheusSpec"], found["alertmanager"]["alertmanagerSpec"]]

    assert [count, count] == [each["replicas"] for each in specs]
    assert [{"enabled": count > 1}] * 2 == [
        found[part]["podDisruptionBudget"] for part in ("prometheus", "alertmanager")
    ]


def test_what_is_its_owner_s_is_not_watched() -> None:
    """Where the control plane shows nothing, rules about it would tell people so day and night."""
    found = values()
    parts = ("kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler", "nodeExporter")

    assert [{"enabled": False}] * 5 == [found[part] for part in parts]
    assert {False} == set(found["defaultRules"]["rules"].values())
    assert {"etcd", "kubeControllerManager", "kubeProxy", "kubeSchedulerAlerting"} <= found["defaultRules"][
        "rules"
    ].keys()


def receiver(channel: str) -> dict[str, Any]:
    """How people are told."""
    config = values(channel=channel)["alertmanager"]["config"]
    by_name = {each["name"]: each for each in config["receivers"]}
    (hook,) = by_name[config["route"]["receiver"]]["webhook_configs"]
    return hook


def test_people_are_told_by_the_channel() -> None:
    """The address as it is, or the file of the Secret that holds it, which Alertmanager is given."""
    in_file = {"url_file": "/etc/alertmanager/secrets/alerts/url", "send_resolved": True}

    assert {"url": URL, "send_resolved": True} == receiver(URL)
    assert in_file == receiver(IN_SECRET)
    assert [[], ["alerts"]] == [
        values(channel=channel)["alertmanager"]["alertmanagerSpec"]["secrets"] for channel in (URL, IN_SECRET)
    ]


def test_a_heartbeat_is_no_message() -> None:
    """The chart's own rule that always fires reaches nobody; everything else does."""
    route = values()["alertmanager"]["config"]["route"]

    assert [{"receiver": "nobody", "matchers": ['alertname =~ "InfoInhibitor|Watchdog"']}] == route["routes"]


def test_the_password_is_made_and_stays_secret() -> None:
    """The chart's own would be the same at each of its users, or another at each upgrade."""
    secret = managed()["Secret"].inputs
    admin = values()["grafana"]["admin"]

    assert (secret["metadata"]["name"], NAMESPACE) == (admin["existingSecret"], secret["metadata"]["namespace"])
    assert isinstance(secret["stringData"], Secret)
    assert {admin["userKey"], admin["passwordKey"]} == secret["stringData"].value.keys()
    assert "RandomPassword" in managed()


def test_grafana_is_reached_by_its_name() -> None:
    """Below the domain of the ingress; its namespace may attach routes."""
    found = managed()
    route = found["HTTPRoute"].inputs

    assert ["grafana.ingress-domain"] == route["spec"]["hostnames"]
    assert [{"name": "kube-prometheus-stack-grafana", "port": 80}] == route["spec"]["rules"][0]["backendRefs"]
    assert "https://grafana.ingress-domain" == values()["grafana"]["grafana.ini"]["server"]["root_url"]
    assert "true" == found["Namespace"].inputs["metadata"]["labels"][ROUTES_LABEL]
    assert {"Namespace", "Release", "Secret"} <= before(found, "HTTPRoute")


def test_it_tells_nobody_else() -> None:
    """No telemetry, and no questions after updates."""
    assert {False} == set(values()["grafana"]["grafana.ini"]["analytics"].values())

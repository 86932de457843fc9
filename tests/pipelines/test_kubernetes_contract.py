"""A project with the contracts of the `kubernetes` stack: its commands make just the calls listed beside this file.

The stack's program is recorded, keys are made where its providers would make them, and the contract that the stack
exports is what the project pulls. Each call is held against the rights that the stack gives to whoever makes it: groups
at the API server, users of the artifact store.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.ci_identity.groups import deploy_group
from tests.harness.api_server import Standin, api_server
from tests.harness.aws import empty_moto_server
from tests.harness.calls import Call, recorded_calls
from tests.harness.command import stackwright
from tests.harness.kubernetes_job import JOB, PERSON, github_job, kubeconfig
from tests.harness.kubernetes_project import IDS, PASSWORD, PLANS, Environment, built
from tests.harness.mlflow import mlflow_server
from tests.harness.project import Toy

LISTED = Path(__file__).with_name("kubernetes_contract_calls.jsonl")
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL")


@dataclass
class Site:
    """Dev and staging as their stacks leave them, each in a cluster of its own."""

    environments: dict[str, Environment]
    clusters: dict[str, Standin]
    kubeconfig: Path
    job: str = ""
    """Environment of the job that runs; empty for a person."""

    def called(self, calls: list[Call]) -> None:
        """Note the questions to the API servers among other calls."""
        for name, cluster in self.clusters.items():
            cluster.heard = lambda token, verb, asked, name=name: calls.append(
                Call(f"cluster of {name}", verb, asked, identity=token, asked=asked)
            )


@pytest.fixture
def site(toy: Toy, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Site]:
    """Two environments, and a project that is not connected to them yet; no key is in the process."""
    shutil.rmtree(toy.root / "stack")
    toy.commit("not connected")
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    with contextlib.ExitStack() as stack:
        endpoint = stack.enter_context(empty_moto_server())
        address = stack.enter_context(
            mlflow_server(Path(shutil.copy(database, tmp_path / "server.db")), tmp_path, PASSWORD)
        )
        clusters = {name: stack.enter_context(api_server()) for name in ("dev", "staging")}
        made = {name: built("toy", name, cluster, address, endpoint) for name, cluster in clusters.items()}
        found = Site(made, clusters, tmp_path / "kubeconfig")
        found.kubeconfig.write_text(kubeconfig({f"acme-{name}": item for name, item in clusters.items()}))
        stack.enter_context(github_job(monkeypatch, lambda audience: f"{found.job} for {audience}"))
        yield found


def walk(toy: Toy, site: Site, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Call]]:
    """Take a package from dev to staging; return each call with the environment whose job made it, and its command."""
    found = list[tuple[str, str, Call]]()

    def run(environment: str, *words: str) -> None:
        with recorded_calls() as calls:
            site.called(calls)
            said = stackwright(*words, "--project", toy.root)
        assert (0, "") == (said.code, said.err), words
        found.extend(
            (environment, " ".join(words[:2] if words[0] == "contract" else words[:1]), call) for call in calls
        )
        toy.commit(" ".join(words))

    monkeypatch.delenv(JOB[1], raising=False)
    for name in site.environments:
        run("", "contract", "pull", "--env", name, "--from", f"kubernetes://acme-{name}/project-toy/contract")
    site.kubeconfig.unlink()
    monkeypatch.setenv(JOB[1], "of the runner")
    for name in site.environments:
        site.job = name
        run(name, "contract", "pull", "--env", name)
        run(name, "contract", "check", "--live", "--env", name)
    site.job = "dev"
    run("dev", "register")
    site.job = "staging"
    for command in ("gate", "promote"):
        run("staging", command, "--env", "staging")
    run("staging", "verify")
    return found


def test_the_calls_are_those_of_the_list_and_whoever_makes_them_may(
    toy: Toy, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call more or less is red, and so is one that nobody has given a right to."""
    found = walk(toy, site, monkeypatch)
    made = [call.line(environment=where, command=command, by=call.identity) for where, command, call in found]
    written = "".join(json.dumps(line) + "\n" for line in made)
    (tmp_path / LISTED.name).write_text(written)

    assert 1 == toy.pin("staging")["release"]
    assert LISTED.read_text().splitlines() == written.splitlines(), f"see {tmp_path / LISTED.name}"
    assert [] == [(command, call) for where, command, call in found if not may(site, where, call)]
    assert [] == [(command, call) for _, command, call in found if others_may(site, call)]


def may(site: Site, where: str, call: Call) -> bool:
    """Return whether the stacks give whoever makes a call the right to it; a person has rights of their own."""
    if call.identity == PERSON:
        return True
    if call.service == "s3":
        return owner_of(site, call).stores(call)
    if call.operation == "create":
        return call.asked.startswith("selfsubjectaccessreviews")
    asked = site.environments[call.service.removeprefix("cluster of ")]
    audience = asked.graph.outputs["contract"]["model_deployer"]["audience"]  # type: ignore[index]
    assert f"{where} for {audience}" == call.identity
    return asked.may(deploy_group(*IDS, where, "main"), call)


def others_may(site: Site, call: Call) -> bool:
    """Return whether jobs of pull requests could read a secret, or those that promote could write."""
    if call.service == "s3":
        only_reads = call.operation == "PutObject" and call.identity.endswith("-storage")
        return only_reads and owner_of(site, call).stores(
            Call("s3", "PutObject", "", f"{call.identity}-promotion", call.asked)
        )
    if not call.asked.startswith("secrets/"):
        return False
    return site.environments[call.service.removeprefix("cluster of ")].may(PLANS, call)


def owner_of(site: Site, call: Call) -> Environment:
    """Return the environment that a key of a store is of; the bucket must be its own."""
    name = call.identity.partition("-")[0]
    assert call.asked.startswith(f"acme-{name}-artifacts/"), call
    return site.environments[name]

"""`stackwright bootstrap` for a cluster without a cloud: who GitHub's jobs are, and one right.

What the API server makes of it is shown in tests/cluster/jobs/test_ci_identity.py.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.ci_identity.groups import GROUPS, USERNAME, deploy_group
from tests.harness.command import Outcome, stackwright

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples" / "kubernetes"
IDS = ("--repository", "acme/platform", "--owner-id", "12", "--repository-id", "34")
STACK = {
    "shape": "kubernetes",
    "organization": "acme",
    "environment": "dev",
    "tier": "dev",
    "cluster": {"flavor": "existing", "name": "acme-dev", "audience": "stackwright-acme-dev"},
    "alerts": {"secret": "<address of the webhook>"},
}


def bootstrap(folder: Path, *words: object, **changes: Any) -> Outcome:
    """Run `bootstrap` for dev over a stack file that is not complete yet."""
    value = {name: item for name, item in {**STACK, **changes}.items() if item is not None}
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": {"stackwright:environment": value}}))
    return stackwright("bootstrap", "--folder", folder, "--env", "dev", *IDS, *words)


def written(folder: Path, *words: object, **changes: Any) -> dict[str, Any]:
    """Return the files that are written, by name."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    said = bootstrap(folder, *words, "--output", folder / "out", **changes)
    assert 0 == said.code, said.err
    return {path.name: yaml.safe_load(path.read_text()) for path in (folder / "out").iterdir()}


def named(name: str) -> dict[str, str]:
    """Return a cluster with a name."""
    return {"name": name, "audience": "stackwright-acme-dev"}


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_examples_can_be_prepared(environment: str) -> None:
    """Two documents on standard output: the tokens that the stack file says, and who applies that environment."""
    said = stackwright("bootstrap", "--folder", EXAMPLES, "--env", environment, *IDS)
    config = yaml.safe_load((EXAMPLES / f"Pulumi.{environment}.yaml").read_text())["config"]
    configuration, binding = yaml.safe_load_all(said.out)

    audience = config["stackwright:environment"]["cluster"]["audience"]
    assert [audience] == configuration["jwt"][0]["issuer"]["audiences"]
    assert deploy_group(12, 34, environment, "main") == binding["subjects"][0]["name"]


def test_the_api_server_is_told_who_github_is(tmp_path: Path) -> None:
    """Issuer, audience, owner and the rules of the groups: all that decides whose job it is."""
    (only,) = written(tmp_path)["authentication.yaml"]["jwt"]

    assert {"url": "https://token.actions.githubusercontent.com", "audiences": ["stackwright-acme-dev"]} == only[
        "issuer"
    ]
    assert ['claims.repository_owner_id in ["12"]'] == [rule["expression"] for rule in only["claimValidationRules"]]
    assert {"username": {"expression": USERNAME}, "groups": {"expression": GROUPS}} == only["claimMappings"]


def test_another_issuer_and_more_owners(tmp_path: Path) -> None:
    """An enterprise server has its own address, and certificates that nobody else knows; ids are in one order."""
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    (tmp_path / "ca.pem").write_text(pem)
    words = ("--issuer", "https://github.acme.example/_services/token", "--issuer-ca", tmp_path / "ca.pem")
    (only,) = written(tmp_path, *words, "--also-owner", 7, "--also-owner", 12)["authentication.yaml"]["jwt"]

    assert ("https://github.acme.example/_services/token", pem) == (
        only["issuer"]["url"],
        only["issuer"]["certificateAuthority"],
    )
    assert 'claims.repository_owner_id in ["7", "12"]' == only["claimValidationRules"][0]["expression"]


def test_only_the_platform_of_the_branch_applies(tmp_path: Path) -> None:
    """One group has the right to all, and it is that of this environment's jobs on the branch."""
    binding = written(tmp_path, "--branch", "trunk")["rbac.yaml"]

    assert ["github:12/34:environment:dev:ref:refs/heads/trunk"] == [each["name"] for each in binding["subjects"]]
    assert ("ClusterRoleBinding", "cluster-admin") == (binding["kind"], binding["roleRef"]["name"])


def test_a_cluster_of_kind_reads_the_configuration(tmp_path: Path) -> None:
    """Whichever configuration of kubeadm the release has, the flag names the file that is mounted; others get none."""
    made = written(tmp_path, cluster=named("kind-acme-dev"))["kind.yaml"]
    (node,) = made["nodes"]
    patches = {item["apiVersion"]: item["apiServer"] for item in map(yaml.safe_load, node["kubeadmConfigPatches"])}
    old, new = (patches[f"kubeadm.k8s.io/{version}"] for version in ("v1beta3", "v1beta4"))
    (mount,) = node["extraMounts"]

    assert "acme-dev" == made["name"]
    assert "./authentication.yaml" == mount["hostPath"]
    assert {"authentication-config": mount["containerPath"]} == old["extraArgs"]
    assert [{"name": "authentication-config", "value": mount["containerPath"]}] == new["extraArgs"]
    assert {str(Path(mount["containerPath"]).parent)} == {
        volume[path] for found in (old, new) for volume in found["extraVolumes"] for path in ("hostPath", "mountPath")
    }
    assert {"authentication.yaml", "rbac.yaml"} == written(tmp_path).keys()


def test_the_same_again_is_up_to_date(tmp_path: Path) -> None:
    """Files are the same bytes at each run; one that somebody changed is left alone."""
    out = tmp_path / "out"
    first, second = (bootstrap(tmp_path, "--output", out) for _ in range(2))
    (out / "rbac.yaml").write_text("mine")
    third = bootstrap(tmp_path, "--output", out)

    names = ("authentication.yaml", "rbac.yaml")
    assert "".join(f"wrote {out / name}\n" for name in names) == first.out
    assert "".join(f"{out / name} is up to date\n" for name in names) == second.out
    told = f"{out / 'rbac.yaml'}: exists and says something else; move it away, or choose another file"
    assert (1, [told]) == (third.code, third.problems)


WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no audience": (
        {"cluster": {"name": "acme-dev"}},
        ["cluster.audience: missing; jobs sign in by it; write `stackwright-acme-dev`"],
    ),
    "nothing is filled in": (
        {"cluster": named("<context of your kubeconfig>"), "tier": None},
        [
            "cluster.name: `<context of your kubeconfig>` is a placeholder; write your own value",
            "tier: missing; add it",
        ],
    ),
    "no cluster": ({"cluster": None}, ["cluster: missing; add it"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_has_to_be_there_first(name: str, tmp_path: Path) -> None:
    """A line for each field that is needed, and nothing of those that are not needed yet."""
    changes, told = WRONG[name]
    said = bootstrap(tmp_path, **changes)

    assert (1, "") == (said.code, said.out)
    assert [f"{tmp_path / 'Pulumi.dev.yaml'}: {line}" for line in told] == said.problems


def test_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    """The file is named."""
    said = bootstrap(tmp_path, "--issuer-ca", tmp_path / "none.pem")

    assert (1, True) == (said.code, said.err.startswith(f"{tmp_path / 'none.pem'}: cannot be read as PEM: "))


def test_options_of_a_cluster_are_not_for_an_account() -> None:
    """They would be without effect."""
    folder = EXAMPLES.parent / "aws"
    said = stackwright("bootstrap", "--folder", folder, "--env", "dev", *IDS, "--issuer", "https://x.example")

    assert (2, "") == (said.code, said.out)

"""Which environments jobs act for: those that are there, tier by tier, with what `bootstrap` made for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipelines.platform_delivery.places import stacks_of

if TYPE_CHECKING:
    from tests.pipelines.platform_delivery.conftest import Repository


def test_without_stack_files_there_is_nothing_to_do(repository: Repository) -> None:
    """A fresh clone is green, and its summary says what to do."""
    done = repository.ci("platform", "environments")

    assert (0, "") == (done.code, done.err)
    assert dict.fromkeys(["environments", "dev", "staging", "prod"], "[]") == repository.outputs
    assert "stackwright init" in done.out
    assert "&#96;stackwright init&#96;" in repository.summary


def test_each_tier_has_its_own_list(repository: Repository) -> None:
    """In the order of tiers, with the roles and the runners of each."""
    repository.organise("prod", "staging", "dev")
    repository.ci("platform", "environments")
    found = {tier: json.loads(repository.outputs[tier]) for tier in ("dev", "staging", "prod")}

    assert ["dev", "staging", "prod"] == [row["environment"] for row in json.loads(repository.outputs["environments"])]
    assert [1, 1, 1] == [len(rows) for rows in found.values()]
    assert {
        "environment": "staging",
        "tier": "staging",
        "runs_on": "codebuild-acme-staging-runners-4711-${{ github.run_attempt }}",
        "account": "222222222222",
        "region": "eu-central-1",
        "apply_role": "arn:aws:iam::222222222222:role/acme-staging-apply",
        "preview_role": "arn:aws:iam::222222222222:role/acme-staging-preview",
    } == found["staging"][0]


def test_the_roles_are_those_that_bootstrap_makes(repository: Repository) -> None:
    """By name, in the same account: nobody has to write them anywhere."""
    from pipelines.bootstrap.template import template
    from pipelines.hosts.github import GithubHost
    from pipelines.platform_delivery.places import place_of
    from tests.harness.github import github
    from tests.harness.github import repository as of_host

    repository.organise("dev")
    place = place_of(repository.root, "dev")
    assert place.account
    with github(platform=of_host("acme", "platform")) as host:
        made = template(place.account, GithubHost(host.url).repository("acme/platform"), make_provider=True)
    names = {made["Resources"][f"{kind}Role"]["Properties"]["RoleName"] for kind in ("Apply", "Preview")}

    assert {f"arn:aws:iam::{place.account.account}:role/{name}" for name in names} == {
        place.role("apply"),
        place.role("preview"),
    }
    assert made["Outputs"]["StateBackend"]["Value"] == place.backend


def test_an_environment_that_is_not_there_yet_is_left_out(repository: Repository) -> None:
    """Its runners may not exist: a job for it would wait for ever."""
    repository.organise("dev")
    repository.organise("staging", there=False, projects=False)
    done = repository.ci("platform", "environments")

    assert ["dev"] == [row["environment"] for row in json.loads(repository.outputs["environments"])]
    assert "[]" == repository.outputs["staging"]
    assert "stackwright contract export --env staging" in done.out


def test_clusters_without_a_cloud_are_brought_up_by_people(repository: Repository) -> None:
    """Where their state is, nobody but they knows."""
    repository.organise("dev", shape="kubernetes")
    done = repository.ci("platform", "environments")

    assert (0, "[]") == (done.code, repository.outputs["environments"])
    assert "docs/any-kubernetes.md" in done.out


def test_a_stack_file_that_cannot_be_read_is_red(repository: Repository) -> None:
    """With all that is wrong with it."""
    repository.organise("dev", "prod")
    repository.edit("stacks/environment/Pulumi.dev.yaml", 'account: "111111111111"', 'account: "<twelve digits>"')
    repository.edit("stacks/environment/Pulumi.prod.yaml", "tier: prod", "tier: best")
    done = repository.ci("platform", "environments")

    assert 1 == done.code
    assert "stacks/environment/Pulumi.dev.yaml: account" in done.err
    assert "stacks/environment/Pulumi.prod.yaml: tier" in done.err


def test_stacks_of_projects_belong_to_one_environment(repository: Repository) -> None:
    """Names of environments may end alike."""
    repository.organise("dev")
    for folder, name in (("environment", "eu-dev"), ("project", "churn-eu-dev"), ("project", "a-b-dev")):
        (repository.root / "stacks" / folder / f"Pulumi.{name}.yaml").write_text("")
    names = {name: [stack.name for stack in stacks_of(repository.root, name)] for name in ("dev", "eu-dev")}

    assert {"dev": ["dev", "a-b-dev", "churn-dev"], "eu-dev": ["eu-dev", "churn-eu-dev"]} == names

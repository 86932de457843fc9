"""The whole plan of an environment: what is in it, and what blocks it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.errors import UserError
from pipelines.plan.record import save_graph
from pipelines.plan.run import plan_stack
from pipelines.plan.text import render

PROJECT = "stackwright-environment"


def stack(*, name: str = "tokens", retention: int | None = 30, days: int = 30) -> Callable[[], None]:
    """Return a program with a log group and a key in a component, and a queue that is in none."""

    def program() -> None:
        from pulumi_aws import Provider, cloudwatch, dynamodb, kms

        aws = Provider("aws", region="eu-west-1")
        opts = pulumi.ResourceOptions(providers=[aws])
        box = pulumi.ComponentResource("acme:index:Box", "box", None, opts)
        child = pulumi.ResourceOptions(parent=box)
        cloudwatch.LogGroup("api", name="/acme/api", retention_in_days=retention, opts=child)
        kms.Key("data", enable_key_rotation=True, deletion_window_in_days=days, opts=child)
        table = pulumi.ResourceOptions(provider=aws)
        dynamodb.Table("state", name=name, hash_key="id", attributes=[{"name": "id", "type": "S"}], opts=table)

    return program


def saved(folder: Path, program: Callable[[], None]) -> Path:
    """Save the graph of a program, as it would be after an `up`."""
    path = folder / "dev.json"
    save_graph(plan_stack(program, project=PROJECT, stack="dev").graph, path)
    return path


def test_resources_are_counted_by_component() -> None:
    """What is in no component is shown as such."""
    result = plan_stack(stack(), project=PROJECT, stack="dev")

    assert [
        ("(no component)", {"aws:dynamodb/table:Table": 1}),
        ("box", {"aws:cloudwatch/logGroup:LogGroup": 1, "aws:kms/key:Key": 1}),
    ] == [(one.name, one.resources) for one in result.components]
    assert 3 == result.count


def test_a_good_plan_ends_with_zero() -> None:
    """Nothing to say, nothing to block."""
    result = plan_stack(stack(), project=PROJECT, stack="dev")

    assert ([], 0, None) == (result.blocked, result.exit_code, result.difference)


FINDINGS = {
    "policy": ({"retention": None}, "logs-retention: aws:cloudwatch/logGroup:LogGroup api: keeps its log for ever"),
    "value": ({"days": 3}, "aws-values: aws:kms/key:Key data: deletionWindowInDays: `3` is out of range"),
}


@pytest.mark.parametrize(("change", "said"), FINDINGS.values(), ids=list(FINDINGS))
def test_a_finding_blocks(change: dict[str, Any], said: str) -> None:
    """The command ends with 4, and its last lines say why."""
    result = plan_stack(stack(**change), project=PROJECT, stack="dev")

    assert 4 == result.exit_code
    assert [said] == [line[: len(said)] for line in result.blocked]


def test_an_accepted_finding_does_not_block(tmp_path: Path) -> None:
    """Its reason is shown instead."""
    accepted = tmp_path / "suppressions.yaml"
    accepted.write_text(
        "suppressions:\n- policy: logs-retention\n  resource: '* api'\n  reason: kept for the auditors\n"
    )
    result = plan_stack(stack(retention=None), project=PROJECT, stack="dev", suppressions=accepted)

    assert 0 == result.exit_code
    assert "suppressed logs-retention: aws:cloudwatch/logGroup:LogGroup api: kept for the auditors" in render(result)


def test_losing_data_blocks_until_it_is_allowed(tmp_path: Path) -> None:
    """A replaced table is an empty table; whoever means it says so."""
    before, after = saved(tmp_path, stack()), stack(name="other")
    said = (
        "aws:dynamodb/table:Table state: may be replaced, and its items lost with it; "
        "allow it by `--allow-stateful-replacement`"
    )

    refused = plan_stack(after, project=PROJECT, stack="dev", saved=before)
    allowed = plan_stack(after, project=PROJECT, stack="dev", saved=before, allow_stateful_replacement=True)

    assert (4, [said]) == (refused.exit_code, refused.blocked)
    assert (0, []) == (allowed.exit_code, allowed.blocked)


def test_allowing_a_replacement_allows_no_finding(tmp_path: Path) -> None:
    """One flag, one permission."""
    result = plan_stack(stack(retention=None), project=PROJECT, stack="dev", allow_stateful_replacement=True)

    assert 4 == result.exit_code


def test_deleting_data_blocks(tmp_path: Path) -> None:
    """A resource that left the program would leave the account."""
    result = plan_stack(lambda: None, project=PROJECT, stack="dev", saved=saved(tmp_path, stack()))

    assert 4 == result.exit_code
    assert any("aws:kms/key:Key data: would be deleted, and the key to all that" in line for line in result.blocked)


def test_the_same_program_changes_nothing(tmp_path: Path) -> None:
    """Two plans of one program compare equal."""
    result = plan_stack(stack(), project=PROJECT, stack="dev", saved=saved(tmp_path, stack()))

    assert "difference: none" in render(result)
    assert 0 == result.exit_code


def test_the_graph_of_another_environment_is_refused(tmp_path: Path) -> None:
    """Every resource would look deleted and created."""
    with pytest.raises(UserError, match="is of `stackwright-environment/dev`, not of `stackwright-environment/prod`"):
        plan_stack(stack(), project=PROJECT, stack="prod", saved=saved(tmp_path, stack()))


def test_a_saved_graph_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Without it the plan could not say what would be lost."""
    with pytest.raises(UserError, match=r"dev\.json: cannot be read"):
        plan_stack(stack(), project=PROJECT, stack="dev", saved=tmp_path / "dev.json")


def test_programs_get_the_same_as_people(tmp_path: Path) -> None:
    """The JSON holds findings, difference, reasons and exit code; the graph is saved separately."""
    result = plan_stack(stack(name="other"), project=PROJECT, stack="dev", saved=saved(tmp_path, stack()))
    document = json.loads(json.dumps(result.as_json()))

    assert (3, 4, result.blocked) == (document["resources"], document["exit_code"], document["blocked"])
    assert "may replace" == document["difference"]["changes"][0]["action"]
    assert "graph" not in document


def test_the_command_line_starts_without_any_of_this() -> None:
    """Other commands do not wait for Pulumi or the schemas."""
    asked = "import sys, pipelines.cli; print([n for n in ('pulumi', 'cfnlint', 'pipelines.plan') if n in sys.modules])"

    assert "[]\n" == subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout

"""Contracts without a stack, and whether a contract holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stacks.contract import Contract
from tests.harness.command import stackwright
from tests.harness.documents import contract_document
from tests.harness.project import Toy, make_toy


def check(toy: Toy, *words: str) -> tuple[int, list[str]]:
    """Run `contract check` and return its exit code and problems."""
    said = stackwright("contract", "check", "--project", toy.root, *words)
    return said.code, said.problems


def edit(environment: str, /, **changes: object) -> Callable[[Toy], None]:
    """Change fields of a contract."""
    return lambda toy: toy.edit(f"stack/{environment}.json", **changes)


def replace(environment: str, old: str, new: str) -> Callable[[Toy], object]:
    """Replace text in a contract."""

    def change(toy: Toy) -> None:
        file = toy.root / f"stack/{environment}.json"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    return change


CASES: dict[str, tuple[Callable[[Toy], object], list[str]]] = {
    "another project": (
        edit("dev", project="cat"),
        ["stack/dev.json: project: `cat` is another project"],
    ),
    "a source without a contract": (
        lambda toy: (toy.root / "stack/dev.json").unlink(),
        ["stack/staging.json: promotes_from: `dev` has no contract here; pull it"],
    ),
    "several at once": (
        lambda toy: [edit("dev", environment="qa")(toy), edit("prod", colour="red")(toy)],
        [
            "stack/dev.json: environment: `qa` is another environment; pull it again",
            f"stack/prod.json: colour: unknown field; allowed: {', '.join(sorted(Contract.model_fields))}",
        ],
    ),
    "a field twice": (
        replace("dev", '"tier": "dev",', '"tier": "dev", "tier": "prod",'),
        ["stack/dev.json: not JSON: `tier` is given twice"],
    ),
    "NaN": (
        replace("dev", '"tier": "dev",', '"tier": NaN,'),
        ["stack/dev.json: not JSON: NaN is not a number that JSON can hold"],
    ),
    "another major": (
        edit("staging", contract_version="2.3"),
        [
            "stack/staging.json: contract_version: `2.3` is another major; this release reads 1.x; "
            "update the platform revision in .stackwright.yaml"
        ],
    ),
    "a kind missing": (edit("prod", monitoring=None), ["stack/prod.json: monitoring: missing; add it"]),
    "a version that is none": (
        edit("prod", contract_version="latest"),
        ["stack/prod.json: contract_version: `latest`: string should match pattern '^\\d+\\.\\d+$'"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_check_says(name: str, toy: Toy) -> None:
    """Each contract that does not fit is named, all at once."""
    change, problems = CASES[name]
    change(toy)

    assert (1, problems) == check(toy)


def test_contracts_that_hold(toy: Toy) -> None:
    """The environments are listed."""
    said = stackwright("contract", "check", "--live", "--project", toy.root)

    assert (0, "contracts hold: dev, prod, staging\n") == (said.code, said.out)


def test_one_environment_is_looked_at_alone(toy: Toy) -> None:
    """A job of staging asks nothing of the services of others; what staging promotes from must be here all the same."""
    replace("prod", f"sqlite:///{toy.environments}/prod/mlflow.db", "http://127.0.0.1:9")(toy)
    said = stackwright("contract", "check", "--live", "--env", "staging", "--project", toy.root)

    assert (0, "contracts hold: staging\n") == (said.code, said.out)
    (toy.root / "stack/dev.json").unlink()
    told = "stack/staging.json: promotes_from: `dev` has no contract here; pull it"
    assert (1, [told]) == check(toy, "--env", "staging")
    told = "stack/qa.json: not found; contracts exist for prod, staging"
    assert (1, [told]) == check(toy, "--env", "qa")


def test_the_contract_of_a_stack_holds(toy: Toy) -> None:
    """A cluster as deployer, a key in KMS and monitoring in S3 are known."""
    for name in ("dev", "staging", "prod"):
        (toy.root / f"stack/{name}.json").write_text(json.dumps(contract_document(name)))

    assert (0, []) == check(toy)


def test_a_project_without_contracts_is_not_connected(toy: Toy) -> None:
    """A new project is green: it says that it is not connected, and how a command would connect it."""
    for file in (toy.root / "stack").iterdir():
        file.unlink()

    said = stackwright("contract", "check", "--project", toy.root)
    gate = stackwright("gate", "--env", "staging", "--project", toy.root)

    assert (0, "not connected to an environment yet: no contract in stack/\n") == (said.code, said.out)
    assert [
        "stack/staging.json: not found; this project is not connected to an environment yet: "
        "run `stackwright contract pull --env staging --from ADDRESS` or `stackwright contract local DIR`"
    ] == gate.problems


def test_live_asks_the_services(toy: Toy) -> None:
    """A tracker that does not answer, and a folder that is not there, are problems with `--live` only."""
    replace("prod", f"sqlite:///{toy.environments}/prod/mlflow.db", "http://127.0.0.1:9")(toy)
    replace("dev", f"file://{toy.environments}/dev/serving", "file:///nowhere/at/all")(toy)

    code, problems = check(toy, "--live")

    assert (0, []) == check(toy)
    assert 1 == code
    assert "stack/dev.json: model_deployer.uri: the folder of `/nowhere/at/all` does not exist" == problems[0]
    assert problems[1].startswith(
        "stack/prod.json: experiment_tracker.tracking_uri: `http://127.0.0.1:9` does not answer"
    )


def test_contract_local_again_changes_nothing(tmp_path: Path) -> None:
    """The same folder gives the same contracts and keys."""
    toy = make_toy(tmp_path)
    before = {path: path.read_bytes() for path in (toy.root / "stack").iterdir()}

    said = stackwright("contract", "local", toy.environments, "--project", toy.root)

    assert (0, "wrote stack/dev.json\nwrote stack/staging.json\nwrote stack/prod.json\n") == (said.code, said.out)
    assert before == {path: path.read_bytes() for path in before}
    assert ["dev", None, "staging", "dev", "prod", "staging"] == [
        json.loads(before[toy.root / f"stack/{name}.json"]).get(key)
        for name in ("dev", "staging", "prod")
        for key in ("environment", "promotes_from")
    ]


def test_contract_local_keeps_the_contract_of_a_stack(toy: Toy, tmp_path: Path) -> None:
    """A contract that points elsewhere is not overwritten."""
    said = stackwright("contract", "local", tmp_path / "elsewhere", "--project", toy.root)

    assert 1 == said.code
    assert said.problems[0].endswith(
        "is the contract of another stack; remove it first if this project shall use local environments"
    )
    assert not (tmp_path / "elsewhere").exists()

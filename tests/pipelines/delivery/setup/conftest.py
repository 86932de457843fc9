"""A project with what the template gives it, and its repository at a host whose settings are as somebody left them."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import typer.main
import yaml

from pipelines.contracts import LOCAL, contract_text, local_contract
from stacks.contract import Roles
from tests.harness.command import Outcome, stackwright
from tests.harness.github_settings import ADMINISTRATOR, Settings, github_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from stacks.contract import Contract

TEMPLATE = Path(__file__).parents[4] / "templates" / "project"
ENVIRONMENTS = ("dev", "staging", "prod")
NO_STATE = {"faults", "calls", "bodies", "strange", "url"}
SETTINGS: dict[str, Any] = {
    "platform": "https://github.com/acme/platform",
    "revision": "0" * 40,
    "project": "churn",
    "models": {"churn": {"package": "build", "rows": "rows", "score": ["score"], "serve": ["serve"]}},
}


@dataclass
class Place:
    """A project and its repository."""

    root: Path
    host: Settings
    contracts: dict[str, Contract]
    set_variable: Callable[[str, str], None] = field(repr=False)
    shelf: dict[str, Any] = field(repr=False)
    """Keeps what the settings of the first project became, for later tests."""

    def setup(self, *words: object) -> Outcome:
        """Run the command."""
        return stackwright("ci", "setup", *words, "--project", self.root)

    def converged(self) -> dict[str, Any]:
        """Have everything set up for the project as it is made here, and return how the repository is then."""
        if not self.shelf:
            done = self.setup()
            assert (0, "") == (done.code, done.err)
            self.shelf |= self.state()
            self.host.calls.clear()
            self.host.bodies.clear()
        self.restore(self.shelf)
        return self.state()

    def state(self) -> dict[str, Any]:
        """Return all settings of the repository."""
        names = {each.name for each in fields(Settings)} - NO_STATE
        return {name: copy.deepcopy(getattr(self.host, name)) for name in names}

    def restore(self, state: dict[str, Any]) -> None:
        """Take the settings back to what they were."""
        for name, value in copy.deepcopy(state).items():
            setattr(self.host, name, value)

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text in a file of the project."""
        text = (self.root / path).read_text()
        assert old in text
        self.write(path, text.replace(old, new))

    def settings(self, **changes: Any) -> None:
        """Write .stackwright.yaml with changes."""
        self.write(".stackwright.yaml", yaml.safe_dump(SETTINGS | changes))

    def contract(self, name: str, **changes: Any) -> None:
        """Write a contract with changes."""
        self.write(f"stack/{name}.json", contract_text(self.contracts[name].model_copy(update=changes)).decode())

    def clusters(self) -> None:
        """Be in clusters instead of AWS."""
        for name in ENVIRONMENTS:
            self.contract(name, roles=None, account=None, region=None)


def rendered(path: str) -> str:
    """Return a file of the template as copier writes it, as far as these files go."""
    text = (TEMPLATE / f"{path}.jinja").read_text().replace("{{ owners }}", "@acme/ml")
    return re.sub(r"{% (end)?raw -%}\n", "", text)


@pytest.fixture(scope="session", autouse=True)
def one_command() -> Generator[None]:
    """Build the command once: it is the same in every test."""
    with mock.patch("typer.main.get_command", cache(typer.main.get_command)):
        yield


@pytest.fixture(scope="session")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Contract]:
    """Contracts of three environments in AWS, by name."""
    folder = tmp_path_factory.mktemp("environments")
    return {
        tier.value: _in_aws(local_contract("churn", tier, source, folder / tier.value))
        for tier, source in LOCAL.items()
    }


def _in_aws(contract: Contract) -> Contract:
    role = f"arn:aws:iam::111122223333:role/acme-{contract.environment}-churn"
    place = {"account": "111122223333", "region": "eu-central-1", "runs_on": "ubuntu-24.04"}
    return contract.model_copy(update={**place, "roles": Roles(deploy=f"{role}-deploy", plan=f"{role}-plan")})


@pytest.fixture(scope="session")
def shelf() -> dict[str, Any]:
    """Settings that are made once."""
    return {}


@pytest.fixture(scope="session")
def served() -> Generator[Settings]:
    """One server for all tests."""
    with github_settings(Settings()) as found:
        yield found


@pytest.fixture
def host(served: Settings) -> Generator[Settings]:
    """A public repository of an organisation, as it is when it is new; whatever it does not know is a failure."""
    new = Settings(url=served.url)
    for each in fields(Settings):
        setattr(served, each.name, getattr(new, each.name))
    yield served
    assert [] == served.strange


@pytest.fixture
def place(
    host: Settings,
    contracts: dict[str, Contract],
    shelf: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    """A project of three environments in AWS, and its repository."""
    named = {"API_URL": host.url, "SERVER_URL": "https://github.com", "REPOSITORY": host.name, "TOKEN": ADMINISTRATOR}
    for name, value in named.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    found = Place(tmp_path / "churn", host, contracts, monkeypatch.setenv, shelf)
    found.settings()
    for path in ("CODEOWNERS", ".github/workflows/ci.yml", ".github/workflows/deploy.yml"):
        found.write(path, rendered(path))
    for name in contracts:
        found.contract(name)
    return found

"""What stands in the way is told, all of it at once, before anything is changed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from components.base import Tier
from pipelines.delivery.environments import ALONE, NOT_CONNECTED
from pipelines.delivery.setup.owners import matches
from pipelines.hosts.github_settings import RIGHTS
from tests.harness.github_delivery import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipelines.delivery.setup.conftest import Place

PLAN = "Resource not accessible by personal access token"
LIMIT = Answer(403, {"message": "API rate limit exceeded"}, {"X_RateLimit_Remaining": "0"})


def refused(place: Place, *words: object) -> list[str]:
    """Run the command, which changes nothing, and return the problems."""
    done = place.setup(*words)
    assert (1, []) == (done.code, place.host.writes)
    return done.problems


def test_all_that_a_token_may_not_do_is_told_at_once(place: Place) -> None:
    """With the rights that it needs; what it may see is looked at all the same."""
    for path in ("actions/permissions/workflow", "rulesets", "environments/dev", "environments/prod"):
        place.host.faults.append((f"GET repos/Acme/churn/{path}", Answer(403, {"message": PLAN})))

    found = refused(place)

    paths = ["actions/permissions/workflow", "environments/dev", "environments/prod", "rulesets"]
    assert [f"GET /repos/Acme/churn/{path}: the token may not do this ({PLAN}); {RIGHTS}" for path in paths] == found


def test_whoever_is_no_administrator_is_told_first(place: Place) -> None:
    """Nothing else is asked."""
    place.host.admin = False

    assert [f"Acme/churn: the token is not of an administrator of it; {RIGHTS}"] == refused(place)


def test_what_a_token_may_see_and_not_change_is_told_change_by_change(place: Place) -> None:
    """The others are made; run again with another token it makes the rest."""
    place.host.faults.append(("(PUT|POST) .*/environments/.*", Answer(403, {"message": PLAN})))

    done = place.setup()

    assert (1, 3) == (done.code, len(place.host.writes))
    assert 6 == len(done.problems)
    place.host.faults.clear()
    assert (0, 9) == (place.setup().code, len(place.host.writes))


def test_a_token_that_is_none_is_one_problem(place: Place) -> None:
    """Not one for each question."""
    place.set_variable("GITHUB_TOKEN", "a-token-that-was-revoked")

    (problem,) = refused(place)
    assert "the token is refused (Bad credentials)" in problem


@pytest.mark.parametrize("path", ["repos/Acme/churn", "repos/Acme/churn/environments/dev", "meta"])
def test_at_the_limit_it_stops_with_one_problem(path: str, place: Place) -> None:
    """Whatever is asked next would fail, too."""
    place.host.faults.append((f"GET {path}", LIMIT))

    assert [f"GET /{path}: too many requests (API rate limit exceeded); run it again later"] == refused(place)


def test_at_the_limit_between_two_changes_the_rest_is_for_the_next_run(place: Place) -> None:
    """What was made is counted."""
    place.host.faults.append(("PATCH repos/Acme/churn", LIMIT))

    done = place.setup()

    assert (1, 6) == (done.code, len(place.host.writes))
    assert "Acme/churn: stopped after 6 changes; run it again" == done.problems[-1]
    assert 2 == len(done.problems)
    place.host.faults.clear()
    assert (0, 9) == (place.setup().code, len(place.host.writes))


def test_what_an_organisation_forbids_is_told(place: Place) -> None:
    """Its owners decide whether workflows open pull requests."""
    place.host.organization_decides = True

    done = place.setup()

    assert 1 == done.code
    assert done.problems[0].endswith("permissions/workflow: 409: The organization does not allow it")
    assert 8 == len(place.host.writes)


def remove(path: str) -> Callable[[Place], object]:
    """Return what removes a file of the project."""
    return lambda place: (place.root / path).unlink()


OWNER = "has no owner, so that nobody is asked; add a line that names one"
PROJECTS: dict[str, tuple[Callable[[Place], Any], list[str]]] = {
    "no CODEOWNERS": (
        remove("CODEOWNERS"),
        ["CODEOWNERS: missing; say who approves pins, like `/promotions/ @acme/ml`"],
    ),
    "nobody approves what goes to prod": (
        lambda place: place.edit("CODEOWNERS", "/promotions/staging/", "/promotions/staging/\n/promotions/prod/"),
        [f"CODEOWNERS: promotions/prod/churn.yaml: {OWNER}"],
    ),
    "nobody approves anything": (
        lambda place: place.write("CODEOWNERS", "/src/ @acme/ml # not /promotions/\n"),
        [
            f"CODEOWNERS: {path}: {OWNER}"
            for path in ("CODEOWNERS", "promotions/dev/churn.yaml", "promotions/prod/churn.yaml")
        ]
        + [f"CODEOWNERS: promotions/refused.yaml: {OWNER}"],
    ),
    "another CODEOWNERS counts": (
        lambda place: place.write(".github/CODEOWNERS", "* @acme/ml\n/promotions/dev/\n"),
        [f".github/CODEOWNERS: promotions/dev/churn.yaml: {OWNER}"],
    ),
    "an owner whom the host does not know": (
        lambda place: setattr(
            place.host,
            "owners_errors",
            [{"line": 2, "kind": "Unknown owner", "path": "CODEOWNERS", "message": "Unknown owner on line 2:\n  make"}],
        ),
        ["CODEOWNERS: line 2: Unknown owner: Unknown owner on line 2: make"],
    ),
    "nothing was pushed": (
        lambda place: setattr(place.host, "owners_errors", None),
        ["CODEOWNERS: not on `main` at Acme/churn yet; push it first"],
    ),
    "no CI": (
        remove(".github/workflows/ci.yml"),
        [".github/workflows/ci.yml: missing; `copier update` brings it"],
    ),
    "CI without jobs": (
        lambda place: place.write(".github/workflows/ci.yml", "on: push\n"),
        [".github/workflows/ci.yml: jobs: none, so that nothing could be required of a pull request"],
    ),
    "a check whose name is computed": (
        lambda place: place.edit(".github/workflows/ci.yml", "name: Check", "name: Check ${{ matrix.python }}"),
        [
            ".github/workflows/ci.yml: jobs.check.name: `Check ${{ matrix.python }}` is computed, so that it cannot be "
            "required"
        ],
    ),
    "another default branch": (
        lambda place: setattr(place.host, "branch", "trunk"),
        [
            ".github/workflows/deploy.yml: on.push.branches: `trunk`, the default branch, is not there, so that no "
            "merge deploys; rename the branch, or name it here and in the stacks"
        ],
    ),
    "a linear history": (
        lambda place: place.host.foreign_rules.append({"type": "required_linear_history", "ruleset_id": 3}),
        ["branch main: rule required_linear_history of ruleset 3 forbids merge commits; allow them for Acme/churn"],
    ),
    "only squashed pull requests": (
        lambda place: place.host.foreign_rules.append(
            {"type": "pull_request", "ruleset_id": 4, "parameters": {"allowed_merge_methods": ["squash"]}}
        ),
        ["branch main: rule pull_request of ruleset 4 forbids merge commits; allow them for Acme/churn"],
    ),
    "a contract of another project": (
        lambda place: place.contract("dev", project="fraud"),
        ["stack/dev.json: project: `fraud` is another project"],
    ),
    "no contract of the source": (
        remove("stack/staging.json"),
        ["stack/prod.json: promotes_from: `staging` has no contract here; pull it"],
    ),
}


@pytest.mark.parametrize("name", PROJECTS)
def test_what_people_have_to_put_right_is_told(name: str, place: Place) -> None:
    """And nothing is changed before."""
    harm, problems = PROJECTS[name]
    harm(place)

    assert problems == refused(place)


def test_all_problems_are_told_at_once(place: Place) -> None:
    """Of the project, of the host and of the token."""
    for name in ("no CI", "nobody approves what goes to prod", "a linear history"):
        PROJECTS[name][0](place)
    place.host.faults.append(("GET .*/actions/permissions/workflow", Answer(403, {"message": PLAN})))

    assert 4 == len(refused(place))
    assert 4 == len(place.setup("--format", "json").document["problems"])


def test_a_project_without_contracts_is_told_how_to_connect(place: Place) -> None:
    """The host is not asked."""
    for name in place.contracts:
        (place.root / "stack" / f"{name}.json").unlink()
    place.host.faults.append((".*", Answer(500)))

    assert [f"stack: {NOT_CONNECTED}"] == refused(place)
    assert {"problems": [f"stack: {NOT_CONNECTED}"]} == place.setup("--format", "json").document


def test_environments_of_one_machine_need_no_settings(place: Place) -> None:
    """No job can reach them."""
    for name in place.contracts:
        place.contract(name, runs_on="local")

    alone = [f"stack/{tier.value}.json: {ALONE}" for tier in (Tier.DEV, Tier.PROD, Tier.STAGING)]
    assert sorted([*alone, f"stack: {NOT_CONNECTED}"]) == refused(place)


def test_without_a_token_it_says_where_one_comes_from(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """And which rights it needs."""
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.delenv("GH_TOKEN", raising=False)

    assert [f"GITHUB_TOKEN: not set; {RIGHTS}, like `GITHUB_TOKEN=$(gh auth token)`"] == refused(place)


REMOTES = {
    "https://github.com/Acme/churn": None,
    "https://github.com/Acme/churn.git": None,
    "git@github.com:Acme/churn.git": None,
    "ssh://git@github.com/Acme/churn.git": None,
    "https://gitlab.example/Acme/churn": "the remote `origin` is not at github.com",
    "https://github.com.example/Acme/churn": "the remote `origin` is not at github.com",
    "https://github.com/Acme": "the remote `origin` is not at github.com",
    "/srv/churn": "the remote `origin` is not at github.com",
    "": "the clone has no remote `origin`",
}


@pytest.mark.parametrize("remote", REMOTES)
def test_the_repository_is_that_of_the_clone(remote: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Off a job; where it cannot be told, it is to be named."""
    monkeypatch.delenv("GITHUB_REPOSITORY")
    subprocess.run(["git", "init", "-q", str(place.root)], check=True)
    if remote:
        subprocess.run(["git", "-C", str(place.root), "remote", "add", "origin", remote], check=True)

    done = place.setup("--check")

    problem = REMOTES[remote]
    told = [] if problem is None else [f"--repository: {problem}; name the repository, like `acme/churn`"]
    assert (1 if problem else 4, told) == (done.code, done.problems)
    assert not problem or 4 == place.setup("--check", "--repository", "Acme/churn").code


def test_a_repository_is_named_by_its_owner_and_its_name(place: Place) -> None:
    """Nothing else goes into an address."""
    problem = "--repository: `../../user` is not a repository; write it like `acme/churn`"

    assert [problem] == refused(place, "--repository", "../../user")


PATTERNS = {
    "*": ("a", "a/b"),
    "/promotions/": ("promotions/prod/churn.yaml",),
    "promotions/": ("promotions/prod/churn.yaml", "x/promotions/a"),
    "/promotions/prod": ("promotions/prod/churn.yaml",),
    "/promotions/*": ("promotions/refused.yaml",),
    "/promotions/**": ("promotions/refused.yaml", "promotions/prod/churn.yaml"),
    "promotions/*/churn.yaml": ("promotions/prod/churn.yaml",),
    "**/prod/": ("promotions/prod/churn.yaml",),
    "*.yaml": ("promotions/refused.yaml", "promotions/prod/churn.yaml"),
    "/CODEOWNERS": (),
    "/promotion?/": ("promotions/prod/churn.yaml",),
    "prod": ("promotions/prod/churn.yaml",),
    "/prod": (),
    "churn.yam": (),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_read_as_the_host_reads_them(pattern: str) -> None:
    """Files and folders, here and anywhere, one level and all."""
    paths = {"promotions/prod/churn.yaml", *(path for known in PATTERNS.values() for path in known)}
    expected = set(PATTERNS[pattern]) | ({*paths} if pattern == "*" else set[str]())
    if pattern in {"/promotions/", "promotions/", "/promotions/**", "/promotion?/"}:
        expected |= {"promotions/refused.yaml", "promotions/prod/churn.yaml"}

    assert expected == {path for path in paths if matches(pattern, path)}

"""What executes workflows is right about red, about the network, and about what an event starts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.act.host import BEARER, Host, Job, hosted, of_a_fork, protect
from tests.harness.act.network import Network, network
from tests.harness.act.runner import ACTIONS, DOUBLES, HOSTED, Act, Run
from tests.harness.act.triggers import Event, inputs_of, matches, starts
from tests.harness.github_delivery import APP, PERSON, WORKFLOW
from tests.harness.scaffold import commit_all, git
from tests.harness.workflows import need_tool

Runs = Callable[..., Run]
UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a"


@pytest.fixture(scope="module")
def inside() -> Generator[Network]:
    """A network with loopback only."""
    with network() as made:
        yield made


@pytest.fixture
def act(inside: Network, tmp_path: Path) -> Runs:
    """Run one job with these steps, on a runner with this label."""
    need_tool("act")

    def run(*steps: dict[str, Any], label: str = HOSTED) -> Run:
        text = tmp_path / "files"
        file = text / ".github" / "workflows" / "file.yml"
        file.parent.mkdir(parents=True)
        job = {"runs-on": label, "steps": list(steps)}
        file.write_text(yaml.safe_dump({"name": "File", "on": ["push"], "jobs": {"job": job}}))
        runner = Act(inside, tmp_path, tmp_path, {})
        return runner.run(
            str(file.relative_to(text)), text, "push", {}, {"GITHUB_RUN_ID": "1", "GITHUB_TOKEN": WORKFLOW}
        )

    return run


def test_a_red_step_makes_the_run_red(act: Runs) -> None:
    """The steps after it do not run; what it has said is in the summary."""
    run = act(
        {"name": "Works", "run": "echo fine"},
        {"name": "Fails", "run": "echo the reason >>$GITHUB_STEP_SUMMARY; exit 3"},
        {"name": "Never", "run": "echo never"},
    )

    assert (False, {"job": "failure"}, ["Fails"]) == (run.green, run.jobs, run.red)
    assert "the reason" in run.summary
    assert ["Works", "Fails"] == [step.name for step in run.steps]


def test_a_green_run_is_green(act: Runs) -> None:
    """And the doubles say with which inputs they were called."""
    run = act({"uses": UPLOAD, "with": {"name": "report", "path": "a\nb"}})

    assert (True, {"job": "success"}, []) == (run.green, run.jobs, run.red)
    inputs = {"name": "report", "path": "a\nb", "if-no-files-found": "warn"}
    assert [{"action": "upload-artifact", "inputs": inputs, "job": "job", "environment": ""}] == run.calls


def test_there_is_time_to_read_what_a_red_step_said_last(act: Runs) -> None:
    """`act` alone goes on at once, and now and then without the reason."""
    run = act({"name": "Fails", "run": "echo the reason; exit 3"})

    assert ["Fails"] == run.red
    assert "the reason" in run.log
    assert run.steps[0].seconds > 0.3


def test_an_action_without_a_double_cannot_run(act: Runs) -> None:
    """Nothing is fetched."""
    run = act({"uses": "actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830", "with": {"path": "a"}})

    assert not run.green
    assert [] == run.calls


def test_a_label_without_a_runner_is_no_success(act: Runs) -> None:
    """A job that never ran would be green otherwise."""
    with pytest.raises(AssertionError, match="no runner has the label"):
        act({"run": "true"}, label="elsewhere")


def test_there_is_no_network(act: Runs) -> None:
    """Loopback is the only interface, and no address outside of it is reached."""
    alone = 'test "$(tail -n +3 /proc/net/dev | cut -d: -f1)" = "    lo"'
    out = "! said=$(bash -c 'exec 3<>/dev/tcp/192.0.2.1/80' 2>&1) && [[ $said == *'Network is unreachable'* ]]"
    run = act({"run": alone}, {"run": out})

    assert run.green, run.log


def test_a_job_knows_nothing_of_the_machine(act: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of whoever runs the tests are not inherited."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-machine")

    run = act({"run": 'test -z "$AWS_ACCESS_KEY_ID"'})

    assert run.green, run.log


def test_a_server_of_this_process_is_heard(inside: Network) -> None:
    """By programs in the network."""
    with inside.listening() as listening:
        port = listening.getsockname()[1]
        done = inside.run("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}")
        elsewhere = subprocess.run(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"], capture_output=True)

    assert (0, 1) == (done.returncode, elsewhere.returncode)


@pytest.fixture
def host(inside: Network, tmp_path: Path) -> Generator[Host]:
    """A host with one commit, and a job that may read and write."""
    with hosted(inside, tmp_path / "host") as made:
        commit_all(_clone(made, tmp_path / "first"), "First")
        git(tmp_path / "first", "push", "--quiet", str(made.bare), "HEAD:refs/heads/main")
        protect(made)
        made.job = lambda: Job("job", "dev", {"contents": "write", "id-token": "write"})
        yield made


def _clone(host: Host, folder: Path) -> Path:
    git(folder.parent, "clone", "--quiet", str(host.bare), str(folder))
    (folder / "file").write_text("first")
    return folder


def _push(inside: Network, host: Host, folder: Path, token: str, ref: str) -> int:
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Change")
    address = host.url.replace("//", f"//x-access-token:{token}@")
    return inside.run("git", "push", f"{address}/{host.github.name}", f"HEAD:{ref}", folder=folder).returncode


def test_a_push_is_noted_and_none_goes_to_the_default_branch(inside: Network, host: Host, tmp_path: Path) -> None:
    """Whoever pushes."""
    clone = tmp_path / "first"

    codes = [_push(inside, host, clone, token, "refs/heads/main") for token in (WORKFLOW, APP, PERSON)]

    assert [1, 1, 1] == codes
    assert [] == host.pushes
    assert 0 == _push(inside, host, clone, WORKFLOW, "refs/heads/a")
    assert [("github-actions[bot]", "refs/heads/a")] == [(push.login, push.ref) for push in host.pushes]


def test_the_token_of_a_job_does_what_the_job_says(inside: Network, host: Host, tmp_path: Path) -> None:
    """One that reads does not push; of a fork, none does; without `contents`, none reads."""
    clone, job = tmp_path / "first", host.job()
    address = f"{host.url.replace('//', f'//x-access-token:{WORKFLOW}@')}/{host.github.name}"

    for rights in ({"contents": "read"}, {}, of_a_fork(job).permissions):
        host.job = lambda rights=rights: Job("job", "", rights)
        assert 128 == _push(inside, host, clone, WORKFLOW, "refs/heads/b"), rights
        assert ("contents" in rights) == (0 == inside.run("git", "ls-remote", address).returncode)
    assert "refs/heads/b" not in host.refs()


def test_only_a_job_that_may_gets_a_token_to_be_known_by(inside: Network, host: Host) -> None:
    """It names the environment of the job."""
    ask = ("curl", "-sf", "-H", f"Authorization: Bearer {BEARER}", f"{host.url}/token?audience=a")
    allowed = inside.run(*ask).returncode
    host.job = lambda: Job("job", "dev", {"contents": "write"})

    assert (0, 22) == (allowed, inside.run(*ask).returncode)
    assert [("a", "repo:acme@1/churn@2:environment:dev")] == [(item["aud"], item["sub"]) for item in host.claims]


EVENTS = {
    "push": Event("push", {}, "", changed=("promotions/dev/churn.yaml", "src/a.py")),
    "other branch": Event("push", {}, "", "refs/heads/other", ("promotions/dev/churn.yaml",)),
    "code": Event("push", {}, "", changed=("src/a.py",)),
    "alarm": Event("repository_dispatch", {"action": "retrain"}, ""),
    "opened": Event("pull_request", {"action": "opened", "pull_request": {"base": {"ref": "main"}}}, ""),
    "closed": Event("pull_request", {"action": "closed", "pull_request": {"base": {"ref": "main"}}}, ""),
}


@pytest.mark.parametrize(
    ("on", "started"),
    [
        ({"push": {"branches": ["main"], "paths": ["promotions/**", "stack/**"]}}, {"push"}),
        ({"push": {"paths": ["promotions/*"]}}, set()),
        ({"push": ""}, {"push", "other branch", "code"}),
        ("push", {"push", "other branch", "code"}),
        ({"repository_dispatch": {"types": ["retrain"]}}, {"alarm"}),
        ({"repository_dispatch": {"types": ["promote"]}}, set()),
        ({"pull_request": "", "merge_group": ""}, {"opened"}),
        ({"pull_request": {"types": ["closed"]}}, {"closed"}),
        ({"workflow_dispatch": ""}, set()),
    ],
)
def test_a_file_is_started_by_what_it_says(on: Any, started: set[str]) -> None:
    """By branch, by path and by type."""
    assert started == {name for name, event in EVENTS.items() if starts(event, {"on": on})}


def test_what_is_not_modelled_is_said() -> None:
    """A filter that is ignored would start too much, or nothing."""
    with pytest.raises(NotImplementedError, match="tags"):
        starts(EVENTS["push"], {"on": {"push": {"tags": ["v*"]}}})
    with pytest.raises(NotImplementedError, match="not modelled"):
        matches("!docs/**", "docs/a")


def test_the_form_of_a_workflow_is_filled_in() -> None:
    """As the host does: defaults, and nothing unknown or missing."""
    asked = {"model": {"required": "true"}, "emergency": {"default": "false"}}
    workflow = {"on": {"workflow_dispatch": {"inputs": asked}}}

    assert {"model": "a", "emergency": "false"} == inputs_of(workflow, {"model": "a"})
    with pytest.raises(ValueError, match="required inputs: model"):
        inputs_of(workflow, {})
    with pytest.raises(ValueError, match="unexpected inputs: other"):
        inputs_of(workflow, {"model": "a", "other": "b"})


def test_the_files_use_what_the_doubles_know(rendered: Path) -> None:
    """Every action has a double, and no input is given that it does not have: a host would ignore it, and warn."""
    files = [*rendered.glob(".github/workflows/*.yml"), rendered / ".github" / "actions" / "setup" / "action.yml"]
    used = [step for file in files for step in _steps(yaml.load(file.read_text(), yaml.BaseLoader)) if "uses" in step]
    remote = [step for step in used if not step["uses"].startswith("./")]

    assert {"actions/checkout"} < {step["uses"].partition("@")[0] for step in remote} <= set(DOUBLES)
    for step in remote:
        double = ACTIONS / DOUBLES[step["uses"].partition("@")[0]] / "action.yml"
        known = yaml.load(double.read_text(), yaml.BaseLoader)["inputs"]
        assert set() == set(step.get("with", {})) - set(known), step["uses"]


def _steps(document: dict[str, Any]) -> list[dict[str, Any]]:
    jobs = [document["runs"]] if "runs" in document else list(document["jobs"].values())
    return [step for job in jobs for step in job["steps"]]

"""The `stackwright` command: exit codes, formats, help, and what it does not do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.errors import UserError
from tests.harness.command import interruptible, stackwright
from tests.harness.project import Toy

COMMANDS = ["register", "gate", "promote", "deploy", "rollback", "status", "verify", "monitor", "rehearse", "contract"]
COMMANDS += ["init", "plan", "bootstrap", "project", "ci"]
GROUPS = ["contract local", "contract pull", "contract check", "contract export", "project add"]
GROUPS += [f"ci {name}" for name in ("environments", "preview", "comment", "due", "propose", "issue", "dispatch")]
GROUPS += ["ci served", "ci monitor", "ci token", "ci setup"]
HEAVY = {
    "boto3",
    "copier",
    "matplotlib",
    "mlflow",
    "model_signing",
    "numpy",
    "pandas",
    "pulumi",
    "pydantic",
    "sqlalchemy",
    "yaml",
}


def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "pipelines.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_starting_up_imports_nothing_heavy() -> None:
    """`stackwright --help` imports none of the libraries that take long."""
    code = (
        "import sys; sys.argv = ['stackwright', '--help']\n"
        "from pipelines.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set() == HEAVY & set(json.loads(done.stdout.splitlines()[-1].replace("'", '"')))


@pytest.mark.parametrize("command", [*COMMANDS, *GROUPS])
def test_every_command_explains_itself(command: str) -> None:
    """Each command has help, and so has each of its options."""
    said = stackwright(*command.split(), "--help")

    assert 0 == said.code
    assert "Usage: stackwright" in said.out


def test_help_names_the_exit_codes_and_every_command() -> None:
    """The first page of help says which commands there are and what exit codes mean."""
    said = " ".join(stackwright("--help").out.split())

    assert [] == [command for command in COMMANDS if f"│ {command} " not in said]
    assert "0 done or nothing to do, 1 your input, 2 usage, 3 a bug, 4 blocked by a gate" in said


USAGE: dict[str, list[str]] = {
    "an unknown command": ["promot"],
    "an unknown option": ["promote", "--env", "prod", "--fast"],
    "a required option missing": ["promote"],
    "no reason": ["rollback", "--env", "prod"],
    "another format": ["status", "--format", "xml"],
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_exits_with_2(name: str) -> None:
    """What cannot be a call is told on standard error, with exit code 2."""
    said = stackwright(*USAGE[name])

    assert (2, "") == (said.code, said.out)
    assert "Usage: stackwright" in said.err


INPUT: dict[str, tuple[list[str], str]] = {
    "an unknown environment": (
        ["promote", "--env", "prd"],
        "stack/prd.json: not found; contracts exist for dev, prod, staging; did you mean `prod`?",
    ),
    "an unknown model": (["register", "--model", "cat"], ".stackwright.yaml: models: no `cat`; choose one of toy"),
    "nothing pinned in the source": (
        ["gate", "--env", "staging"],
        "promotions/dev/toy.yaml: not at the tip of the default branch; pin it in dev and commit first",
    ),
    "promotion into the first environment": (
        ["promote", "--env", "dev"],
        "stack/dev.json: promotes_from: none; packages come to dev by `stackwright register`",
    ),
    "registration further on": (
        ["register", "--env", "prod"],
        "stack/prod.json: promotes_from: `staging`; packages come to prod by `stackwright promote`",
    ),
    "a digest that was never there": (
        ["gate", "--env", "staging", "--digest", "sha256:abc"],
        "promotions/dev/toy.yaml: sha256:abc was never pinned in dev; promote it there first",
    ),
}


@pytest.mark.parametrize("name", INPUT)
def test_input_that_cannot_be_used_exits_with_1(name: str, toy: Toy) -> None:
    """One line on standard error says where, what and what to do; nothing else is printed."""
    words, problem = INPUT[name]

    said = stackwright(*words, "--project", toy.root)

    assert (1, "", [problem]) == (said.code, said.out, said.problems)


@pytest.mark.parametrize("name", INPUT)
def test_input_that_cannot_be_used_as_json(name: str, toy: Toy) -> None:
    """The same problem, for programs."""
    words, problem = INPUT[name]

    said = stackwright(*words, "--project", toy.root, "--format", "json")

    assert (1, {"results": [], "problems": [problem]}) == (said.code, said.document)


def test_outside_a_project(tmp_path: Path) -> None:
    """Without a project, in both formats, the message says how to name one."""
    problem = f"{tmp_path}: no .stackwright.yaml here or above; run this inside a project, or name one with --project"

    text = stackwright("register", "--project", tmp_path)
    document = stackwright("register", "--project", tmp_path, "--format", "json")

    assert (1, [problem]) == (text.code, text.problems)
    assert (1, {"results": [], "problems": [problem]}) == (document.code, document.document)


def test_the_whole_way_as_text_and_json(toy: Toy) -> None:
    """Every command that changes something says the same by line and by document, and 0 when there is nothing to do."""
    digest = str(toy.build(wrong_every=5))
    words = ["--project", toy.root, "--format", "json"]
    title = f"release 1 ({digest[:19]})"
    found = [stackwright("register", *words)]
    toy.commit("pin")
    found += [stackwright("gate", "--env", "staging", *words), stackwright("promote", "--env", "staging", *words)]
    toy.commit("pin")
    found += [stackwright("deploy", "--env", "staging", *words)]
    again = stackwright("deploy", "--env", "staging", "--project", toy.root)

    assert [0, 0, 0, 0] == [item.code for item in found]
    assert [[], [], [], []] == [item.document["problems"] for item in found]
    results = [item.document["results"][0] for item in found]
    assert [
        ("register", "done", "dev", "toy", f"{title} is registered and pinned in dev"),
        ("gate", "done", "staging", "toy", f"{title} in staging: may be pinned"),
        ("promote", "done", "staging", "toy", f"{title} is pinned in staging"),
    ] == [tuple(result[key] for key in ("command", "status", "environment", "model", "summary")) for result in results][
        :3
    ]
    assert [digest] * 4 == [result["data"].get("digest") or result["data"]["candidate"] for result in results]
    assert toy.serving("staging") == digest == results[3]["data"]["endpoint"]["digest"]
    assert (0, f"deploy: staging serves {title} at {results[3]['data']['endpoint']['url']}\n") == (
        again.code,
        again.out,
    )


def test_status_as_json(released: Toy) -> None:
    """`status` is a list with a row for each environment and model."""
    rows = stackwright("status", "--project", released.root, "--format", "json").document

    assert [("dev", "toy", 2), ("staging", "toy", 1), ("prod", "toy", 1)] == [
        (row["environment"], row["model"], row["release"]) for row in rows
    ]
    assert {"environment", "tier", "model", "release", "pinned", "serving", "url", "state"} == set(rows[0])


def test_verify_as_json(released: Toy) -> None:
    """`verify` lists what is wrong, in the document and by the exit code."""
    released.edit("promotions/prod/toy.yaml", release=0)

    said = stackwright("verify", "--project", released.root, "--format", "json")

    problem = "promotions/prod/toy.yaml: release: `0`: input should be greater than or equal to 1"
    assert (1, {"results": [], "problems": [problem]}) == (said.code, said.document)


@pytest.fixture
def pair(new_toy: Callable[..., Toy], tmp_path: Path) -> Toy:
    """A project of two models, both built."""
    toy = new_toy(tmp_path, models=("cat", "toy"))
    for name in ("cat", "toy"):
        toy.build(name, wrong_every=5 if name == "toy" else 6)
    yield toy
    toy.stop()


def test_one_bad_model_does_not_hide_the_other(pair: Toy) -> None:
    """Commands go through all models; the exit code is that of the worst."""
    (pair.root / "build/cat/extra").write_text("")

    said = stackwright("register", "--project", pair.root)

    assert 1 == said.code
    assert ["build/cat/extra: not in the manifest; remove it or package again"] == said.problems
    assert said.out.startswith("register: release 1 (")
    assert ["toy.yaml"] == [path.name for path in (pair.root / "promotions/dev").iterdir()]


def test_each_model_has_a_life_of_its_own(pair: Toy) -> None:
    """Models are registered, gated, promoted and deployed together; each has its own pin, release and server."""
    words = ["--project", pair.root]
    stackwright("register", *words)
    pair.commit("pin")
    codes = [stackwright(name, "--env", "staging", *words).code for name in ("gate", "promote")]
    pair.commit("pin")
    codes += [stackwright("deploy", "--env", "staging", *words).code]

    assert [0, 0, 0] == codes
    assert [pair.pin("staging", name)["digest"] for name in ("cat", "toy")] == [
        pair.serving("staging", name) for name in ("cat", "toy")
    ]
    assert 2 == len(pair.servers())


def test_a_model_that_left_the_project_is_no_longer_served(pair: Toy) -> None:
    """A model that is gone from settings and pins is stopped by the next deployment."""
    stackwright("register", "--project", pair.root)
    pair.commit("pin")
    stackwright("deploy", "--env", "dev", "--project", pair.root)
    content = yaml.safe_load((pair.root / ".stackwright.yaml").read_text())
    del content["models"]["cat"]
    pair.edit(".stackwright.yaml", models=content["models"])
    (pair.root / "promotions/dev/cat.yaml").unlink()
    pair.commit("no more cat")

    said = stackwright("deploy", "--env", "dev", "--project", pair.root)

    assert (0, "deploy: nothing is pinned in dev; its server is stopped") == (said.code, said.out.splitlines()[0])
    assert 1 == len(pair.servers())


def test_a_rollback_is_of_one_model(pair: Toy) -> None:
    """In a project of several models, a rollback without a model would be one too many."""
    said = stackwright("rollback", "--env", "dev", "--reason", "wrong", "--project", pair.root)

    problem = "--model: missing; a rollback is of one model: choose one of cat, toy"
    assert (1, [problem]) == (said.code, said.problems)


def test_a_bug_is_a_traceback_and_exits_with_3(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody can act on is shown as it is, with the request to report it."""
    monkeypatch.setattr("pipelines.release.register.read_package", lambda *_: 1 / 0)

    said = stackwright("register", "--project", toy.root)

    assert 3 == said.code
    assert "ZeroDivisionError" in said.err
    assert "this is a bug in stackwright; please report it with the lines above" == said.problems[-1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(
        [
            ".stackwright.yaml",
            "promotions/staging/toy.yaml",
            "promotions/refused.yaml",
            "stack/staging.json",
        ]
    ),
    content=st.one_of(
        st.binary(max_size=40),
        st.text(max_size=40).map(str.encode),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
            max_leaves=6,
        ).map(lambda value: json.dumps(value).encode()),
        st.sampled_from(
            [b"a: !!int x", b"? [a]\n: b", b"a: &a [*a]", b"a: !!set {b}", b"[" * 500, b"a: " + b"1" * 5000]
        ),
    ),
)
def test_no_content_of_a_file_is_a_bug(path: str, content: bytes, prepared_released: Toy) -> None:
    """Whatever stands in a file of a project, `verify` ends with lines for people, never with a traceback."""
    file = prepared_released.root / path
    before = file.read_bytes()
    try:
        file.write_bytes(content)
        said = stackwright("verify", "--project", prepared_released.root)
    finally:
        file.write_bytes(before)

    assert said.code in {0, 1, 4}, said.err
    assert "Traceback" not in said.err
    assert [] == [line for line in said.problems if not line.strip() or line != line.strip()]


@given(st.lists(st.text(max_size=10), max_size=4))
def test_problems_are_sorted_lines(problems: list[str]) -> None:
    """A user error lists its problems in order; its text is those lines."""
    error = UserError(problems)

    assert sorted(problems) == error.problems
    assert "\n".join(sorted(problems)) == str(error)


@pytest.mark.parametrize("command", ["gate", "deploy"])
def test_ctrl_c_leaves_nothing_half_done(command: str, released: Toy) -> None:
    """Interrupted while a scoring command or a starting server takes its time: no evidence, no server, exit 130."""
    slow = [sys.executable, "-c", "import time; time.sleep(60)", str(released.environments / "slow")]
    content = yaml.safe_load((released.root / ".stackwright.yaml").read_text())
    content["models"]["toy"] |= {"score": slow, "serve": slow}
    released.edit(".stackwright.yaml", models=content["models"])
    released.commit("slow")
    environment = "staging" if command == "gate" else "dev"
    words = interruptible(command, "--env", environment, "--project", released.root)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until(lambda: any("time.sleep(60)" in word for word in words_of_children(released)))
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert (130, "", "interrupted; run the command again to complete it\n") == (process.returncode, out, err)
    until(lambda: not words_of_children(released))
    assert not list((released.root / "promotions/evidence/staging").rglob(f"*{released.pin('dev')['digest'][7:]}*"))
    assert "" == released.git("status", "--porcelain")


def words_of_children(toy: Toy) -> list[str]:
    """Return the words of the command lines that run for a project's environments."""
    import psutil

    found = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [word for words in found for word in words if any(str(toy.environments / "slow") in item for item in words)]


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def test_nothing_reports_usage(toy: Toy) -> None:
    """The servers that a deployment starts are told not to report usage, whatever the caller's environment says."""
    toy.publish(wrong_every=5)
    environment = {
        name: value for name, value in os.environ.items() if name not in {"DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY"}
    }

    done = run("deploy", "--env", "dev", "--project", str(toy.root), env=environment)

    assert 0 == done.returncode, done.stderr
    told = toy.servers()[0].environ()
    assert ("true", "true") == (told["DO_NOT_TRACK"], told["MLFLOW_DISABLE_TELEMETRY"])

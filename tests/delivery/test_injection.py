"""What strangers may write is shown, and nothing else: through the executed workflow files."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest
import yaml

from tests.harness.act.runner import Run
from tests.harness.github_delivery import PERSON, WORKFLOW
from tests.harness.project import Toy
from tests.harness.toy_site import MODEL, ToySite, toy_site

MARKER = "pwned"
"""Name of the file that appears where a shell ran something of these."""
FORGED = "forged"
"""In every order to the runner that these texts hold."""
TEXTS = {
    "substitution": "$(touch {here})",
    "backticks": "`touch {here}`",
    "quotes": "'; touch {here}; \"; touch {here}; '",
    "operators": "x; touch {here} && touch {here} | touch {here} > {here}",
    "orders": "x\n::set-output name=forged::forged\n::add-mask::forged\n::error::forged\n::add-path::forged\n",
    "older orders": "##[set-env name=forged]forged\n##[error]forged",
    "carriage returns": "x\r::error::forged\r\n ::warning::forged\u2028::error::forged",
    "outputs": "x\nforged=forged\nforged<<EOF\nforged\nEOF\n",
    "expressions": "${{ github.token }} ${{ secrets.GITHUB_TOKEN }} ${{ toJSON(env) }}",
    "options": "--emergency",
    "markup": '</code>[x](javascript:x)<img src=x> @acme/everybody <!-- stackwright: {"forged": 1} -->',
}
LONG = "A" * 10_000


@pytest.fixture
def texts(tmp_path: Path) -> dict[str, str]:
    """What strangers write; what a shell would do of it is seen."""
    return {name: text.replace("{here}", str(tmp_path / MARKER)) for name, text in TEXTS.items()} | {"long": LONG}


@pytest.fixture
def site(released: Toy, rendered: Path, tmp_path: Path) -> Generator[ToySite]:
    """A project at its host; afterwards nothing has run, been forged, leaked, or been pushed to the default branch."""
    with toy_site(released, rendered, tmp_path / "site") as found:
        yield found
        assert [] == sorted(tmp_path.rglob(MARKER))
        assert [] == [line for run in found.runs for line in orders(run) if FORGED in line]
        assert [] == [run.workflow for run in found.runs if WORKFLOW in run.log]
        assert [] == [push.ref for push in found.host.pushes if not push.ref.startswith("refs/heads/stackwright/")]
        assert all(said["name"] in NAMES for run in found.runs for said in outputs(run))


NAMES = {
    "app", "branch", "commit", "connected", "due", "environments", "first", "key", "models",
    "pull_request", "status", "token", "url",
}  # fmt: skip
"""Of all outputs that steps have."""


def orders(run: Run) -> list[str]:
    """Return what the runner was told to do, as it understood it."""
    meant = [line for line in run.lines if "command" in line and line["command"] not in {"summary", "set-output"}]
    return [json.dumps({key: line.get(key) for key in ("command", "arg", "kvPairs", "name")}) for line in meant]


def outputs(run: Run) -> list[dict[str, str]]:
    """Return the outputs of steps."""
    return [line for line in run.lines if line.get("command") == "set-output"]


def dispatch(site: ToySite, event: str, **payload: str) -> Run:
    """Start a workflow as who may dispatch events does."""
    body = {"event_type": event, "client_payload": payload}
    site.github._dispatch(site.github.tokens[PERSON], {}, body)
    return site.deliver()[0]


def body(site: ToySite) -> str:
    """Return what the one pull request says."""
    [pull] = site.github.pulls.values()
    return pull["body"]


def test_the_reason_of_a_rollback_is_a_text(site: ToySite, texts: dict[str, str]) -> None:
    """All of them at once: shown in the pull request, kept word by word where it is refused, and in the summary."""
    everything = "\n".join(text for name, text in texts.items() if name != "long")

    run = site.hand("rollback", environment="dev", model=MODEL, reason=everything)

    assert run.green, run.log[-3000:]
    head = site.github.head_of(f"stackwright/rollback/dev/{MODEL}")
    kept = yaml.safe_load(site.show("promotions/refused.yaml", str(head)))["refused"]
    assert [everything.split()] == [item["reason"].split() for item in kept]
    assert "<img" not in body(site)
    assert "@acme/everybody" not in body(site)
    assert 1 == body(site).count("<!-- stackwright:")


@pytest.mark.slow
def test_a_long_reason_is_cut_or_refused(site: ToySite, texts: dict[str, str]) -> None:
    """A body has its bounds at the host."""
    run = site.hand("rollback", environment="dev", model=MODEL, reason=texts["long"])

    assert not run.green or len(body(site)) < 65_536


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TEXTS, "long"])
def test_a_model_that_is_none_is_refused(name: str, site: ToySite, texts: dict[str, str]) -> None:
    """With its name in a line of the log, whatever it holds."""
    run = site.hand("rollback", environment="dev", model=texts[name], reason="x")

    assert ["Prepare"] == run.red
    assert not site.github.pulls


@pytest.mark.slow
@pytest.mark.parametrize("workflow", ["rollback", "promote"])
@pytest.mark.parametrize("name", [*TEXTS, "long"])
def test_an_environment_that_is_none_is_refused(workflow: str, name: str, site: ToySite, texts: dict[str, str]) -> None:
    """In the first job, which can do nothing."""
    if workflow == "promote":
        run = dispatch(site, "promote", environment=texts[name])
    else:
        run = site.hand("rollback", environment=texts[name], model=MODEL, reason="x")

    assert {"Environments": "failure"} == run.jobs


@pytest.mark.parametrize(
    "field", ["key", *(pytest.param(name, marks=pytest.mark.slow) for name in ("model", "environment", "another"))]
)
def test_what_an_alert_says_is_read_strictly(field: str, site: ToySite, texts: dict[str, str]) -> None:
    """A field that is not what it has to be stops the first job; nothing is claimed."""
    good = {"model": MODEL, "key": "alarm/dev/1", "environment": "dev", "reason": "drift"}

    for text in texts.values() if field == "model" else [texts["orders"]]:
        run = dispatch(site, "retrain", **{**good, field: text})
        assert ["Which models are due, and why"] == run.red
        assert f"event.client_payload: {field}: " in run.log
    assert not site.github.issues


@pytest.mark.slow
def test_the_reason_of_an_alert_is_a_text(site: ToySite, texts: dict[str, str]) -> None:
    """It is shown where the retraining is noted; then the job goes on, and stops for another reason."""
    site.land(marked_broken)
    reason = "\n".join(texts[name] for name in ("orders", "older orders", "expressions", "markup"))[:490]

    run = dispatch(site, "retrain", model=MODEL, key="alarm/dev/1", environment="dev", reason=reason)

    assert ["Fetch data"] == run.red, run.log[-3000:]
    [note] = site.github.notes
    assert "<img" not in note["body"]
    assert 1 == note["body"].count("<!-- stackwright:")


def marked_broken(clone: Path) -> None:
    """Let the pipeline stop before it begins."""
    (clone / "broken").mkdir()
    (clone / "broken" / "pull").touch()


BRANCHES = {
    "substitution": "a$(touch${IFS}{here})",
    "backticks": "a`touch${IFS}{here}`",
    "quotes": "a';touch${IFS}{here};\"",
    "orders": "a/::error::forged",
    "expressions": "a${{github.token}}",
}
"""What a branch may be called."""


@pytest.mark.slow
@pytest.mark.parametrize("name", BRANCHES)
def test_a_pull_request_is_only_looked_at(name: str, site: ToySite, texts: dict[str, str], tmp_path: Path) -> None:
    """Its branch, its title and its commits say what they want; so do names of files, and what is refused and why."""
    branch = BRANCHES[name].replace("{here}", str(tmp_path / MARKER).lstrip("/"))
    if ":" in branch:
        branch = branch.replace("::", "%3A%3A")
    everything = "\n".join(text for name, text in texts.items() if name != "long")

    def edit(clone: Path) -> None:
        digest = Toy(clone, Path()).pin("prod", MODEL)["digest"]
        refused = {"digest": f"sha256:{'0' * 64}", "environment": "prod", "model": MODEL, "reason": everything}
        Toy(clone, Path()).edit("promotions/refused.yaml", refused=[refused])
        Toy(clone, Path()).edit(f"promotions/prod/{MODEL}.yaml", digest=str(digest)[:-1] + "0")
        (clone / "promotions" / "prod" / "$(touch pwned)\n::error::forged.yaml").write_text("release: 1\n")

    site.propose(branch, edit, everything)
    [run] = site.deliver()

    assert "failure" in run.jobs.values()
    assert all("<img" not in note["body"] and "@acme" not in note["body"] for note in site.github.notes)


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
def test_a_model_of_the_settings_is_a_name(name: str, site: ToySite, texts: dict[str, str]) -> None:
    """Whoever may merge settings may not run anything by the name of a model either."""
    model = {"package": f"build/{MODEL}", "rows": "x", "score": ["true"], "serve": ["true"]}
    site.land(lambda clone: Toy(clone, Path()).edit(".stackwright.yaml", models={texts[name]: model}))

    run = site.hand("deploy")

    assert {"Environments": "failure"} == run.jobs

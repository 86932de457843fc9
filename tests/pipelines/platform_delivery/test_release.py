"""A release: the tag, the version, the change log and the branch agree; then all of it is there at once."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from components.errors import UserError
from pipelines.platform_delivery.changelog import notes_of
from tests.harness.github_releases import TOKEN, Releases, github_releases
from tests.harness.scaffold import git
from tests.harness.workflows import ROOT

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.harness.command import Outcome
    from tests.pipelines.platform_delivery.conftest import Repository

LOG = """\
# Changelog

## [Unreleased]

## [1.2.3] - 2026-11-21

### Added

- Something `new`.

## [1.2.2] - 2026-11-01

- Old.
"""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Generator[Releases]:
    """The releases of the repository."""
    with github_releases() as found:
        yield found


@pytest.fixture
def tagged(repository: Repository, host: Releases, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A platform whose tip is tagged as 1.2.3, and built."""
    (repository.root / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "runtime.txt", repository.root / "requirements")
    (repository.root / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (repository.root / "CHANGELOG.md").write_text(LOG)
    repository.merge("Release")
    git(repository.root, "tag", "--annotate", "--message", "1.2.3", "v1.2.3")
    wheel = repository.root / "build" / "release" / "stackwright-1.2.3-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    wheel.write_bytes(b"wheel")
    monkeypatch.setenv("GITHUB_API_URL", host.url)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    return repository


def release(repository: Repository, tag: str = "v1.2.3") -> Outcome:
    """Do what the steps of the job do."""
    done = repository.ci("platform", "prepare", "--tag", tag)
    return repository.ci("platform", "release", "--tag", tag) if done.code == 0 else done


def test_a_release_says_what_is_new_and_which_pins_it_was_tested_with(tagged: Repository, host: Releases) -> None:
    """The file of pins is the repository's own, and the digests are of what hangs there."""
    done = release(tagged)
    (found,) = host.releases.values()
    pins = host.content["stackwright-1.2.3-pins.txt"]
    commit = git(tagged.root, "rev-parse", "HEAD")

    assert (0, "", "published") == (done.code, done.err, tagged.outputs["status"])
    assert ("v1.2.3", "1.2.3", False) == (found["tag_name"], found["name"], found["draft"])
    assert found["body"].startswith("### Added\n\n- Something `new`.")
    assert f"revision: {commit}" in found["body"]
    assert (ROOT / "requirements" / "runtime.txt").read_bytes() == pins
    about = json.loads(host.content["release.json"])
    assert (commit, f"sha256:{hashlib.sha256(pins).hexdigest()}") == (about["revision"], about["pins"])
    assert {"release.json", "stackwright-1.2.3-pins.txt", "stackwright-1.2.3-py3-none-any.whl"} == {
        line.split("  ")[1]
        for line in host.content["SHA256SUMS"].decode().splitlines()
        if hashlib.sha256(host.content[line.split("  ")[1]]).hexdigest() == line.split("  ")[0]
    }


def test_nobody_sees_half_of_it(tagged: Repository, host: Releases) -> None:
    """An upload breaks: it stays a draft, and the next run completes it."""
    host.fail_upload = "release.json"
    broken = release(tagged)
    (found,) = host.releases.values()
    assert (1, True) == (broken.code, found["draft"])

    assert 0 == release(tagged).code

    assert (1, False) == (len(host.releases), found["draft"])
    assert "wheel" == host.content["stackwright-1.2.3-py3-none-any.whl"].decode()
    assert "revision" in json.loads(host.content["release.json"])


def test_a_second_run_changes_nothing(tagged: Repository, host: Releases) -> None:
    """Whoever runs the job again gets the same release."""
    release(tagged)
    before = list(host.made)

    assert 0 == release(tagged).code
    assert (before, "unchanged") == (host.made, tagged.outputs["status"])


def test_what_is_published_is_never_changed(tagged: Repository, host: Releases) -> None:
    """Other files under the same version are refused."""
    release(tagged)
    (tagged.root / "build" / "release" / "stackwright-1.2.3-py3-none-any.whl").write_bytes(b"another")
    before = list(host.made)
    done = release(tagged)

    assert (1, before) == (done.code, host.made)
    assert "is published, with other files than these: SHA256SUMS, stackwright-1.2.3-py3-none-any.whl" in done.err


def test_files_go_to_the_host_itself_only(tagged: Repository, host: Releases) -> None:
    """The token is for no other address, whatever an answer says."""
    host.uploads_at = "http://127.0.0.2:1"
    done = release(tagged)

    assert 1 == done.code
    assert "names 127.0.0.2:1 for files" in done.err


def test_all_that_is_wrong_is_said_at_once(tagged: Repository, host: Releases) -> None:
    """The tag is on no merged commit, of another version, and the change log does not know it."""
    git(tagged.root, "commit", "--quiet", "--allow-empty", "--message", "Not merged")
    git(tagged.root, "tag", "v2.0.0")
    done = release(tagged, "v2.0.0")

    assert (1, []) == (done.code, host.made)
    assert [
        "--tag: v2.0.0 is on no commit of the default branch; tag one that was merged",
        "CHANGELOG.md: [2.0.0]: not found; it has Unreleased, 1.2.3, 1.2.2: rename `[Unreleased]`, and date it",
        "pyproject.toml: project.version: `1.2.3` is not `2.0.0` of the tag; set it first",
    ] == sorted(done.problems, key=str.lower)


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2", "v1.2.3-rc1", "--help", "v1.2.3; id", "v1.2.3\n::warning::x"])
def test_a_tag_that_is_no_version_is_no_release(tagged: Repository, host: Releases, tag: str) -> None:
    """Nor a command, nor an order to the runner."""
    done = tagged.ci("platform", "release", f"--tag={tag}")

    assert (1, []) == (done.code, host.made)
    assert "is not a version; write it like `v1.2.3`" in done.err
    assert not any(line.startswith("::") for line in done.err.splitlines())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (LOG.replace(" - 2026-11-21", ""), "has no date"),
        (LOG.replace("### Added\n\n- Something `new`.\n", ""), "is empty"),
        ("# Changelog\n", "not found; it has none"),
    ],
)
def test_a_version_without_notes_is_refused(text: str, problem: str) -> None:
    """Who updates wants to know what changes."""
    with pytest.raises(UserError, match=problem):
        notes_of(text, "1.2.3", "CHANGELOG.md")


def test_our_own_change_log_can_be_read() -> None:
    """The newest release's notes are what stands below its heading."""
    notes = notes_of((ROOT / "CHANGELOG.md").read_text(), "0.1.0", "CHANGELOG.md")

    assert notes.startswith("### Added")
    assert "## [" not in notes

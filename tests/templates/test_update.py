from __future__ import annotations

from pathlib import Path

import copier
import pytest
import yaml

from pipelines.project import Settings
from stacks.load import load
from tests.harness.scaffold import ROOT, Platform, commit_all, commit_template, git

RELEASES: list[dict[str, str]] = yaml.safe_load((ROOT / "templates" / "releases.yaml").read_text())["releases"]


def edit(project: Path) -> None:
    """Change a project as its owners do: text, a value, code, a file of their own."""
    (project / "README.md").write_text((project / "README.md").read_text() + "\nOur own words.\n")
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("trials: 20", "trials: 99"))
    (project / "src" / "churn" / "ours.py").write_text('"""Ours."""\n')
    commit_all(project, "Edit")


def update(platform: Platform, project: Path) -> None:
    """Run `copier update --vcs-ref <head>`, and see that it left no conflict."""
    edit(project)
    copier.run_update(project, vcs_ref=platform.commit, defaults=True, overwrite=True, quiet=True)
    git(project, "add", "--all")
    assert "<<<<<<<" not in git(project, "grep", "--cached", "-h", "-e", "", "--", ".")


def assert_current(platform: Platform, project: Path, fresh: Path) -> None:
    """The project is what the head renders, but for the edits."""
    platform.render(fresh)
    settings = load(project / ".stackwright.yaml", Settings)
    assert platform.commit == settings.revision
    assert "trials: 99" in (project / "params.yaml").read_text()
    assert (project / "README.md").read_text().endswith("\nOur own words.\n")
    assert (project / "src" / "churn" / "ours.py").is_file()
    edited = {"README.md", "params.yaml", "src/churn/ours.py"}
    for path in set(git(fresh, "ls-files").splitlines()) - edited:
        assert (fresh / path).read_text() == (project / path).read_text(), path


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: str(release["version"]))
def test_a_project_of_each_release_can_be_updated(
    release: dict[str, str], whole_platform: Platform, tmp_path: Path
) -> None:
    """From the release's full commit to the head's, without tags; what people changed is kept."""
    project = whole_platform.render(tmp_path / "churn", commit=release["commit"])

    update(whole_platform, project)

    assert_current(whole_platform, project, tmp_path / "fresh")


def test_a_change_of_the_template_reaches_a_project(tmp_path: Path) -> None:
    """From the head to one commit after it: new files come, changed lines change, edits stay."""
    source = tmp_path / "platform"
    before = Platform(source, commit_template(source))
    project = before.render(tmp_path / "churn")
    template = source / "templates" / "project"
    (template / "new.txt").write_text("new\n")
    makefile = template / "Makefile.jinja"
    makefile.write_text(makefile.read_text().replace("## Run the tests.", "## Run all the tests."))
    commit_all(source, "Change the template")
    after = Platform(source, git(source, "rev-parse", "HEAD"))

    update(after, project)

    assert_current(after, project, tmp_path / "fresh")
    assert "## Run all the tests." in (project / "Makefile").read_text()
    assert "new\n" == (project / "new.txt").read_text()


def test_releases_are_full_commits_of_this_history(whole_platform: Platform) -> None:
    """An abbreviated commit could not be fetched, and one of another history not be updated from."""
    for release in RELEASES:
        git(whole_platform.source, "merge-base", "--is-ancestor", release["commit"], whole_platform.commit)
        assert 40 == len(release["commit"])

"""A release of the platform: a tag, its notes, and the hashed pins that it was tested with."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines import writes
from pipelines.delivery.job import write_summary
from pipelines.delivery.report import Report
from pipelines.platform_delivery.changelog import notes_of
from pipelines.project import git
from pipelines.release.evidence import digest_of
from stacks.contract import CONTRACT_VERSION
from stacks.platform import PLATFORM_VERSION

if TYPE_CHECKING:
    from pipelines.hosts.github_releases import GithubReleases, Release

TAG = re.compile(r"v(\d{1,6}\.\d{1,6}\.\d{1,6})")
PINS = Path("requirements/runtime.txt")
SUMS = "SHA256SUMS"
ABOUT = "release.json"
HOW = """\
## How projects get it

`make update` in a project, or by hand in its `.stackwright.yaml`:

```yaml
revision: {commit}
```

`make setup` then installs this commit with exactly the pins in `{pins}`; a file whose hash differs is refused."""


@dataclass(frozen=True)
class Checked:
    """A tag that may be released."""

    tag: str
    version: str
    commit: str
    notes: str


def check(root: Path, tag: str) -> Checked:
    """See that a tag is a release: its name, the version, the change log and the branch agree.

    Raises:
        UserError: They do not; all that is wrong at once.
    """
    found = TAG.fullmatch(tag)
    if found is None:
        shown = "".join(sign for sign in tag[:60] if sign.isprintable())
        raise UserError(f"--tag: `{shown}` is not a version; write it like `v1.2.3`")
    problems = list[str]()
    commit = git(root, "rev-parse", "--verify", f"refs/tags/{tag}^{{commit}}").strip()
    if commit != git(root, "rev-parse", "HEAD").strip():
        problems.append(f"--tag: {tag} is {commit[:12]}, and not what is checked out")
    known = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if known != found[1]:
        problems.append(f"pyproject.toml: project.version: `{known}` is not `{found[1]}` of the tag; set it first")
    if not _merged(root, commit):
        problems.append(f"--tag: {tag} is on no commit of the default branch; tag one that was merged")
    notes = ""
    try:
        notes = notes_of((root / "CHANGELOG.md").read_text("utf-8"), found[1], "CHANGELOG.md")
    except UserError as error:
        problems += error.problems
    if problems:
        raise UserError(problems)
    return Checked(tag, found[1], commit, notes)


def prepare(root: Path, tag: str, folder: Path) -> Report:
    """Write what a release is made of: notes, pins, a document about it, and the digests of all of them."""
    checked = check(root, tag)
    pins = (root / PINS).read_bytes()
    name = f"stackwright-{checked.version}-pins.txt"
    about = {
        "version": checked.version,
        "revision": checked.commit,
        "pins": digest_of(pins),
        "contract_version": CONTRACT_VERSION,
        "platform_version": PLATFORM_VERSION,
    }
    files = {name: pins, ABOUT: f"{json.dumps(about, indent=2)}\n".encode()}
    files |= {path.name: path.read_bytes() for path in sorted(folder.glob("*.whl"))}
    sums = "".join(f"{digest_of(content).removeprefix('sha256:')}  {each}\n" for each, content in sorted(files.items()))
    for each, content in {**files, SUMS: sums.encode()}.items():
        writes.replace_file(folder / each, content)
    body = f"{checked.notes}\n\n{HOW.format(commit=checked.commit, pins=name)}\n"
    writes.replace_file(folder / "notes.md", body.encode())
    write_summary(body)
    lines = [f"{tag}: {checked.commit}", *(f"  {each}" for each in [*sorted(files), SUMS])]
    return Report(command="platform prepare", lines=lines, data=about)


def publish(root: Path, releases: GithubReleases, tag: str, folder: Path) -> Report:
    """Publish what was prepared, all of it at once: a draft gets the files, and is then shown. Twice is once."""
    checked = check(root, tag)
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "notes.md"}
    body = (folder / "notes.md").read_text("utf-8")
    found = releases.find(tag)
    if found and not found.draft:
        _same(found, files)
        return _report("unchanged", checked, found)
    draft = found or releases.draft(tag, checked.version, body)
    for name, content in files.items():
        if draft.files.get(name, (0, None))[1] != digest_of(content):
            releases.attach(draft, name, content)
    return _report("published", checked, releases.edit(draft, checked.version, body, draft=False))


def _same(found: Release, files: dict[str, bytes]) -> None:
    """Refuse a release that says something else: what was published is never changed."""
    missing = [name for name in files if name not in found.files]
    other = [
        name
        for name, (_, digest) in found.files.items()
        if name not in files or (digest and digest != digest_of(files[name]))
    ]
    if missing or other:
        said = ", ".join(sorted([*missing, *other]))
        raise UserError(f"{found.url}: is published, with other files than these: {said}; release a new version")


def _merged(root: Path, commit: str) -> bool:
    """Whether a commit is one of the default branch, as the remote has it."""
    branch = os.environ.get("DEFAULT_BRANCH") or "main"
    if not re.fullmatch(r"[\w./-]+", branch):
        raise UserError("DEFAULT_BRANCH: not the name of a branch")
    try:
        git(root, "merge-base", "--is-ancestor", commit, f"refs/remotes/origin/{branch}")
    except UserError:
        return False
    return True


def _report(status: str, checked: Checked, release: Release) -> Report:
    line = f"{checked.tag}: {status}: {release.url}"
    outputs = {"status": status, "url": release.url}
    return Report(command="platform release", lines=[line], outputs=outputs, summary=f"{line}\n")

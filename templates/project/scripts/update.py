"""Move this project to the newest platform: its last release, or the tip of its default branch before the first one."""

from __future__ import annotations

import re
import subprocess
import sys

from install_platform import CONFIG, VENV, credential, fetch, git, source_and_revision, without_token

RELEASE = re.compile(r"([0-9a-f]{40})\trefs/tags/v(\d+)\.(\d+)\.(\d+)(\^\{\})?")


def newest(listing: str) -> str | None:
    """Return the commit of the last release in what `git ls-remote` says, or of HEAD where there is none."""
    releases = [found for found in map(RELEASE.fullmatch, listing.splitlines()) if found]
    if releases:
        # An annotated tag is listed twice; the commit that it is of has `^{}`.
        return max(releases, key=lambda found: (*map(int, found.group(2, 3, 4)), bool(found[5])))[1]
    head = re.search(r"^([0-9a-f]{40})\tHEAD$", listing, re.MULTILINE)
    return head[1] if head else None


def wanted(source: str, revision: str) -> str | None:
    """Return the commit to move to; none where this project is there, or further."""
    listed = git("ls-remote", source, "HEAD", "refs/tags/v*", **credential(source))
    found = newest(listed.stdout)
    if found is None:
        raise SystemExit(f"{CONFIG}: platform: {source} does not say its releases\n{listed.stderr.strip()}")
    refused = fetch(source, found)
    if refused is not None:
        raise SystemExit(f"{CONFIG}: platform: {source} does not give {found}\n{refused}")
    behind = git("merge-base", "--is-ancestor", found, revision).returncode
    return found if behind else None


def main() -> None:
    """Run `copier update`, unless there is nothing newer."""
    source, revision = source_and_revision()
    commit = wanted(source, revision)
    if commit is None:
        sys.stdout.write(f"{revision} is the newest\n")
        return
    copier = [str(VENV / "bin" / "copier"), "update", "--defaults", "--vcs-ref", commit]
    environment = without_token() | {"GIT_TERMINAL_PROMPT": "0"} | credential(source)
    sys.exit(subprocess.run(copier, check=False, env=environment).returncode)


if __name__ == "__main__":
    main()

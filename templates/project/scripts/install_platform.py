"""Install the platform's command into `.stackwright`, at exactly the revision that `.stackwright.yaml` names.

STACKWRIGHT_SOURCE overrides where it comes from, never which commit it is. Where its repository is private, the token
in PLATFORM_TOKEN reads it: git gets it as a variable of one command, so that no address, file or log has it.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import yaml

CONFIG = Path(".stackwright.yaml")
HOME = Path(".stackwright")
CHECKOUT = HOME / "platform"
VENV = HOME / "venv"
READY = VENV / ".revision"
TOKEN = "PLATFORM_TOKEN"
SHORT = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/", "git+": ""}


def source_and_revision() -> tuple[str, str]:
    """Return where the platform is and which commit is wanted, or say what is wrong with either."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    revision = str(config.get("revision"))
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise SystemExit(f"{CONFIG}: revision: `{revision}` is not a full commit; render from a git repository")
    source = os.environ.get("STACKWRIGHT_SOURCE") or str(config.get("platform"))
    for prefix, address in SHORT.items():
        if source.startswith(prefix):
            source = address + source.removeprefix(prefix)
    remote = re.match(r"[a-z][a-z0-9+.-]*://|[^/]+@[^/:]+:", source)
    if not remote and not Path(source).expanduser().is_absolute():
        raise SystemExit(
            f"{CONFIG}: platform: `{source}` is a relative path, which means another place in every checkout; "
            "use a URL or an absolute path, or set STACKWRIGHT_SOURCE"
        )
    return source if remote else str(Path(source).expanduser()), revision


def without_token() -> dict[str, str]:
    """Return the variables of this process but the token, which is for git alone."""
    return {name: value for name, value in os.environ.items() if name != TOKEN}


def credential(source: str) -> dict[str, str]:
    """Return the variables by which git signs in to where the platform is, and nowhere else; none without a token."""
    token = os.environ.get(TOKEN)
    address = urlsplit(source)
    if not token or address.scheme not in {"http", "https"}:
        return {}
    if address.scheme == "http" and address.hostname not in {"127.0.0.1", "localhost"}:
        raise SystemExit(f"{CONFIG}: platform: `{source}` would get {TOKEN} in the clear; use https")
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    place = f"http.{address.scheme}://{address.netloc.rpartition('@')[2]}/"
    settings = {
        f"{place}.extraHeader": f"Authorization: Basic {basic}",
        f"{place}.followRedirects": "false",
        "credential.helper": "",
    }
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    variables = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (name, value) in enumerate(settings.items(), start=first):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def git(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run git in the platform's checkout; nobody is asked for a password."""
    environment = without_token() | {"GIT_TERMINAL_PROMPT": "0"} | variables
    command = ["git", "-C", str(CHECKOUT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def fetch(source: str, revision: str) -> str | None:
    """Bring one commit, with its history, into the checkout; return what git says when it cannot be had."""
    wanted = revision + "^{commit}"
    if git("cat-file", "-e", wanted).returncode == 0:
        return None
    fetched = git("fetch", "--quiet", "--no-tags", source, revision, **credential(source))
    missing = fetched.returncode or git("cat-file", "-e", wanted).returncode
    return fetched.stderr.strip() if missing else None


def check_out(source: str, revision: str) -> None:
    """Bring exactly one commit into the checkout."""
    CHECKOUT.mkdir(parents=True, exist_ok=True)
    if not (CHECKOUT / ".git").is_dir():
        git("init", "--quiet")
    refused = fetch(source, revision)
    if refused is not None:
        known = os.environ.get(TOKEN)
        hint = f", or {TOKEN} may not read it any more" if known else f"; if it is private, set {TOKEN}"
        raise SystemExit(f"{CONFIG}: revision: {source} does not hold {revision}{hint}\n{refused}")
    done = git("checkout", "--quiet", "--force", "--detach", revision)
    if done.returncode:
        raise SystemExit(f"{CHECKOUT}: cannot check out {revision}\n{done.stderr.strip()}")


def install(uv: str) -> None:
    """Make an environment of exactly that revision's pins, and nothing else."""
    pins = CHECKOUT / "requirements" / "runtime.txt"
    pip = [uv, "pip"]
    into = ["--quiet", "--python", str(VENV)]
    own = {name: value for name, value in without_token().items() if name != "VIRTUAL_ENV"}
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)],
        [*pip, "sync", *into, "--require-hashes", str(pins)],
        [*pip, "install", *into, "--no-deps", "--no-build-isolation", "--editable", str(CHECKOUT)],
    ):
        if subprocess.run(command, check=False, env=own).returncode:
            raise SystemExit(f"{VENV}: could not be made: {' '.join(command)}")


def main() -> None:
    """Do what is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", default="uv", help="the uv to install with")
    uv = parser.parse_args().uv
    source, revision = source_and_revision()
    if READY.is_file() and READY.read_text(encoding="utf-8") == revision:
        return
    READY.unlink(missing_ok=True)
    check_out(source, revision)
    install(shutil.which(uv) or uv)
    READY.write_text(revision, encoding="utf-8")


if __name__ == "__main__":
    main()

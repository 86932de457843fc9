"""How git signs in at the host of a job: for one command, by variables; nothing is written into the clone."""

from __future__ import annotations

import base64
import os
import re


def git_variables() -> dict[str, str]:
    """Return the variables for git: those of this process, and in a job the token for its own host.

    A checkout that keeps no credentials needs nothing else; the token is not among the words of any command.
    """
    quiet = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    server, token = os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_TOKEN", "")
    if not token or os.environ.get("GITHUB_ACTIONS") != "true" or not re.fullmatch(r"https?://[A-Za-z0-9.:-]+", server):
        return quiet
    words = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    return quiet | {
        "GIT_CONFIG_COUNT": str(count + 1),
        f"GIT_CONFIG_KEY_{count}": f"http.{server}/.extraheader",
        f"GIT_CONFIG_VALUE_{count}": f"AUTHORIZATION: basic {words}",
    }

"""The shell of SeaweedFS 4.44, as far as the Jobs of ours use it: what was read in its source.

A command that fails says so and ends well; users are printed with their keys; rights and keys are added to those that
are there; a bucket that is made again forgets what it was (weed/shell/command_s3_configure.go, command_s3_bucket_*.go).
Who may do what is decided as in weed/s3api/auth_credentials.go (`CanDo`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Weed:
    """A store whose shell is a program in a folder."""

    folder: Path
    """Where the program and its state are."""

    @classmethod
    def install(cls, folder: Path) -> Weed:
        """Make an empty store."""
        (folder / "weed").write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} "$0" "$@"\n')
        (folder / "weed").chmod(0o755)
        made = cls(folder)
        made.keep({"users": {}, "buckets": {}, "made": [], "arguments": []})
        return made

    @property
    def state(self) -> dict[str, Any]:
        """What is in the store."""
        return json.loads((self.folder / "state.json").read_text())

    def keep(self, state: Mapping[str, Any]) -> None:
        """Put something else into the store."""
        (self.folder / "state.json").write_text(json.dumps(state))

    def run(self, job: Mapping[str, Any], values: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the container of a Job to its end; `values` are those of its Secret."""
        (container,) = job["spec"]["template"]["spec"]["containers"]
        variables = {item["name"]: item["value"] for item in container["env"]}
        if "envFrom" in container:
            variables |= values
        return subprocess.run(
            container["command"],
            env={**variables, "PATH": f"{self.folder}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def may(self, user: str, action: str, path: str) -> bool:
        """Return whether a user may do something at `bucket/key`; a listing asks with its prefix as the key."""
        bucket = path.partition("/")[0]
        return any(
            re.fullmatch(re.escape(right).replace(r"\*", ".*").replace(r"\?", "."), f"{action}:{path}")
            if re.search(r"[*?]", right)
            else right in {action, f"{action}:{bucket}"}
            for right in self.state["users"].get(user, {}).get("actions", [])
        )


def _answer(state: dict[str, Any], command: str, given: dict[str, str]) -> str:
    users, buckets, name = state["users"], state["buckets"], given.get("name", "")
    match command:
        case "s3.configure" if "user" not in given:
            return json.dumps(users)
        case "s3.configure" if "delete" in given and given["user"] not in users:
            return f"error: failed to delete user {given['user']}: not found"
        case "s3.configure" if "delete" in given:
            return str(users.pop(given["user"]) and "")
        case "s3.configure":
            user = users.setdefault(given["user"], {"actions": [], "keys": {}})
            user["actions"] += [right for right in given["actions"].split(",") if right not in user["actions"]]
            user["keys"][given["access_key"]] = given["secret_key"]
            return json.dumps(user)
        case "s3.bucket.list":
            return "\n".join(f"  {bucket}\tsize:0\tchunk:0" for bucket in buckets)
        case "s3.bucket.create":
            buckets[name] = "Unconfigured"
            state["made"].append(name)
            return f"created bucket {name}"
        case "s3.bucket.versioning" if name not in buckets:
            return f"error: lookup bucket {name}: not found"
        case "s3.bucket.versioning" if "enable" in given:
            buckets[name] = "Enabled"
            return f"Bucket {name} versioning set to Enabled"
        case "s3.bucket.versioning":
            return f"Bucket: {name}\nVersioning: {buckets[name]}"
        case _:
            return f"unknown command: {command}"


def _shell(program: str, arguments: list[str]) -> None:
    store = Weed(Path(program).parent)
    state = store.state
    state["arguments"] += arguments
    for line in sys.stdin.read().splitlines():
        for whole in line.split(";"):
            command, *flags = whole.split()
            pairs = (flag.lstrip("-").partition("=") for flag in flags)
            print(_answer(state, command, {name: value for name, _, value in pairs}))  # noqa: T201
    store.keep(state)


if __name__ == "__main__":
    _shell(sys.argv[1], sys.argv[2:])

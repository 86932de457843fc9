"""Stands in for the program `pulumi`: notes what it is asked, and answers as if it had been done.

A program of its own, of the standard library alone; PULUMI_CALLS is where it notes, PULUMI_FAILS what it fails at.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

NOTED = ("preview", "up", "refresh")
SUMMARY = {"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": {"same": 1}, "PolicyPacks": {}}

DONE = {
    "kind": "update",
    "startTime": "2026-11-21T12:00:00.000Z",
    "endTime": "2026-11-21T12:00:01.000Z",
    "message": "",
    "environment": {},
    "config": {},
    "result": "succeeded",
}


def main(words: list[str]) -> int:
    """Answer one command; options are written `--name value` and `--name=value`."""
    words = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    options = dict(zip(words, [*words[1:], ""], strict=True))
    verb = next((word for word in words if word in {*NOTED, "version", "stack"}), "")
    if verb == "version":
        sys.stdout.write("v3.180.0\n")  # of which events are written to a file
    elif verb == "stack":
        listed = [{"name": path.name.split(".")[1]} for path in Path().glob("Pulumi.*.yaml")]
        sys.stdout.write(json.dumps(listed if "ls" in words else [DONE] if "history" in words else {}))
    elif verb in NOTED:
        return run(verb, options)
    return 0


def run(verb: str, options: dict[str, str]) -> int:
    """Do as if a stack were run; a plan is written by a preview, and read by an update."""
    told = f"{verb} {options['--stack']} by {os.environ.get('AWS_ACCESS_KEY_ID', 'nobody')}"
    with Path(os.environ["PULUMI_CALLS"]).open("a") as file:
        file.write(f"{told} in {os.environ['PULUMI_BACKEND_URL']}\n")
    if told.startswith(os.environ.get("PULUMI_FAILS") or "nothing"):
        sys.stderr.write("error: access denied\n")
        return 255
    if verb == "preview":
        Path(options["--save-plan"]).write_text(options["--stack"])
    if verb == "up" and Path(options["--plan"]).read_text() != options["--stack"]:
        return 255
    Path(options["--event-log"]).write_text(json.dumps({"sequence": 1, "timestamp": 1, "summaryEvent": SUMMARY}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

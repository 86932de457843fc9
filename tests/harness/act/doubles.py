"""What the doubles of actions do, by the name of the action; each notes first what it was called with.

A program of its own, of the standard library alone: jobs run it.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from xml.etree import ElementTree

HERE = Path.cwd()
STS = "{https://sts.amazonaws.com/doc/2011-06-15/}"


def main(action: str) -> None:
    """Note the call, and do what the action does."""
    inputs = json.loads(os.environ["INPUTS"])
    told = {"action": action, "inputs": inputs, "job": os.environ["GITHUB_JOB"]}
    told["environment"] = os.environ.get("ENVIRONMENT", "")
    with Path(os.environ["DOUBLES_CALLS"]).open("a") as file:
        file.write(json.dumps(told) + "\n")
    {
        "checkout": checkout,
        "setup-uv": setup_uv,
        "configure-aws-credentials": configure_aws_credentials,
        "upload-artifact": upload_artifact,
    }[action](inputs)


def checkout(inputs: dict[str, str]) -> None:
    """Clone the commit of the event, shallow unless the whole history is asked for."""
    server, commit, ref = (os.environ[f"GITHUB_{name}"] for name in ("SERVER_URL", "SHA", "REF"))
    words = base64.b64encode(f"x-access-token:{inputs['token']}".encode()).decode()
    header = (f"http.{server}/.extraheader", f"AUTHORIZATION: basic {words}")
    git("init", "--quiet", "--initial-branch", "main")
    git("remote", "add", "origin", f"{server}/{inputs['repository']}")
    there = ref.replace("refs/heads/", "refs/remotes/origin/").replace("refs/pull/", "refs/remotes/pull/")
    everything = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
    depth = inputs["fetch-depth"]
    if depth == "0":
        git("fetch", "--quiet", "--prune", "origin", *everything, sign_in=header)
    shallow = [] if depth == "0" else [f"--depth={depth}", "--no-tags"]
    git("fetch", "--quiet", *shallow, "origin", f"+{commit}:{there}", sign_in=header)
    branch = ["-B", ref.removeprefix("refs/heads/")] if ref.startswith("refs/heads/") else ["--detach"]
    git("checkout", "--quiet", "--force", *branch, there)
    if inputs["persist-credentials"] == "true":
        git("config", *header)


def git(*words: str, sign_in: tuple[str, str] | None = None) -> None:
    """Run git where the job works."""
    variables = {"GIT_TERMINAL_PROMPT": "0"}
    if sign_in:
        variables |= dict(zip(("GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"), sign_in, strict=True))
        variables["GIT_CONFIG_COUNT"] = "1"
    subprocess.run(["git", *words], env={**os.environ, **variables}, check=True)


def setup_uv(_: dict[str, str]) -> None:
    """Bring back what a cache would: both environments, as they were set up once; uv itself is there already."""
    for name in (".venv", ".stackwright"):
        (HERE / name).symlink_to(Path(os.environ["DOUBLES_PREPARED"]) / name)
    with (HERE / ".git" / "info" / "exclude").open("a") as file:
        file.write(".venv\n.stackwright\n")


def configure_aws_credentials(inputs: dict[str, str]) -> None:
    """Take the role at AWS by the token that the host gives to this job."""
    url, bearer = (os.environ[f"ACTIONS_ID_TOKEN_REQUEST_{part}"] for part in ("URL", "TOKEN"))
    asking = urllib.request.Request(f"{url}&audience=sts.amazonaws.com", headers={"Authorization": f"Bearer {bearer}"})
    with urllib.request.urlopen(asking, timeout=10) as answer:
        token = json.load(answer)["value"]
    role = inputs["role-to-assume"]
    if role.split(":")[4] != inputs["allowed-account-ids"]:
        raise SystemExit(f"{role}: not in account {inputs['allowed-account-ids']}")
    wish = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "WebIdentityToken": token}
    wish |= {"RoleArn": role, "RoleSessionName": inputs["role-session-name"]}
    body = urllib.parse.urlencode(wish).encode()
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"], body, timeout=10) as answer:
        said = ElementTree.fromstring(answer.read())
    found = {name: said.findtext(f".//{STS}{name}") for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
    variables = {
        "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
        "AWS_SESSION_TOKEN": found["SessionToken"],
        "AWS_REGION": inputs["aws-region"],
        "AWS_DEFAULT_REGION": inputs["aws-region"],
    }
    with Path(os.environ["GITHUB_ENV"]).open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in variables.items())


def upload_artifact(inputs: dict[str, str]) -> None:
    """Keep files and folders under the name of the artifact."""
    kept = Path(os.environ["DOUBLES_ARTIFACTS"]) / inputs["name"]
    found = [HERE / line for line in inputs["path"].split("\n") if line and (HERE / line).exists()]
    if not found and inputs["if-no-files-found"] == "error":
        raise SystemExit(f"{inputs['path']}: no files were found")
    for path in found:
        if path.is_dir():
            shutil.copytree(path, kept / path.name, dirs_exist_ok=True)
        else:
            kept.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, kept)


if __name__ == "__main__":
    main(sys.argv[1])

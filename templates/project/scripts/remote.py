"""Point DVC at the data remote that an environment's contract names, in `.dvc/config.local` only."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path


def remote(environment: str) -> tuple[str, str | None]:
    """Return the address of the data remote as DVC wants it, and where its S3 API is unless that is Amazon's."""
    contract = Path("stack") / f"{environment}.json"
    if not contract.is_file():
        raise SystemExit(f"{contract}: missing; not connected to {environment} yet: run `stackwright contract pull`")
    document = json.loads(contract.read_text(encoding="utf-8"))
    address = str(document["data_remote"]["uri"])
    if address.startswith("s3://") and find_spec("dvc_s3") is None:
        raise SystemExit(f"{contract}: data_remote.uri: `{address}` needs `uv sync --locked --extra s3`")
    return address.removeprefix("file://"), document["artifact_store"].get("endpoint")


def main() -> None:
    """Write the remote."""
    address, endpoint = remote(sys.argv[1])
    dvc = [str(Path(sys.executable).with_name("dvc")), "remote"]
    subprocess.run([*dvc, "add", "--quiet", "--local", "--force", "--default", "stack", address], check=True)
    if endpoint and address.startswith("s3://"):
        subprocess.run([*dvc, "modify", "--quiet", "--local", "stack", "endpointurl", endpoint], check=True)


if __name__ == "__main__":
    main()

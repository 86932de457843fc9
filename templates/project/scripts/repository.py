"""Say which repository an environment's contract has for images of this project."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def repository(environment: str) -> str:
    """Return the address of the repository, without a tag."""
    contract = Path("stack") / f"{environment}.json"
    if not contract.is_file():
        raise SystemExit(f"{contract}: missing; not connected to {environment} yet: run `stackwright contract pull`")
    registry = json.loads(contract.read_text(encoding="utf-8")).get("container_registry")
    if registry is None:
        raise SystemExit(f"{contract}: container_registry: none; {environment} runs no images")
    return str(registry["uri"])


def main() -> None:
    """Print it."""
    print(repository(sys.argv[1]))


if __name__ == "__main__":
    main()

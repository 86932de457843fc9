"""Say what a package was made with: digests of the lock and of the list of libraries, for the evidence."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

LOCK = Path("uv.lock")
SBOM = Path("build/sbom.json")
SUPPLY = Path("build/supply.json")


def digest(path: Path) -> str:
    """Return the digest of a file."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def main() -> None:
    """Write it."""
    components = len(json.loads(SBOM.read_text(encoding="utf-8"))["components"])
    supply = {"lock": digest(LOCK), "sbom": digest(SBOM), "components": components}
    SUPPLY.write_text(json.dumps(supply, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

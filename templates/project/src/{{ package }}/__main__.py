"""What an image of this project does: `fetch` a package and verify it, or `serve` one."""

from __future__ import annotations

import sys

USAGE = "say `fetch` or `serve`, and --help for what each wants"


def main() -> None:
    """Run one of the two; each imports only what it needs."""
    command = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if command == "fetch":
        from .fetch import main as run
    elif command == "serve":
        from .serve import main as run
    else:
        raise SystemExit(USAGE)
    run()


if __name__ == "__main__":
    main()

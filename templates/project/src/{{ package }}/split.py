"""Stage `split`: hold rows out by a hash of their key, so that a row never changes sides when data grows."""

from __future__ import annotations

from hashlib import blake2b

import pandas as pd

from . import config, paths, schema


def position(key: str, salt: str) -> float:
    """Return where a key falls between 0 and 1, for good."""
    digest = blake2b(f"{salt}\n{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def is_test(key: str, settings: config.Split) -> bool:
    """Say whether a row is held out."""
    return position(key, settings.salt) < settings.test_share


def main() -> None:
    """Write the two sides of the split."""
    settings = config.load().split
    rows = pd.read_parquet(paths.INGESTED)
    held_out = rows[schema.KEY].map(lambda key: is_test(key, settings))
    rows[~held_out].to_parquet(paths.made(paths.TRAIN), index=False)
    rows[held_out].to_parquet(paths.made(paths.TEST), index=False)


if __name__ == "__main__":
    main()

"""How long a promotion takes after many earlier releases."""

from __future__ import annotations

import hashlib
import sqlite3
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from pipelines.release.gating import gate
from pipelines.release.pin import Pin, pin_text
from pipelines.release.promotion import promote
from pipelines.release.register import register
from tests.harness.project import Toy, make_toy

TITLE = "Promotion after earlier releases"
EARLIER = (1, 100, 10_000)
RUNS = 5


def measure() -> list[dict[str, str | float]]:
    """Return the seconds of a promotion of what the source holds now, for 1, 100 and 10,000 earlier releases."""
    seconds = {count: _promotion(count) for count in EARLIER}
    first = seconds[EARLIER[0]]
    return [
        {"earlier releases": f"{count:,}", "seconds": value, "ratio": value / first} for count, value in seconds.items()
    ]


def _promotion(count: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        toy = make_toy(Path(name))
        _release(toy, 5)
        _earlier(toy, count)
        return statistics.median(_release(toy, 5, tag=number) for number in range(RUNS))


def _release(toy: Toy, wrong_every: int, **values: object) -> float:
    toy.build(wrong_every=wrong_every, **values)
    register(toy.project, "toy")
    toy.commit("Register")
    gate(toy.project, "staging", "toy")
    started = time.perf_counter()
    promote(toy.project, "staging", "toy")
    seconds = time.perf_counter() - started
    toy.commit("Promote")
    return seconds


def _earlier(toy: Toy, count: int) -> None:
    pins = {name: Pin.model_validate(_pin(toy, name)) for name in ("dev", "staging")}
    digests = [f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}" for number in range(count)]
    _commits(toy, pins, digests)
    for environment in pins:
        _packages(toy, environment, digests)
        _entries(toy, environment, digests)


def _pin(toy: Toy, environment: str) -> object:
    import yaml

    return yaml.safe_load((toy.root / "promotions" / environment / "toy.yaml").read_text())


def _commits(toy: Toy, pins: dict[str, Pin], digests: list[str]) -> None:
    stream = bytearray()
    for number, digest in enumerate([*digests, pins["dev"].digest]):
        stream += b"commit refs/heads/main\ncommitter A Person <person@example.org> 1700000000 +0000\ndata 1\nx\n"
        stream += b"from refs/heads/main^0\n" if number == 0 else b""
        for environment, pin in pins.items():
            text = pin_text(pin.model_copy(update={"digest": digest}))
            stream += f"M 644 inline promotions/{environment}/toy.yaml\ndata {len(text)}\n".encode() + text
    subprocess.run(["git", "-C", str(toy.root), "fast-import", "--quiet"], input=bytes(stream), check=True)
    toy.git("reset", "--quiet", "--hard")


def _packages(toy: Toy, environment: str, digests: list[str]) -> None:
    folder = toy.environments / environment / "artifacts" / "toy" / "models" / "sha256"
    for digest in digests:
        (folder / digest.removeprefix("sha256:")).mkdir()


def _entries(toy: Toy, environment: str, digests: list[str]) -> None:
    """Write registry entries as MLflow would: each a copy of the first, with its own version and digest."""
    with sqlite3.connect(toy.environments / environment / "mlflow.db") as database:
        columns = [row[1] for row in database.execute("pragma table_info(model_versions)")]
        others = ", ".join(f'"{name}"' for name in columns if name != "version")
        for number, digest in enumerate(digests):
            version = number + 1000
            database.execute(
                f"insert into model_versions (version, {others}) select ?, {others} from model_versions limit 1",
                (version,),
            )
            tags = [row[1] for row in database.execute("pragma table_info(model_version_tags)")]
            kept = ", ".join(f'"{name}"' for name in tags if name not in {"version", "value"})
            database.execute(
                f"insert into model_version_tags (version, value, {kept}) select ?, "
                f"case when value like 'sha256:%' then ? else value end, {kept} from model_version_tags "
                "where version = (select min(version) from model_version_tags)",
                (version, digest),
            )

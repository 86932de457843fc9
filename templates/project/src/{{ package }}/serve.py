"""Serve one package, until SIGTERM; then answer what is under way, write the log to its end, and leave with 0."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from pathlib import Path

import uvicorn

from .manifest import PackageError
from .server.app import App
from .server.model import ServedModel
from .server.prediction_log import KEY_VARIABLE, PredictionLog, Privacy

BODY_LIMIT = 1024 * 1024
DRAIN_SECONDS = 20


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="folder of the package")
    parser.add_argument("--model", required=True, help="name under which the model is served")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--prediction-log", type=Path, required=True, help="folder of the prediction log")
    parser.add_argument("--instance", required=True, help="names this process; its log is <instance>.jsonl")
    return parser.parse_args(arguments)


def application(options: argparse.Namespace) -> App:
    """Load, verify and warm up the model; nothing is served before that."""
    model = ServedModel(options.model, options.package)
    signature = model.scorer.signature
    privacy = Privacy(model.scorer.names, signature["personal"], os.environ.get(KEY_VARIABLE, ""))
    path = options.prediction_log / f"{options.instance}.jsonl"
    log = PredictionLog(path, model.name, model.digest, privacy)
    return App(model, log, instance=options.instance, body_limit=BODY_LIMIT)


def main() -> None:
    """Run the server."""
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        app = application(options)
    except (PackageError, OSError, ValueError) as error:
        raise SystemExit(str(error)) from error
    gc.collect()
    gc.freeze()  # what the model needs for good is never walked again: no pauses from it
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()

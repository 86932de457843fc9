"""Serve one package, until SIGTERM; then answer what is under way, bring the log where it belongs, and leave with 0."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from pathlib import Path

import uvicorn

from . import s3
from .manifest import PackageError
from .server.app import App
from .server.log_file import LogFile
from .server.model import ServedModel
from .server.prediction_log import KEY_VARIABLE, Lines, PredictionLog, Privacy
from .server.segments import Segments
from .server.upload import UploadedLog

BODY_LIMIT = 1024 * 1024
DRAIN_SECONDS = 20
S3 = "s3://"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="folder of the package")
    parser.add_argument("--model", required=True, help="name under which the model is served")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--prediction-log", required=True, help="where it is: a folder, or s3://bucket/prefix")
    parser.add_argument("--spool", type=Path, help="folder where predictions wait until they are in S3")
    parser.add_argument("--spool-mib", type=int, default=512, help="the most that waits there; the oldest are dropped")
    parser.add_argument("--instance", required=True, help="names this process: its log is <instance>.jsonl")
    options = parser.parse_args(arguments)
    if options.prediction_log.startswith(S3) and options.spool is None:
        parser.error("--spool: needed where the prediction log is in S3")
    return options


def application(options: argparse.Namespace) -> App:
    """Load, verify and warm up the model; nothing is served before that."""
    model = ServedModel(options.model, options.package)
    signature = model.scorer.signature
    privacy = Privacy(model.scorer.names, signature["personal"], os.environ.get(KEY_VARIABLE, ""))
    log = PredictionLog(lines(options), model.name, model.digest, privacy)
    return App(model, log, instance=options.instance, body_limit=BODY_LIMIT)


def lines(options: argparse.Namespace) -> Lines:
    """Open what the predictions are written to."""
    where: str = options.prediction_log
    if where.startswith(S3):
        segments = Segments(options.spool, options.instance)
        return UploadedLog(segments, s3.Writer(where), where, options.spool_mib << 20)
    return LogFile(Path(where) / f"{options.instance}.jsonl")


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

"""The ASGI application: a table of routes, and the one that matters."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from . import metrics, openapi, protocol
from .model import ServedModel
from .prediction_log import PredictionLog

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
JSON = b"application/json"


class TooLarge(Exception):
    """A body that is not read to its end."""


class App:
    """One model behind the Open Inference Protocol v2."""

    def __init__(self, model: ServedModel, log: PredictionLog, *, instance: str, body_limit: int) -> None:
        self._model = model
        self._log = log
        self._body_limit = body_limit
        self._reader = protocol.Reader(model.scorer.signature)
        self._metrics = metrics.Metrics(model.name, model.digest)
        bases = (f"/v2/models/{model.name}", f"/v2/models/{model.name}/versions/{model.digest}")
        self._infer_paths = frozenset(f"{base}/infer" for base in bases)
        self._pages = self._fixed_pages(bases, instance)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one connection of the ASGI kind that the scope names."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            status, content_type, body = await self._answer(scope, receive)
            self._metrics.answered(status)
            headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: dict[str, Any], receive: Receive) -> tuple[int, bytes, bytes]:
        path, method = scope["path"], scope["method"]
        if path in self._infer_paths:
            return await self._infer(receive) if method == "POST" else _error(405, f"{method}: use POST")
        if path != "/metrics" and path not in self._pages:
            return _error(404, f"{path}: nothing here; this server serves /v2/models/{self._model.name}")
        if method != "GET":
            return _error(405, f"{method}: use GET")
        if path == "/metrics":
            self._metrics.logged(self._log)
            return 200, metrics.CONTENT_TYPE, self._metrics.text()
        return 200, JSON, self._pages[path]

    async def _infer(self, receive: Receive) -> tuple[int, bytes, bytes]:
        started = time.perf_counter()
        try:
            request = self._reader.read(await self._body(receive))
            result = self._model.scorer.score(request.columns)
            values = {"prediction": result[0].tolist(), "score": result[1].tolist()}
            if not all(map(math.isfinite, values["score"])):
                return _error(400, "inputs: the model has no finite score for these values")
        except TooLarge:
            return _error(413, f"body: more than {self._body_limit} bytes; send fewer rows at a time")
        except protocol.BadRequest as error:
            return _error(400, str(error))
        self._log.add(request.id, request.columns, result)
        body = protocol.response(request, self._model.name, self._model.digest, values)
        self._metrics.rows.inc(len(request.columns))
        self._metrics.seconds.observe(time.perf_counter() - started)
        return 200, JSON, body

    async def _body(self, receive: Receive) -> bytes:
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise protocol.BadRequest("body: the connection ended")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._body_limit:
                raise TooLarge
        return body

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._log.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._log.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _fixed_pages(self, bases: tuple[str, str], instance: str) -> dict[str, bytes]:
        model = self._model
        ready = orjson.dumps({"name": model.name, "ready": True})
        server = {"name": model.name, "version": model.digest, "extensions": [], "instance": instance}
        pages = {
            "/v2": orjson.dumps(server),
            "/v2/health/live": b'{"live":true}',
            "/v2/health/ready": b'{"ready":true}',
            "/openapi.json": orjson.dumps(openapi.document(model.name, model.digest, model.scorer.signature)),
        }
        for base in bases:
            pages[base] = model.metadata()
            pages[f"{base}/ready"] = ready
        return pages


def _error(status: int, message: str) -> tuple[int, bytes, bytes]:
    return status, JSON, orjson.dumps({"error": message})

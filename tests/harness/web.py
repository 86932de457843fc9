"""Small servers on loopback that answer as a test says."""

from __future__ import annotations

import contextlib
import errno
import secrets
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator

    Answer = Callable[["Handler"], None]

LISTENED = range(20_000, 32_000)
"""Ports to listen on: below those that systems give to outgoing connections."""


class Handler(BaseHTTPRequestHandler):
    """Reads each request, counts it, and answers as told."""

    protocol_version = "HTTP/1.1"
    server: Server
    body: bytes = b""

    def handle_any(self) -> None:
        """Answer a request of any method."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(f"{self.command} {self.path}")
        self.server.answer(self)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = handle_any  # noqa: N815

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send a complete answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay quiet."""


class Server(ThreadingHTTPServer):
    """A server with one way to answer."""

    daemon_threads = True

    def __init__(self, answer: Answer, listening: socket.socket | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=listening is None)
        if listening:
            self.socket.close()
            self.socket = listening
            self.server_address = listening.getsockname()
            self.server_port = self.server_address[1]
        self.answer = answer
        self.requests: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def serving(
    answer: Answer, tls: ssl.SSLContext | None = None, listening: socket.socket | None = None
) -> Generator[Server]:
    """Run a server for the time of a test, by TLS if there is a context, at a socket of another network if given."""
    server = Server(answer, listening)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.url = server.url.replace("http:", "https:")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    """Return a port that nobody has, and that no outgoing connection will be given before somebody listens on it."""
    while _is_taken(port := secrets.choice(LISTENED)):
        continue
    return port


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return True
    return False

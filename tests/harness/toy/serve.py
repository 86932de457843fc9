"""A serving command of few lines: answers as the Open Inference Protocol asks, or misbehaves as its package says."""

import argparse
import hashlib
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

parser = argparse.ArgumentParser()
for name in ("package", "model", "host", "port", "prediction-log", "instance"):
    parser.add_argument(f"--{name}")
given = parser.parse_args()
package = Path(given.package)
model = json.loads((package / "model.json").read_text())
digest = "sha256:" + hashlib.sha256((package / "manifest.json").read_bytes()).hexdigest()
if model.get("serve") == "crash":
    sys.exit("the model cannot be loaded")
if model.get("serve") == "lie":
    digest = "sha256:" + "0" * 64


asked = []


def ready():
    """Say whether it answers: from when on, or never, its package says."""
    return model.get("serve") != "never ready" and ("after" not in model or Path(model["after"]).exists())


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answers = {
            f"/v2/models/{given.model}": {"name": given.model, "versions": [digest]},
            f"/v2/models/{given.model}/ready": {"ready": True},
        }
        answer = answers.get(self.path.rstrip("?"))
        self.send_response(200 if answer and ready() else 503)
        self.end_headers()
        self.wfile.write(json.dumps(answer or {}).encode())
        asked.append(self.path)
        if len(asked) == model.get("answers"):
            os._exit(0)

    def log_message(self, *words):
        pass


signal.signal(signal.SIGTERM, signal.SIG_IGN if model.get("serve") == "deaf" else lambda *_: sys.exit(0))
ThreadingHTTPServer((given.host, int(given.port)), Handler).serve_forever()

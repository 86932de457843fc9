"""The one package that a server serves, verified against its manifest."""

from __future__ import annotations

from pathlib import Path

import orjson

from .. import manifest
from ..scorer import Scorer


class ServedModel:
    """A verified package, loaded; it can say which digest it is."""

    def __init__(self, name: str, package: Path) -> None:
        self.name = name
        self.digest = manifest.verify(package)
        self.scorer = Scorer(package)

    def metadata(self) -> bytes:
        """Return what the protocol calls model metadata."""
        signature = self.scorer.signature
        return orjson.dumps(
            {
                "name": self.name,
                "versions": [self.digest],
                "platform": "onnx_onnxv1",
                "inputs": signature["inputs"],
                "outputs": signature["outputs"],
            }
        )

"""Run the ONNX model of a package; all that scoring, serving and packaging share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from .manifest import PackageError

OUTPUTS = ["prediction", "score"]


class Scorer:
    """The model of one package; a session of one thread, so that many small requests do not fight for cores."""

    def __init__(self, package: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                (package / "model.onnx").read_bytes(), options, providers=["CPUExecutionProvider"]
            )
            self.signature: dict[str, Any] = json.loads((package / "signature.json").read_bytes())
        except Exception as error:  # onnxruntime raises a dozen types of its own
            raise PackageError(f"{package}: the model cannot be loaded: {error}") from error
        self.names = [entry["name"] for entry in self.signature["inputs"]]

    def score(self, columns: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return prediction and score for each row of raw columns."""
        prediction, score = self._session.run(OUTPUTS, {"columns": columns})
        return prediction.ravel(), score.ravel()

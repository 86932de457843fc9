"""What a family of models has to do."""

from __future__ import annotations

from typing import Any, Protocol, Self


class Family(Protocol):
    """Settings of `params.yaml` that know how to become an estimator.

    Estimators follow scikit-learn and have a converter in skl2onnx. Import scikit-learn inside the methods: settings
    are read by stages that never need it.
    """

    @property
    def family(self) -> str:
        """The name in `params.yaml`, and in `FAMILIES`."""
        ...

    def estimator(self, seed: int) -> Any:
        """Return a new, unfitted classifier; the same seed and rows give the same model."""
        ...

    @classmethod
    def suggest(cls, trial: Any) -> Self:
        """Return settings for one trial of a search (optuna)."""
        ...

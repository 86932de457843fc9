"""`params.yaml` as types: everything a person may turn, and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from . import paths
from .models import Model
from .settings import Settings


class SampleSource(Settings):
    """The RAND Health Insurance Experiment, from the statsmodels wheel: no network, no credentials."""

    source: Literal["sample"] = "sample"


class CsvSource(Settings):
    """A CSV file with the columns of `schema.py`: key, features, label."""

    source: Literal["csv"] = "csv"
    path: str


Source = Annotated[SampleSource | CsvSource, Field(discriminator="source")]


class Ingest(Settings):
    """Where rows come from; several sources are put one after the other."""

    sources: list[Source] = Field(min_length=1)


class Split(Settings):
    """How rows are held out."""

    test_share: float = Field(gt=0, lt=1)
    salt: str
    """Changing it draws another test set: results before and after cannot be compared."""


class Train(Settings):
    """What is trained, and how it is cross-validated."""

    seed: int = Field(ge=0)
    folds: int = Field(ge=2, le=20)
    model: Model


class Evaluate(Settings):
    """How the model is described."""

    calibration_bins: int = Field(ge=2, le=50)
    importance_repeats: int = Field(ge=1)


class Package(Settings):
    """What a package must hold."""

    parity_tolerance: float = Field(gt=0, lt=0.01)
    """Largest difference allowed between a probability before and after conversion to ONNX."""
    reference_rows: int = Field(ge=100)
    """Held-out rows that travel with the package: monitoring compares with them."""


class Tune(Settings):
    """How long to search."""

    trials: int = Field(ge=1)


class Params(Settings):
    """All of `params.yaml`."""

    ingest: Ingest
    split: Split
    train: Train
    evaluate: Evaluate
    package: Package
    tune: Tune


def parse(text: str) -> Params:
    """Read parameters, or leave with one line for each problem."""
    try:
        return Params.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise SystemExit(f"{paths.PARAMS}: not YAML: {error}") from error
    except ValidationError as error:
        raise SystemExit("\n".join(_line(problem) for problem in error.errors())) from error


def load() -> Params:
    """Read `params.yaml` of the working folder."""
    return parse(paths.PARAMS.read_text(encoding="utf-8"))


def _line(problem: Any) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    return f"{paths.PARAMS}: {path}: {problem['msg']}, found `{problem['input']!r:.60}`"

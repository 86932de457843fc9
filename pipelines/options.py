"""Options that several commands have."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Format(Enum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


ProjectOption = Annotated[Path, typer.Option("--project", help="A folder inside the project.", show_default="here")]
EnvOption = Annotated[str, typer.Option("--env", "-e", help="Environment, as in stack/<environment>.json.")]
ModelOption = Annotated[str | None, typer.Option("--model", "-m", help="One model.", show_default="all models")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write the result.")]
DigestOption = Annotated[
    str | None, typer.Option("--digest", help="A digest that the source has held.", show_default="what it pins now")
]

"""An organisation's own stack files, from a reference shape."""

from __future__ import annotations

import re
from pathlib import Path

from components.errors import UserError
from components.network.addresses import zone_prefix
from pipelines import writes

EXAMPLES = Path(__file__).parents[1] / "stacks" / "examples"
PLACEHOLDERS = {
    r"connection/[0-]+": "connection/<id of the connection>",
    r"(?m)^( +account: ).*?( #.*)?$": r'\1"<twelve digits>"\2',
    r"\b([0-9])\1{11}\b": "<twelve digits>",
    r"(github_organization: )\S+": r"\1<organization on GitHub>",
    r"198\.51\.100\.0/24": "<addresses of your own>",
    r"ml\.acme\.example": "<domain of your own>",
    r"Z0+EXAMPLE": "<id of the hosted zone>",
    r"ghcr\.io/acme/mlflow@sha256:0+": "<image of MLflow by digest>",
    r"[\w-]+@acme\.example": "<address of your own>",
}
"""What only an organisation knows; loading refuses a file as long as one is in it."""
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


def write_stack_files(shape: str, folder: Path, organization: str, region: str) -> list[Path]:
    """Write `Pulumi.<environment>.yaml` of a shape; accounts are left to fill in, and nothing is overwritten."""
    examples = sorted((EXAMPLES / shape).glob("Pulumi.*.yaml"))
    if not examples:
        raise UserError(f"--shape: `{shape}` is not a shape; choose one of {', '.join(shapes())}")
    paths = [folder / example.name for example in examples]
    taken = [f"{path}: exists; move it away first" for path in paths if path.exists()]
    if taken:
        raise UserError(taken)
    for example, path in zip(examples, paths, strict=True):
        writes.replace_file(path, stack_file(example.read_text("utf-8"), organization, region).encode())
    return paths


def stack_file(example: str, organization: str, region: str) -> str:
    """Return an example with another organisation and region, and placeholders for what is its own."""
    if not REGION.fullmatch(region):
        raise UserError(f"--region: `{region}` is not a region of AWS; write it like `eu-central-1`")
    text = example
    for pattern, instead in PLACEHOLDERS.items():
        text = re.sub(pattern, instead, text)
    text = re.sub(r"(?m)^( +organization: )\S+", rf"\g<1>{organization}", text)
    text = text.replace("/acme-", f"/{organization}-").replace("eu-central-1", region)
    text = text.replace("$schema=../../", "$schema=../")
    return text.replace("euc1-", f"{zone_prefix(region)}-")


def shapes() -> list[str]:
    """Return the reference shapes."""
    return sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())

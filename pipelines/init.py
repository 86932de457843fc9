"""An organisation's own stack files, from a reference shape."""

from __future__ import annotations

import re
from pathlib import Path

from components.errors import UserError
from components.network.addresses import zone_prefix
from pipelines import writes

EXAMPLES = Path(__file__).parents[1] / "stacks" / "examples"
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
    """Return an example with another organisation and region, its account a placeholder that loading refuses."""
    if not REGION.fullmatch(region):
        raise UserError(f"--region: `{region}` is not a region of AWS; write it like `eu-central-1`")
    text = re.sub(r"(?m)^( +account: ).*?( #.*)?$", r'\1"<twelve digits>"\2', example)
    text = re.sub(r"(?m)^( +organization: )\S+", rf"\g<1>{organization}", text)
    text = re.sub(r"(?m)^( +region: )\S+", rf"\g<1>{region}", text)
    text = text.replace("@acme.example", f"@{organization}.example").replace("$schema=../../", "$schema=../")
    return text.replace("euc1-", f"{zone_prefix(region)}-")


def shapes() -> list[str]:
    """Return the reference shapes."""
    return sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())

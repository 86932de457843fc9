"""An organisation's own stack files, from a reference shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components.base import Document
from components.errors import UserError
from components.network.addresses import zone_prefix
from pipelines import writes
from pipelines.own_cluster import cluster_of

EXAMPLES = Path(__file__).parents[1] / "stacks" / "examples"
PLACEHOLDERS: Mapping[str, Mapping[str, str]] = {
    "aws": {
        r"connection/[0-]+": "connection/<id of the connection>",
        r"(?m)^( +account: ).*?( #.*)?$": r'\1"<twelve digits>"\2',
        r"\b([0-9])\1{11}\b": "<twelve digits>",
        r"(github_organization: )\S+": r"\1<organization on GitHub>",
        r"198\.51\.100\.0/24": "<addresses of your own>",
        r"Z0+EXAMPLE": "<id of the hosted zone>",
        r"[\w-]+@acme\.example": "<address of your own>",
    },
    "kubernetes": {
        r"(?m)^(      name: )\S+": r"\1<context of your kubeconfig>",
        r"(identifier: )\S+": r"\1<uid of kube-system>",
        r"https://\w+\.k8s\.acme\.example:6443": "<address of the API server>",
        r"(certificate_authority: )\S+": r"\1<certificate of the API server>",
        r"(storage_class: |storage_classes: \[)standard": r"\1<StorageClass of the cluster>",
        r"(issuer: |issuers: \[)acme": r"\1<ClusterIssuer of the cluster>",
        r"(github_url: https://github\.com/)\S+": r"\1<organization on GitHub>",
        r"registry\.acme\.example/ml": "<registry of your own>",
    },
}
"""Shape -> what only an organisation knows; loading refuses a file as long as one is in it."""
OF_EVERY_SHAPE = {
    r"ml\.acme\.example": "<domain of your own>",
    r"ghcr\.io/acme/mlflow@sha256:0+": "<image of MLflow by digest>",
}
"""The same, of all shapes."""
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
DEFAULT_REGION = "eu-central-1"


class Wanted(Document):
    """Which stack files somebody wants, and what is known of them."""

    shape: str
    """Reference shape."""
    organization: str
    """First part of physical names."""
    region: str | None = None
    """Of the environments, in AWS."""
    environment: str | None = None
    """The only one to write; all where it is left out."""
    context: str | None = None
    """Context of a kubeconfig, whose cluster is asked what it has."""
    fill: tuple[str, ...] = ()
    """`<placeholder without its brackets>=<value>`."""


def write_stack_files(wanted: Wanted, folder: Path) -> dict[Path, list[str]]:
    """Write `Pulumi.<environment>.yaml` of a shape, and return what is left to fill in; nothing is overwritten."""
    examples = _examples(wanted)
    taken = [f"{folder / name}: exists; move it away first" for name in examples if (folder / name).exists()]
    if taken:
        raise UserError(taken)
    texts = {folder / name: stack_file(example, wanted) for name, example in examples.items()}
    if wanted.context:
        texts = {path: with_cluster(text, cluster_of(wanted.context)) for path, text in texts.items()}
    texts = filled(texts, wanted.fill)
    for path, text in texts.items():
        writes.replace_file(path, text.encode())
    return {path: _placeholders(text) for path, text in texts.items()}


def stack_file(example: str, wanted: Wanted) -> str:
    """Return an example with another organisation and region, and placeholders for what is its own."""
    text, organization = example, wanted.organization
    for pattern, instead in {**PLACEHOLDERS[wanted.shape], **OF_EVERY_SHAPE}.items():
        text = re.sub(pattern, instead, text)
    text = re.sub(r"(?m)^( +organization: )\S+", rf"\g<1>{organization}", text)
    text = re.sub(r"(?<=[/ -])acme-", f"{organization}-", text).replace("$schema=../../", "$schema=../")
    return _in_region(text, wanted.region or DEFAULT_REGION) if wanted.shape == "aws" else text


def with_cluster(text: str, cluster: Mapping[str, Any]) -> str:
    """Return a stack file whose `cluster` is another one, for whose tokens are asked as before."""
    audience = re.search(r"(?m)^      audience: (\S+)", text)
    said = {**cluster, **({"audience": audience[1]} if audience else {})}
    lines = yaml.safe_dump({"cluster": said}, sort_keys=False, width=10_000).splitlines()
    section = "".join(f"    {line}\n" for line in lines)
    return re.sub(r"(?m)^    cluster:.*\n(?: {6,}.*\n)*", lambda _: section, text)


def filled(texts: Mapping[Path, str], fill: tuple[str, ...]) -> dict[Path, str]:
    """Return stack files with values in the place of placeholders."""
    known = {found for text in texts.values() for found in _placeholders(text)}
    pairs = {name: value for name, _, value in (each.partition("=") for each in fill)}
    if unknown := [name for name in pairs if f"<{name}>" not in known]:
        told = f"is not left to fill in; choose from {', '.join(sorted(known))}, without the brackets"
        raise UserError([f"--fill: `{name}` {told}" for name in unknown])
    done = dict(texts)
    for name, value in pairs.items():
        done = {path: text.replace(f"<{name}>", value) for path, text in done.items()}
    return done


def shapes() -> list[str]:
    """Return the reference shapes."""
    return sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


def _examples(wanted: Wanted) -> dict[str, str]:
    """Return name and text of the examples that are wanted, or say what cannot be."""
    if wanted.shape not in shapes():
        raise UserError(f"--shape: `{wanted.shape}` is not a shape; choose one of {', '.join(shapes())}")
    found = {path.name: path.read_text("utf-8") for path in sorted((EXAMPLES / wanted.shape).glob("Pulumi.*.yaml"))}
    problems = [*_problems(wanted)]
    if wanted.environment:
        name = f"Pulumi.{wanted.environment}.yaml"
        known = ", ".join(each.split(".")[1] for each in found)
        problems += [] if name in found else [f"--env: `{wanted.environment}` is not an example; choose one of {known}"]
        found = {name: found.get(name, "")}
    if problems:
        raise UserError(problems)
    return found


def _problems(wanted: Wanted) -> list[str]:
    """Say which options do not go together."""
    found: list[str] = []
    if wanted.shape == "aws" and wanted.context:
        found.append("--context: this shape makes its own cluster; leave it out")
    if wanted.shape != "aws" and wanted.region:
        found.append(f"--region: `{wanted.region}`: this shape has none; leave it out")
    if wanted.context and not wanted.environment:
        found.append("--context: a cluster is that of one environment; say which by --env")
    return found


def _placeholders(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"<[^<>\n]+>", text)))


def _in_region(text: str, region: str) -> str:
    if not REGION.fullmatch(region):
        raise UserError(f"--region: `{region}` is not a region of AWS; write it like `eu-central-1`")
    return text.replace("eu-central-1", region).replace("euc1-", f"{zone_prefix(region)}-")

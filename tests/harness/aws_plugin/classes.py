"""What `pulumi_aws` itself says of a type: its inputs and its outputs."""

from __future__ import annotations

import importlib
import re
from functools import cache

import pulumi
from pulumi import _types

from tests.harness.plugin.classes import Fields, fields_of

TOKEN = re.compile(r"aws:(\w+)/(\w+):(\w+)")


def class_of(type_: str) -> type[pulumi.Resource] | None:
    """Return the class of a type token, `aws:s3/bucket:Bucket`; none if the SDK has no such type."""
    found = TOKEN.fullmatch(type_)
    if not found:
        return None
    name = found[1].rstrip("_")
    for module in (f"pulumi_aws.{name}", f"pulumi_aws.{name}_"):
        try:
            return getattr(importlib.import_module(module), found[3], None)
        except ModuleNotFoundError:
            continue
    return None


@cache
def inputs_of(type_: str) -> Fields:
    """Return the inputs of a type, with their types."""
    made = class_of(type_)
    if not made:
        return {}
    own = vars(importlib.import_module(made.__module__))
    clash, usual = f"{made.__name__}InitArgs", f"{made.__name__}Args"
    return fields_of(own.get(clash) or own[usual])


@cache
def outputs_of(type_: str) -> frozenset[str]:
    """Return the names of what a type has once it is made."""
    made = class_of(type_)
    return frozenset(_types.resource_types(made)) if made else frozenset()

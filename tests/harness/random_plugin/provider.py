"""Passwords and ids that nobody can guess."""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_random import random_id, random_password

from tests.harness.plugin.logical import LogicalStandIn, Row
from tests.harness.plugin.standin import Inputs

PASSWORD, ID = "random:index/randomPassword:RandomPassword", "random:index/randomId:RandomId"
SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
"""What special characters are unless the program says others."""

ROWS: Mapping[str, Row] = {
    PASSWORD: Row(
        random_password.RandomPassword,
        random_password.RandomPasswordArgs,
        secret=frozenset({"bcryptHash", "result"}),
        defaults={
            **dict.fromkeys(("lower", "numeric", "special", "upper"), True),
            **dict.fromkeys(("minLower", "minNumeric", "minSpecial", "minUpper"), 0),
        },
        missing={"bcryptHash": "Python has no bcrypt of its own"},
    ),
    ID: Row(random_id.RandomId, random_id.RandomIdArgs, secret=frozenset(), defaults={}, missing={}),
}


class RandomStandIn(LogicalStandIn):
    """Random values, as far as docs/fidelity.md says."""

    rows = ROWS

    def wrong(self, type_: str, given: Inputs) -> Iterator[tuple[str, str]]:
        """Yield lengths that cannot be."""
        name = "length" if type_ == PASSWORD else "byteLength"
        least = sum(given.get(f"min{sort}", 0) for sort in ("Lower", "Numeric", "Special", "Upper"))
        if isinstance(length := given.get(name), int) and length < max(1, least):
            yield name, f"`{length}` is less than {max(1, least)}"
        if type_ == PASSWORD and not any(_alphabets({**ROWS[PASSWORD].defaults, **given}).values()):
            yield "length", "no sort of character is left"

    def generate(self, type_: str, inputs: Inputs) -> tuple[str, dict[str, Any]]:
        """Return a new password or id."""
        return ("none", {"result": _password(inputs)}) if type_ == PASSWORD else _id(inputs)


def _alphabets(inputs: Inputs) -> dict[str, str]:
    """Return sort -> its characters; none where the sort is not wanted."""
    sorts = {
        "lower": string.ascii_lowercase,
        "numeric": string.digits,
        "special": inputs.get("overrideSpecial") or SPECIAL,
        "upper": string.ascii_uppercase,
    }
    return {sort: characters if inputs[sort] else "" for sort, characters in sorts.items()}


def _password(inputs: Inputs) -> str:
    alphabets = _alphabets(inputs)
    least = {sort: inputs[f"min{sort.title()}"] for sort in alphabets}
    chosen = [secrets.choice(alphabets[sort]) for sort, count in least.items() for _ in range(count)]
    rest = "".join(alphabets.values())
    chosen += [secrets.choice(rest) for _ in range(inputs["length"] - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _id(inputs: Inputs) -> tuple[str, dict[str, Any]]:
    value, prefix = secrets.token_bytes(inputs["byteLength"]), inputs.get("prefix", "")
    url = base64.urlsafe_b64encode(value).decode().rstrip("=")
    shown = {
        "b64Std": base64.b64encode(value).decode(),
        "b64Url": url,
        "dec": str(int.from_bytes(value)),
        "hex": value.hex(),
    }
    return url, {name: f"{prefix}{text}" for name, text in shown.items()}

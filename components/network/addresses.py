"""An address plan, checked: every problem at once, each at the path that the person typed."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import combinations
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import InitErrorDetails, PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LARGEST, SMALLEST = 16, 28
"""Prefix lengths that a VPC may have (docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html)."""

NEEDED = {
    "public": (27, "a load balancer needs a /27 with 8 free addresses"),
    "private": (24, "every pod takes an address"),
    "isolated": (28, "AWS makes none smaller"),
}
"""Tier of subnets -> the longest prefix that will do, and why."""

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""Ranges that nobody routes on the internet (RFC 1918, RFC 6598)."""


@dataclass(frozen=True)
class Range:
    """One range of the plan, and where it stands."""

    path: tuple[str, ...]
    network: IPv4Network

    @property
    def where(self) -> str:
        """The path as a person types it."""
        return ".".join(self.path)


def problem(path: tuple[str, ...], value: object, message: str) -> InitErrorDetails:
    """Return one line of a validation error."""
    error = PydanticCustomError("address_plan", "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=path, input=value)


def problems_of_plan(data: Mapping[str, Any]) -> list[InitErrorDetails]:
    """Check the ranges of a spec as it was typed; what is no text or no mapping is left to the model."""
    found: list[InitErrorDetails] = []
    ranges: list[Range] = []
    for path, text in _typed(data):
        try:
            ranges.append(Range(path, IPv4Network(text)))
        except ValueError:
            found.append(problem(path, text, _not_a_range(text)))
    whole = next((each for each in ranges if each.path == ("cidr",)), None)
    subnets = [each for each in ranges if each is not whole]
    found += _of_the_whole(whole)
    found += _of_each(subnets, whole)
    found += _overlaps(subnets)
    return found


def _typed(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(cidr := data.get("cidr"), str):
        yield ("cidr",), cidr
    for tier in NEEDED:
        for zone, text in sorted(mapping(mapping(data.get("subnets")).get(tier)).items()):
            if isinstance(text, str):
                yield ("subnets", tier, str(zone)), text


def mapping(value: object) -> dict[str, Any]:
    """Return a mapping of what was typed; what is none is left to the model."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _not_a_range(text: str) -> str:
    try:
        return f"has bits of a host; did you mean `{IPv4Network(text, strict=False)}`?"
    except ValueError:
        return "not a range of IPv4 addresses; write it like `10.20.0.0/16`"


def _of_the_whole(whole: Range | None) -> Iterator[InitErrorDetails]:
    if whole is None:
        return
    if not LARGEST <= whole.network.prefixlen <= SMALLEST:
        yield problem(whole.path, str(whole.network), f"a VPC has between a /{LARGEST} and a /{SMALLEST}")
    if not any(whole.network.subnet_of(each) for each in PRIVATE):
        allowed = ", ".join(map(str, PRIVATE))
        yield problem(whole.path, str(whole.network), f"not a private range; take one inside {allowed}")


def _of_each(subnets: Iterable[Range], whole: Range | None) -> Iterator[InitErrorDetails]:
    for each in subnets:
        longest, reason = NEEDED[each.path[1]]
        if each.network.prefixlen > longest:
            yield problem(each.path, str(each.network), f"too small; a /{longest} or larger: {reason}")
        if whole and not each.network.subnet_of(whole.network):
            yield problem(each.path, str(each.network), f"outside of cidr {whole.network}")


def _overlaps(subnets: Iterable[Range]) -> Iterator[InitErrorDetails]:
    for one, other in combinations(subnets, 2):
        if one.network.overlaps(other.network):
            yield problem(other.path, str(other.network), f"overlaps {one.where} {one.network}")


_DIRECTIONS = {"north": "n", "south": "s", "east": "e", "west": "w", "central": "c"}


def zone_prefix(region: str) -> str:
    """Return what the zone ids of a region begin with: `euc1` for `eu-central-1`, `apse2` for `ap-southeast-2`."""
    *land, direction, number = region.split("-")
    short = direction
    for word, letter in _DIRECTIONS.items():
        short = short.replace(word, letter)
    return "".join(part if len(part) == 2 else part[0] for part in land) + short + number

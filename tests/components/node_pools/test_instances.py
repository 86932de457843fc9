"""What is known of machines."""

from __future__ import annotations

import functools
import gzip
import json
from importlib.resources import files
from typing import Any

import pytest

from components.node_pools.instances import Instance, instance, instances


@functools.cache
def published() -> dict[str, Any]:
    """What `DescribeInstanceTypes` said when moto recorded it."""
    recorded = files("moto.ec2") / "resources" / "instance_types.json.gz"
    return json.loads(gzip.decompress(recorded.read_bytes()))


def described(name: str, said: dict[str, Any]) -> Instance:
    """One type of machine, in our words."""
    none: Any = {"Count": 0, "Name": "", "MemoryInfo": {"SizeInMiB": 0}}
    (gpu,) = said.get("GpuInfo", {}).get("Gpus") or [none]
    return Instance(
        type=name,
        architecture=said["ProcessorInfo"]["SupportedArchitectures"][0],
        vcpus=said["VCpuInfo"]["DefaultVCpus"],
        memory_mib=said["MemoryInfo"]["SizeInMiB"],
        gpus=gpu["Count"],
        gpu=gpu["Name"],
        gpu_memory_mib=gpu["MemoryInfo"]["SizeInMiB"],
        efa=said["NetworkInfo"]["EfaSupported"],
    )


def test_the_table_says_what_aws_says() -> None:
    """Every line is what EC2 answers of the type."""
    said = published()

    assert [] == [name for name, known in instances().items() if known != described(name, said[name])]


@pytest.mark.parametrize("family", ["m6i", "m7g", "m8g", "c7i", "r8g", "g4dn", "g5", "g6", "g6e", "p4d", "p5"])
def test_the_families_that_people_ask_for_are_known(family: str) -> None:
    """All sizes of a family that can be nodes are in the table."""
    sizes = {name for name in published() if name.partition(".")[0] == family}

    assert {name for name in sizes if "metal" not in name and not name.endswith(".medium")} == {
        name for name in instances() if name.partition(".")[0] == family
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [("g6.xlarge", False), ("p4d.24xlarge", True), ("p5.48xlarge", True), ("m7i.large", False)],
)
def test_some_gpus_can_be_cut(name: str, *, expected: bool) -> None:
    """A100 and later make instances of their own; those of graphics machines do not."""
    assert expected is instance(name).mig_capable


def test_an_unknown_type_is_named_with_its_nearest() -> None:
    """A slip of the pen has a suggestion."""
    with pytest.raises(ValueError, match=r"`g5\.xlrage` is not in instances\.csv; did you mean `g5\.xlarge`\?"):
        instance("g5.xlrage")

"""Clusters that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from components.cluster.contract import EksSpec
from components.errors import UserError
from stacks.load import validate

ADMIN = "arn:aws:iam::111122223333:role/apply"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"version": 1.35}, "version: `1.35` is not text; write it in quotes"),
        ({"version": "1.29"}, "version: `1.29`: input should be '1.34', '1.35' or '1.36'"),
        (
            {"endpoint": "public", "public_cidrs": ["0.0.0.0/0"]},
            "public_cidrs.0: `0.0.0.0/0`: lets far too much of the internet in; name your own addresses",
        ),
        (
            {"endpoint": "public", "public_cidrs": ["office"]},
            "public_cidrs.0: `office`: not a range of IPv4 addresses; write it like `198.51.100.0/24`",
        ),
        ({"admin_role_arns": []}, "admin_role_arns: `[]`: tuple should have at least 1 item"),
        ({"admin_role_arns": ["arn:aws:iam::111122223333:user/me"]}, "admin_role_arns.0: `arn:aws:iam::111122223333"),
        ({"zones": ["euw1-az1"]}, "zones: `['euw1-az1']`: a control plane needs two zones or more; add one"),
        ({"addon_versions": {"coredns": "v1"}}, "addon_versions.coredns: `coredns`: input should be"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any], told: str) -> None:
    """Each at its path, with what to do."""
    with pytest.raises(UserError) as refused:
        validate({"flavor": "eks", "admin_role_arns": [ADMIN], **values}, EksSpec, "spec.yaml")

    assert str(refused.value).startswith(f"spec.yaml: {told}")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"endpoint": "public"}, "endpoint: `public` needs public_cidrs; list the addresses that may reach it"),
        (
            {"public_cidrs": ["198.51.100.0/24"]},
            "public_cidrs: mean nothing with endpoint `private`; leave them out",
        ),
    ],
)
def test_an_endpoint_and_its_addresses_belong_together(values: dict[str, Any], told: str) -> None:
    """A public endpoint without addresses would answer everybody."""
    with pytest.raises(UserError) as refused:
        validate({"flavor": "eks", "admin_role_arns": [ADMIN], **values}, EksSpec, "spec.yaml")

    assert f"spec.yaml: {told}" == str(refused.value)

"""A kind of another package: flavors that keep the rules, and flavors that break one each."""

from tests.harness.shelf.contract import WoodenSpec

FLAVORS = {WoodenSpec: "tests.harness.shelf.wooden:Shelf"}

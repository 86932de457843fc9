"""A shelf that keeps the rules, and shelves that each break the one in their name."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pulumi import CustomResource, Output, ProviderResource, ResourceOptions

from components.component import Component
from tests.harness.shelf.contract import ShelfOutputs, WallOutputs, WoodenSpec

if TYPE_CHECKING:
    from components.base import AwsPlace

COUNT = itertools.count()
BOARD = "aws:shelf/board:Board"
HOOK = "kubernetes:shelf.example/v1:Hook"


class Shelf(Component[ShelfOutputs]):
    """A shelf on a wall."""

    def __init__(
        self,
        name: str,
        spec: WoodenSpec,
        *,
        place: AwsPlace,
        wall: WallOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, wall)
        self.place = place
        for position, board in enumerate(spec.boards):
            self.put(name, board, position)
        for position, side in enumerate(spec.hooks.places):
            self.hang(name, side, position)
        self.outputs = self.promise(ShelfOutputs(uri=self.where()))

    def put(self, name: str, board: str, position: int) -> None:
        """Put one board up."""
        CustomResource(BOARD, f"{name}-{board}", {"wood": "oak"}, self.child)

    def hang(self, name: str, where: str, position: int) -> None:
        """Put one hook up."""
        CustomResource(HOOK, f"{name}-{where}", {"metadata": {"name": where}}, self.child)

    def where(self) -> Output[str | None]:
        """Say where the shelf is."""
        return Output.from_input("here")


class OutputsAreTheContract(Shelf):
    """Promises nothing."""

    def where(self) -> Output[str | None]:
        """Forget the value."""
        return None  # pyright: ignore[reportReturnType]


class NeedsAreTheSame(Component[ShelfOutputs]):
    """Needs no wall, as the other flavor does."""

    def __init__(self, name: str, spec: WoodenSpec, *, place: AwsPlace, opts: ResourceOptions | None = None) -> None:
        super().__init__(name, spec, opts)
        self.outputs = self.promise(ShelfOutputs(uri=Output.from_input(place.prefix)))


class ChildrenAreParented(Shelf):
    """Leaves its boards to the stack."""

    def put(self, name: str, board: str, position: int) -> None:
        """Forget the parent."""
        CustomResource(BOARD, f"{name}-{board}", {})


class ProvidersAreExplicit(Shelf):
    """Uses a provider that nobody gave it."""

    def put(self, name: str, board: str, position: int) -> None:
        """Take a resource of another package."""
        CustomResource("timber:shelf/board:Board", f"{name}-{board}", {}, self.child)


class OutputsMeanReady(Shelf):
    """Does not wait for the wall."""

    def put(self, name: str, board: str, position: int) -> None:
        """Forget what the needs call ready."""
        CustomResource(BOARD, f"{name}-{board}", {}, ResourceOptions(parent=self))


class GraphsAreDeterministic(Shelf):
    """Is another one every time."""

    def put(self, name: str, board: str, position: int) -> None:
        """Count up."""
        CustomResource(BOARD, f"{name}-{board}", {"count": next(COUNT)}, self.child)


class UnknownValuesAreFine(Shelf):
    """Registers a resource only once a value is known."""

    def put(self, name: str, board: str, position: int) -> None:
        """Register inside of `apply`."""
        first = CustomResource(BOARD, f"{name}-{board}", {}, self.child)
        first.id.apply(lambda _: CustomResource(BOARD, f"{name}-{board}-late", {}, self.child) and None)


class NamesFit(Shelf):
    """Has a name that fits in short places only."""

    def put(self, name: str, board: str, position: int) -> None:
        """Make a long name."""
        long = f"{self.place.prefix}-{'x' * 40}"
        CustomResource(
            "aws:s3/bucket:Bucket",
            f"{name}-{board}",
            {"bucket": long, "forceDestroy": self.place.disposable},
            self.child_with(protect=not self.place.disposable),
        )


class SecretsAreMarked(Shelf):
    """Writes a password down."""

    def put(self, name: str, board: str, position: int) -> None:
        """Give a plain password."""
        CustomResource(BOARD, f"{name}-{board}", {"lock": {"password": "1234"}}, self.child)


class DataIsKept(Shelf):
    """Throws data away in prod."""

    def put(self, name: str, board: str, position: int) -> None:
        """Protect nothing."""
        CustomResource("aws:s3/bucket:Bucket", f"{name}-{board}", {"forceDestroy": True}, self.child)


class GrowthChangesNothingElse(Shelf):
    """Names its boards by position."""

    def put(self, name: str, board: str, position: int) -> None:
        """Count from the top."""
        CustomResource(BOARD, f"{name}-{position}", {"name": board}, self.child)


class KubernetesProviderIsTheOneGiven(Shelf):
    """Makes a provider of its own for its hooks."""

    def hang(self, name: str, where: str, position: int) -> None:
        """Take another cluster."""
        other = ProviderResource("kubernetes", f"{name}-{where}", {}, opts=ResourceOptions(parent=self))
        CustomResource(HOOK, f"{name}-{where}", {}, ResourceOptions.merge(self.child, ResourceOptions(provider=other)))


class TagsAreOverridden(Shelf):
    """Says another environment than the provider does."""

    def put(self, name: str, board: str, position: int) -> None:
        """Tag a board by hand."""
        CustomResource(BOARD, f"{name}-{board}", {"tags": {"stackwright:environment": "mine"}}, self.child)


class TagsReachEverything(Shelf):
    """Launches machines that nobody can tell whose they are."""

    def put(self, name: str, board: str, position: int) -> None:
        """Tag volumes only."""
        tags = {"stackwright:environment": self.place.environment, "stackwright:tier": self.place.tier.value}
        told = {"tagSpecifications": [{"resourceType": "volume", "tags": tags}]}
        CustomResource("aws:ec2/launchTemplate:LaunchTemplate", f"{name}-{board}", told, self.child)


class ObjectNamesFit(Shelf):
    """Calls an object of Kubernetes as nobody may."""

    def hang(self, name: str, where: str, position: int) -> None:
        """Write a capital."""
        CustomResource(HOOK, f"{name}-{where}", {"metadata": {"name": where.title()}}, self.child)


class VariablesAreMarked(Shelf):
    """Gives a container a password in the open."""

    def put(self, name: str, board: str, position: int) -> None:
        """Write an environment variable."""
        containers = [{"env": [{"name": "DATABASE_PASSWORD", "value": "1234"}]}]
        CustomResource(BOARD, f"{name}-{board}", {"containers": containers}, self.child)


class SecretsOfKubernetesAreMarked(Shelf):
    """Gives a Secret an entry in the open."""

    def hang(self, name: str, where: str, position: int) -> None:
        """Write an entry under a name that says nothing."""
        CustomResource("kubernetes:core/v1:Secret", f"{name}-{where}", {"stringData": {"file": "1234"}}, self.child)


class NestedGrowthChangesNothingElse(Shelf):
    """Names its hooks by position."""

    def hang(self, name: str, where: str, position: int) -> None:
        """Count from the left."""
        CustomResource(HOOK, f"{name}-hook-{position}", {"metadata": {"name": where}}, self.child)

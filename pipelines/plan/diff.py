"""Compare a saved graph with a new one: what an `up` would create, change, replace and delete."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any

from components.base import Document
from pipelines.plan.effects import effect_of
from pipelines.plan.leaves import MISSING, covers, differences
from pipelines.plan.matching import continues, placeholders_of, rewritten
from pipelines.plan.schemas import Effect
from pipelines.plan.stateful import lost_with

if TYPE_CHECKING:
    from pipelines.plan.graph import Graph, GraphResource


class Action(Enum):
    """What happens to a resource; ordered from harmless to worst."""

    CREATE = "create"
    RENAME = "rename"
    UPDATE = "update"
    MAY_REPLACE = "may replace"
    REPLACE = "replace"
    DELETE = "delete"


class PropertyChange(Document):
    """One input that differs, and what that does."""

    path: str
    """`vpcConfig.subnetIds[0]`."""
    before: Any = None
    """None where there was nothing; a secret shows only that it is one."""
    after: Any = None
    """None where there is nothing now."""
    effect: Effect
    """What this change alone does to the resource."""
    because: str = ""
    """What else explains it: the replaced resource that the value comes from."""


class Change(Document):
    """What an `up` would do to one resource."""

    urn: str
    """Its URN in the new graph, or in the saved one when it goes."""
    type: str
    """Type token."""
    name: str
    """Logical name."""
    action: Action
    """What happens."""
    properties: tuple[PropertyChange, ...] = ()
    """The inputs that cause it."""
    was: str | None = None
    """Former URN of a renamed resource."""
    loses: str | None = None
    """What would be lost with it; none where nothing would."""
    protected: bool = False
    """Whether the engine would refuse: the saved graph protects it."""


class Difference(Document):
    """What an `up` would do, resource by resource, sorted by URN."""

    changes: tuple[Change, ...]
    """Every resource that does not stay as it is."""

    @property
    def losing(self) -> tuple[Change, ...]:
        """The changes that would lose data."""
        return tuple(change for change in self.changes if change.loses)


_ACTIONS = {
    Effect.IN_PLACE: Action.UPDATE,
    Effect.MAY_REPLACE: Action.MAY_REPLACE,
    Effect.REPLACES: Action.REPLACE,
}
_OPTIONS = ("protect", "retain_on_delete", "deleted_with")
_WORST = list(Effect)


def compare(before: Graph, after: Graph) -> Difference:
    """Return what an `up` would do to an environment that is as the saved graph says.

    A value that comes from a resource that is replaced counts as changed, and so do all resources of a provider that
    may be replaced. What somebody changed by hand is not seen: no cloud is asked.
    """
    return Difference(changes=tuple(sorted(_Comparison(before, after).changes(), key=lambda change: change.urn)))


class _Comparison:
    def __init__(self, before: Graph, after: Graph) -> None:
        self._before, self._after = before, after
        self._pairs = continues(before, after)
        self._renamed = placeholders_of((before.by_urn[old], after.by_urn[new]) for new, old in self._pairs.items())
        self._found = {new: self._own(before.by_urn[old], after.by_urn[new]) for new, old in self._pairs.items()}

    def changes(self) -> list[Change]:
        """Return the change of every resource that has one."""
        self._spread()
        kept = [self._kept(new, old) for new, old in self._pairs.items()]
        created = [
            _change(resource, Action.CREATE) for resource in self._after.resources if resource.urn not in self._pairs
        ]
        gone = set(self._before.by_urn) - set(self._pairs.values())
        return [*(change for change in kept if change), *created, *(self._deleted(urn) for urn in gone)]

    def _own(self, old: GraphResource, new: GraphResource) -> dict[str, PropertyChange]:
        """Return what differs in the inputs and options of a resource itself."""
        inputs = rewritten(old.inputs, self._renamed)
        leaves = [leaf for leaf in differences(inputs, new.inputs) if not _ignored(new, leaf[0])]
        found = {path: _property(new, path, before, after) for path, before, after in leaves}
        for option in _OPTIONS:
            pair = (getattr(old, option), getattr(new, option))
            if pair[0] != pair[1] and not _same(pair, self._pairs):
                found[option] = _option(option, *pair, Effect.IN_PLACE)
        if old.provider != new.provider and not _same((old.provider, new.provider), self._pairs):
            found["provider"] = _option("provider", old.provider, new.provider, Effect.MAY_REPLACE)
        return found

    def _spread(self) -> None:
        """Let every replacement reach the resources whose inputs come from it, until nothing more changes."""
        waiting = deque(urn for urn in self._found if self._worst(urn) is not Effect.IN_PLACE)
        while waiting:
            source = self._after.by_urn[waiting.popleft()]
            for resource in self._after.resources:
                if resource.urn in self._found and self._reach(source, resource):
                    waiting.append(resource.urn)

    def _reach(self, source: GraphResource, resource: GraphResource) -> bool:
        """Note what the replacement of a source does to a resource; return whether that got worse than before."""
        known, found = self._worst(resource.urn), self._found[resource.urn]
        certainty = self._worst(source.urn)
        if resource.provider == source.urn:
            found.setdefault("provider", _caused("provider", Effect.MAY_REPLACE, source))
        for path, sources in resource.property_dependencies.items():
            if source.urn in sources and not _ignored(resource, path):
                caused = _caused(path, min(effect_of(resource, path), certainty, key=_WORST.index), source)
                if path not in found or _WORST.index(found[path].effect) < _WORST.index(caused.effect):
                    found[path] = caused
        return _WORST.index(self._worst(resource.urn)) > _WORST.index(known)

    def _worst(self, urn: str) -> Effect:
        return max((change.effect for change in self._found[urn].values()), key=_WORST.index, default=Effect.IN_PLACE)

    def _kept(self, new: str, old: str) -> Change | None:
        was, resource = self._before.by_urn[old], self._after.by_urn[new]
        found = self._found[new]
        if not found and new == old:
            return None
        managed = resource.custom and not resource.read
        worst = self._worst(new) if managed else Effect.IN_PLACE
        action = _ACTIONS[worst] if found else Action.RENAME
        return _change(
            resource,
            action,
            properties=tuple(found[path] for path in sorted(found)),
            was=old if new != old else None,
            loses=lost_with(resource) if managed and worst is not Effect.IN_PLACE else None,
            protected=was.protect,
        )

    def _deleted(self, urn: str) -> Change:
        resource = self._before.by_urn[urn]
        loses = None if resource.retain_on_delete or resource.read else lost_with(resource)
        return _change(resource, Action.DELETE, loses=loses, protected=resource.protect)


def _change(resource: GraphResource, action: Action, **more: Any) -> Change:
    return Change(urn=resource.urn, type=resource.type, name=resource.name, action=action, **more)


def _property(resource: GraphResource, path: str, before: Any, after: Any) -> PropertyChange:
    return PropertyChange(
        path=path,
        before=None if before is MISSING else before,
        after=None if after is MISSING else after,
        effect=effect_of(resource, path),
    )


def _option(name: str, before: Any, after: Any, effect: Effect) -> PropertyChange:
    return PropertyChange(path=f"({name})", before=before, after=after, effect=effect)


def _caused(path: str, effect: Effect, source: GraphResource) -> PropertyChange:
    return PropertyChange(path=path, effect=effect, because=f"{source.label} is replaced")


def _ignored(resource: GraphResource, path: str) -> bool:
    return any(covers(pattern, path) for pattern in resource.ignore_changes)


def _same(pair: tuple[Any, Any], pairs: dict[str, str]) -> bool:
    """Return whether two URNs are those of one renamed resource."""
    return pairs.get(pair[1]) == pair[0] if isinstance(pair[1], str) else False

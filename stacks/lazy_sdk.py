"""Import the classes of Pulumi's SDKs one by one.

A package of an SDK, `pulumi_aws.ec2`, takes the names of all its modules: hundreds, of which a program wants a few. It
was a third of the time of a plan. Here, a module is imported when one of its names is asked for.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

_SDKS = ("pulumi_aws.", "pulumi_kubernetes.")
_OPENED = re.compile(r"^from \.(\w+) import \*$", re.M)
_MODULE = re.compile(r"^from \. import (\w+)$", re.M)


def install() -> None:
    """Let packages of SDKs that are imported from now on take names as they are asked for them."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_SDKS):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.submodule_search_locations and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Runs a package without the lines that import its modules."""

    def exec_module(self, module: ModuleType) -> None:
        source = self.get_source(module.__name__) or ""
        names = _Names(module, _OPENED.findall(source), _MODULE.findall(source))
        vars(module)["__getattr__"] = names.find
        rest = compile(_MODULE.sub("", _OPENED.sub("", source)), self.path, "exec", dont_inherit=True)
        exec(rest, vars(module))  # noqa: S102 - the package's own lines


class _Names:
    """What a package has, and has not imported yet."""

    def __init__(self, package: ModuleType, opened: Sequence[str], modules: Sequence[str]) -> None:
        self._package = package
        self._opened = dict.fromkeys(opened)
        """Modules whose names are the package's."""
        self._modules = frozenset(modules)

    def find(self, name: str) -> Any:
        """Return what the package has by this name, as the `__getattr__` of a module does."""
        if name in self._modules:
            return importlib.import_module(f"{self._package.__name__}.{name}")
        if not name.startswith("__"):
            for module in sorted(self._opened, key=lambda module: _rank(module, name)):
                self._open(module)
                if name in vars(self._package):
                    return vars(self._package)[name]
        raise AttributeError(f"module `{self._package.__name__}` has no attribute `{name}`")

    def _open(self, module: str) -> None:
        opened = importlib.import_module(f"{self._package.__name__}.{module}")
        public = getattr(opened, "__all__", [name for name in vars(opened) if not name.startswith("_")])
        vars(self._package).update({name: getattr(opened, name) for name in public})
        self._opened.pop(module, None)


def _rank(module: str, name: str) -> tuple[int, bool]:
    """Say how early to look in a module: `VpcArgs` is in `vpc`, and most of the rest is in `_inputs`."""
    folded = module.replace("_", "").lower()
    found = name.replace("_", "").lower().startswith(folded)
    return -len(folded) if found else 0, not module.startswith("_")

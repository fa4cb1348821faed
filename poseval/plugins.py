"""Registries: names of one kind, ours in a table, those of other packages by entry points.

A package adds to a kind by an entry point, whose name is the name of what it adds:

    [project.entry-points."poseval.metrics"]
    median_error = "their_package.median_error:MedianError"

The groups are `poseval.formats`, `poseval.metrics`, `poseval.benchmarks`, `poseval.models`,
`poseval.trackers` and `poseval.crosschecks`. Entry points are looked up for names that are not in our table,
and for lists: to look takes as long as a small score. A name of ours is always ours, so that no number
changes because a package was installed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from poseval.errors import PosevalError, UsageError, shown, unknown_name

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Plugin:
    """Something that another package adds: its name, `module:attribute`, and the package."""

    name: str
    place: str
    package: str


def load(place: str) -> Any:
    """What stands at a place such as `poseval.metrics.pck:Pck`."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


@dataclass(frozen=True, eq=False)
class Registry(Generic[Thing]):
    """Everything of one kind by name.

    `table` holds ours, each as it is or as the place where it lies, so that it is imported when it is asked
    for. `kind` is the word for one of them in messages, `code` that of the error for an unknown name, `group`
    that of the entry points, and `base` the class that what others add must be of.
    """

    kind: str
    code: str
    group: str
    table: Mapping[str, str | Thing]
    base: type[Any]

    def get(self, name: str) -> Thing:
        """The thing of a name.

        Raises:
            UsageError: `code` for an unknown name, with near ones; P184 for another package's that fails.
        """
        row = self.table.get(name)
        if row is not None:
            found: Thing = load(row) if isinstance(row, str) else row
            return found
        brought = [plugin for plugin in self.plugins() if plugin.name == name]
        if not brought:
            raise unknown_name(self.code, self.kind, name, self.names())
        if len(brought) > 1:
            packages = " and ".join(shown(plugin.package) for plugin in brought)
            raise self._unusable(brought[0], f"is brought by {packages}", "one package that brings it")
        return self._loaded(brought[0])

    def plugins(self) -> tuple[Plugin, ...]:
        """What other packages add under names that are not ours, by name; none is imported."""
        return tuple(plugin for plugin in self._found() if plugin.name not in self.table)

    def passed_over(self) -> tuple[Plugin, ...]:
        """What other packages add under names of ours, and what is therefore never used."""
        return tuple(plugin for plugin in self._found() if plugin.name in self.table)

    def names(self) -> list[str]:
        """Our names in the order of the table, then those of other packages."""
        return [*self.table, *dict.fromkeys(plugin.name for plugin in self.plugins())]

    @contextmanager
    def blamed(self, name: str) -> Iterator[None]:
        """Whatever the code of another package raises in here becomes an error that names it.

        Raises:
            UsageError: P184; what our own code raises is left as it is.
        """
        try:
            yield
        except PosevalError:
            raise
        except (Exception, SystemExit) as error:
            brought = [plugin for plugin in self.plugins() if plugin.name == name]
            if not brought:
                raise
            raise self._unusable(brought[0], f"fails ({type(error).__name__}: {shown(error)})") from error

    def _found(self) -> tuple[Plugin, ...]:
        return _plugins(self.group, tuple(sys.path))

    def _loaded(self, plugin: Plugin) -> Thing:
        with self.blamed(plugin.name):
            found: Any = load(plugin.place)
        if not isinstance(found, self.base) and not (
            isinstance(found, type) and issubclass(found, self.base)
        ):
            wanted = f"a {self.base.__name__} at {shown(plugin.place)}"
            raise self._unusable(plugin, f"is a {type(found).__name__}", wanted)
        own = getattr(found, "name", None)
        if own != plugin.name and not isinstance(found, FunctionType):
            raise self._unusable(plugin, f"calls itself {shown(own)!r}", "the name of its entry point")
        thing: Thing = found
        return thing

    def _unusable(self, plugin: Plugin, what: str, wanted: str | None = None) -> UsageError:
        where = f"{self.kind} {shown(plugin.name)!r} of the package {shown(plugin.package)}"
        return UsageError("P184", where=where, what=what, wanted=wanted)


@cache
def _plugins(group: str, path: tuple[str, ...]) -> tuple[Plugin, ...]:
    """The entry points of a group on a module search path, by name and package."""
    from importlib.metadata import entry_points

    found = {Plugin(entry.name, entry.value.strip(), _package(entry)) for entry in entry_points(group=group)}
    return tuple(sorted(found, key=lambda plugin: (plugin.name, plugin.package)))


def _package(entry: EntryPoint) -> str:
    """Name and version of the package that an entry point comes from."""
    if entry.dist is None:
        return "of no name"
    return f"{entry.dist.name} {entry.dist.version}"

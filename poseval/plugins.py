"""Registries: names of one kind, from our own table and from entry points of other packages.

A package adds an item by an entry point that has the item's name:

    [project.entry-points."poseval.metrics"]
    median_error = "their_package.median_error:MedianError"

The groups are `poseval.formats`, `poseval.metrics`, `poseval.benchmarks`, `poseval.models`,
`poseval.trackers` and `poseval.crosschecks`. Entry points are looked up only for names
that are not in our table, and for lists, because the lookup takes as long as a small score. A name in our
table always means our item, so that no number changes because a package was installed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
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
Result = TypeVar("Result")


@dataclass(frozen=True)
class Plugin:
    """Something that another package adds: its name, `module:attribute`, and the package."""

    name: str
    place: str
    package: str


def load(place: str) -> Any:
    """The object at a place such as `poseval.metrics.pck:Pck`."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


@dataclass(frozen=True, eq=False)
class Registry(Generic[Thing]):
    """All items of one kind, by name.

    `table` holds our items, as objects or as places that are imported when needed. `kind` is the word for
    an item in messages, `code` the error code for an unknown name, `group` the group of entry points. Items
    of other packages must be instances of `base`, or, with `classes`, subclasses of it.
    """

    kind: str
    code: str
    group: str
    table: Mapping[str, str | Thing]
    base: type[Any]
    classes: bool = False

    def get(self, name: str) -> Thing:
        """The item with this name.

        Raises:
            UsageError: `code` for an unknown name, with similar names; P184 for an item of another package
                that fails.
        """
        if not isinstance(name, str):
            raise unknown_name(self.code, self.kind, name, self.names())
        row = self.table.get(name)
        if row is not None:
            found: Thing = load(row) if isinstance(row, str) else row
            return found
        brought = [plugin for plugin in self.plugins() if plugin.name == name]
        if not brought:
            raise unknown_name(self.code, self.kind, name, self.names())
        if len(brought) > 1:
            packages = " and ".join(shown(plugin.package) for plugin in brought)
            raise self._unusable(
                brought[0],
                f"is provided by several packages: {packages}",
                "a single package that provides it",
            )
        return self._loaded(brought[0])

    def plugins(self) -> tuple[Plugin, ...]:
        """Items of other packages under names that are not in our table. None is imported."""
        return tuple(plugin for plugin in self._found() if plugin.name not in self.table)

    def passed_over(self) -> tuple[Plugin, ...]:
        """Items of other packages under names in our table, which are therefore never used."""
        return tuple(plugin for plugin in self._found() if plugin.name in self.table)

    def others(self) -> list[str]:
        """Names of the items of other packages."""
        return list(dict.fromkeys(plugin.name for plugin in self.plugins()))

    def names(self) -> list[str]:
        """Names in the order of our table, then those of other packages."""
        return [*self.table, *self.others()]

    @contextmanager
    def blamed(self, name: str) -> Iterator[None]:
        """Turn an exception in another package's code into an error that names the package.

        Raises:
            UsageError: P184. Errors that our own code raises are not changed.
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

    def each(
        self, names: Iterable[str], use: Callable[[Thing], Result]
    ) -> tuple[dict[str, Result], list[PosevalError]]:
        """The results of `use` for the named items, and the errors of those that fail."""
        done: dict[str, Result] = {}
        faults: list[PosevalError] = []
        for name in names:
            try:
                with self.blamed(name):
                    done[name] = use(self.get(name))
            except PosevalError as error:
                if name in self.table:
                    raise
                faults.append(error)
        return done, faults

    def _found(self) -> tuple[Plugin, ...]:
        return _plugins(self.group, tuple(sys.path))

    def _loaded(self, plugin: Plugin) -> Thing:
        with self.blamed(plugin.name):
            found: Any = load(plugin.place)
        kind = found if self.classes else type(found)
        if not isinstance(kind, type) or not issubclass(kind, self.base):
            wanted = f"a {'class of ' * self.classes}{self.base.__name__} at {shown(plugin.place)}"
            raise self._unusable(plugin, f"is a {type(found).__name__}", wanted)
        own = getattr(found, "name", None)
        if own != plugin.name and not isinstance(found, FunctionType):
            raise self._unusable(plugin, f"calls itself {shown(own)!r}", "the name of its entry point")
        thing: Thing = found
        return thing

    def _unusable(self, plugin: Plugin, what: str, wanted: str | None = None) -> UsageError:
        where = f"{self.kind} {shown(plugin.name)!r} of the package {shown(plugin.package)}"
        return UsageError("P184", where=where, what=what, wanted=wanted)


def in_one_line(faults: Iterable[PosevalError]) -> str | None:
    """Errors of other packages in one line, as a hint; None if there are none."""
    return "; ".join(f"{error.fault.where} {error.fault.what}" for error in faults) or None


@cache
def _plugins(group: str, path: tuple[str, ...]) -> tuple[Plugin, ...]:
    """The entry points of a group on a module search path, by name and package."""
    from importlib.metadata import entry_points

    found = {
        Plugin(entry.name, entry.value.partition("[")[0].strip(), _package(entry))
        for entry in entry_points(group=group)
    }
    return tuple(sorted(found, key=lambda plugin: (plugin.name, plugin.package)))


def _package(entry: EntryPoint) -> str:
    """Name and version of the package that an entry point comes from."""
    try:
        return "of no name" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
    except FileNotFoundError:
        # Once a package imports the backport importlib_metadata, its finder answers; it insists on metadata.
        return "of no name"

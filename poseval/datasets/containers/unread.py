"""What a file holds beyond the keys that its reader knows, counted by path.

A reader declares the paths that it carries, such as `[].data.image`; `[]` stands for the items of a list, `*`
for keys that are names. What lies below a declared path belongs to it. Every other key is counted, whatever
it is, so that no new key of a format gets lost in silence. Null, and what is empty, holds nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

MOST_PATHS = 500  # of one file; a file of a million different keys would fill the memory with their names
REST = "other keys"


class _Level:
    """What was met at one path: most names, and most sets of names, come again."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[str, bool, bool]] = {}  # its place, whether declared, or a path below is
        self.rest: dict[tuple[str, ...], tuple[str, ...]] = {}  # names of a mapping -> those not declared


class Known:
    """Declared paths, and the places below which a declared path can still come."""

    def __init__(self, *paths: str) -> None:
        self.paths = frozenset(paths)
        self.above = frozenset(path[:at] for path in paths for at in _cuts(path))

    def count(self, node: Any, unread: Counter[str], path: str = "") -> None:
        """Add the keys of `node`, which stands at `path`, that nobody declared."""
        self._count(node, unread, path, {})

    def _count(self, node: Any, unread: Counter[str], path: str, levels: dict[str, _Level]) -> None:
        level = levels.get(path)
        if level is None:
            level = levels[path] = _Level()
        for name, child in self._undeclared(node, path, level):
            place, _, above = level.places[name]
            if type(child) in VALUES:
                holds, below = child is not None and child != "", False
            else:
                as_it_is = type(child) in CONTAINERS or (above and _is_element(child))
                within = child if as_it_is else _children(child)
                holds = not _empty(child) if within is NONE else bool(within)
                below = above and within is not NONE
            if holds and below:
                self._count(child, unread, place, levels)
            elif holds:
                add(unread, place[:-1] + name if place[-1] == "*" else place)

    def _undeclared(self, node: Any, path: str, level: _Level) -> Iterable[tuple[str, Any]]:
        """What stands inside of a node under names that nobody declared."""
        if type(node) is list:
            return () if self._found("[]", path, level)[1] else zip(repeat("[]"), node)
        mapping = type(node) is dict
        names = tuple(node) if mapping else node.names() if _is_element(node) else None
        rest = None if names is None else level.rest.get(names)
        if rest is not None:
            return [(name, node[name]) for name in rest]
        found = [pair for pair in _children(node) if not self._found(pair[0], path, level)[1]]
        if names is not None and len(level.rest) < MOST_PATHS:
            level.rest[names] = tuple(name for name, _ in found)
        return found

    def _found(self, name: str, path: str, level: _Level) -> tuple[str, bool, bool]:
        found = level.places.get(name)
        if found is None:
            place = self._place(path, name)
            found = level.places[name] = (place, place in self.paths, place in self.above)
        return found

    def _place(self, path: str, name: str) -> str:
        place = path + name if name == "[]" or not path else f"{path}.{name}"
        if name == "[]" and path.endswith("[]") and place not in self.paths and place not in self.above:
            return path  # a cell of structs is a list of them
        if name != "[]" and place not in self.paths and place not in self.above:
            any_name = f"{path}.*" if path else "*"
            if any_name in self.paths or any_name in self.above:
                return any_name
        return place


NONE: tuple[tuple[str, Any], ...] = ()
CONTAINERS = frozenset({dict, list})
VALUES = frozenset({str, int, float, bool, type(None)})


def add(unread: Counter[str], path: str, count: int = 1) -> None:
    """Count something that was not read."""
    unread[path if path in unread or len(unread) < MOST_PATHS else REST] += count


def _children(node: Any) -> Any:
    """Names and values inside a mapping, a list, an element of XML or a struct; NONE of a value."""
    if type(node) in VALUES:
        return NONE
    inside = getattr(node, "items", None)
    if callable(inside):
        return inside()
    listed = node if inside is None and isinstance(node, list) else inside
    return zip(repeat("[]"), listed) if listed else NONE


def _is_element(node: Any) -> bool:
    """Whether this is an element of XML."""
    return callable(getattr(node, "names", None))


def _empty(value: Any) -> bool:
    """Whether what has no children holds nothing."""
    inside = getattr(value, "items", None)
    if inside is not None:
        return not inside
    return value is None or (isinstance(value, (str, list)) and not value)


def _cuts(path: str) -> Iterator[int]:
    """Lengths of the paths above a path."""
    for at, char in enumerate(path):
        if char == "." or (char == "[" and at):
            yield at
        if char == "]" and at + 1 < len(path):
            yield at + 1


class Asked(dict[str, Any]):
    """Variables of a file by name. Those that are never asked for are counted as not read."""

    def __init__(self, values: Mapping[str, Any], unread: Counter[str]) -> None:
        super().__init__(values)
        self._unread = unread
        for name in values:
            add(unread, name)

    def __getitem__(self, name: str) -> Any:
        self._unread.pop(name, None)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The variable, or the default."""
        self._unread.pop(name, None)
        return super().get(name, default)

    def pop(self, name: str, default: Any = None) -> Any:
        """The variable, which is taken out, or the default."""
        self._unread.pop(name, None)
        return super().pop(name, default)

    def items(self) -> Any:
        """All variables, which then count as read."""
        for name in self:
            self._unread.pop(name, None)
        return super().items()

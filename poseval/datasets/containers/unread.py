"""What a file holds beyond the keys that its reader knows, counted by path.

A reader declares the paths that it carries, such as `[].data.image`; `[]` stands for the items of a list, `*`
for keys that are names. What lies below a declared path belongs to it. Every other key is counted, whatever
it is, so that no new key of a format gets lost in silence. Null, and what is empty, holds nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

MOST_PATHS = 500  # of one file; a file of a million different keys would fill the memory with their names
REST = "other keys"


class Known:
    """Declared paths, and the places below which a declared path can still come."""

    def __init__(self, *paths: str) -> None:
        self.paths = frozenset(paths)
        self.above = frozenset(path[:at] for path in paths for at in _cuts(path))

    def count(self, node: Any, unread: Counter[str], path: str = "") -> None:
        """Add the keys of `node`, which stands at `path`, that nobody declared."""
        for name, child in _children(node):
            place = self._place(path, name)
            if place in self.paths or _empty(child):
                continue
            if place in self.above and _children(child) is not NONE:
                self.count(child, unread, place)
            else:
                add(unread, place.removesuffix("*") + name if place.endswith("*") else place)

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


def add(unread: Counter[str], path: str, count: int = 1) -> None:
    """Count something that was not read."""
    unread[path if path in unread or len(unread) < MOST_PATHS else REST] += count


def _children(node: Any) -> Any:
    """Names and values inside a mapping, a list, an element of XML or a struct; NONE of a value."""
    inside = getattr(node, "items", None)
    if inside is not None:
        return inside() if callable(inside) else _items(inside)
    if isinstance(node, list):
        return _items(node)
    return NONE


def _items(node: list[Any]) -> Iterator[tuple[str, Any]]:
    return (("[]", item) for item in node)


def _empty(value: Any) -> bool:
    inside = getattr(value, "items", None)
    if inside is not None:
        return not (inside() if callable(inside) else inside)
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

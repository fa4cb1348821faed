"""YAML of untrusted files, by PyYAML's safe loader within bounds.

Anchors, aliases, tags and repeated keys are refused: a description of a data set needs none of them, and a
few aliases of aliases fill the memory.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

from poseval.errors import FormatError, shown

try:
    from yaml import CSafeLoader as SafeLoader  # twenty times as fast; not every build of PyYAML has it
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

MAX_BYTES = 1 << 18  # COCO-pose's description is 2 kB; 1,000 class names are 30 kB
MAX_DEPTH = 8
MAX_PLAIN = 1_000  # characters without quotes: numbers of more than 4,300 digits cannot be printed


class _Loader(SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found = super().construct_mapping(node, deep=deep)
        if len(found) < len(node.value):
            keys = Counter(self.construct_object(key) for key, _ in node.value)
            repeated = shown(keys.most_common(1)[0][0], 40)
            raise _at(node, f"has the key {repeated!r} twice")
        return found


def parse(data: bytes, where: str) -> dict[Any, Any]:
    """The map that the text holds; an empty one for an empty text.

    Raises:
        FormatError: P211 not UTF-8; P272 no YAML, no map, too large or too deep, or with anchors, aliases,
            tags or a key twice, with its line.
    """
    if len(data) > MAX_BYTES:
        raise FormatError(
            "P272", where=where, what=f"has {len(data):,} bytes", wanted=f"at most {MAX_BYTES:,}"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError("P211", where=where, what="is not UTF-8", hint="save the file as UTF-8") from error
    try:
        _check_events(text)
        found = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refused(where if mark is None else f"{where}: line {mark.line + 1}", error.problem) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # e.g. control characters, a 13th month
        raise _refused(where, error) from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _refused(where, "is not a map of `key: value`")
    return found


def _check_events(text: str) -> None:
    """Refuse YAML that a description does not need, before any object is built.

    Raises:
        MarkedYAMLError: with the line.
    """
    depth = 0
    for event in yaml.parse(text, Loader=SafeLoader):
        problem = ""
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            problem = "has an anchor or alias (& or *)"
        elif getattr(event, "tag", None) is not None:
            problem = "has a tag (!)"
        elif depth > MAX_DEPTH:
            problem = f"is nested deeper than {MAX_DEPTH} levels"
        elif isinstance(event, yaml.ScalarEvent) and event.implicit[0] and len(event.value) > MAX_PLAIN:
            problem = f"has {len(event.value):,} characters without quotes"
        if problem:
            raise _at(event, problem)


def _at(place: yaml.Event | yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=place.start_mark)  # type: ignore[arg-type]


def _refused(where: str, what: object) -> FormatError:
    return FormatError(
        "P272",
        where=where,
        what=shown(what),
        wanted="plain YAML: maps, lists, names and numbers, without anchors and tags",
    )

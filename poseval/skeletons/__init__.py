"""The table of skeletons as data, and look-up by name, by joint names or from a file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from poseval.errors import FormatError, UsageError, shown, unknown_name, wrong_type
from poseval.files.reading import read_json
from poseval.files.toml import read_toml
from poseval.skeletons.agreement import plain_names
from poseval.skeletons.skeleton import Skeleton, skeleton_from_names, skeleton_of

__all__ = [
    "Skeleton",
    "SkeletonLike",
    "get_skeleton",
    "load_skeleton",
    "match_names",
    "names",
    "skeleton_from_names",
    "skeleton_of",
]

SkeletonLike = str | os.PathLike[str] | Skeleton  # by name, from a file, or itself


@cache
def _table() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = json.loads(
        # Not importlib.resources: that imports zipfile and tempfile, which costs every command 6 ms.
        Path(__file__).with_name("table.json").read_text(encoding="utf-8")
    )
    return table


def names() -> list[str]:
    """Names of the skeletons that come with poseval."""
    return list(_table())


def get_skeleton(name: str) -> Skeleton:
    """The named skeleton.

    Raises:
        UsageError: P113 for an unknown name; the message proposes near ones.
    """
    if not isinstance(name, str) or name not in _table():
        raise unknown_name("P113", "skeleton", name, names(), wanted=", or a .json or .toml file")
    return _known(name)


@cache
def _known(name: str) -> Skeleton:
    return skeleton_of(name, _table()[name], where=f"table of skeletons: {name}")


def load_skeleton(source: SkeletonLike) -> Skeleton:
    """A skeleton by name, or from a `.json` / `.toml` file with `joints`, `flip_pairs`, `limbs`, `sigmas`.

    Raises:
        UsageError: P101 not a text, path or skeleton, P113 an unknown name, P110 contradictory parts.
        FormatError: P220 when the file is not of that form.
        LimitError: P501, P502 when it is larger or deeper than any skeleton.
    """
    if isinstance(source, Skeleton):
        return source
    if not isinstance(source, (str, os.PathLike)):
        raise wrong_type("skeleton", source, "a name, a .json or .toml file, or a Skeleton")
    path = Path(source)
    if path.suffix not in (".json", ".toml"):
        return get_skeleton(os.fspath(source))
    if not os.path.isfile(path):
        raise UsageError("P114", where=shown(source), what="is not a file", wanted="a skeleton file")
    try:
        node = read_json(path) if path.suffix == ".json" else read_toml(path)
    except ValueError as error:
        raise FormatError("P220", where=shown(source), what=f"cannot be read ({shown(error)})") from error
    if not isinstance(node, dict):
        raise FormatError(
            "P220", where=shown(source), what="is not an object", wanted='{"joints": [...], ...}'
        )
    return skeleton_of(str(node.get("name", path.stem)), node, where=shown(source))


def match_names(joints: Sequence[str]) -> Skeleton | None:
    """The known skeleton with these joint names in this order, or None.

    Spelling may differ as it does between releases of one dataset: case, `-` and blanks for `_`, `L_F_Paw`
    for `left_front_paw`. Names by which a published file calls its joints wrongly mean the right ones.
    """
    wanted = list(joints)
    for name, node in _table().items():
        if wanted in (node["joints"], node.get("source_names"), node.get("file_names")):
            return get_skeleton(name)
    plain = plain_names(wanted)
    for name, node in _table().items():
        if plain_names(node["joints"]) == plain:
            return get_skeleton(name)
    return None

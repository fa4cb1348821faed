"""A pose set as named columns and one description, and back: what poseval's own files share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from poseval.datasets.base import ReadOptions, Role
from poseval.errors import FormatError, LimitError, PosevalError, shown
from poseval.poses import Array, Frames, IgnoreRegions, Notice, Origin, People, PoseSet
from poseval.skeletons import Skeleton, get_skeleton, names

SCHEMA = 1
PEOPLE = (
    "xy",
    "frame",
    "seen",
    "joint_score",
    "score",
    "track",
    "area",
    "box",
    "head",
    "crowd",
    "category",
    "source_id",
)
FRAMES = ("key", "sequence", "number", "size", "labelled", "path")
IGNORE = ("vertices", "start", "frame")
TABLES = {"people": PEOPLE, "frames": FRAMES, "ignore": IGNORE}


def columns_of(poses: PoseSet) -> dict[str, Array]:
    """All columns by name: `people.xy`, `frames.key`, `ignore.vertices`, `people.extra.NAME`, ..."""
    out = {f"people.{name}": getattr(poses.people, name) for name in PEOPLE}
    out |= {f"frames.{name}": getattr(poses.frames, name) for name in FRAMES}
    out |= {f"ignore.{name}": getattr(poses.ignore, name) for name in IGNORE}
    out |= {f"people.extra.{name}": column for name, column in poses.people.extra.items()}
    out |= {f"frames.extra.{name}": column for name, column in poses.frames.extra.items()}
    return out


def description_of(poses: PoseSet, role: Role) -> str:
    """The rest as JSON: schema, role, skeleton, sequences, categories, notices."""
    skeleton = poses.skeleton
    node = {
        "poseval": SCHEMA,
        "role": role.value,
        "skeleton": {
            "name": skeleton.name,
            "joints": list(skeleton.joints),
            "flip": list(skeleton.flip),
            "limbs": [list(limb) for limb in skeleton.limbs],
            "sigmas": None if skeleton.sigmas is None else list(skeleton.sigmas),
            "source": skeleton.source,
            **({"normalisers": dict(skeleton.normalisers)} if skeleton.normalisers else {}),
        },
        "sequences": list(poses.frames.sequences),
        "categories": {str(number): name for number, name in poses.categories.items()},
        "origin": {
            "format": poses.origin.first_format,
            "sha256": poses.origin.sha256,
            "base": poses.origin.base,
        },
        "notices": [[notice.code, notice.text, notice.count] for notice in poses.origin.notices],
    }
    return json.dumps(node, allow_nan=False)


def poses_of(columns: Mapping[str, Array], description: str, options: ReadOptions, origin: Origin) -> PoseSet:
    """The pose set that the columns and the description hold.

    Raises:
        FormatError: P270 no such file, or one that contradicts itself.
        LimitError: P502 more people or frames than allowed.
    """
    where = shown(origin.name)
    try:
        node = json.loads(description)
        if node["poseval"] != SCHEMA:
            raise ValueError(f"schema {shown(node['poseval'], 20)}")
        if node["role"] != options.role.value:
            raise FormatError(
                "P201",
                where=where,
                what=f"holds {shown(node['role'], 20)}",
                wanted=options.role.words,
                hint="Are the two files exchanged?",
            )
        people = {name: columns[f"people.{name}"] for name in PEOPLE}
        frames = {name: columns[f"frames.{name}"] for name in FRAMES}
        ignore = {name: columns[f"ignore.{name}"] for name in IGNORE}
        if len(people["frame"]) > options.limits.people or len(frames["key"]) > options.limits.frames:
            raise LimitError(
                "P502",
                where=where,
                what="has more people or frames than allowed",
                wanted=f"at most {options.limits.people:,} and {options.limits.frames:,}",
            )
        notices = tuple(Notice(str(code), str(text), int(count)) for code, text, count in node["notices"])
        sequences = tuple(str(name) for name in node["sequences"])
        table = Frames(**frames, sequences=sequences, extra=_extra(columns, "frames.extra."))
        if len(np.unique(table.key)) < len(table):
            raise ValueError("frames with distinct keys")
        rows = People(**people, extra=_extra(columns, "people.extra."))
        if not np.isin(rows.seen, (0, 1, 2, 3)).all():
            raise ValueError("flags other than 0, 1, 2, 3")
        regions = IgnoreRegions(**ignore)
        categories = {int(number): str(name) for number, name in node["categories"].items()}
        origin = _origin(node.get("origin"), replace(origin, records=len(rows), notices=notices))
        skeleton = _skeleton(node["skeleton"])
        return PoseSet(skeleton, table, rows, regions, origin, categories)
    except (FormatError, LimitError):
        raise
    except (PosevalError, KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError,
            RecursionError) as error:  # fmt: skip
        raise FormatError(
            "P270",
            where=where,
            what=f"contradicts itself, or is damaged ({shown(error, 100)})",
            wanted="a file that poseval wrote",
        ) from None


def _origin(node: Any, here: Origin) -> Origin:
    """Where the set came from at first; files of poseval 0.1 do not say it."""
    if node is None:
        return here
    digest, base = str(node["sha256"]), int(node["base"])
    if not re.fullmatch("(?:[0-9a-f]{64})?", digest) or base not in (0, 1):
        raise ValueError("an origin of another form")
    return replace(here, sha256=digest or here.sha256, base=base, converted_from=str(node["format"]))


def unknown_columns(columns: Iterable[str]) -> list[str]:
    """Names of columns that `poses_of` does not read."""
    known = {f"{table}.{name}" for table, names in TABLES.items() for name in names}
    extras = ("people.extra.", "frames.extra.")
    return [name for name in columns if name not in known and not name.startswith(extras)]


def _skeleton(node: Any) -> Skeleton:
    sigmas = node["sigmas"]
    name, joints = str(node["name"]), tuple(str(joint) for joint in node["joints"])
    normalisers = node.get("normalisers", {})
    if not normalisers and name in names() and get_skeleton(name).joints == joints:
        normalisers = get_skeleton(name).normalisers  # files of poseval 0.1 do not hold them
    return Skeleton(
        name,
        joints,
        tuple(int(at) for at in node["flip"]),
        tuple((int(a), int(b)) for a, b in node["limbs"]),
        None if sigmas is None else tuple(float(sigma) for sigma in sigmas),
        str(node["source"]),
        dict(normalisers),
    )


def _extra(columns: Mapping[str, Array], start: str) -> dict[str, Array]:
    return {name.removeprefix(start): column for name, column in columns.items() if name.startswith(start)}

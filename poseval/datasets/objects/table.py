"""Pose sets from a table in long form: a row for each joint of each person of each frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from poseval.datasets.assembly import skeleton_of_set
from poseval.datasets.objects.arrays import from_arrays
from poseval.datasets.objects.columns import numbers
from poseval.datasets.objects.foreign import called
from poseval.errors import UsageError, number_of, shown, wrong_type
from poseval.poses import Array, PoseSet
from poseval.skeletons import SkeletonLike, load_skeleton


def from_pandas(
    table: Any,
    *,
    frame: str = "frame",
    person: str = "person",
    joint: str = "joint",
    x: str = "x",
    y: str = "y",
    score: str | None = None,
    visibility: str | None = None,
    person_score: str | None = None,
    track: str | None = None,
    area: str | None = None,
    skeleton: SkeletonLike | None = None,
) -> PoseSet:
    """A pose set from a pandas table in long form, one row for each joint; the keywords name its columns.

    `score` is a column of joint confidences, `visibility` a column of 0, 1 and 2. `person_score`, `track` and
    `area` belong to the person and are the same in all its rows. A joint is missing if its row has NaN or
    does not exist. Joints have the order of the `skeleton`, else of the known skeleton with exactly these
    joints.

    Raises:
        UsageError: P101 not a table, P857 a column that the table does not have, or a joint twice.
    """
    if not hasattr(table, "columns") or not hasattr(table, "__getitem__"):
        raise wrong_type("table", table, "a pandas table in long form")
    wanted = [frame, person, joint, x, y, score, visibility, person_score, track, area]
    for column in wanted:
        if column is not None and column not in table.columns:
            listed = ", ".join(shown(name, 40) for name in table.columns)
            raise UsageError(
                "P857",
                where=f"column {shown(column)!r}",
                what="is not in the table",
                wanted=f"one of {listed}",
                hint='name the columns: frame="...", person="...", joint="...", x="...", y="..."',
            )
    labels = [str(name) for name in table[joint]]
    known = skeleton_of_set(labels) if skeleton is None else load_skeleton(skeleton)
    place = {name: at for at, name in enumerate(known.joints)}
    others = sorted(set(labels) - place.keys())
    if others:
        raise UsageError(
            "P857",
            where=f"joint {shown(others[0])!r}",
            what=f"is not one of skeleton {shown(known.name)}",
            wanted=f"joints named {', '.join(known.joints)}",
        )
    row, first = _people(table, frame, person)
    at = np.asarray([place[name] for name in labels], dtype=np.int64)
    _refuse_twice(table, row * len(known) + at, (frame, person, joint))
    shape = (len(first), len(known))
    columns: dict[str, Any] = {}
    for name, column in (("joint_score", score), ("visibility", visibility)):
        if column is not None:
            columns[name] = np.full(shape, np.nan if name == "joint_score" else 0.0)
            columns[name][row, at] = numbers(column, table[column], (len(row),), "a number in each row")
    xy = np.full((*shape, 2), np.nan)
    for axis, column in enumerate((x, y)):
        xy[row, at, axis] = numbers(column, table[column], (len(row),), "a number in each row")
    for name, column in (("score", person_score), ("track", track), ("area", area)):
        if column is not None:
            columns[name] = numbers(column, table[column], (len(row),), "a number in each row")[first]
    names = [table[frame].iloc[int(at)] for at in first]
    return called("pandas", from_arrays(xy, frame=names, skeleton=known, **columns))


def _people(table: Any, frame: str, person: str) -> tuple[Array, Array]:
    """The person of each row, counted in order of first appearance, and the first row of each person."""
    index: dict[Any, int] = {}
    keys = list(zip(table[frame].tolist(), table[person].tolist(), strict=True))
    row = np.asarray([index.setdefault(key, len(index)) for key in keys], dtype=np.int64)
    return row, np.unique(row, return_index=True)[1]


def _refuse_twice(table: Any, key: Array, columns: tuple[str, str, str]) -> None:
    first = np.unique(key, return_index=True)[1]
    if len(first) < len(key):
        at = int(np.setdiff1d(np.arange(len(key)), first)[0])
        named = ", ".join(f"{name} {shown(table[name].iloc[at], 40)}" for name in columns)
        raise UsageError(
            "P857",
            where=f"row {at}",
            what=f"repeats {named}, as {number_of(len(key) - len(first), 'row')} of the table do",
            wanted="one row for each joint of a person in a frame",
        )

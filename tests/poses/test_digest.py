"""The digest of a set in memory: every column counts, and nothing but what is held."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from poseval.poses import Frames, IgnoreRegions, People, PoseSet
from poseval.poses.digest import content_digest
from tests.datasets.posetrack_sets import random_set

POSES = replace(
    random_set(3, predictions=False, reid=True),
    ignore=IgnoreRegions(np.arange(14.0).reshape(7, 2), np.array([0, 3, 7]), np.array([0, 1])),
)
COLUMNS = [
    (table, field.name)
    for table, kind in (("people", People), ("frames", Frames), ("ignore", IgnoreRegions))
    for field in fields(kind)
    if field.name != "extra"
]


def other(value: Any) -> Any:
    """The same column with its last value changed to another that is allowed."""
    if isinstance(value, tuple):
        return (*value, "one_more")
    column = np.array(value)
    last = column.reshape(-1)[-1:]
    if column.dtype.kind == "U":
        column = column.astype(f"U{column.dtype.itemsize // 4 + 1}")
        column[-1] = f"{column[-1]}x"
    elif column.dtype.kind == "b":
        last ^= True
    elif column.dtype.kind == "f":
        last[:] = 1.5 if np.isnan(last).all() else last + 1
    else:
        last += 1 if last[0] < 2 else -1
    return column


@pytest.mark.parametrize(("table", "name"), COLUMNS, ids=lambda part: str(part))
def test_every_column_changes_it(table: str, name: str) -> None:
    held = getattr(POSES, table)
    value = getattr(held, name)
    if name == "frame":  # must stay in order
        value = np.zeros_like(value)
    elif name == "start":  # one vertex moves to the polygon before its own
        value = value + (np.arange(len(value)) == 1)
    else:
        value = other(value)
    changed = replace(held, **{name: value})
    assert content_digest(replace(POSES, **{table: changed})) != content_digest(POSES)


def test_further_columns_change_it() -> None:
    people = POSES.people
    more = replace(people, extra={**people.extra, "camera": np.arange(len(people))})
    assert content_digest(replace(POSES, people=more)) != content_digest(POSES)


def test_it_does_not_depend_on_how_values_are_held() -> None:
    people, frames = POSES.people, POSES.frames
    wide = replace(
        POSES,
        people=replace(people, extra=dict(reversed(people.extra.items()))),
        frames=replace(frames, key=frames.key.astype("U300"), path=frames.path.astype("U300")),
    )
    assert content_digest(wide) == content_digest(POSES)
    zero, nan = (people.with_columns(area=np.full(len(people), value)) for value in (0.0, np.nan))
    minus, other_nan = (people.with_columns(area=np.full(len(people), value)) for value in (-0.0, -np.nan))
    for one, two in ((zero, minus), (nan, other_nan)):
        assert content_digest(replace(POSES, people=one)) == content_digest(replace(POSES, people=two))


def test_names_of_frames_cannot_be_cut_elsewhere() -> None:
    def named(*keys: str) -> PoseSet:
        none = People(np.zeros((0, len(POSES.skeleton), 2)), np.zeros(0, int))
        return PoseSet(POSES.skeleton, Frames(np.array(keys)), none)

    assert content_digest(named("a", "bc")) != content_digest(named("ab", "c"))

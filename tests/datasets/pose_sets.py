"""Random pose sets, and what must survive a way through files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from poseval.datasets import Role
from poseval.poses import Frames, People, PoseSet
from poseval.poses.frame_names import named, stem
from poseval.skeletons import Skeleton, get_skeleton

DIGITS = 3  # decimals of the coordinates


@st.composite
def pose_sets(draw: Any, role: Role, skeleton: Skeleton | None = None) -> PoseSet:
    """A set whose people have joints, boxes, scores and tracks; everyone has at least one joint."""
    joints = skeleton or get_skeleton("coco17")
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, 4))
    people = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count).filter(any))
    tracked = draw(st.booleans())
    frame = np.repeat(np.arange(count), people)
    rows, k = len(frame), len(joints)
    size = np.round(rng.uniform(200, 2000, (count, 2)))
    xy = np.round(rng.uniform(0.05, 0.95, (rows, k, 2)) * size[frame][:, None, :], DIGITS)
    flags = (0, 2) if role is Role.PREDICTIONS else (0, 1, 2)
    seen = rng.choice(np.asarray(flags, dtype=np.int8), (rows, k))
    seen[np.arange(rows), rng.integers(0, k, rows)] = 2
    xy[seen == 0] = 0.0
    low = np.round(rng.uniform(0, 50, (rows, 2)), 2)
    columns: dict[str, Any] = {
        "box": np.concatenate([low, low + np.round(rng.uniform(1, 100, (rows, 2)), 2)], axis=1),
        "track": np.concatenate([rng.permutation(9)[:n] for n in people]) if tracked else None,
    }
    if role is Role.PREDICTIONS:
        columns["joint_score"] = np.where(seen > 0, np.round(rng.uniform(0.01, 1, (rows, k)), 4), 0.0)
        columns["score"] = np.round(rng.uniform(0.01, 1, rows), 4)
    names = [f"walk/{number:06d}.jpg" for number in sorted(rng.permutation(50)[:count])]
    frames = Frames(np.asarray(names), size=size, path=np.asarray(names), sequences=("walk",))
    return PoseSet(joints, frames, People(xy, frame, seen=seen, **columns))


def in_order(poses: PoseSet) -> PoseSet:
    """People of a frame by the place of their left-most joint: their order in a frame means nothing."""
    people = poses.people
    left = np.where(people.seen > 0, people.xy[:, :, 0], np.inf).min(axis=1, initial=np.inf)
    return replace(poses, people=people.take(np.lexsort((np.round(left, 6), people.frame))))


def by_number(poses: PoseSet) -> PoseSet:
    """The frames with people in the order of their numbers."""
    people = poses.people
    rank = np.unique(poses.frames.number[people.frame], return_inverse=True)[1]
    order = np.argsort(rank, kind="stable")
    moved = people.with_columns(frame=np.zeros(len(people), dtype=np.int64)).take(order)
    return replace(poses, people=moved.with_columns(frame=rank[order]))


def assert_same_boxes(first: PoseSet, second: PoseSet, facts: frozenset[str]) -> None:
    """What is left where a format knows neither joints nor names of frames."""
    assert len(first) == len(second)
    tables = []
    for poses in (first, second):
        frames = np.unique(poses.people.frame, return_inverse=True)[1]
        columns = [frames, *(getattr(poses.people, name) for name in ("track", "score")), *poses.people.box.T]
        tables.append(np.stack(columns, axis=1)[np.lexsort((np.round(poses.people.box[:, 0], 3), frames))])
    keep = [0, *[1] * ("tracks" in facts), *[2] * ("scores" in facts), *[3, 4, 5, 6] * ("boxes" in facts)]
    np.testing.assert_allclose(tables[0][:, keep], tables[1][:, keep], rtol=1e-12, atol=1e-9)


def assert_same(first: PoseSet, second: PoseSet, facts: frozenset[str]) -> None:
    """The two sets agree in joints, places, and all of the named facts."""
    if "joints" not in facts:
        assert_same_boxes(first, second, facts)
        return
    if "frame names" not in facts:  # then frames keep their numbers' order
        first, second = by_number(first), by_number(second)
    first, second = in_order(first), in_order(second)
    a, b = first.people, second.people
    if "joint names" in facts:
        assert second.skeleton.joints == first.skeleton.joints
    assert len(a) == len(b)
    stems = [[stem(name) for name in named(poses.frames)] for poses in (first, second)]
    if "frame names" in facts:
        assert [stems[0][f] for f in a.frame] == [stems[1][f] for f in b.frame]
    else:
        np.testing.assert_array_equal(a.frame, b.frame)
    if "empty frames" in facts:
        assert stems[0] == stems[1]
    place = [second.skeleton.joints.index(joint) for joint in first.skeleton.joints]
    seen = b.seen[:, place]
    np.testing.assert_array_equal(seen > 0, a.seen > 0)
    found = a.seen > 0
    np.testing.assert_allclose(b.xy[:, place][found], a.xy[found], rtol=1e-12, atol=1e-9)
    if "hidden joints" in facts:
        np.testing.assert_array_equal(seen, a.seen)
    if "joint scores" in facts:
        np.testing.assert_allclose(b.joint_score[:, place][found], a.joint_score[found], rtol=1e-12)
    for fact, name in (("scores", "score"), ("boxes", "box"), ("areas", "area")):
        if fact in facts:
            given = ~np.isnan(getattr(a, name))  # what a writer made for want of it need not be absent again
            np.testing.assert_allclose(
                getattr(b, name)[given], getattr(a, name)[given], rtol=1e-12, atol=1e-9
            )
    for fact, name in (("tracks", "track"), ("categories", "category"), ("crowd flags", "crowd")):
        if fact in facts:
            np.testing.assert_array_equal(getattr(b, name), getattr(a, name))
    if "frame sizes" in facts and "empty frames" in facts:
        np.testing.assert_array_equal(second.frames.size, first.frames.size)

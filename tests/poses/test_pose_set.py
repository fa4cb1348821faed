from __future__ import annotations

import numpy as np
import pytest

from poseval.errors import ValueRangeError
from poseval.poses import Frames, IgnoreRegions, People, PoseSet
from poseval.skeletons import skeleton_from_names

SKELETON = skeleton_from_names(["a", "b"])


def people(frame: list[int], **columns: object) -> People:
    rows = len(frame)
    return People(xy=np.arange(rows * 4, dtype=float).reshape(rows, 2, 2), frame=frame, **columns)  # type: ignore[arg-type]


def test_missing_columns_have_their_missing_value() -> None:
    made = people([0, 1])
    assert np.isnan(made.score).all()
    assert (made.track == -1).all()
    assert made.seen.dtype == np.int8
    assert not made.crowd.any()


def test_columns_are_read_only() -> None:
    made = people([0])
    with pytest.raises(ValueError, match="read-only"):
        made.xy[0] = 1


def test_people_must_be_sorted_by_frame() -> None:
    with pytest.raises(ValueRangeError) as caught:
        people([1, 0])
    assert caught.value.code == "P312"


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(ValueRangeError, match=r"people\.score") as caught:
        people([0, 0], score=[1.0])
    assert caught.value.code == "P310"


def test_nan_is_refused_only_where_a_joint_is_seen() -> None:
    xy = np.full((1, 2, 2), np.nan)
    People(xy=xy, frame=np.array([0]), seen=np.zeros((1, 2), dtype=np.int8))
    with pytest.raises(ValueRangeError) as caught:
        People(xy=xy, frame=np.array([0]))
    assert caught.value.code == "P301"


def test_a_frame_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueRangeError) as caught:
        PoseSet(SKELETON, Frames(np.array(["x"])), people([0, 1]))
    assert caught.value.code == "P311"


def test_taking_frames_moves_people_and_regions() -> None:
    regions = IgnoreRegions(np.arange(14.0).reshape(7, 2), np.array([0, 3, 7]), np.array([0, 2]))
    poses = PoseSet(
        SKELETON,
        Frames(np.array(["x", "y", "z"]), extra={"index": np.array([7, 8, 9])}),
        people([0, 1, 2, 2], extra={"order": np.arange(4)}),
        regions,
    )
    part = poses.take_frames(np.array([1, 2]))
    assert part.frames.key.tolist() == ["y", "z"]
    assert part.frames.extra["index"].tolist() == [8, 9]
    assert part.people.frame.tolist() == [0, 1, 1]
    assert part.people.extra["order"].tolist() == [1, 2, 3]
    assert part.ignore.frame.tolist() == [1]
    assert part.ignore.vertices.tolist() == np.arange(14.0).reshape(7, 2)[3:].tolist()
    assert part.frame_start().tolist() == [0, 1, 3]


def test_regions_must_cut_their_vertices() -> None:
    with pytest.raises(ValueRangeError) as caught:
        IgnoreRegions(np.zeros((3, 2)), np.array([0, 2]), np.array([0]))
    assert caught.value.code == "P313"

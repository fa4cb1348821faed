"""A message about one thing does not speak of several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import poseval
from poseval.errors import UsageError
from poseval.poses import Frames, People, PoseSet
from poseval.tracking.offline import drop_joints


def people(frame: list[int]) -> PoseSet:
    shape = (len(frame), 17)
    columns = People(np.ones((*shape, 2)), np.array(frame), joint_score=np.ones(shape))
    return PoseSet(poseval.get_skeleton("coco17"), Frames(np.array(["a", "b"])), columns)


def test_one_file_for_sigmas() -> None:
    with pytest.raises(UsageError) as caught:
        poseval.estimate_sigmas([people([0, 1])])
    assert "annotations: hold 1 file [P197]" in str(caught.value)


def test_one_dropped_joint() -> None:
    found = people([0, 1])
    score = np.ones((2, 17))
    score[0, 0] = 0.1
    changed = drop_joints(replace(found, people=found.people.with_columns(joint_score=score)), 0.5)
    (notice,) = changed.origin.notices
    assert "dropped: 1 joint scored below 0.5" in str(notice)

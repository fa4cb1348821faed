from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from poseval.datasets import Role
from poseval.errors import FormatError, MismatchError, ValueRangeError
from tests.datasets.mat_files import cells, person, points, release, submission
from tests.datasets.reading import predictions, recognised, truth

XY = np.arange(32.0).reshape(16, 2) + 5


def test_single_people_follow_the_test_images(tmp_path: Path) -> None:
    gt = truth(release(tmp_path / "m.mat", [[person(1)], [person(2)], [person(3)]], [1, 0, 0], [[1]] * 3))
    path = submission(tmp_path / "pred_keypoints_mpii.mat", [[], [points([2, 9], XY), points([0], XY)]])
    found = predictions(path, gt)
    assert recognised(path, Role.PREDICTIONS) == "mpii-submission"
    assert found.people.frame.tolist() == [2, 2]
    assert found.people.extra["rect"].tolist() == [0, 1]
    assert found.people.extra["group"].tolist() == [-1, -1]
    assert np.flatnonzero(found.people.seen[0]).tolist() == [2, 9]
    assert found.people.xy[0, 9].tolist() == [6.0, 7.0]


def test_several_people_follow_the_groups(tmp_path: Path) -> None:
    crowd = [person(n) for n in range(4)]
    path = release(tmp_path / "m.mat", [crowd, crowd[:1]], [1, 1], [[], [1]])
    inner = cells([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    savemat(tmp_path / "groups_v12.mat", {"groups": cells([inner, np.zeros((0, 0))])})
    # The release has two images and two groups: scores say that these are groups.
    multi = submission(tmp_path / "p.mat", [[], [points([1], XY, scores=[0.5])]])
    found = predictions(multi, truth(path))
    assert found.people.joint_score[0, 1] == 0.5
    assert (found.people.frame.tolist(), found.people.extra["group"].tolist()) == ([0], [1])
    plain = predictions(submission(tmp_path / "q.mat", [[], [points([1], XY)]]), truth(path))
    assert (plain.people.frame.tolist(), plain.people.extra["group"].tolist()) == ([1], [-1])


def test_counts_that_fit_nothing_are_refused(tmp_path: Path) -> None:
    gt = truth(release(tmp_path / "m.mat", [[person(1)], [person(2)]], [1, 0], [[1]] * 2))
    with pytest.raises(
        MismatchError, match=r"has 3 elements[\s\S]*expected: as many as the release"
    ) as caught:
        predictions(submission(tmp_path / "p.mat", [[], [], []]), gt)
    assert caught.value.code == "P412"


def test_wrong_numbers_and_structs_are_refused(tmp_path: Path) -> None:
    bad = XY.copy()
    bad[1] = np.nan
    with pytest.raises(ValueRangeError, match=r"pred\(1\)\.annorect\(1\)") as caught:
        predictions(submission(tmp_path / "p.mat", [[points([0, 1], bad)]]))
    assert caught.value.code == "P301"
    savemat(tmp_path / "q.mat", {"pred": np.zeros((1, 4))})
    with pytest.raises(FormatError, match="a struct array with annorect") as refused:
        predictions(tmp_path / "q.mat")
    assert refused.value.code == "P206"

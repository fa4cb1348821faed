from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from poseval.datasets import Role
from poseval.datasets.mpii.gt_valid import NAMES
from poseval.errors import FormatError, ValueRangeError
from poseval.skeletons import get_skeleton
from tests.datasets.mat_files import cells, gt_valid
from tests.datasets.reading import codes, predictions, recognised, truth
from tests.shared import shared_path


def make(folder: Path, **changes: np.ndarray) -> Path:
    rng = np.random.default_rng(1)
    content = {
        "xy": rng.uniform(1, 99, (3, 16, 2)),
        "missing": np.zeros((3, 16)),
        "heads": np.tile([[10.0, 10.0], [40.0, 50.0]], (3, 1, 1)),
    }
    return gt_valid(folder / "gt_valid.mat", **{**content, **changes})


def test_columns_are_zero_based_and_heads_are_0_6_of_the_diagonal(tmp_path: Path) -> None:
    missing = np.zeros((3, 16))
    missing[1, 4] = 1
    found = truth(make(tmp_path, missing=missing))
    rng = np.random.default_rng(1)
    assert np.array_equal(found.people.xy, rng.uniform(1, 99, (3, 16, 2)) - 1)
    assert found.people.head.tolist() == [30.0] * 3
    assert found.people.seen.tolist() == np.where(missing > 0, 0, 2).tolist()
    assert found.skeleton.name == "mpii16"
    assert found.frames.key.tolist() == ["0", "1", "2"]
    assert (found.origin.base, codes(found)) == (1, ["N440"])


def test_joints_are_found_by_their_names(tmp_path: Path) -> None:
    names = ["head", "neck", *(name for name in NAMES if name not in ("head", "neck"))]
    xy = np.arange(32.0).reshape(16, 2, 1)
    content = {
        "jnt_missing": np.zeros((16, 1)),
        "pos_gt_src": xy,
        "headboxes_src": np.ones((2, 2, 1)) * [[[1]]],
    }
    savemat(tmp_path / "a.mat", {"dataset_joints": cells(names), **content})
    people = truth(tmp_path / "a.mat").people
    assert people.xy[0, get_skeleton("mpii16").index("head_top")].tolist() == [-1, 0]
    names[0] = "nose"
    savemat(tmp_path / "b.mat", {"dataset_joints": cells(names), **content})
    with pytest.raises(FormatError, match="the 16 joints of MPII") as caught:
        truth(tmp_path / "b.mat")
    assert caught.value.code == "P204"


def test_nan_in_a_labelled_joint_or_a_head_is_refused_with_its_place(tmp_path: Path) -> None:
    xy = np.ones((3, 16, 2))
    xy[2, 3, 1] = np.nan
    with pytest.raises(ValueRangeError, match="person 2, joint 3") as caught:
        truth(make(tmp_path, xy=xy))
    assert caught.value.code == "P301"
    heads = np.tile([[10.0, 10.0], [40.0, np.inf]], (3, 1, 1))
    with pytest.raises(ValueRangeError, match="headboxes_src of person 0"):
        truth(make(tmp_path, heads=heads))


def test_nan_where_nothing_is_labelled_is_fine(tmp_path: Path) -> None:
    xy, missing = np.ones((3, 16, 2)), np.zeros((3, 16))
    xy[2, 3], missing[2, 3] = np.nan, 1
    assert truth(make(tmp_path, xy=xy, missing=missing)).people.seen[2, 3] == 0


def test_shapes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"jnt_missing: has shape 16 x 2[\s\S]*expected: 16 x 3") as caught:
        truth(make(tmp_path, missing=np.zeros((2, 16))))
    assert caught.value.code == "P204"


def test_predictions_inside_the_file() -> None:
    path = shared_path("golden/mpii/_inputs/gt_valid_detections_our_format.mat")
    assert recognised(path) == recognised(path, Role.PREDICTIONS) == "mpii-gt"
    gt = truth(path)
    assert len(gt) == len(predictions(path, gt)) == 2958
    assert int((gt.people.seen == 0).sum()) == 3088

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from poseval.datasets import Role, WriteOptions, get_format
from poseval.errors import FormatError, MismatchError, UsageError, ValueRangeError
from poseval.poses import Frames, Origin, People, PoseSet
from poseval.skeletons import get_skeleton
from tests.datasets.reading import codes, predictions, recognised


def gt(count: int = 5, base: int = 1, test: Any = None) -> PoseSet:
    extra = {} if test is None else {"test": np.asarray(test)}
    frames = Frames(np.arange(count).astype(np.str_), extra=extra)
    people = People(np.zeros((count, 16, 2)), np.arange(count))
    return PoseSet(get_skeleton("mpii16"), frames, people, origin=Origin("gt.mat", base=base))


def poses(count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).uniform(1, 99, (count, 16, 2))


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
@pytest.mark.parametrize("kind", ["mat", "npy", "npz", "h5"])
def test_any_order_of_axes_in_any_container(tmp_path: Path, kind: str, axes: tuple[int, int, int]) -> None:
    array = poses().transpose(axes)
    path = tmp_path / f"pred.{kind}"
    if kind == "mat":
        savemat(path, {"preds": array})
    elif kind == "h5":
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            file["preds"] = array
    elif kind == "npy":
        np.save(path, array)
    else:
        np.savez(path, preds=array)
    wanted = {"mat": "pose-mat", "h5": "pose-mat"}.get(kind, "pose-array")
    assert recognised(path, Role.PREDICTIONS) == wanted
    found = predictions(path, gt())
    assert np.array_equal(found.people.xy, poses() - 1)
    assert codes(found) == ["N440"]


def test_the_base_is_the_truths(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", poses())
    found = predictions(tmp_path / "a.npy", gt(base=0))
    assert np.array_equal(found.people.xy, poses())
    assert codes(found) == []


def test_third_number_is_a_score(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.concatenate([poses(), np.full((5, 16, 1), 0.25)], axis=2))
    assert (predictions(tmp_path / "a.npy", gt()).people.joint_score == 0.25).all()


def test_counts_must_agree(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", poses(4))
    with pytest.raises(MismatchError, match=r"holds 4 poses; the ground truth gt\.mat has 5") as caught:
        predictions(tmp_path / "a.npy", gt())
    assert caught.value.code == "P412"
    np.save(tmp_path / "b.npy", poses()[:, :14])
    with pytest.raises(MismatchError, match="has 14 joints; the ground truth follows mpii16") as other:
        predictions(tmp_path / "b.npy", gt())
    assert other.value.code == "P404"


def test_a_marked_test_half_takes_as_many_poses(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", poses(2))
    found = predictions(tmp_path / "a.npy", gt(test=[False, True, False, True, False]))
    assert found.people.frame.tolist() == [1, 3]


def test_nan_for_both_coordinates_is_a_joint_not_predicted(tmp_path: Path) -> None:
    array = poses()
    array[1, 2] = np.nan
    np.save(tmp_path / "a.npy", array)
    found = predictions(tmp_path / "a.npy", gt())
    assert found.people.seen[1, :4].tolist() == [2, 2, 0, 2]
    assert codes(found) == ["N440", "N449"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.__setitem__((1, 2, 0), np.nan), "person 1, joint 2: is infinite, or NaN in one"),
        (lambda a: a.__setitem__((3, 0), np.inf), "person 3, joint 0: is infinite"),
        (lambda a: a.fill(np.nan), "is NaN, like every other coordinate"),
    ],
)
def test_other_numbers_that_are_not_finite_are_refused(tmp_path: Path, change: Any, message: str) -> None:
    array = poses()
    change(array)
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueRangeError, match=message) as caught:
        predictions(tmp_path / "a.npy", gt())
    assert caught.value.code == "P301"


def test_nested_lists_in_json(tmp_path: Path) -> None:
    path = tmp_path / "pred.json"
    path.write_text(json.dumps(poses().tolist()))
    assert recognised(path, Role.PREDICTIONS) == "pose-array"
    assert np.array_equal(predictions(path, gt(base=0)).people.xy, poses())
    ragged = poses().tolist()
    ragged[2].pop()
    path.write_text(json.dumps(ragged))
    ragged[3][1].append(0.5)
    path.write_text(json.dumps(ragged))
    with pytest.raises(
        FormatError, match=r"pred\.json: \[2\]: has 15 entries[\s\S]*expected: 16 joints"
    ) as caught:
        predictions(path, gt())
    assert (caught.value.code, caught.value.total) == ("P204", 2)
    assert "[3][1]: has 3 entries [P204]\n  expected: 2 numbers" in str(caught.value)
    for text in ("[[]]", "[[[]]]", "[[1, 2]]"):
        path.write_text(text)
        with pytest.raises(FormatError) as flat:
            predictions(path, gt())
        assert flat.value.code == "P204"


def test_a_file_without_poses_or_with_two_arrays_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=poses(), b=poses())
    with pytest.raises(FormatError, match="not have exactly one array of poses") as caught:
        predictions(tmp_path / "a.npz", gt())
    assert caught.value.code == "P206"
    np.save(tmp_path / "b.npy", np.zeros((5, 4)))
    with pytest.raises(FormatError) as flat:
        predictions(tmp_path / "b.npy", gt())
    assert flat.value.code == "P206"


def test_without_a_truth_the_number_of_joints_says_the_skeleton(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", poses())
    found = predictions(tmp_path / "a.npy")
    assert (found.skeleton.name, found.frames.key.tolist()) == ("mpii16", ["0", "1", "2", "3", "4"])
    np.save(tmp_path / "b.npy", poses()[:, :12])
    with pytest.raises(FormatError, match=r"16 \(mpii16\)") as caught:
        predictions(tmp_path / "b.npy")
    assert caught.value.code == "P204"


def test_the_surest_pose_of_each_frame_is_written_in_the_truths_order(tmp_path: Path) -> None:
    of, xy = gt(3), poses(3)
    seen = np.full((3, 16), 2)
    seen[0, 4] = 0
    people = People(
        xy, [0, 2, 2], seen=seen, joint_score=np.full((3, 16), 0.5), score=np.array([0.4, 0.1, 0.9])
    )
    found = PoseSet(of.skeleton, of.frames, people)
    path = tmp_path / "pred.json"
    losses = get_format("pose-array").write(found, path, WriteOptions(Role.PREDICTIONS, truth=of))
    assert losses.dropped["people other than the most confident one of each frame"] == 1
    nested = json.loads(path.read_text())
    assert nested[0][4] == [None] * 3
    assert nested[1] == [[None] * 3] * 16
    assert nested[2][0] == [*(xy[2, 0] + 1), 0.5]
    back = predictions(path, of)
    np.testing.assert_allclose(back.people.xy[2], xy[2], rtol=0, atol=1e-12)
    assert back.people.seen[0].tolist() == seen[0].tolist()
    assert not back.people.seen[1].any()


def test_an_order_needs_a_truth_with_one_person_a_frame(tmp_path: Path) -> None:
    of = gt(2)
    twins = PoseSet(of.skeleton, of.frames, People(np.zeros((2, 16, 2)), [1, 1]), origin=of.origin)
    for truth in (None, twins):
        options = WriteOptions(Role.PREDICTIONS, truth=truth)
        with pytest.raises(UsageError) as caught:
            get_format("pose-array").write(of, tmp_path / "a.json", options)
        assert caught.value.code == "P130"
    assert not list(tmp_path.iterdir())


def test_the_usual_number_of_joints_tells_the_axes_apart(tmp_path: Path) -> None:
    """Three people of 16 joints with the coordinates in the middle, as MPII's own pos_gt."""
    np.save(tmp_path / "pos_gt.npy", poses(3).transpose(1, 2, 0))
    found = predictions(tmp_path / "pos_gt.npy")
    assert found.people.xy.shape == (3, 16, 2)
    np.testing.assert_array_equal(found.people.xy, poses(3))


@pytest.mark.parametrize("truth", [None, gt(3)], ids=["alone", "with ground truth"])
def test_arrays_beside_mpiis_annotations_name_what_to_give(tmp_path: Path, truth: PoseSet | None) -> None:
    np.save(tmp_path / "mpii_headboxes.npy", np.arange(12.0).reshape(2, 2, 3))
    np.save(tmp_path / "jnt_visible.npy", np.ones((16, 3)))
    for name, code in (("mpii_headboxes.npy", "P204"), ("jnt_visible.npy", "P206")):
        with pytest.raises(FormatError, match=r"read with the annotations next to them") as caught:
            predictions(tmp_path / name, truth)
        assert caught.value.code == code

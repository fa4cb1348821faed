"""Submissions to MPII: what is written is read by SciPy as the kit's functions read it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

import poseval
from poseval.cli import invoke
from poseval.datasets import Losses, ReadOptions, Role, WriteOptions, get_format, read
from poseval.errors import UsageError
from poseval.poses import People, PoseSet
from poseval.skeletons import get_skeleton
from tests.datasets.mat_files import cells, person, release

SINGLE, SEVERAL = "pred_keypoints_mpii.mat", "pred_keypoints_mpii_multi.mat"
TEST = [1, 2]  # images of the test set, behind one of the training set


def made(folder: Path) -> PoseSet:
    """A release: a training image, a test image of two groups and a single person, one of two singles."""
    images = [
        [person(1)],
        [person(n, at=100.0 + 500 * n) for n in range(5)],  # groups 1-2 and 3-4, and 5 alone
        [person(10), person(11, at=900.0), {**person(12, at=1500.0), "objpos": np.zeros((0, 0))}],
    ]
    path = release(folder / "release.mat", images, [1, 0, 0], [[1], [5], [1, 2]])
    none = np.zeros((0, 0))
    groups = cells([np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([5.0])])
    savemat(folder / "groups_v12.mat", {"groups": cells([none, groups, none])})
    return read(path, ReadOptions(Role.TRUTH))


def predicted(truth: PoseSet, rows: list[int], **more: Any) -> PoseSet:
    """These people of the truth as predictions, a little off; the last joint of the first is not found."""
    people = truth.people
    xy = people.xy[rows] + 0.25
    seen = np.full(xy.shape[:2], 2, dtype=np.int8)
    seen[0, 15] = 0
    columns = {"score": np.full(len(rows), 0.5), "joint_score": np.full(seen.shape, 0.75), **more}
    return PoseSet(truth.skeleton, truth.frames, People(xy, people.frame[rows], seen, **columns))


def written(poses: PoseSet, truth: PoseSet, path: Path) -> tuple[Any, Losses]:
    """The struct array `pred` [E] as MATLAB's own tools see it."""
    losses = get_format("mpii-submission").write(poses, path, WriteOptions(Role.PREDICTIONS, truth=truth))
    return loadmat(path)["pred"][0], losses


def rectangles(element: Any) -> list[Any]:
    return list(element["annorect"].ravel()) if element["annorect"].size else []


def points(rectangle: Any) -> dict[int, tuple[float, ...]]:
    """Joint id -> x, y and, where it is there, score."""
    if not rectangle["annopoints"].size:
        return {}
    rows = rectangle["annopoints"][0, 0]["point"].ravel()
    return {
        int(row["id"].item()): tuple(row[key].item() for key in row.dtype.names if key != "id")
        for row in rows
    }


def flattened(annolist: Any, single: Any) -> tuple[list[Any], list[bool]]:
    """What the kit's flatten_annolist does: rectangles with a position, and which of them stand alone."""
    flat, alone = [], []
    for image, own in zip(annolist, single, strict=True):
        for number, rectangle in enumerate(rectangles(image), start=1):
            if rectangle["objpos"].size:
                flat.append(rectangle)
                alone.append(number in own.ravel().tolist())
    return flat, alone


def test_single_people_stand_where_the_kit_looks_for_them(tmp_path: Path) -> None:
    truth = made(tmp_path)
    single = [5, 6, 7]  # rows of the truth: the fifth person of the first test image, and two of the second
    pred, losses = written(predicted(truth, single), truth, tmp_path / SINGLE)
    node = loadmat(tmp_path / "release.mat")["RELEASE"][0, 0]
    test = node["img_train"].ravel() == 0
    annolist = node["annolist"][0][test]
    assert len(pred) == len(annolist) == 2
    wanted, alone = flattened(annolist, node["single_person"].ravel()[test])
    found, _ = flattened(pred, node["single_person"].ravel()[test])
    assert len(found) == len(wanted) == 7
    for at, (mine, theirs) in enumerate(zip(found, wanted, strict=True)):
        assert mine["objpos"]["x"].item() == theirs["objpos"]["x"].item()
        assert mine["scale"].item() == theirs["scale"].item()
        if not alone[at]:
            assert points(mine) == {}
            continue
        truth_points = {
            int(row["id"].item()): (row["x"].item(), row["y"].item())
            for row in theirs["annopoints"][0, 0]["point"].ravel()
        }
        for joint, place in points(mine).items():
            np.testing.assert_allclose(place, np.asarray(truth_points[joint]) + 0.25, rtol=1e-12)
    assert [len(points(one)) for one, yes in zip(found, alone, strict=True) if yes] == [15, 16, 16]
    assert losses.made == {"rectangles by the nearest position": 3}
    assert not losses.missing
    assert [image["image"]["name"].item().item() for image in pred] == ["000000001.jpg", "000000002.jpg"]


def test_several_people_stand_in_the_groups_of_the_kit(tmp_path: Path) -> None:
    truth = made(tmp_path)
    order = [4, 1, 2, 3]  # people 4, 1, 2, 3 of the first test image
    pred, losses = written(predicted(truth, order), truth, tmp_path / SEVERAL)
    assert len(pred) == 2
    assert [len(rectangles(element)) for element in pred] == [2, 2]
    for rectangle, row in zip(
        [one for element in pred for one in rectangles(element)], [1, 2, 4, 3], strict=True
    ):
        found = points(rectangle)
        np.testing.assert_allclose(found[3][:2], truth.people.xy[row, 3] + 1.25, rtol=1e-12)
        assert found[3][2] == 0.75
    assert losses.made == {"groups by the nearest position": 4}


def test_what_is_written_reads_back_and_scores_perfectly(tmp_path: Path) -> None:
    truth = made(tmp_path)
    poses = predicted(truth, [1, 2, 3, 4])
    written(
        replace(poses, people=poses.people.with_columns(xy=truth.people.xy[1:5])), truth, tmp_path / SEVERAL
    )
    report = poseval.score(tmp_path / "release.mat", tmp_path / SEVERAL, benchmark="mpii-multi")
    assert report.summary["AP"] == pytest.approx(1.0, abs=0.02)  # one joint was not found
    singles = predicted(truth, [5, 6, 7])
    written(singles, truth, tmp_path / SINGLE)
    back = read(tmp_path / SINGLE, ReadOptions(Role.PREDICTIONS, truth))
    keep = (back.people.seen > 0).any(axis=1)
    found = back.people.seen[keep] > 0
    np.testing.assert_array_equal(found, singles.people.seen > 0)
    np.testing.assert_allclose(back.people.xy[keep][found], singles.people.xy[found], rtol=1e-12)


def test_of_several_predictions_for_one_person_the_nearest_stays(tmp_path: Path) -> None:
    truth = made(tmp_path)
    poses = predicted(truth, [6, 6, 7])
    xy = poses.people.xy.copy()
    xy[0] += 40
    pred, losses = written(replace(poses, people=poses.people.with_columns(xy=xy)), truth, tmp_path / SINGLE)
    np.testing.assert_allclose(points(rectangles(pred[1])[0])[0], truth.people.xy[6, 0] + 1.25, rtol=1e-12)
    assert losses.dropped["people of no rectangle of a single person"] == 1
    assert losses.missing == {"poses of single people (the server counts their joints as wrong)": 1}


def test_people_outside_of_the_test_images_and_groups_are_counted(tmp_path: Path) -> None:
    truth = made(tmp_path)
    everyone = predicted(truth, list(range(len(truth))))
    _, losses = written(everyone, truth, tmp_path / SINGLE)
    assert losses.dropped["people of no rectangle of a single person"] == 1 + 4 + 1
    _, losses = written(everyone, truth, tmp_path / SEVERAL)
    assert losses.dropped["people outside of the groups"] == 1 + 1 + 3


@pytest.mark.parametrize("name", [SINGLE, SEVERAL])
def test_on_the_command_line_from_results_of_another_form(name: str, tmp_path: Path) -> None:
    truth = made(tmp_path)
    source = tmp_path / "preds.npz"
    poses = predicted(truth, [1, 2, 3, 4, 5, 6, 7])
    get_format("native").write(poses, source, WriteOptions(Role.PREDICTIONS))
    words = ["convert", source, tmp_path / name, "--to", "mpii-submission", "--gt", tmp_path / "release.mat"]
    assert invoke([str(word) for word in words]) == 0
    assert len(loadmat(tmp_path / name)["pred"][0]) == 2


def refused(poses: PoseSet, path: Path, truth: PoseSet | None) -> str:
    with pytest.raises(UsageError) as caught:
        get_format("mpii-submission").write(poses, path, WriteOptions(Role.PREDICTIONS, truth=truth))
    assert not path.exists()
    return caught.value.code


def test_what_the_server_would_refuse_is_refused(tmp_path: Path) -> None:
    truth = made(tmp_path)
    poses = predicted(truth, [1])
    assert refused(poses, tmp_path / "preds.mat", truth) == "P107"
    assert refused(poses, tmp_path / SINGLE, None) == "P108"
    assert refused(poses, tmp_path / SINGLE, poses) == "P108"
    bare = replace(poses, people=poses.people.with_columns(score=None, joint_score=None))
    assert refused(bare, tmp_path / SEVERAL, truth) == "P138"
    other = replace(
        poses,
        skeleton=replace(
            get_skeleton("mpii16"), joints=tuple("abcdefghijklmnop"), flip=tuple(range(16)), name="x"
        ),
    )
    assert refused(other, tmp_path / SINGLE, truth) == "P173"
    (tmp_path / "groups_v12.mat").unlink()
    groupless = read(tmp_path / "release.mat", ReadOptions(Role.TRUTH))
    assert refused(poses, tmp_path / SEVERAL, groupless) == "P108"

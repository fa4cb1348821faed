"""PoseTrack writers: a round trip keeps what the format holds, and says what it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from poseval.datasets import ReadOptions, Role, WriteOptions, get_format, read
from poseval.datasets.posetrack.write import extent, official_id
from poseval.errors import UsageError
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import get_skeleton
from tests.datasets.posetrack_sets import random_set, seeds
from tests.metrics.single import random_pair

FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(poses: PoseSet, format: str, role: Role, folder: Path) -> tuple[PoseSet, dict[str, int]]:
    losses = get_format(format).write(poses, folder, WriteOptions(role=role, force=True))
    return read(folder, ReadOptions(role), format), dict(losses.dropped)


def check_same(mine: PoseSet, theirs: PoseSet, *, but: frozenset[str] = frozenset()) -> None:
    a, b = mine.people, theirs.people
    assert mine.skeleton.joints == theirs.skeleton.joints
    assert mine.frames.sequences == theirs.frames.sequences
    for name in ("sequence", "number", "labelled", "path"):
        np.testing.assert_array_equal(getattr(mine.frames, name), getattr(theirs.frames, name), err_msg=name)
    for name in ("frame", "seen", "joint_score", "track", "head", "score", "box", "source_id"):
        if name not in but:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    np.testing.assert_array_equal(a.xy[a.seen > 0], b.xy[b.seen > 0])
    np.testing.assert_array_equal(a.extra["head_box"], b.extra["head_box"])
    for name in ("vertices", "start", "frame"):
        np.testing.assert_array_equal(getattr(mine.ignore, name), getattr(theirs.ignore, name), err_msg=name)
    if "key" not in but:
        np.testing.assert_array_equal(mine.frames.key, theirs.frames.key)
        np.testing.assert_array_equal(mine.frames.size, theirs.frames.size)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("format", ["posetrack18", "posetrack21"])
@FEW
@given(seed=seeds)
def test_posetrack18_and_21_lose_nothing(
    seed: int, format: str, role: Role, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mine = random_set(seed, predictions=role is Role.PREDICTIONS, reid=format == "posetrack21")
    theirs, lost = written(mine, format, role, tmp_path_factory.mktemp("out"))
    assert not lost
    check_same(mine, theirs)
    if format == "posetrack21" and len(mine):
        np.testing.assert_array_equal(mine.people.extra["person_id"], theirs.people.extra["person_id"])


ONLY_18 = frozenset({"box", "source_id", "key"})


@pytest.mark.parametrize("role", list(Role))
@FEW
@given(seed=seeds)
def test_through_posetrack17_and_back(
    seed: int, role: Role, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mine = random_set(seed, predictions=role is Role.PREDICTIONS)
    middle, lost = written(mine, "posetrack17", role, tmp_path_factory.mktemp("out"))
    check_same(mine, middle, but=ONLY_18)
    boxes = int((~np.isnan(mine.people.box).any(axis=1)).sum())
    sizes = int((~np.isnan(mine.frames.size).any(axis=1)).sum())
    wanted = {
        "frame ids (file names stay)": len(mine.frames),
        "frame sizes": sizes,
        "boxes": boxes,
        "annotation ids": len(mine),
    }
    assert lost == {name: count for name, count in wanted.items() if count}
    back, lost = written(middle, "posetrack18", role, tmp_path_factory.mktemp("out"))
    assert lost == {"frame names that are not numbers (kept as file names)": len(mine.frames)}
    check_same(mine, back, but=ONLY_18)
    np.testing.assert_array_equal(mine.frames.key, back.frames.key)  # found again from the file names


def test_person_ids_are_lost_in_18(tmp_path: Path) -> None:
    mine = random_set(3, predictions=False, reid=True)
    _, lost = written(mine, "posetrack18", Role.TRUTH, tmp_path)
    assert lost == {"person ids": len(mine)}


def test_partly_missing_joint_scores_become_zero(tmp_path: Path) -> None:
    score = np.full((1, 15), 0.5)
    score[0, 3] = np.nan
    mine = PoseSet(
        get_skeleton("posetrack15_poseval"),
        Frames(key=np.asarray(["1"])),
        People(xy=np.ones((1, 15, 2)), frame=np.zeros(1, int), joint_score=score),
    )
    theirs, lost = written(mine, "posetrack18", Role.PREDICTIONS, tmp_path)
    assert lost == {"missing joint scores of people with other joint scores (written as 0)": 1}
    assert theirs.people.joint_score[0, 3] == 0


def test_other_joints_are_left_out_and_counted(tmp_path: Path) -> None:
    coco = get_skeleton("coco17")
    mine = PoseSet(
        coco, Frames(key=np.asarray(["1"])), People(xy=np.ones((2, 17, 2)), frame=np.zeros(2, int))
    )
    theirs, lost = written(mine, "posetrack18", Role.TRUTH, tmp_path)
    assert lost == {"joints that PoseTrack does not have": 8}  # both eyes and ears of two people
    assert (theirs.people.seen > 0).sum() == 2 * 13


def test_a_skeleton_without_common_joints_is_refused(tmp_path: Path) -> None:
    face = get_skeleton("ibug68")
    mine = PoseSet(
        face, Frames(key=np.asarray(["1"])), People(xy=np.ones((1, 68, 2)), frame=np.zeros(1, int))
    )
    with pytest.raises(UsageError) as caught:
        get_format("posetrack18").write(mine, tmp_path / "out", WriteOptions())
    assert caught.value.code == "P190"


def test_several_sequences_do_not_fit_one_file(tmp_path: Path) -> None:
    mine = random_set(1, predictions=False)
    assert len(mine.frames.sequences) > 1
    with pytest.raises(UsageError) as caught:
        get_format("posetrack18").write(mine, tmp_path / "all.json", WriteOptions())
    assert caught.value.code == "P191"


def test_a_sequence_name_cannot_climb(tmp_path: Path) -> None:
    frames = Frames(key=np.asarray(["1"]), sequences=("../up",))
    mine = PoseSet(
        get_skeleton("posetrack15_poseval"),
        frames,
        People(xy=np.zeros((0, 15, 2)), frame=np.zeros(0, int)),
    )
    with pytest.raises(UsageError) as caught:
        get_format("posetrack17").write(mine, tmp_path / "out", WriteOptions())
    assert caught.value.code == "P192"
    assert not (tmp_path / "up.json").exists()


def test_existing_files_are_kept(tmp_path: Path) -> None:
    mine = random_set(5, predictions=False)
    get_format("posetrack17").write(mine, tmp_path, WriteOptions())
    with pytest.raises(UsageError) as caught:
        get_format("posetrack17").write(mine, tmp_path, WriteOptions())
    assert caught.value.code == "P131"


def test_one_file_in_the_official_form(tmp_path: Path) -> None:
    seed = next(s for s in range(20) if len(random_set(s, predictions=False).frames.sequences) == 1)
    target = tmp_path / "000300_mpii_test.json"
    get_format("posetrack18").write(random_set(seed, predictions=False), target, WriteOptions())
    node = json.loads(target.read_text("utf-8"))
    image = node["images"][0]
    assert image["id"] == image["frame_id"] == 10**10 + 300 * 10**4
    assert image["vid_id"] == "000300"
    assert image["nframes"] == len(node["images"])
    assert len(node["categories"][0]["keypoints"]) == 17


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("images/val/000342_mpii_test/000007.jpg", 10003420007),
        ("images/train/001001_mpiinew_test/000100.jpg", 30010010100),
        ("images/bonn/000011_bonn/00000001.jpg", 20000110001),
        ("000342_other_test/000007.jpg", None),
        ("000007.jpg", None),
        ("x_mpii_test/000007.jpg", None),
        ("_mpii_test/000007.jpg", None),
        ("000342_mpii_test/.jpg", None),
        ("\u00b2_mpii_test/\u00b3.jpg", None),
        ("000342_mpii_test/" + "9" * 30 + ".jpg", None),
        ("1000000_mpii_test/000007.jpg", None),
    ],
)
def test_official_ids(path: str, wanted: int | None) -> None:
    assert official_id(path) == wanted


@given(seed=seeds)
def test_extent_gives_the_corner_back(seed: int) -> None:
    low, width = np.random.default_rng(seed).uniform(0, 2000, 2).tolist()
    high = low + width
    assert low + extent(low, high) == high


@pytest.mark.parametrize("name", ["posetrack17", "posetrack18", "posetrack21"])
def test_people_of_one_image_are_in_one_frame(name: str, tmp_path: Path) -> None:
    """Benchmarks of single people have a frame for each person; PoseTrack's reader refuses an image twice."""
    truth = random_pair(3, 6).truth
    images = np.array([f"{at // 2}.jpg" for at in range(6)])
    truth = replace(truth, frames=Frames(np.arange(6).astype(str), path=images))
    found, _ = written(truth, name, Role.TRUTH, tmp_path / "gt")
    assert (len(found), len(found.frames)) == (6, 3)
    assert found.people.frame.tolist() == [0, 0, 1, 1, 2, 2]

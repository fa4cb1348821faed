"""There and back: what both formats of a pair can hold survives, for random pose sets."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from poseval import datasets
from poseval.benchmarks.alignment import on_frames_of
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.datasets.assembly import by_image
from poseval.datasets.capabilities import FACTS
from poseval.errors import UsageError
from poseval.poses import Frames, PoseSet
from poseval.poses.joint_mapping import map_joints
from poseval.skeletons import get_skeleton
from tests.datasets.pose_sets import assert_same, pose_sets
from tests.datasets.real_libraries import video

# No other joints fit in: see test_posetrack_write.py and test_mpii_json.py.
OWN_JOINTS = {
    "posetrack17": "posetrack15_poseval",
    "posetrack18": "posetrack15_poseval",
    "posetrack21": "posetrack15_poseval",
    "mpii-json": "mpii16",
}
HEADLESS = ("openpose", "mediapipe")  # they lack the ends of PoseTrack's heads
# Poses in the order of a truth with one person per frame, and in the shape of MPII's release: see
# test_pose_array.py and test_submission_write.py.
BY_TRUTH = ("pose-array", "mpii-submission")
WRITABLE = [
    name
    for name in datasets.names()
    if datasets.get_format(name).writes and name not in (*OWN_JOINTS, *BY_TRUTH)
]
ON_TRUTH = ("coco", "detectron2")  # results that are nothing without their truth's frames
EXTRAS = {"parquet": "pyarrow"} | dict.fromkeys(
    ("deeplabcut-h5", "sleap", "sleap-analysis", "nwb"), "h5py"
)  # formats whose library comes with an extra
JOINTLESS = "motchallenge"  # knows neither joints nor names: nothing of interest survives with another format
CASES = [
    (name, role)
    for role in Role
    for name in WRITABLE
    if role in datasets.get_format(name).writes & datasets.get_format(name).reads
]
PAIRS = [
    (a, b, role)
    for role in Role
    for a, r in CASES
    for b, s in CASES
    if r is s is role and a != b and JOINTLESS not in (a, b)
]


OWN_PAIRS = [
    (own, name, role)
    for own in OWN_JOINTS
    for name, role in CASES
    if role in datasets.get_format(own).writes and name not in (JOINTLESS, *HEADLESS)
]


def needing_extras(cases: Sequence[tuple[str | Role, ...]]) -> list[ParameterSet]:
    """The cases, each marked to be skipped where a library that one of its formats needs is absent."""
    marked = []
    for case in cases:
        absent = sorted({EXTRAS[n] for n in case if n in EXTRAS and find_spec(EXTRAS[n]) is None})
        marks = [pytest.mark.skip(reason=f"needs {library}") for library in absent]
        marked.append(pytest.param(*case, marks=marks))
    return marked


EASY = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))


def held(name: str, role: Role) -> frozenset[str]:
    """The facts that a format holds in a role."""
    dataset = datasets.get_format(name)
    return dataset.holds_as(role)


def through(poses: PoseSet, name: str, role: Role, folder: Path, truth: PoseSet | None = None) -> PoseSet:
    """The set after it was written and read."""
    target = folder / f"{name}{len(list(folder.iterdir()))}"
    options = WriteOptions(role=role, truth=truth)
    if role is Role.PREDICTIONS and truth is not None:
        if poses.skeleton.joints != truth.skeleton.joints:
            poses, _ = map_joints(poses, truth.skeleton)
        if name in ON_TRUTH:
            poses, _ = on_frames_of(truth, poses)
    datasets.get_format(name).write(poses, target, options)
    return datasets.read(target, ReadOptions(role, truth or poses, optional=frozenset({"area"})), name)


def test_facts_are_known() -> None:
    for name in WRITABLE:
        assert datasets.get_format(name).holds <= FACTS.keys()
    assert len(WRITABLE) >= 5


@pytest.mark.parametrize(("name", "role"), needing_extras(CASES), ids=lambda v: getattr(v, "value", v))
@EASY
@given(data=st.data())
def test_there_and_back(name: str, role: Role, data: st.DataObject) -> None:
    poses = data.draw(pose_sets(role))
    with tempfile.TemporaryDirectory() as folder:
        back = through(poses, name, role, Path(folder))
    assert_same(poses, back, held(name, role))


@pytest.mark.parametrize(
    ("first", "second", "role"), needing_extras(PAIRS), ids=lambda v: getattr(v, "value", v)
)
@settings(EASY, max_examples=1, phases=(Phase.generate,))
@given(data=st.data())
def test_through_two_formats(first: str, second: str, role: Role, data: st.DataObject) -> None:
    poses = data.draw(pose_sets(role))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = through(poses, first, role, folder)
        back = through(through(one, second, role, folder, poses), first, role, folder, poses)
    assert_same(one, back, held(first, role) & held(second, role))


@pytest.mark.parametrize(
    ("own", "other", "role"), needing_extras(OWN_PAIRS), ids=lambda v: getattr(v, "value", v)
)
@settings(EASY, max_examples=1, phases=(Phase.generate,))
@given(data=st.data())
def test_one_skeleton_through_others(own: str, other: str, role: Role, data: st.DataObject) -> None:
    poses = data.draw(pose_sets(role, get_skeleton(OWN_JOINTS[own])))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = through(poses, own, role, folder)
        back = through(through(one, other, role, folder, poses), own, role, folder, poses)
    # MPII has a frame for each person; other formats know images.
    assert_same(by_image(one), by_image(back), held(own, role) & held(other, role))


@pytest.mark.parametrize("name", HEADLESS)
def test_joints_that_a_format_lacks_are_refused(name: str, tmp_path: Path) -> None:
    poses = video(Role.PREDICTIONS)
    skeleton = get_skeleton("posetrack15_poseval")
    poses, _ = map_joints(poses, skeleton, derive=True, near=True)
    with pytest.raises(UsageError) as caught:
        datasets.get_format(name).write(poses, tmp_path / "out", WriteOptions(Role.PREDICTIONS))
    assert caught.value.code == "P173"


@pytest.mark.parametrize(
    ("name", "role"),
    [case for case in CASES if case[1] is Role.TRUTH and case[0] not in ("native", "parquet", JOINTLESS)],
    ids=lambda v: getattr(v, "value", v),
)
def test_people_in_frames_of_one_image_come_back_together(name: str, role: Role, tmp_path: Path) -> None:
    if EXTRAS.get(name):
        pytest.importorskip(EXTRAS[name])
    poses = video(role)
    one = np.asarray(["walk/000003.jpg"] * 2 + ["walk/000004.jpg", "walk/000005.jpg"])
    frames = Frames(np.asarray(["3#0", "3#1", "4", "5"]), size=poses.frames.size, path=one)
    people = poses.people.with_columns(frame=np.asarray([0, 1, 1, 3]), track=None, box=None)
    apart = PoseSet(poses.skeleton, frames, people)
    datasets.get_format(name).write(apart, tmp_path / "out", WriteOptions(role))
    back = datasets.read(tmp_path / "out", ReadOptions(role, apart, optional=frozenset({"area"})), name)
    assert_same(by_image(apart), back, frozenset({"joints", "frame names", "empty frames"}))
    assert back.people.frame.tolist() == [0, 0, 0, 2]


@pytest.mark.parametrize(
    ("name", "role"),
    needing_extras([case for case in CASES if "sequences" in held(*case)]),
    ids=lambda v: getattr(v, "value", v),
)
def test_videos_with_frames_of_the_same_numbers_stay_apart(name: str, role: Role, tmp_path: Path) -> None:
    poses = video(role)
    paths = np.asarray(["a/000003.jpg", "a/000007.jpg", "b/000003.jpg", "b/000007.jpg"])
    frames = Frames(
        paths, np.asarray([0, 0, 1, 1]), np.asarray([3, 7, 3, 7]), poses.frames.size, None, paths, ("a", "b")
    )
    people = poses.people.with_columns(frame=np.asarray([0, 1, 2, 2]))
    back = through(PoseSet(poses.skeleton, frames, people), name, role, tmp_path)
    names = [back.frames.sequences[at] for at in back.frames.sequence.tolist()]
    assert list(zip(names, back.frames.number.tolist(), strict=True)) == [
        ("a", 3),
        ("a", 7),
        ("b", 3),
        ("b", 7),
    ]
    assert np.bincount(back.people.frame, minlength=4).tolist() == [1, 1, 2, 0]

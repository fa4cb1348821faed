"""There and back: what both formats of a pair can hold survives, for random pose sets."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from poseval import datasets
from poseval.benchmarks.alignment import on_frames_of
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.datasets.holding import FACTS
from poseval.joint_mapping import map_joints
from poseval.poses import PoseSet
from tests.datasets.pose_sets import assert_same, pose_sets

# No other joints fit in: see test_posetrack_write.py and test_mpii_json.py.
OWN_JOINTS = ("posetrack17", "posetrack18", "posetrack21", "mpii-json")
WRITABLE = [name for name in datasets.names() if datasets.get_format(name).holds and name not in OWN_JOINTS]
ON_TRUTH = ("coco", "detectron2")  # results that are nothing without their truth's frames
EXTRAS = {"parquet": "pyarrow"} | dict.fromkeys(
    ("deeplabcut-h5", "sleap", "sleap-analysis", "nwb"), "h5py"
)  # formats whose library comes with an extra
JOINTLESS = "motchallenge"  # knows neither joints nor names: nothing of interest survives with another format
CASES = [(name, role) for role in Role for name in WRITABLE if role in datasets.get_format(name).writes]
PAIRS = [
    (a, b, role)
    for role in Role
    for a, r in CASES
    for b, s in CASES
    if r is s is role and a != b and JOINTLESS not in (a, b)
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

"""NWB with ndx-pose: estimates, training frames, and the libraries that own the format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets, from_movement
from poseval.datasets import ReadOptions, Role, Source, WriteOptions
from poseval.datasets.animals.nwb_times import frame_numbers
from poseval.errors import FormatError, InputError, UsageError
from poseval.poses import PoseSet
from poseval.skeletons import skeleton_from_names
from tests.datasets.pose_sets import assert_same
from tests.datasets.real_libraries import NAMES, video

h5py = pytest.importorskip("h5py", reason="needs h5py, of the extra `formats`")

T, P = Role.TRUTH, Role.PREDICTIONS
NOSE = "processing/behavior/track5/nose"


def written(path: Path, role: Role, change: Callable[[Any], None] | None = None) -> Path:
    """A file of ours, changed by hand afterwards."""
    datasets.get_format("nwb").write(video(role), path, WriteOptions(role))
    if change is not None:
        with h5py.File(path, "r+") as file:
            change(file)
    return path


def put(file: Any, name: str, values: Any) -> None:
    """A data set in place of one of the same name."""
    del file[name]
    file[name] = values


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_the_role_is_told_by_the_groups(tmp_path: Path, role: Role) -> None:
    path = written(tmp_path / "a.nwb", role)
    assert datasets.recognise(Source(path), role) == "nwb"
    other = P if role is T else T
    with pytest.raises(FormatError) as caught:
        datasets.recognise(Source(path), other)
    assert caught.value.code == "P201"
    assert "exchanged" in str(caught.value)


def test_training_frames_keep_pictures_and_hidden_joints(tmp_path: Path) -> None:
    poses = video(T)
    seen = poses.people.seen.copy()
    seen[0, 5] = 1
    poses = PoseSet(poses.skeleton, poses.frames, poses.people.with_columns(seen=seen))
    datasets.get_format("nwb").write(poses, tmp_path / "a.nwb", WriteOptions(T))
    back = datasets.read(tmp_path / "a.nwb", ReadOptions(T))
    assert back.frames.key.tolist() == list(NAMES)
    np.testing.assert_array_equal(back.people.seen, seen)


def test_estimates_keep_numbers_of_frames_and_tracks(tmp_path: Path) -> None:
    back = datasets.read(written(tmp_path / "a.nwb", P), ReadOptions(P))
    assert back.frames.key[back.people.frame].tolist() == ["3", "3", "4", "9"]
    assert sorted(back.people.track.tolist()) == [2, 2, 5, 5]
    assert back.skeleton.name == "coco17"


def test_places_are_multiplied_by_their_conversion(tmp_path: Path) -> None:
    def metres(file: Any) -> None:
        data = file[NOSE]["data"]
        data.attrs["conversion"], data.attrs["offset"], data.attrs["unit"] = 0.5, 2.0, "meters"

    plain = datasets.read(written(tmp_path / "a.nwb", P), ReadOptions(P))
    back = datasets.read(written(tmp_path / "b.nwb", P, metres), ReadOptions(P))
    row = int(np.flatnonzero(back.people.track == 5)[0])
    np.testing.assert_allclose(back.people.xy[row, 0], plain.people.xy[row, 0] * 0.5 + 2.0)
    assert [notice.code for notice in back.origin.notices] == ["N512", "N513"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: put(f[NOSE], "data", np.zeros((10, 4))), "P204"),
        (lambda f: put(f[NOSE], "data", np.zeros((9, 2))), "P204"),
        (lambda f: put(f[NOSE], "confidence", np.zeros(3)), "P204"),
        (lambda f: f[NOSE].__delitem__("data"), "P215"),
        (lambda f: [f["processing/behavior"].__delitem__(name) for name in ("track2", "track5")], "P270"),
    ],
    ids=["coordinates", "samples", "confidence", "no data", "no poses"],
)
def test_estimates_that_contradict_themselves_are_refused(
    tmp_path: Path, change: Callable[[Any], None], code: str
) -> None:
    with pytest.raises(FormatError) as caught:
        datasets.read(written(tmp_path / "a.nwb", P, change), ReadOptions(P), "nwb")
    assert caught.value.code == code


FRAME = "processing/behavior/PoseTraining/training_frames/frame_0"
INSTANCE = f"{FRAME}/skeleton_instances/instance_0"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: put(f[INSTANCE], "node_locations", np.zeros((4, 2))), "P204"),
        (lambda f: put(f[INSTANCE], "node_visibility", np.zeros(4)), "P204"),
        (lambda f: f[INSTANCE].__delitem__("skeleton"), "P206"),
        (lambda f: f[INSTANCE].__delitem__("node_locations"), "P206"),
        (lambda f: f[FRAME].attrs.update(source_video_frame_index=1), "P305"),
    ],
    ids=["places", "visibility", "no skeleton", "no places", "twice"],
)
def test_training_frames_that_contradict_themselves_are_refused(
    tmp_path: Path, change: Callable[[Any], None], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        datasets.read(written(tmp_path / "a.nwb", T, change), ReadOptions(T), "nwb")
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["a/b", "confidence:x", "scorer"])
def test_joints_that_no_group_can_be_called_are_refused(tmp_path: Path, name: str) -> None:
    poses = video(P)
    names = [name, *poses.skeleton.joints[1:]]
    poses = PoseSet(skeleton_from_names(names), poses.frames, poses.people)
    with pytest.raises(UsageError) as caught:
        datasets.get_format("nwb").write(poses, tmp_path / "a.nwb", WriteOptions(P))
    assert caught.value.code == "P173"


@pytest.mark.parametrize("name", ["nwb", "sleap-analysis"])
def test_two_videos_do_not_fit_into_one_row_of_samples(tmp_path: Path, name: str) -> None:
    poses = video(P)
    frames = type(poses.frames)(
        poses.frames.key, sequence=np.asarray([0, 0, 1, 1]), path=poses.frames.path, sequences=("a", "b")
    )
    with pytest.raises(UsageError) as caught:
        datasets.get_format(name).write(
            PoseSet(poses.skeleton, frames, poses.people), tmp_path / "a", WriteOptions(P)
        )
    assert caught.value.code == "P178"


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_pynwb_opens_our_file_and_finds_it_valid(tmp_path: Path, role: Role) -> None:
    pynwb = pytest.importorskip("pynwb", reason="needs pynwb")
    pytest.importorskip("ndx_pose", reason="needs ndx-pose")
    poses = video(role)
    with pynwb.NWBHDF5IO(str(written(tmp_path / "a.nwb", role)), "r") as file:
        assert not pynwb.validate(io=file)
        behavior = file.read().processing["behavior"]
        if role is P:
            nose = behavior["track5"]["nose"]
            np.testing.assert_array_equal(nose.data[3], poses.people.xy[0, 0])
            assert nose.confidence[3] == poses.people.joint_score[0, 0]
            assert list(behavior["track2"].skeleton.nodes) == list(poses.skeleton.joints)
        else:
            frames = behavior["PoseTraining"].training_frames.training_frames
            one = frames["frame_0"].skeleton_instances.skeleton_instances["instance_0"]
            np.testing.assert_array_equal(one.node_locations[:], poses.people.xy[0])


def test_movement_opens_our_estimates(tmp_path: Path) -> None:
    load = pytest.importorskip("movement.io.load_poses", reason="needs movement")
    poses = video(P)
    path = written(tmp_path / "a.nwb", P)
    found = from_movement(load.from_nwb_file(str(path), pose_estimation_key="track5"))
    five = poses.people.take(np.flatnonzero(poses.people.track == 5))
    own = PoseSet(poses.skeleton, poses.frames, five)
    assert_same(own, found, frozenset({"joints", "joint scores"}))


def test_we_open_the_training_frames_of_sleap_io(tmp_path: Path) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason="needs sleap-io")
    pytest.importorskip("ndx_pose", reason="needs ndx-pose")
    datasets.get_format("sleap").write(video(T), tmp_path / "a.slp", WriteOptions(T))
    labels = sleap_io.load_slp(str(tmp_path / "a.slp"))
    sleap_io.save_nwb(labels, str(tmp_path / "a.nwb"))
    back = datasets.read(tmp_path / "a.nwb", ReadOptions(T))
    assert_same(video(T), back, frozenset({"joints", "joint names", "frame names", "empty frames"}))


def test_a_training_frame_without_a_single_place_is_not_labelled(tmp_path: Path) -> None:
    def clear(file: Any) -> None:
        for instance in file[f"{FRAME}/skeleton_instances"].values():
            instance["node_locations"][...] = np.nan

    poses = datasets.read(written(tmp_path / "a.nwb", T, clear), ReadOptions(T))
    assert poses.frames.labelled.tolist() == [False, *[True] * (len(poses.frames) - 1)]


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_other_groups_are_counted(tmp_path: Path, role: Role) -> None:
    def more(file: Any) -> None:
        file["acquisition/ElectricalSeries/data"] = [1, 2]

    poses = datasets.read(written(tmp_path / "a.nwb", role, more), ReadOptions(role))
    assert poses.origin.unread["acquisition"] == 1
    assert not [key for key in poses.origin.unread if "data" in key or "nodes" in key or "node_" in key]


def test_moments_beyond_all_numbers_are_counted_in_their_order() -> None:
    moments = np.array([0.0, 5e-324, 1e-323, 1e300])
    assert frame_numbers(moments).tolist() == [0, 1, 2, 3]

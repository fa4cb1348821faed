"""SLEAP's projects and analysis files: what their writers and traps ask for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets, from_sleap
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.datasets.animals import sleap
from poseval.errors import FormatError, PosevalError, UsageError
from poseval.skeletons import skeleton_from_names
from tests.datasets.pose_sets import assert_same
from tests.datasets.real_libraries import NAMES, video

h5py = pytest.importorskip("h5py", reason="needs h5py, of the extra `formats`")

T, P = Role.TRUTH, Role.PREDICTIONS
ROLES = pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)


def written(path: Path, role: Role, name: str = "sleap", change: Callable[[Any], None] | None = None) -> Path:
    """A file of ours, changed by hand afterwards."""
    datasets.get_format(name).write(video(role), path, WriteOptions(role))
    if change is not None:
        with h5py.File(path, "r+") as file:
            change(file)
    return path


def put(file: Any, name: str, values: Any) -> None:
    """A data set in place of one of the same name."""
    del file[name]
    file[name] = values


@ROLES
def test_a_project_keeps_pictures_tracks_and_sizes(tmp_path: Path, role: Role) -> None:
    path = tmp_path / "a.slp"
    losses = datasets.get_format("sleap").write(video(role), path, WriteOptions(role))
    assert not losses.dropped
    back = datasets.read(path, ReadOptions(role))
    assert back.frames.key.tolist() == list(NAMES)
    assert back.people.track.tolist() == [5, 2, 5, 2]
    assert back.frames.size[0].tolist() == [640, 480]
    assert back.skeleton.name == "coco17"


def test_a_list_of_images_is_read_once_not_for_each_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[int] = []
    pictures = sleap._pictures
    monkeypatch.setattr(sleap, "_pictures", lambda backend: listed.append(0) or pictures(backend))
    found = datasets.read(written(tmp_path / "a.slp", T), ReadOptions(T))
    assert found.frames.key.tolist() == list(NAMES)
    assert len(listed) == 1


def test_coordinates_of_an_old_form_lose_half_a_pixel(tmp_path: Path) -> None:
    path = written(tmp_path / "a.slp", T, change=lambda file: file["metadata"].attrs.update(format_id=1.0))
    back = datasets.read(path, ReadOptions(T))
    np.testing.assert_array_equal(back.people.xy[0], video(T).people.xy[0] - 0.5)
    assert [notice.code for notice in back.origin.notices] == ["N511"]


def test_a_point_that_is_not_visible_is_not_there(tmp_path: Path) -> None:
    def hide(file: Any) -> None:
        points = file["points"][()]
        points["visible"][4] = False
        put(file, "points", points)

    back = datasets.read(written(tmp_path / "a.slp", T, change=hide), ReadOptions(T))
    assert back.people.seen[0].tolist() == [2, 2, 2, 2, 0, *[2] * 12]


def test_videos_inside_the_project_are_found_by_their_own_ids(tmp_path: Path) -> None:
    def embed(file: Any) -> None:
        backends = [{"filename": ".", "dataset": f"video{number}/video"} for number in (3, 9)]
        videos: list[dict[str, Any]] = [{"filename": ".", "backend": backend} for backend in backends]
        videos[1]["source_video"] = {"backend": {"filename": "run.mp4"}}
        put(file, "videos_json", [json.dumps(one).encode() for one in videos])
        frames = file["frames"][()]
        frames["video"], frames["frame_idx"] = [3, 3, 9, 9], [0, 1, 0, 1]
        put(file, "frames", frames)

    back = datasets.read(written(tmp_path / "a.slp", T, change=embed), ReadOptions(T))
    assert back.frames.key.tolist() == ["video3/0", "video3/1", "run.mp4/0", "run.mp4/1"]
    with pytest.raises(FormatError) as caught:
        datasets.read(
            written(
                tmp_path / "b.slp", T, change=lambda f: put(f, "frames", _with(f["frames"][()], "video", 7))
            ),
            ReadOptions(T),
        )
    assert caught.value.code == "P270"


def _with(table: Any, field: str, value: Any) -> Any:
    table[field] = value
    return table


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: put(f, "instances", _with(f["instances"][()], "frame_id", 99)), "P270"),
        (lambda f: put(f, "instances", _with(f["instances"][()], "track", 99)), "P270"),
        (lambda f: put(f, "instances", _with(f["instances"][()], "point_id_start", 10**9)), "P204"),
        (lambda f: put(f, "instances", _with(f["instances"][()], "skeleton", 3)), "P270"),
        (lambda f: put(f, "frames", _with(f["frames"][()], "frame_idx", 1)), "P305"),
        (lambda f: put(f, "points", np.zeros(100)), "P270"),
        (lambda f: f["metadata"].attrs.update(json="{"), "P215"),
        (lambda f: f["metadata"].attrs.update(json="{}"), "P270"),
        (lambda f: put(f, "videos_json", [b"["]), "P215"),
    ],
    ids=["frame", "track", "points", "skeleton", "twice", "table", "json", "no skeleton", "video"],
)
def test_a_project_that_contradicts_itself_is_refused(
    tmp_path: Path, change: Callable[[Any], None], code: str
) -> None:
    path = written(tmp_path / "a.slp", T, change=change)
    with pytest.raises(PosevalError) as caught:
        datasets.read(path, ReadOptions(T), "sleap")
    assert caught.value.code == code


def test_instances_of_two_skeletons_are_refused(tmp_path: Path) -> None:
    def second(file: Any) -> None:
        metadata = json.loads(file["metadata"].attrs["json"])
        metadata["skeletons"].append(dict(metadata["skeletons"][0]))
        metadata["skeletons"][1]["nodes"] = metadata["skeletons"][0]["nodes"][::-1]
        file["metadata"].attrs["json"] = json.dumps(metadata)
        instances = file["instances"][()]
        instances["skeleton"][2] = 1
        put(file, "instances", instances)

    path = written(tmp_path / "a.slp", T, change=second)
    with pytest.raises(FormatError) as caught:
        datasets.read(path, ReadOptions(T))
    assert caught.value.code == "P204"


def test_mirror_joints_come_from_symmetry_links(tmp_path: Path) -> None:
    poses = video(T)
    names = [f"node {number}" for number in range(17)]
    skeleton = skeleton_from_names(names)
    flip = (1, 0, 3, 2, *range(4, 17))
    own = type(skeleton)("mouse", skeleton.joints, flip, ((0, 2), (1, 3), (4, 5)))
    poses = type(poses)(own, poses.frames, poses.people)
    datasets.get_format("sleap").write(poses, tmp_path / "a.slp", WriteOptions(T))
    back = datasets.read(tmp_path / "a.slp", ReadOptions(T))
    assert back.skeleton.flip == flip
    assert back.skeleton.limbs == own.limbs


def test_too_many_joints_for_a_project_are_refused(tmp_path: Path) -> None:
    poses = video(T)
    names = tuple(f"a joint with quite a long name, number {number}" for number in range(900))
    wide = type(poses.people)(np.zeros((1, 900, 2)), np.zeros(1, dtype=np.int64))
    poses = type(poses)(skeleton_from_names(names), poses.frames, wide)
    with pytest.raises(UsageError) as caught:
        datasets.get_format("sleap").write(poses, tmp_path / "a.slp", WriteOptions(T))
    assert caught.value.code == "P173"
    assert not list(tmp_path.iterdir())


def test_an_analysis_file_keeps_gaps_between_frames(tmp_path: Path) -> None:
    back = datasets.read(written(tmp_path / "a.h5", P, "sleap-analysis"), ReadOptions(P))
    assert len(back.frames) == 10
    assert back.frames.key[back.people.frame].tolist() == ["3", "3", "4", "9"]
    assert sorted(back.people.track.tolist()) == [2, 2, 5, 5]


@pytest.mark.parametrize("order", [("frame", "track", "node", "xy"), ("node", "frame", "xy", "track")])
def test_axes_are_read_as_the_file_names_them(tmp_path: Path, order: tuple[str, ...]) -> None:
    sleaps = ("track", "xy", "node", "frame")

    def turn(file: Any) -> None:
        for name in ("tracks", "point_scores", "instance_scores", "tracking_scores"):
            axes = json.loads(file[name].attrs["dims"])
            wanted = [axis for axis in order if axis in axes]
            values = file[name][()].transpose([axes.index(axis) for axis in wanted])
            put(file, name, values)
            file[name].attrs["dims"] = json.dumps(wanted)

    plain = datasets.read(written(tmp_path / "a.h5", P, "sleap-analysis"), ReadOptions(P))
    turned = datasets.read(written(tmp_path / "b.h5", P, "sleap-analysis", turn), ReadOptions(P))
    assert order != sleaps
    assert_same(plain, turned, frozenset({"joints", "frame names", "joint scores", "scores", "tracks"}))


@pytest.mark.parametrize(
    "change",
    [
        lambda f: put(f, "node_names", [b"a", b"b"]),
        lambda f: put(f, "point_scores", np.zeros((2, 2, 2))),
        lambda f: put(f, "tracks", np.zeros((2, 17, 2))),
        lambda f: f["tracks"].attrs.update(dims='["frame", "track", "node", "time"]'),
    ],
    ids=["nodes", "scores", "axes", "names of axes"],
)
def test_an_analysis_file_that_contradicts_itself_is_refused(
    tmp_path: Path, change: Callable[[Any], None]
) -> None:
    path = written(tmp_path / "a.h5", P, "sleap-analysis", change)
    with pytest.raises(FormatError) as caught:
        datasets.read(path, ReadOptions(P))
    assert caught.value.code == "P204"


@ROLES
def test_sleap_io_opens_our_project(tmp_path: Path, role: Role) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason="needs sleap-io")
    poses = video(role)
    labels = sleap_io.load_slp(str(written(tmp_path / "a.slp", role)), open_videos=False)
    assert labels.skeletons[0].node_names == list(poses.skeleton.joints)
    assert [len(frame.instances) for frame in labels.labeled_frames] == [2, 1, 0, 1]
    first, second = labels.labeled_frames[0].instances
    np.testing.assert_array_equal(first.numpy(), poses.people.xy[0])
    assert np.isnan(second.numpy()[3]).all()
    assert first.track.name == "track_5"
    assert len(labels.skeletons[0].symmetries) == 8
    if role is P:
        assert first.score == poses.people.score[0]
    again = from_sleap(labels, role=role.value)
    assert_same(poses, again, datasets.get_format("sleap").holds_as(role))


@ROLES
def test_we_open_what_sleap_io_saves(tmp_path: Path, role: Role) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason="needs sleap-io")
    labels = sleap_io.load_slp(str(written(tmp_path / "a.slp", role)), open_videos=False)
    labels.save(str(tmp_path / "b.slp"))
    back = datasets.read(tmp_path / "b.slp", ReadOptions(role))
    facts = datasets.get_format("sleap").holds_as(role) - {"scores"}  # which sleap-io keeps as float32
    assert_same(video(role), back, facts)


@pytest.mark.parametrize("preset", ["matlab", "standard"])
def test_analysis_files_of_sleap_io_are_ours(tmp_path: Path, preset: str) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason="needs sleap-io")
    poses = video(P)
    ours = written(tmp_path / "a.h5", P, "sleap-analysis")
    labels = sleap_io.load_analysis_h5(str(ours))
    assert [frame.frame_idx for frame in labels.labeled_frames] == [3, 4, 9]
    sleap_io.save_analysis_h5(labels, str(tmp_path / "b.h5"), preset=preset)
    back = datasets.read(tmp_path / "b.h5", ReadOptions(P))
    assert_same(poses, back, frozenset({"joints", "joint names", "joint scores", "tracks"}))


def test_a_frame_of_predicted_instances_alone_is_not_labelled(tmp_path: Path) -> None:
    def predicted(file: Any) -> None:
        table = file["instances"][()]
        table["instance_type"][table["frame_id"] == table["frame_id"][0]] = 1
        put(file, "instances", table)

    poses = datasets.read(written(tmp_path / "a.slp", T, change=predicted), ReadOptions(T))
    before = video(T)
    first = int(before.people.frame[0])
    assert poses.frames.labelled.tolist() == [row != first for row in range(len(before.frames))]
    count = int((before.people.frame == first).sum())
    assert poses.origin.unread["predicted instances"] == count
    assert len(poses) == len(before) - count


@pytest.mark.parametrize("name", ["sleap", "sleap-analysis"])
def test_other_data_sets_are_counted(tmp_path: Path, name: str) -> None:
    def more(file: Any) -> None:
        file["notes"] = [1, 2]
        file.create_group("empty")

    poses = datasets.read(written(tmp_path / "a.h5", P, name, more), ReadOptions(P), name)
    assert poses.origin.unread["notes"] == 1
    assert "empty" not in poses.origin.unread

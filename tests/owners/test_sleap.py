"""sleap-io reads the projects that we write: videos, frame indices, pictures, tracks and points."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.conversion.convert import ConvertOptions, convert_one
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import skeleton_from_names
from tests.datasets.real_libraries import NAMES, video

pytest.importorskip("h5py", reason="SLEAP's projects need it")
sleap_io = pytest.importorskip("sleap_io", reason="needs sleap-io")

ROLES = pytest.mark.parametrize("role", Role, ids=lambda role: role.value)


@ROLES
def test_pictures_tracks_and_points(role: Role, tmp_path: Path) -> None:
    poses = video(role)
    path = tmp_path / "a.slp"
    datasets.get_format("sleap").write(poses, path, WriteOptions(role))
    labels = sleap_io.load_slp(str(path), open_videos=False)
    assert [node.name for node in labels.skeletons[0].nodes] == list(poses.skeleton.joints)
    assert list(labels.videos[0].filename) == list(NAMES)
    found = [(frame.frame_idx, one) for frame in labels for one in frame.instances]
    assert [at for at, _ in found] == poses.people.frame.tolist()
    for row, (_, one) in enumerate(found):
        seen = poses.people.seen[row] > 0
        np.testing.assert_array_equal(one.numpy()[seen], poses.people.xy[row][seen])
        assert np.isnan(one.numpy()[~seen]).all()
        assert one.track.name == f"track_{poses.people.track[row]}"
        if role is Role.PREDICTIONS:
            assert one.score == pytest.approx(poses.people.score[row])
            np.testing.assert_allclose(one.points["score"][seen], poses.people.joint_score[row][seen])


def project(path: Path, videos: dict[str, list[int]]) -> Path:
    """A project as SLEAP itself makes it: frames of video files, a mouse in each."""
    skeleton = sleap_io.Skeleton(["nose", "tail"])
    frames = []
    for name, numbers in videos.items():
        backend = {"type": "MediaVideo", "filename": name, "shape": [100, 48, 64, 3], "grayscale": False}
        one = sleap_io.Video(filename=name, backend=None, backend_metadata=backend)
        for number in numbers:
            points = np.array([[number, 1.0], [2.0, number]])
            mouse = sleap_io.Instance.from_numpy(points, skeleton=skeleton)
            frames.append(sleap_io.LabeledFrame(video=one, frame_idx=number, instances=[mouse]))
    sleap_io.Labels(frames).save(str(path))
    return path


@pytest.mark.parametrize(
    "videos", [{"run.mp4": [3, 7]}, {"run.mp4": [3, 7], "other.avi": [3, 0]}], ids=["one", "two"]
)
@pytest.mark.parametrize("through", [None, "native", "parquet"])
def test_frames_of_a_video_stay_where_they_are(
    videos: dict[str, list[int]], through: str | None, tmp_path: Path
) -> None:
    source = project(tmp_path / "a.slp", videos)
    if through is not None:
        if through == "parquet":
            pytest.importorskip("pyarrow", reason="parquet needs it")
        between = tmp_path / f"b{datasets.get_row(through).suffix}"
        convert_one(source, between, ConvertOptions(through, Role.TRUTH))
        source = between
    done = convert_one(source, tmp_path / "c.slp", ConvertOptions("sleap", Role.TRUTH))
    assert not done.losses.dropped
    labels = sleap_io.load_slp(str(tmp_path / "c.slp"), open_videos=False)
    assert [one.filename for one in labels.videos] == list(videos)
    assert {one.backend_metadata["type"] for one in labels.videos} == {"MediaVideo"}
    found = {(frame.video.filename, frame.frame_idx): frame.instances[0].numpy() for frame in labels}
    assert found.keys() == {(name, number) for name, numbers in videos.items() for number in numbers}
    for (_, number), points in found.items():
        np.testing.assert_array_equal(points, [[number, 1], [2, number]])


def test_a_form_without_videos_says_what_it_drops(tmp_path: Path) -> None:
    source = project(tmp_path / "a.slp", {"run.mp4": [3, 7], "other.avi": [3]})
    for form in ("coco", "cvat", "deeplabcut"):
        done = convert_one(source, tmp_path / form, ConvertOptions(form, Role.TRUTH))
        assert done.losses.dropped["videos"] == 2


def test_pictures_and_videos_in_one_project(tmp_path: Path) -> None:
    names = np.array(["run.mp4/5", "b/1.png", "b/2.png", "run.mp4/9"])
    frames = Frames(
        names,
        np.array([0, 1, 1, 0]),
        np.array([5, 1, 2, 9]),
        path=names,
        sequences=("run.mp4", "b"),
        extra={"video": np.array(["run.mp4", "", "", "run.mp4"])},
    )
    people = People(np.arange(16.0).reshape(4, 2, 2), np.arange(4))
    poses = PoseSet(skeleton_from_names(["a", "b"]), frames, people)
    path = tmp_path / "a.slp"
    datasets.get_format("sleap").write(poses, path, WriteOptions())
    labels = sleap_io.load_slp(str(path), open_videos=False)
    assert [one.filename for one in labels.videos] == ["run.mp4", ["b/1.png", "b/2.png"]]
    assert [(labels.videos.index(frame.video), frame.frame_idx) for frame in labels] == [
        (0, 5),
        (1, 0),
        (1, 1),
        (0, 9),
    ]
    back = datasets.read(path, ReadOptions(Role.TRUTH))
    assert back.frames.extra["video"].tolist() == ["run.mp4", "", "", "run.mp4"]
    np.testing.assert_array_equal(replace(back.people).xy, people.xy)


def test_analysis_files(tmp_path: Path) -> None:
    poses = video(Role.PREDICTIONS)
    path = tmp_path / "a.analysis.h5"
    datasets.get_format("sleap-analysis").write(poses, path, WriteOptions(Role.PREDICTIONS))
    if not hasattr(sleap_io, "load_analysis_h5"):
        pytest.skip("this sleap-io reads no analysis files")
    labels = sleap_io.load_analysis_h5(str(path))
    assert [node.name for node in labels.skeletons[0].nodes] == list(poses.skeleton.joints)
    found = [one for frame in sorted(labels, key=lambda frame: frame.frame_idx) for one in frame.instances]
    assert len(found) == len(poses)
    wanted: dict[int, list[Any]] = {int(track): [] for track in poses.people.track}
    for row in range(len(poses)):
        wanted[int(poses.people.track[row])].append(
            np.where((poses.people.seen[row] > 0)[:, None], poses.people.xy[row], np.nan)
        )
    for one in found:
        points = wanted[int("".join(filter(str.isdigit, one.track.name)))].pop(0)
        np.testing.assert_allclose(one.numpy(), points, rtol=1e-12)

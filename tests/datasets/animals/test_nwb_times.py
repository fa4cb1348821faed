"""Times of NWB's series: kept, paired by, never made up in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.datasets.animals.nwb_times import common, frame_numbers, sample_times
from poseval.errors import PosevalError
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import skeleton_from_names

h5py = pytest.importorskip("h5py", reason="needs h5py, of the extra `formats`")
P = Role.PREDICTIONS
BEHAVIOR = "processing/behavior"


def animals(frames: int = 5, time: Any = None) -> PoseSet:
    """Two animals of two joints in every frame; x is the frame's number, and 100 more for the second."""
    frame = np.repeat(np.arange(frames), 2)
    xy = np.zeros((2 * frames, 2, 2)) + (frame + 100 * (np.arange(2 * frames) % 2))[:, None, None]
    columns = {"joint_score": np.full((2 * frames, 2), 0.5), "track": np.arange(2 * frames) % 2}
    table = Frames(np.arange(frames).astype(str), extra={} if time is None else {"time": np.asarray(time)})
    return PoseSet(skeleton_from_names(["nose", "tail"]), table, People(xy, frame, **columns))


def file(path: Path, poses: PoseSet | None = None, **times: Any) -> Path:
    """Our file, with other times for the series of animals: `track0=[...]`, or a start and a rate."""
    datasets.get_format("nwb").write(poses or animals(), path, WriteOptions(P, force=True))
    with h5py.File(path, "r+") as opened:
        for name, given in times.items():
            for joint in ("nose", "tail"):
                series = opened[f"{BEHAVIOR}/{name}/{joint}"]
                series.attrs["comments"] = "no comments"
                for key in ("starting_time", "timestamps"):
                    if key in series:
                        del series[key]
                if isinstance(given, tuple):
                    series["starting_time"] = given[0]
                    series["starting_time"].attrs["rate"] = given[1]
                    continue
                series["timestamps"] = np.asarray(given, dtype=np.float64)
                for key in ("data", "confidence"):
                    values = series[key][: len(given)]
                    del series[key]
                    series[key] = values
    return path


def read(path: Path) -> PoseSet:
    """Predictions."""
    return datasets.read(path, ReadOptions(P), "nwb")


def placed(poses: PoseSet) -> dict[tuple[str, int], float]:
    """x of each animal in each frame."""
    people = poses.people
    keys = poses.frames.key[people.frame].tolist()
    return dict(zip(zip(keys, people.track.tolist(), strict=True), people.xy[:, 0, 0].tolist(), strict=True))


def test_times_survive_a_round_trip(tmp_path: Path) -> None:
    time = [0.0, 1.5, 3.0, 4.5, 6.0]
    path = file(tmp_path / "a.nwb", track0=time, track1=time)
    poses = read(path)
    assert poses.frames.extra["time"].tolist() == time
    assert poses.frames.key.tolist() == ["0", "1", "2", "3", "4"]
    assert [notice.code for notice in poses.origin.notices] == []
    losses = poseval.write(poses, tmp_path / "b.nwb", "nwb", role="predictions")
    assert "times" not in str(losses)
    assert read(tmp_path / "b.nwb").frames.extra["time"].tolist() == time
    with h5py.File(tmp_path / "b.nwb") as opened:
        assert opened[f"{BEHAVIOR}/track1/tail/timestamps"][()].tolist() == time


def test_a_start_and_a_rate_are_times(tmp_path: Path) -> None:
    poses = read(file(tmp_path / "a.nwb", track0=(10.0, 4.0), track1=(10.0, 4.0)))
    assert poses.frames.extra["time"].tolist() == [10.0, 10.25, 10.5, 10.75, 11.0]


def test_series_that_start_later_are_paired_by_time(tmp_path: Path) -> None:
    poses = read(file(tmp_path / "a.nwb", track0=(0.0, 2.0), track1=(1.0, 2.0)))
    assert poses.frames.extra["time"].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    found = placed(poses)
    assert [found.get((str(at), 0)) for at in range(7)] == [0, 1, 2, 3, 4, None, None]
    assert [found.get((str(at), 1)) for at in range(7)] == [None, None, 100, 101, 102, 103, 104]


def test_series_of_unequal_lengths(tmp_path: Path) -> None:
    poses = read(file(tmp_path / "a.nwb", track0=[0, 1, 2, 3, 4], track1=[2, 3]))
    found = placed(poses)
    assert len(poses.frames) == 5
    assert [found.get((str(at), 1)) for at in range(5)] == [None, None, 100, 101, None]


def test_clocks_that_tick_a_little_beside_each_other(tmp_path: Path) -> None:
    poses = read(file(tmp_path / "a.nwb", track0=[0, 1, 2, 3, 4], track1=[0.1, 1.2, 1.9, 3.1, 4.4]))
    assert len(poses.frames) == 5
    assert placed(poses)["4", 1] == 104


def test_missing_frames_leave_a_gap_in_the_numbers(tmp_path: Path) -> None:
    time = [0.0, 0.5, 2.0, 2.5, 3.0]
    assert read(file(tmp_path / "a.nwb", track0=time, track1=time)).frames.key.tolist() == list("01456")


def test_without_times_nothing_is_made_up(tmp_path: Path) -> None:
    losses = datasets.get_format("nwb").write(animals(), tmp_path / "a.nwb", WriteOptions(P))
    assert losses.made["times, a second a frame (--fps says otherwise)"] == 5
    poses = read(tmp_path / "a.nwb")
    assert "time" not in poses.frames.extra
    assert [notice.code for notice in poses.origin.notices] == ["N512"]


def test_a_format_without_times_counts_them(tmp_path: Path) -> None:
    poses = read(file(tmp_path / "a.nwb", track0=(0.0, 2.0), track1=(0.0, 2.0)))
    losses = poseval.write(poses, tmp_path / "b.csv", "deeplabcut", role="predictions")
    assert losses.dropped["times"] == 5


def test_the_rate_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "a.csv", tmp_path / "b.nwb"
    poseval.write(animals(), source, "deeplabcut", role="predictions")
    assert invoke(["convert", str(source), str(out), "--to", "nwb", "--fps", "25"]) == 0
    assert read(out).frames.extra["time"].tolist() == [0.0, 0.04, 0.08, 0.12, 0.16]
    again = ["convert", str(out), str(tmp_path / "c.nwb"), "--to", "nwb", "--fps", "30"]
    assert invoke(again) == 2
    assert "has times of its own, which a rate would contradict [P105]" in capsys.readouterr().err
    assert invoke(again[:-2]) == 0


@pytest.mark.parametrize("given", [[0, 1, 2, float("nan"), 4], [0, 1, 2, float("inf"), 4]])
def test_times_that_are_none_are_refused(tmp_path: Path, given: list[float]) -> None:
    with pytest.raises(PosevalError) as caught:
        read(file(tmp_path / "a.nwb", track0=given, track1=given))
    assert caught.value.code == "P301"


def test_two_samples_of_one_series_stay_two() -> None:
    moments, places = common([np.asarray([0.0, 1.0, 2.0]), np.asarray([0.9, 1.1])])
    assert moments.tolist() == [0.0, 1.0, 1.1, 2.0]
    assert [place.tolist() for place in places] == [[0, 1, 3], [1, 2]]


def test_moments_off_any_grid_are_numbered_in_order() -> None:
    assert frame_numbers(np.asarray([0.0, 1.0, 2.5, 3.5])).tolist() == [0, 1, 2, 3]
    assert frame_numbers(np.zeros(0)).tolist() == []


def test_samples_beside_the_frames_stand_where_the_step_puts_them() -> None:
    time = sample_times(np.asarray([1.0, 2.0]), np.asarray([2, 4]), 6)
    assert time is not None
    assert time.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert sample_times(np.asarray([2.0, 1.0]), np.asarray([0, 1]), 2) is None


def test_a_sample_far_from_all_moments_is_a_moment() -> None:
    moments, places = common([np.asarray([0.0, 1.0, 2.0, 3.0]), np.asarray([0.4, 8.0])])
    assert moments.tolist() == [0.0, 1.0, 2.0, 3.0, 8.0]
    assert places[1].tolist() == [0, 4]

"""DeepLabCut's tables: header forms, what is refused, and pandas on the other end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.errors import InputError
from poseval.poses import PoseSet
from tests.datasets.pose_sets import assert_same
from tests.datasets.real_libraries import NAMES, video

T, P = Role.TRUTH, Role.PREDICTIONS
ROLES = pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
SINGLE = "scorer,me,me,me,me\nbodyparts,nose,nose,tail,tail\ncoords,x,y,x,y\n"


def read(path: Path, text: str | bytes, role: Role = T) -> PoseSet:
    """A csv of this content."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return datasets.read(path, ReadOptions(role), "deeplabcut")


def test_rows_are_frames_and_empty_cells_joints_that_are_not_there(tmp_path: Path) -> None:
    poses = read(tmp_path / "a.csv", SINGLE + "img01.png,1,2,,\nimg02.png,,,,\nimg07.png,5,6,7,8\n")
    assert poses.frames.number.tolist() == [1, 2, 7]
    assert poses.people.frame.tolist() == [0, 2]
    assert poses.people.seen.tolist() == [[2, 0], [2, 2]]
    assert poses.people.xy[1].tolist() == [[5, 6], [7, 8]]


def test_a_path_in_three_columns_is_one_name(tmp_path: Path) -> None:
    head = "scorer,,,me,me\nbodyparts,,,nose,nose\ncoords,,,x,y\n"
    poses = read(tmp_path / "a.csv", head + "labeled-data,walk,img3.png,1,2\n")
    assert poses.frames.key.tolist() == ["labeled-data/walk/img3.png"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (SINGLE + "a.png,1,2,3\n\xff", "P204"),
        ((SINGLE + "a.png,1,2,3,4\n").encode() + b"\xff\xfe", "P211"),
        (SINGLE.encode("utf-16"), "P211"),
        (SINGLE + "a.png,1,2,3,4,5\n", "P204"),
        (SINGLE + "a.png,1,2,three,4\n", "P203"),
        (SINGLE + "a.png,1,2,inf,4\n", "P301"),
        (SINGLE + "a.png,1,2,1e999,4\n", "P301"),
        (SINGLE + "a.png,1,2,3,4\na.png,1,2,3,4\n", "P205"),
        (SINGLE.replace("tail", "nose") + "a.png,1,2,3,4\n", "P205"),
        (SINGLE.replace("coords,x", "coords,z") + "a.png,1,2,3,4\n", "P207"),
        ("bodyparts,nose\ncoords,x\n", "P270"),
        ("scorer,me\n", "P270"),
        ("", "P270"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, text: str | bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a.csv", text)
    assert code in caught.value.counts


def test_labels_are_predictions_without_scores(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", SINGLE + "a.png,1,2,3,4\n", P)
    assert np.isnan(found.people.score).all()
    assert [notice.code for notice in found.origin.notices] == ["N549"]


@ROLES
def test_csv_and_h5_hold_the_same(tmp_path: Path, role: Role) -> None:
    pytest.importorskip("h5py", reason="needs h5py")
    back = []
    for name, file in (("deeplabcut", "a.csv"), ("deeplabcut-h5", "a.h5")):
        datasets.get_format(name).write(video(role), tmp_path / file, WriteOptions(role))
        back.append(datasets.read(tmp_path / file, ReadOptions(role)))
    assert_same(back[0], back[1], datasets.get_format("deeplabcut").holds_as(role))
    assert back[1].frames.key.tolist() == list(NAMES)


@ROLES
def test_pandas_opens_our_h5(tmp_path: Path, role: Role) -> None:
    pytest.importorskip("h5py", reason="needs h5py")
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    pytest.importorskip("tables", reason="needs PyTables")
    poses = video(role)
    datasets.get_format("deeplabcut-h5").write(poses, tmp_path / "a.h5", WriteOptions(role))
    table = pandas.read_hdf(tmp_path / "a.h5")
    assert table.columns.names == ["scorer", "individuals", "bodyparts", "coords"]
    assert list(table.index) == list(NAMES)
    assert table[("poseval", "track5", "nose", "x")].iloc[0] == poses.people.xy[0, 0, 0]
    assert np.isnan(table[("poseval", "track2", "left_ear", "y")].iloc[0])


@pytest.mark.parametrize("form", ["fixed", "table"])
@ROLES
def test_we_open_what_pandas_saves(tmp_path: Path, form: str, role: Role) -> None:
    pytest.importorskip("h5py", reason="needs h5py")
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    pytest.importorskip("tables", reason="needs PyTables")
    poses = video(role)
    datasets.get_format("deeplabcut-h5").write(poses, tmp_path / "a.h5", WriteOptions(role))
    table = pandas.read_hdf(tmp_path / "a.h5")
    table.to_hdf(tmp_path / "b.h5", key="df_with_missing", format=form, mode="w")
    back = datasets.read(tmp_path / "b.h5", ReadOptions(role))
    assert_same(poses, back, datasets.get_format("deeplabcut-h5").holds_as(role))


def labels(path: Path, rows: list[str]) -> Path:
    """Labels of two body parts."""
    head = ["scorer,me,me,me,me", "bodyparts,nose,nose,tail,tail", "coords,x,y,x,y"]
    path.write_text("\n".join([*head, *rows, ""]))
    return path


def test_an_empty_row_of_labels_is_a_frame_that_nobody_labelled(tmp_path: Path) -> None:
    path = labels(tmp_path / "a.csv", ["img1.png,1,2,3,4", "img2.png,,,,", "img3.png,,,5,6"])
    poses = datasets.read(path, ReadOptions(T))
    assert poses.frames.labelled.tolist() == [True, False, True]
    predicted = [f"img{at}.png,1,2,0.5,3,4,0.5" for at in (1, 2)]
    head = ["scorer" + ",net" * 6, "bodyparts" + ",nose" * 3 + ",tail" * 3, "coords" + ",x,y,likelihood" * 2]
    (tmp_path / "p.csv").write_text("\n".join([*head, predicted[0], predicted[1], "img3.png,,,,5,6,0.5", ""]))
    report = poseval.score(path, tmp_path / "p.csv", "oks", metrics="epe")
    assert report.summary["EPE"] == 0.0
    (told,) = [notice.text for notice in report.notices if notice.code == "N941"]
    assert told.startswith("1 of 3 frames of the ground truth not labelled and not scored")
    assert told.endswith("; 1 predicted person there left out")


def test_an_empty_row_of_predictions_is_a_frame_without_anyone(tmp_path: Path) -> None:
    head = ["scorer,net,net,net", "bodyparts,nose,nose,nose", "coords,x,y,likelihood"]
    (tmp_path / "p.csv").write_text("\n".join([*head, "0,1,2,0.5", "1,,,", ""]))
    assert datasets.read(tmp_path / "p.csv", ReadOptions(P)).frames.labelled.all()


def test_unlabelled_frames_survive_and_empty_ones_do_not(tmp_path: Path) -> None:
    poses = datasets.read(labels(tmp_path / "a.csv", ["img1.png,1,2,3,4", "img2.png,,,,"]), ReadOptions(T))
    losses = poseval.write(poses, tmp_path / "b.csv", "deeplabcut")
    assert losses.dropped == {}
    assert datasets.read(tmp_path / "b.csv", ReadOptions(T)).frames.labelled.tolist() == [True, False]
    looked_at = replace(poses, frames=replace(poses.frames, labelled=np.ones(2, dtype=np.bool_)))
    assert poseval.write(looked_at, tmp_path / "c.csv", "deeplabcut").dropped == {"empty frames": 1}


def test_names_that_become_numbers_are_counted(tmp_path: Path) -> None:
    head = [
        "scorer,me,me,me,me",
        "individuals,ann,ann,single,single",
        "bodyparts,nose,nose,tail,tail",
        "coords,x,y,x,y",
    ]
    (tmp_path / "a.csv").write_text("\n".join([*head, "img1.png,1,2,3,4", ""]))
    poses = datasets.read(tmp_path / "a.csv", ReadOptions(T))
    assert poses.people.track.tolist() == [0, 1]
    assert poses.people.seen.tolist() == [[2, 0], [0, 2]]  # a body part that is unique has a place of its own
    assert poses.origin.unread == {"names of individuals": 2, "names of scorers": 1}
    losses = poseval.write(poses, tmp_path / "b.csv", "deeplabcut")
    assert str(losses).endswith("not read: names of individuals (2), names of scorers (1)")
    assert datasets.read(tmp_path / "b.csv", ReadOptions(T)).origin.unread == {}

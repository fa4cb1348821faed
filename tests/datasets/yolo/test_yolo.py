"""Ultralytics YOLO-pose: columns by their count, sizes of images, the yaml beside the labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import poseval
from poseval import datasets
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.errors import FormatError, InputError
from poseval.poses import PoseSet
from tests.datasets.real_libraries import video

T, P = Role.TRUTH, Role.PREDICTIONS
BOX = "0 .5 .5 .2 .4 "
YAML = "kpt_shape: [2, {dims}]\nflip_idx: [1, 0]\nnames:\n  0: mouse\n  1: rat\n"


def folder(path: Path, lines: str, yaml: str = "", sizes: str = "a,640,480\n") -> Path:
    """A folder of one label file."""
    (path / "labels").mkdir(parents=True)
    (path / "labels" / "a.txt").write_text(lines)
    if yaml:
        (path / "data.yaml").write_text(yaml)
    if sizes:
        (path / "image_sizes.csv").write_text("name,width,height\n" + sizes)
    return path


def read(path: Path, role: Role = T) -> PoseSet:
    """The folder, in a role."""
    return datasets.read(path, ReadOptions(role), "yolo")


@pytest.mark.parametrize(
    ("line", "dims", "role", "seen", "score", "track"),
    [
        (".1 .25 2 .3 .5 1", 3, T, [2, 1], None, -1),
        (".1 .25 .3 .5", 2, T, [2, 2], None, -1),
        (".1 .25 .9 .3 .5 .8", 3, P, [2, 2], np.nan, -1),
        (".1 .25 .9 .3 .5 .8 .7", 3, P, [2, 2], 0.7, -1),
        (".1 .25 .9 .3 .5 .8 .7 12", 3, P, [2, 2], 0.7, 12),
        (".1 .25 .3 .5 .7", 2, P, [2, 2], 0.7, -1),
        (".1 .25 .9 0 0 .01 .7", 3, P, [2, 0], 0.7, -1),
        (".1 .25 2 0 0 0", 3, T, [2, 0], None, -1),
    ],
)
def test_columns_are_told_by_their_count(
    tmp_path: Path, line: str, dims: int, role: Role, seen: list[int], score: float | None, track: int
) -> None:
    poses = read(folder(tmp_path / "a", BOX + line, YAML.format(dims=dims)), role)
    people = poses.people
    assert people.xy[0, 0].tolist() == [64, 120]
    np.testing.assert_allclose(people.box[0], [256, 144, 384, 336])
    assert people.seen[0].tolist() == seen
    assert people.track.tolist() == [track]
    if score is not None:
        np.testing.assert_array_equal(people.score, [score])


def test_classes_names_and_mirrors_come_from_the_yaml(tmp_path: Path) -> None:
    yaml = YAML.format(dims=3) + "kpt_names:\n  0:\n    - left ear\n    - right ear\n"
    poses = read(folder(tmp_path / "a", "1" + BOX[1:] + ".1 .25 2 .3 .5 1", yaml))
    assert poses.skeleton.joints == ("left ear", "right ear")
    assert poses.skeleton.flip == (1, 0)
    assert poses.categories[int(poses.people.category[0])] == "rat"


def test_joints_without_names_have_the_mirrors_of_flip_idx(tmp_path: Path) -> None:
    poses = read(folder(tmp_path / "a", BOX + ".1 .25 2 .3 .5 1", YAML.format(dims=3)))
    assert (poses.skeleton.joints, poses.skeleton.flip) == (("kpt-0", "kpt-1"), (1, 0))
    mirrors = [*range(16, -1, -1)]
    yaml = f"kpt_shape: [17, 3]\nflip_idx: {mirrors}\n"
    other = read(folder(tmp_path / "b", BOX + ".1 .25 2 " * 17, yaml))
    assert (other.skeleton.name, other.skeleton.flip) == ("custom", tuple(mirrors))


def test_an_image_without_people_is_an_empty_frame(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", BOX + ".1 .25 2 .3 .5 1", YAML.format(dims=3))
    (path / "labels" / "b.txt").write_text("")
    poses = read(path)
    assert poses.frames.key.tolist() == ["a", "b"]
    assert poses.people.frame.tolist() == [0]


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_sizes_come_from_pictures_beside_the_labels(suffix: str, tmp_path: Path) -> None:
    path = folder(tmp_path / "a", BOX + ".1 .25 2 .3 .5 1", YAML.format(dims=3), "")
    (path / "images").mkdir()
    Image.new("RGB", (200, 100)).save(path / "images" / f"a{suffix}")
    assert read(path).people.xy[0, 0].tolist() == [20, 25]


@pytest.mark.parametrize(
    ("lines", "yaml", "sizes", "code"),
    [
        (BOX + ".1 .25 2 .3 .5 1", YAML.format(dims=3), "", "P308"),
        (BOX + ".1 .25 2 .3 .5", YAML.format(dims=3), "a,640,480\n", "P204"),
        (BOX + ".1 .25 2 .3 .5 1\n" + BOX + ".1 .25 2", YAML.format(dims=3), "a,640,480\n", "P204"),
        (BOX + ".1 .25 2 .3 nan 1", YAML.format(dims=3), "a,640,480\n", "P301"),
        (BOX + ".1 .25 2 .3 x 1", YAML.format(dims=3), "a,640,480\n", "P203"),
        (BOX + ".1 .25 .9 .3 .5 .8", YAML.format(dims=3), "a,640,480\n", "P306"),
        ("0.5" + BOX[1:] + ".1 .25 2 .3 .5 1", YAML.format(dims=3), "a,640,480\n", "P203"),
        ("0 .5 .5 -.2 .4 .1 .25 2 .3 .5 1", YAML.format(dims=3), "a,640,480\n", "P203"),
        (BOX + ".1 .25 2 .3 .5 1", "kpt_shape: [2, 4]\n", "a,640,480\n", "P273"),
        (BOX + ".1 .25 2 .3 .5 1", "kpt_shape: [2, 3]\nflip_idx: [0, 0]\n", "a,640,480\n", "P273"),
        (BOX + ".1 .25 2 .3 .5 1", "kpt_shape: [2, 3]\nkpt_names: [a]\n", "a,640,480\n", "P273"),
        (BOX + ".1 .25 2 .3 .5 1", "kpt_shape: &a [2, 3]\n", "a,640,480\n", "P272"),
        (BOX + ".1 .25 2 .3 .5 1", YAML.format(dims=3), "a,640\n", "P204"),
    ],
)
def test_wrong_labels_are_refused(tmp_path: Path, lines: str, yaml: str, sizes: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(folder(tmp_path / "a", lines, yaml, sizes))
    assert caught.value.code == code


def test_two_descriptions_that_differ_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", BOX + ".1 .25 2 .3 .5 1", YAML.format(dims=3))
    (path / "other.yaml").write_text(YAML.format(dims=2))
    with pytest.raises(FormatError) as caught:
        read(path)
    assert caught.value.code == "P273"


def test_tracks_are_written_where_everyone_has_one(tmp_path: Path) -> None:
    poses = video(P)
    writer = datasets.get_format("yolo")
    assert "tracks" not in writer.write(poses, tmp_path / "a", WriteOptions(P)).dropped
    some = poses.people.track.copy()
    some[0] = -1
    partly = PoseSet(poses.skeleton, poses.frames, poses.people.with_columns(track=some))
    assert writer.write(partly, tmp_path / "b", WriteOptions(P)).dropped["tracks"] == 3
    assert read(tmp_path / "b", P).people.track.tolist() == [-1] * 4


def test_a_missing_label_file_is_unlabelled_and_an_empty_one_is_nobody(tmp_path: Path) -> None:
    line = BOX + ".1 .25 2 .3 .5 2\n"
    sizes = "".join(f"{name},640,480\n" for name in "abc")
    truth = folder(tmp_path / "t", line, YAML.format(dims=3), sizes)
    found = folder(tmp_path / "p", line.replace(" 2", " .9").strip() + " .5\n", YAML.format(dims=3), sizes)
    for name in "bc":
        (found / "labels" / f"{name}.txt").write_text(
            (found / "labels" / "a.txt").read_text().replace(" .5\n", " .8\n")
        )
    (truth / "labels" / "b.txt").write_text("")
    report = poseval.score(truth, found, "oks", metrics="oks_ap(area=box)", sigmas=0.05)
    assert report.summary["AP"] == pytest.approx(0.5, abs=0.005)  # the person of b is one too many
    (told,) = [notice for notice in report.notices if notice.code == "N940"]
    assert "1 of 3 frames with predictions are not in the ground truth (first: c)" in told.text
    (truth / "labels" / "b.txt").unlink()
    report = poseval.score(truth, found, "oks", metrics="oks_ap(area=box)", sigmas=0.05)
    assert report.summary["AP"] == pytest.approx(1.0)


def film(path: Path, numbers: range) -> Path:
    """Predictions of one person in frames of a video."""
    for number in numbers:
        (path / "labels").mkdir(parents=True, exist_ok=True)
        (path / "labels" / f"walk_{number}.txt").write_text(BOX + ".1 .25 .9 .3 .5 .9 .7\n")
    (path / "data.yaml").write_text(YAML.format(dims=3))
    return path


def test_frames_that_nobody_labelled_have_the_size_of_the_others(tmp_path: Path) -> None:
    truth = tmp_path / "t"
    (truth / "labels").mkdir(parents=True)
    for number in (3, 10):
        (truth / "labels" / f"walk_{number}.txt").write_text(BOX + ".1 .25 2 .3 .5 2\n")
    (truth / "data.yaml").write_text(YAML.format(dims=3))
    (truth / "image_sizes.csv").write_text("name,width,height\nwalk_3,640,480\nwalk_10,640,480\n")
    found = film(tmp_path / "p", range(20))
    report = poseval.score(truth, found, "oks", metrics="epe")
    assert report.summary["EPE"] == 0.0
    (told,) = [notice for notice in report.notices if notice.code == "N940"]
    assert told.count == 18
    (truth / "image_sizes.csv").write_text("name,width,height\nwalk_3,640,480\nwalk_10,64,48\n")
    with pytest.raises(InputError) as caught:
        poseval.score(truth, found, "oks", metrics="epe")
    assert caught.value.code == "P308"


def test_keys_of_the_yaml_that_are_not_read_are_counted(tmp_path: Path) -> None:
    yaml = YAML.format(dims=3) + "path: .\nval: images\nauthor: me\n"
    poses = read(folder(tmp_path / "a", BOX + ".1 .25 2 .3 .5 2\n", yaml))
    assert poses.origin.unread == {"author": 1}

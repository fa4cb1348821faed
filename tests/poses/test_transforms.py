"""Changes of coordinates by name: what each does, that each is undone by its inverse, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.cli import invoke
from poseval.compat.crosscheck import crosscheck
from poseval.datasets import Role, WriteOptions, get_format
from poseval.errors import MismatchError, UsageError
from poseval.poses import IgnoreRegions, PoseSet
from poseval.poses.transforms import Transform, transformed
from tests.datasets.test_same_score import truth_and_predictions


def scene() -> PoseSet:
    truth, _ = truth_and_predictions()
    vertices = np.array([[1.0, 2.0], [30.0, 4.0], [5.0, 60.0]])
    return replace(
        truth,
        people=truth.people.with_columns(head=np.full(len(truth), 10.0)),
        ignore=IgnoreRegions(vertices, np.array([0, 3]), np.array([2])),
    )


def after(text: str) -> PoseSet:
    return Transform.parse(text).apply(scene())


@pytest.mark.parametrize(
    ("text", "inverse"),
    [
        ("xy", "xy"),
        ("left-right", "left-right"),
        ("flip=x", "flip=x"),
        ("flip=y", "flip=y"),
        ("scale=4", "scale=0.25"),
        ("offset=3,-8", "offset=-3,8"),
    ],
)
def test_the_inverse_undoes_it(text: str, inverse: str) -> None:
    before, back = scene(), transformed(scene(), [Transform.parse(text), Transform.parse(inverse)])
    for name in ("xy", "box", "area", "head"):
        np.testing.assert_allclose(getattr(back.people, name), getattr(before.people, name))
    np.testing.assert_allclose(back.ignore.vertices, before.ignore.vertices)


def test_every_column_is_in_the_new_frame() -> None:
    before, there = scene(), after("scale=2,3")
    np.testing.assert_allclose(there.people.xy, before.people.xy * [2, 3])
    np.testing.assert_allclose(there.people.box, before.people.box * [2, 3, 2, 3])
    np.testing.assert_allclose(there.people.area, before.people.area * 6)
    np.testing.assert_allclose(there.people.head, before.people.head * np.sqrt(6))
    np.testing.assert_allclose(there.ignore.vertices, before.ignore.vertices * [2, 3])
    exchanged = after("xy").people
    np.testing.assert_array_equal(exchanged.box, before.people.box[:, [1, 0, 3, 2]])
    flip = list(before.skeleton.flip)
    np.testing.assert_array_equal(after("left-right").people.xy, before.people.xy[:, flip])


def test_the_first_pixel_becomes_the_last() -> None:
    before = scene()
    for text, axis in (("flip=x", 0), ("flip=y", 1)):
        there = after(text).people
        last = before.frames.size[before.people.frame][:, None, axis] - 1
        np.testing.assert_allclose(there.xy[..., axis], last - before.people.xy[..., axis])
        np.testing.assert_array_equal(there.xy[..., 1 - axis], before.people.xy[..., 1 - axis])
        assert (there.box[:, 2:] >= there.box[:, :2]).all()


def test_numbers_from_minus_one_to_one() -> None:
    before = scene()
    size = before.frames.size[before.people.frame][:, None]
    middle = replace(before, people=before.people.with_columns(xy=2 * before.people.xy / size - 1))
    np.testing.assert_allclose(
        Transform.parse("normalised=-1,1").apply(middle).people.xy, before.people.xy, atol=1e-9
    )


@pytest.mark.parametrize(
    "text",
    [
        *("flip=x", "flip=y", "normalised", "normalised=-1,1", "resized=9,9"),
        *("longest=9", "shortest=9", "letterbox=9"),
    ],
)
def test_unknown_sizes_are_named_with_what_to_give_instead(text: str) -> None:
    before = scene()
    unknown = replace(before, frames=replace(before.frames, size=np.full((len(before.frames), 2), np.nan)))
    with pytest.raises(MismatchError, match="say it: --transform") as caught:
        Transform.parse(text).apply(unknown)
    assert caught.value.code == "P415"


def test_shares_become_pixels_of_each_image() -> None:
    shares = after("scale=0.0015625")  # images of 640 pixels
    np.testing.assert_allclose(Transform.parse("normalised").apply(shares).people.xy, scene().people.xy)
    unknown = replace(shares, frames=replace(shares.frames, size=np.full((len(shares.frames), 2), np.nan)))
    with pytest.raises(MismatchError, match="unknown size") as caught:
        Transform.parse("normalised").apply(unknown)
    assert caught.value.code == "P415"
    np.testing.assert_allclose(Transform.parse("scale=640,640").apply(unknown).people.xy, scene().people.xy)


@pytest.mark.parametrize("form", ["corners", "centre"])
def test_boxes_in_another_form(form: str) -> None:
    truth = scene()
    box = truth.people.box
    sides = box[:, 2:] - box[:, :2]
    first, second = (box[:, :2], box[:, 2:]) if form == "corners" else (box[:, :2] + sides / 2, sides)
    read = np.concatenate([first, first + second], axis=1)  # as x, y, width, height
    people = truth.people.with_columns(
        box=read, area=second.prod(axis=1), extra={**truth.people.extra, "box_size": second}
    )
    mended = Transform.parse(f"boxes={form}").apply(replace(truth, people=people)).people
    np.testing.assert_allclose(mended.box, box)
    np.testing.assert_allclose(mended.area, sides.prod(axis=1))
    np.testing.assert_array_equal(mended.xy, truth.people.xy)


@pytest.mark.parametrize(
    "text",
    [
        *("", "xz", "scale", "scale=0", "scale=a", "scale=1,2,3", "offset=1", "scale=inf"),
        *("flip", "flip=z", "resized=5", "resized=0,5", "longest=1,2", "letterbox=-5", "normalised=2"),
    ],
)
def test_what_is_no_change_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Transform.parse(text)
    assert caught.value.code == "P102"


@pytest.mark.parametrize(
    "text", ["xy", "left-right", "normalised", "scale=2.5", "scale=2,3", "offset=-3,0.5"]
)
def test_a_name_parses_back(text: str) -> None:
    assert str(Transform.parse(text)) == text


def files(folder: Path) -> tuple[Path, Path, float]:
    truth, predictions = truth_and_predictions()
    gt, dt = folder / "gt.json", folder / "dt.json"
    get_format("coco").write(truth, gt, WriteOptions(Role.TRUTH))
    wrong = Transform.parse("xy").apply(predictions)
    get_format("coco").write(wrong, dt, WriteOptions(Role.PREDICTIONS, truth=truth))
    return (
        gt,
        dt,
        poseval.score(truth, replace(predictions, frames=truth.frames), "coco-keypoints").summary["AP"],
    )


def test_a_score_says_what_was_changed(tmp_path: Path) -> None:
    gt, dt, ap = files(tmp_path)
    report = poseval.score(gt, dt, "coco-keypoints", transform="xy")
    assert report.summary["AP"] == pytest.approx(ap)
    assert report.deviations == ("coordinates of the predictions were changed: x and y exchanged",)
    assert report.signature["transform"] == "xy"
    assert "transform" not in poseval.score(gt, dt, "coco-keypoints").signature


def test_convert_writes_the_other_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gt, dt, ap = files(tmp_path)
    out = tmp_path / "out.json"
    command = ["convert", str(dt), str(out), "--to", "coco", "--gt", str(gt), "--transform", "xy"]
    assert invoke(command) == 0
    assert "x and y exchanged" in capsys.readouterr().err
    assert poseval.score(gt, out, "coco-keypoints").summary["AP"] == pytest.approx(ap)


def test_a_cross_check_reads_the_files_itself(tmp_path: Path) -> None:
    gt, dt, _ = files(tmp_path)
    with pytest.raises(UsageError, match="read the files themselves") as caught:
        crosscheck(gt, dt, "coco-keypoints", transform="xy")
    assert caught.value.code == "P127"

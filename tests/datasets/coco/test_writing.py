"""What the COCO writer writes reads back, and what it cannot hold is counted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseval.datasets import ReadOptions, Role, Source, WriteOptions, get_format
from poseval.errors import UsageError
from poseval.poses import Frames, IgnoreRegions, People, PoseSet
from poseval.skeletons import get_skeleton
from tests.datasets.coco.readings import ANY_AREA, coco_like, read_results, read_truth, whole_body
from tests.hostile.made import codes, results, truth, write


def same(a: PoseSet, b: PoseSet, names: tuple[str, ...]) -> None:
    assert a.frames.key.tolist() == b.frames.key.tolist()
    assert a.frames.path.tolist() == b.frames.path.tolist()
    np.testing.assert_array_equal(a.frames.size, b.frames.size)
    for name in names:
        np.testing.assert_array_equal(getattr(a.people, name), getattr(b.people, name), name)
    assert a.people.extra.keys() == b.people.extra.keys()
    for name, column in a.people.extra.items():
        np.testing.assert_array_equal(column, b.people.extra[name], name)


TRUTH_COLUMNS = ("frame", "xy", "seen", "area", "box", "crowd", "category", "source_id")


RESULT_COLUMNS = ("frame", "xy", "seen", "joint_score", "score", "area", "category", "source_id")


def test_truth_reads_back_from_what_is_written(tmp_path: Path) -> None:
    for path in coco_like():
        poses = get_format("coco").read(Source(path), ReadOptions(optional=ANY_AREA))
        if len(poses) > 3000:
            continue
        out = tmp_path / "out.json"
        losses = get_format("coco").write(poses, out, WriteOptions(force=True))
        assert not losses.dropped, path
        again = read_truth(out, skeleton=poses.skeleton)
        if again.origin.format != "coco":
            continue  # a face file, which has no such columns
        for name in ("area", "box"):  # what was made is nothing that must come back
            column = getattr(poses.people, name)
            made = np.where(np.isnan(column), column, getattr(again.people, name))
            again = replace(again, people=again.people.with_columns(**{name: made}))
        if losses.made:
            again = replace(again, people=replace(again.people, extra=poses.people.extra))
        same(poses, again, TRUTH_COLUMNS)
        assert dict(again.categories) == dict(poses.categories)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_results_read_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("results")
    gt = read_truth(write(folder / "gt.json", truth()))
    number = st.floats(-1e6, 1e6) | st.integers(-1000, 1000) | st.sampled_from([0.1, 1e-300, -0.0, 2.0**60])
    dt = results()
    for row in dt:
        row["image_id"] = data.draw(st.sampled_from([10, 11, 12, 13]))
        row["keypoints"] = data.draw(st.lists(number, min_size=51, max_size=51))
        row["score"] = data.draw(number)
        if data.draw(st.booleans()):
            row["bbox"] = [1.5, 2, 3, 4.25]
    poses = read_results(write(folder / "dt.json", dt), gt)
    losses = get_format("coco").write(poses, folder / "out.json", WriteOptions(Role.PREDICTIONS))
    again = read_results(folder / "out.json", gt)
    if all("bbox" in row for row in dt) or not any("bbox" in row for row in dt):
        assert not losses.dropped
        same(poses, again, RESULT_COLUMNS)
    else:
        assert list(losses.dropped) == ["boxes (not every person has one)"]
        np.testing.assert_array_equal(poses.people.xy, again.people.xy)
    bits = poses.people.xy.view(np.uint64)
    np.testing.assert_array_equal(bits, again.people.xy.view(np.uint64))


def test_whole_body_reads_back(tmp_path: Path) -> None:
    gt, dt = truth(), results()
    whole_body(gt["annotations"])
    whole_body(dt)
    for row in gt["annotations"]:
        for name in ("foot", "face", "lefthand", "righthand"):
            row[f"{name}_kpts"][2::3] = [2] * (len(row[f"{name}_kpts"]) // 3)
    for n, row in enumerate(dt):
        row["face_score"] = n / 8
    body = read_truth(write(tmp_path / "gt.json", gt))
    found = read_results(write(tmp_path / "dt.json", dt), body)
    coco = get_format("coco")
    coco.write(body, tmp_path / "gt2.json", WriteOptions())
    coco.write(found, tmp_path / "dt2.json", WriteOptions(Role.PREDICTIONS))
    again = read_truth(tmp_path / "gt2.json")
    same(body, again, TRUTH_COLUMNS)
    same(found, read_results(tmp_path / "dt2.json", again), RESULT_COLUMNS)


def foreign() -> PoseSet:
    """A set from another format: named frames, tracks, heads, scores on truth, an ignore region."""
    frames = Frames(np.array(["a/1", "a/2", "b/1"]), sequence=np.array([0, 0, 1]), sequences=("a", "b"))
    people = People(
        xy=np.array([[[1.25, 2], [np.nan, np.nan]], [[3, 4], [5, 6]]]),
        frame=np.array([0, 2]),
        seen=np.array([[2, 0], [1, 2]], dtype=np.int8),
        score=np.array([0.5, 1.0]),
        joint_score=np.array([[0.25, np.nan], [np.nan, 0.75]]),
        track=np.array([3, 4]),
        head=np.array([10.0, np.nan]),
    )
    region = IgnoreRegions(np.array([[0.0, 0], [1, 0], [1, 1]]), np.array([0, 3]), np.array([1]))
    return PoseSet(get_skeleton("coco17").__class__("two", ("a", "b"), (0, 1)), frames, people, region)


def test_what_the_format_cannot_hold_is_counted(tmp_path: Path) -> None:
    losses = get_format("coco").write(foreign(), tmp_path / "gt.json", WriteOptions())
    assert (losses.kept_people, losses.kept_frames) == (2, 3)
    assert losses.dropped["head sizes"] == 1
    assert losses.dropped["ignore regions"] == 1
    assert losses.dropped["sequences"] == 2
    assert losses.dropped["scores"] == 2
    tree = json.loads((tmp_path / "gt.json").read_bytes())
    assert [(image["id"], image["file_name"]) for image in tree["images"]] == [
        (1, "a/1"),
        (2, "a/2"),
        (3, "b/1"),
    ]
    assert tree["annotations"][0]["keypoints"] == [1.25, 2, 2, 0, 0, 0]
    assert [row["id"] for row in tree["annotations"]] == [1, 2]
    assert [row["bbox"] for row in tree["annotations"]] == [[1.25, 2, 0, 0], [3, 4, 2, 2]]
    assert [row["area"] for row in tree["annotations"]] == [0, 4]
    assert losses.made == {
        "image ids (numbered from 1; names stay file names)": 3,
        "boxes from the extent of the labelled joints": 2,
        "areas of the boxes": 2,
    }
    assert losses.missing == {"extensions of file names (the source has none)": 3}
    assert tree["categories"][0]["keypoints"] == ["a", "b"]
    assert len(read_truth(tmp_path / "gt.json")) == 2


def ids_written(poses: PoseSet, path: Path, truth: PoseSet | None = None) -> list[Any]:
    get_format("coco").write(poses, path, WriteOptions(Role.PREDICTIONS, force=True, truth=truth))
    return [row["image_id"] for row in json.loads(path.read_bytes())]


def test_results_take_the_numbers_that_their_truth_has_as_a_coco_file(tmp_path: Path) -> None:
    poses = foreign()
    assert ids_written(poses, tmp_path / "dt.json", truth=poses) == [1, 3]
    get_format("coco").write(poses, tmp_path / "gt.json", WriteOptions())
    gt = read_truth(tmp_path / "gt.json")
    again = read_results(tmp_path / "dt.json", gt)
    assert again.people.frame.tolist() == [0, 2]
    assert codes(again) == []


def test_results_keep_the_names_that_their_truth_has_for_ids(tmp_path: Path) -> None:
    gt, dt = truth(), results()
    for row in gt["images"]:
        row["id"], row["file_name"] = f"image {row['id']}", f"image {row['id']}.jpg"
    for row in (*gt["annotations"], *dt):
        row["image_id"] = f"image {row['image_id']}"
    named = read_truth(write(tmp_path / "gt.json", gt))
    found = read_results(write(tmp_path / "dt.json", dt), named)
    assert ids_written(found, tmp_path / "again.json", named) == [row["image_id"] for row in dt]


def test_files_named_by_numbers_give_images_their_numbers(tmp_path: Path) -> None:
    poses = foreign()
    names = np.array(["cam/000042.jpg", "cam/000007.jpg", "cam/000139.jpg"])
    poses = replace(poses, frames=Frames(names, path=names, sequences=("cam",)))
    losses = get_format("coco").write(poses, tmp_path / "gt.json", WriteOptions())
    images = json.loads((tmp_path / "gt.json").read_bytes())["images"]
    assert {image["file_name"]: image["id"] for image in images} == {
        "cam/000042.jpg": 42,
        "cam/000007.jpg": 7,
        "cam/000139.jpg": 139,
    }
    assert not losses.missing
    assert not any("ids" in what for what in losses.made)
    assert losses.dropped["order of frames (COCO's is that of the image ids)"] == 3
    assert ids_written(poses, tmp_path / "dt.json") == [42, 139]
    found = read_results(tmp_path / "dt.json", poses)  # a truth that knows names alone
    assert found.people.frame.tolist() == [0, 2]
    assert "the number in their file's name" in str(found.origin.notices[0])


def test_ids_are_numbers_in_names_and_do_not_move_with_unlabelled_frames(tmp_path: Path) -> None:
    for names, ids in (
        (["img001.png", "img003.png", "img020.png"], [1, 3, 20]),
        (["a/1.jpg", "a/2.jpg", "b/1.jpg"], [3, 2, 1]),
        (["a/1.jpg", "a/x.jpg", "b/1.jpg"], [3, 1, 2]),
    ):
        frames = Frames(np.array(names), path=np.array(names), labelled=np.array([False, True, True]))
        poses = replace(foreign(), frames=frames)
        poses = replace(poses, people=poses.people.with_columns(frame=np.array([1, 2])))
        assert ids_written(poses, tmp_path / "dt.json", truth=poses) == ids[1:]
        rest = poses.take_frames(np.array([1, 2]))  # as `convert` leaves unlabelled frames out
        get_format("coco").write(rest, tmp_path / "gt.json", WriteOptions(force=True))
        images = json.loads((tmp_path / "gt.json").read_bytes())["images"]
        assert [image["id"] for image in images] == ids[1:]


def test_two_files_of_one_number_are_no_numbers(tmp_path: Path) -> None:
    names = np.array(["a/1.jpg", "a/2.jpg", "b/1.jpg"])
    poses = replace(foreign(), frames=Frames(names, path=names))
    assert ids_written(poses, tmp_path / "dt.json") == ["a/1.jpg", "b/1.jpg"]
    assert ids_written(poses, tmp_path / "dt.json", truth=poses) == [1, 3]


def test_results_without_a_truth_keep_names_and_say_so(tmp_path: Path) -> None:
    coco, poses = get_format("coco"), foreign()
    coco.write(poses, tmp_path / "gt.json", WriteOptions())
    losses = coco.write(poses, tmp_path / "dt.json", WriteOptions(Role.PREDICTIONS))
    assert [row["image_id"] for row in json.loads((tmp_path / "dt.json").read_bytes())] == ["a/1", "b/1"]
    assert losses.dropped["joint scores that were not given (written as 1)"] == 1
    assert losses.missing == {"image ids as numbers, which pycocotools needs (give --gt FILE)": 3}
    gt = read_truth(tmp_path / "gt.json")
    again = read_results(tmp_path / "dt.json", gt)  # by file name
    assert again.people.frame.tolist() == [0, 2]
    assert codes(again)[0] == "N402"


def test_results_without_scores_are_not_written(tmp_path: Path) -> None:
    poses = foreign()
    silent = PoseSet(poses.skeleton, poses.frames, poses.people.with_columns(score=np.array([0.5, np.nan])))
    with pytest.raises(UsageError, match="1 of 2 people have no score") as caught:
        get_format("coco").write(silent, tmp_path / "dt.json", WriteOptions(Role.PREDICTIONS))
    assert caught.value.code == "P138"
    assert list(tmp_path.iterdir()) == []

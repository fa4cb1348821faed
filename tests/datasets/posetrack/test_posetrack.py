"""PoseTrack readers: forms, mixtures, joints by name."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.datasets import ReadOptions, Role, Source, WriteOptions, get_format, read, recognise
from tests.datasets.posetrack.documents import NAMES, OURS, codes, document, load, saved
from tests.datasets.posetrack_sets import random_set


def test_joints_are_ordered_by_name_and_ears_left_out(tmp_path: Path) -> None:
    poses = load(document(), tmp_path)
    assert poses.skeleton.joints == OURS
    assert poses.people.xy[0, OURS.index("nose")].tolist() == [100.5, 50.25]
    assert poses.people.xy[0, OURS.index("left_wrist")].tolist() == [
        100.5 + NAMES.index("left_wrist"),
        50.25 + 2 * NAMES.index("left_wrist"),
    ]
    assert poses.origin.format == "posetrack18"
    assert poses.frames.sequences == ("000342_mpii_test",)


def test_fifteen_names_in_another_order_give_the_same_set(tmp_path: Path) -> None:
    whole, short = document(), document()
    order = [NAMES.index(name) for name in sorted(set(NAMES) - {"left_ear", "right_ear"})]
    short["categories"][0]["keypoints"] = [NAMES[i] for i in order]
    for person in short["annotations"]:
        points = np.reshape(person["keypoints"], (17, 3))
        person["keypoints"] = points[order].ravel().tolist()
    a, b = load(whole, tmp_path / "a"), load(short, tmp_path / "b")
    np.testing.assert_array_equal(a.people.xy, b.people.xy)


def test_heads_boxes_tracks_and_ids(tmp_path: Path) -> None:
    people = load(document(), tmp_path).people
    assert people.head[0] == pytest.approx(0.6 * 50.0)
    assert people.extra["head_box"][0].tolist() == [5, 6, 35, 46]
    assert people.box[1].tolist() == [10, 20, 60.5, 80]
    assert people.track[:2].tolist() == [0, 1]
    assert people.source_id[:2].tolist() == [0, 1]
    assert np.isnan(people.joint_score).all()


def test_presence_follows_the_three_numbers(tmp_path: Path) -> None:
    node = document(1, 1)
    keypoints = node["annotations"][0]["keypoints"]
    keypoints[0:3] = [0, 0, 0]  # nose: absent
    keypoints[3:6] = [0, 0, 1]  # head_bottom: a point at the corner
    keypoints[6:9] = [7.5, 8, 0]  # head_top: hidden
    people = load(node, tmp_path).people
    seen = dict(zip(OURS, people.seen[0].tolist(), strict=True))
    assert (seen["nose"], seen["head_bottom"], seen["head_top"], seen["left_knee"]) == (0, 2, 1, 2)


def test_scores_go_by_place_and_may_be_missing(tmp_path: Path) -> None:
    node = document(1, 3)
    node["annotations"][0]["scores"] = [k / 100 for k in range(17)]
    node["annotations"][1]["scores"] = []
    del node["annotations"][2]["scores"]
    score = load(node, tmp_path, Role.PREDICTIONS).people.joint_score
    assert score[0, OURS.index("right_ankle")] == 0.16
    assert np.isnan(score[1:]).all()


def test_neck_is_head_bottom(tmp_path: Path) -> None:
    node = document()
    node["categories"][0]["keypoints"] = ["neck" if n == "head_bottom" else n for n in NAMES]
    poses = load(node, tmp_path)
    np.testing.assert_array_equal(poses.people.xy, load(document(), tmp_path / "b").people.xy)
    assert "N473" in codes(poses)


def test_without_categories_the_official_order_is_taken(tmp_path: Path) -> None:
    node = document()
    del node["categories"]
    poses = load(node, tmp_path)
    np.testing.assert_array_equal(poses.people.xy, load(document(), tmp_path / "b").people.xy)
    assert "N470" in codes(poses)


def test_negative_track_ids_get_free_ones(tmp_path: Path) -> None:
    node = document(2, 2)
    for person in node["annotations"]:
        person["track_id"] = -5 if person["track_id"] == 0 else 9
    poses = load(node, tmp_path)
    assert poses.people.track.tolist() == [10, 9, 10, 9]
    assert poses.people.extra["raw_track"].tolist() == [-5, 9, -5, 9]
    assert "N472" in codes(poses)


def test_large_track_ids_are_kept(tmp_path: Path) -> None:
    node = document(1, 1)
    node["annotations"][0]["track_id"] = 10**12
    assert load(node, tmp_path).people.track.tolist() == [10**12]


def test_a_missing_track_is_no_track(tmp_path: Path) -> None:
    node = document(1, 2)
    del node["annotations"][1]["track_id"]
    assert load(node, tmp_path).people.track.tolist() == [0, -1]


def test_ignore_regions(tmp_path: Path) -> None:
    node = document()
    node["images"][1]["ignore_regions_x"] = [[0, 10, 10], [1, 2], [5, 6, 7, 8]]
    node["images"][1]["ignore_regions_y"] = [[0, 0, 10], [3, 4], [1, 1, 2, 2]]
    poses = load(node, tmp_path)
    assert poses.ignore.frame.tolist() == [1, 1]
    assert poses.ignore.start.tolist() == [0, 3, 7]
    assert poses.ignore.vertices[3].tolist() == [5, 1]
    notice = next(n for n in poses.origin.notices if n.code == "N471")
    assert notice.count == 1


def test_labels_are_read_or_told_from_people(tmp_path: Path) -> None:
    node = document(3, 1)
    node["images"][0]["is_labeled"] = False
    node["annotations"] = node["annotations"][:2]
    assert load(node, tmp_path).frames.labelled.tolist() == [False, True, True]
    for image in node["images"]:
        del image["is_labeled"]
    assert load(node, tmp_path).frames.labelled.tolist() == [True, True, False]


def test_person_ids_make_it_posetrack21(tmp_path: Path) -> None:
    node = document(1, 2)
    for person in node["annotations"]:
        person["person_id"] = 70 + person["track_id"]
    poses = load(node, tmp_path)
    assert poses.origin.format == "posetrack21"
    assert poses.people.extra["person_id"].tolist() == [70, 71]


def test_a_file_of_two_videos_becomes_two_sequences(tmp_path: Path) -> None:
    node = document(4, 1)
    for image in node["images"][2:]:
        image["file_name"] = image["file_name"].replace("000342_mpii", "000017_bonn")
    poses = load(node, tmp_path)
    assert poses.frames.sequences == ("000017_bonn_test", "000342_mpii_test")
    assert poses.frames.sequence.tolist() == [0, 0, 1, 1]
    assert poses.frames.number.tolist() == [0, 1, 0, 1]
    assert poses.frames.path[0].endswith("000002.jpg")


def test_whole_numbers_are_told_by_the_text(tmp_path: Path) -> None:
    node = document(3, 1)
    for frame, form in ((0, int), (1, float)):
        keypoints = node["annotations"][frame]["keypoints"]
        node["annotations"][frame]["keypoints"] = [form(round(value)) for value in keypoints]
    assert load(node, tmp_path).people.extra["whole"].tolist() == [True, False, False]


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_mixed_forms(tmp_path: Path, packed: bool) -> None:
    mine = random_set(1, predictions=False)
    assert len(mine.frames.sequences) > 1
    get_format("posetrack18").write(mine, tmp_path / "a", WriteOptions())
    get_format("posetrack17").write(mine, tmp_path / "b", WriteOptions())
    first, *rest = sorted((tmp_path / "a").iterdir())
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for path in [first, *(tmp_path / "b" / path.name for path in rest)]:
        data = path.read_bytes()
        name = path.name + ".gz" if packed else path.name
        (mixed / name).write_bytes(gzip.compress(data) if packed else data)
    (mixed / "readme.txt").write_text("not a pose file")
    poses = read(mixed, ReadOptions())
    np.testing.assert_array_equal(poses.people.xy, mine.people.xy)
    np.testing.assert_array_equal(poses.people.track, mine.people.track)
    assert poses.frames.sequences == mine.frames.sequences
    assert {"N475", "N476"} <= codes(poses)


def test_recognition_by_content(tmp_path: Path) -> None:
    truth, predictions = document(), document()
    for image in predictions["images"]:
        for name in ("ignore_regions_x", "ignore_regions_y"):
            del image[name]
    for person in predictions["annotations"]:
        del person["bbox_head"]
    a, b = saved(truth, tmp_path / "a" / "v.json"), saved(predictions, tmp_path / "b" / "v.json")
    for path in (a, a.parent):
        assert recognise(Source(path), Role.TRUTH) == "posetrack18"
    format18 = get_format("posetrack18")
    assert format18.sniff(Source(a), Role.TRUTH) > format18.sniff(Source(a), Role.PREDICTIONS)
    assert format18.sniff(Source(b), Role.PREDICTIONS) > format18.sniff(Source(b), Role.TRUTH)


def test_unknown_fields_are_counted(tmp_path: Path) -> None:
    node = document()
    node["annotations"][0]["trackid"] = 4
    assert "N410" in codes(load(node, tmp_path))


def test_unknown_fields_of_several_files_are_said_once(tmp_path: Path) -> None:
    for at, name in enumerate("abc"):
        node = document()
        for image in node["images"]:
            image["file_name"] = image["file_name"].replace("000342", f"00000{at}")
        for person in node["annotations"][: at + 1]:
            person["trackid"] = 4
        saved(node, tmp_path / f"{name}.json")
    found = [one for one in poseval.read(tmp_path, role="truth").origin.notices if one.code == "N410"]
    text = "a.json and 2 other files: annotations: fields not read: trackid"
    assert [one.text.partition(" (")[0] for one in found] == [text]
    assert found[0].count == sum(min(at, len(document()["annotations"])) for at in (1, 2, 3))

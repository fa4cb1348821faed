"""PoseTrack readers: forms, mixtures, joints by name, and everything that a file can get wrong."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.datasets import ReadOptions, Role, Source, WriteOptions, get_format, read, recognise
from poseval.errors import FormatError, InputError, LimitError, ValueRangeError
from poseval.limits import Limits
from poseval.poses import PoseSet
from poseval.skeletons import get_skeleton
from tests.datasets.posetrack_sets import random_set

NAMES = list(get_skeleton("posetrack17slots").joints)
OURS = get_skeleton("posetrack15_poseval").joints


def document(frames: int = 3, people: int = 2) -> dict[str, Any]:
    """A small PoseTrack18 file of one video."""
    images = [
        {
            "id": 10003420000 + f,
            "frame_id": 10003420000 + f,
            "vid_id": "000342",
            "nframes": frames,
            "file_name": f"images/val/000342_mpii_test/{f:06d}.jpg",
            "is_labeled": True,
            "ignore_regions_x": [],
            "ignore_regions_y": [],
        }
        for f in range(frames)
    ]
    annotations = [
        {
            "id": 100 * f + p,
            "image_id": images[f]["id"],
            "track_id": p,
            "category_id": 1,
            "bbox": [10 * p, 20, 50.5, 60],
            "bbox_head": [5, 6, 30, 40],
            "keypoints": [value for k in range(17) for value in (100.5 + k + 40 * p, 50.25 + 2 * k, 1)],
            "scores": [],
        }
        for f in range(frames)
        for p in range(people)
    ]
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person", "keypoints": list(NAMES), "skeleton": []}],
    }


def saved(node: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(node), "utf-8")
    return path


def load(node: Any, tmp_path: Path, role: Role = Role.TRUTH, limits: Limits | None = None) -> PoseSet:
    path = saved(node, tmp_path / "000342_mpii_test.json")
    options = ReadOptions(role) if limits is None else ReadOptions(role, limits=limits)
    return read(path, options)


def refused(node: Any, tmp_path: Path, role: Role = Role.TRUTH) -> InputError:
    with pytest.raises(InputError) as caught:
        load(node, tmp_path, role)
    return caught.value


def codes(poses: PoseSet) -> set[str]:
    return {notice.code for notice in poses.origin.notices}


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


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        (lambda n: n["annotations"][1].update(keypoints=[1.0] * 45), "P204", "annotations[1].keypoints"),
        (lambda n: n["annotations"][1].update(keypoints=[1.0] * 50), "P204", "annotations[1].keypoints"),
        (lambda n: n["annotations"][2].update(scores=[0.5] * 15), "P204", "annotations[2].scores"),
        (lambda n: n["annotations"][0].update(image_id=99), "P276", "annotations[0].image_id"),
        (lambda n: n["annotations"][0].update(track_id="3"), "P203", "annotations[0].track_id"),
        (lambda n: n["annotations"][0].update(track_id=1.5), "P303", "annotations[0].track_id"),
        (lambda n: n["annotations"][0].pop("image_id"), "P206", "annotations[0].image_id"),
        (lambda n: n["annotations"][0].pop("keypoints"), "P206", "annotations[0].keypoints"),
        (lambda n: n["annotations"][0].update(bbox_head=[1, 2, 3]), "P204", "annotations[0].bbox_head"),
        (lambda n: n["annotations"][0].update(bbox_head=[1, 2, -3, 4]), "P304", "annotations[0].bbox_head"),
        (lambda n: n["images"][2].pop("id"), "P206", "images[2].id"),
        (lambda n: n["images"].append(dict(n["images"][0])), "P373", "image 10003420000"),
        (lambda n: n["images"][1].update(ignore_regions_x=[[1, 2, 3]]), "P204", "ignore_regions_y"),
        (
            lambda n: n["images"][1].update(ignore_regions_x=[[1, 2, 3]], ignore_regions_y=[[1, 2]]),
            "P204",
            "ignore_regions_y",
        ),
        (lambda n: n.update(categories=n["categories"] * 2), "P274", "categories"),
        (lambda n: n["categories"][0].pop("keypoints"), "P274", "categories[0].keypoints"),
        (lambda n: n["categories"][0]["keypoints"].__setitem__(1, "belly"), "P275", "head_bottom"),
        (lambda n: n["categories"][0]["keypoints"].__setitem__(1, "nose"), "P275", "head_bottom"),
    ],
)
def test_faults_are_told_with_their_place(change: Any, code: str, where: str, tmp_path: Path) -> None:
    node = document()
    change(node)
    error = refused(node, tmp_path)
    assert code in error.counts
    assert where in str(error)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_are_none_are_refused(word: str, tmp_path: Path) -> None:
    text = json.dumps(document()).replace("100.5", word, 1)
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueRangeError) as caught:
        read(path, ReadOptions())
    assert caught.value.code == "P301"
    assert "annotations[0].keypoints[0]" in str(caught.value)


def test_null_coordinate_is_refused_and_null_score_is_not_given(tmp_path: Path) -> None:
    node = document(1, 1)
    node["annotations"][0]["scores"] = [None] * 17
    assert np.isnan(load(node, tmp_path, Role.PREDICTIONS).people.joint_score).all()
    node["annotations"][0]["keypoints"][4] = None
    assert refused(node, tmp_path).code == "P302"


def test_all_faults_of_all_files_come_together(tmp_path: Path) -> None:
    for index in range(3):
        node = document()
        node["annotations"][index]["keypoints"] = [1.0] * 45
        saved(node, tmp_path / f"{index}.json")
    with pytest.raises(FormatError) as caught:
        read(tmp_path, ReadOptions())
    assert caught.value.counts == {"P204": 3}


def test_two_files_of_one_sequence(tmp_path: Path) -> None:
    saved(document(), tmp_path / "a" / "000342.json")
    saved(document(), tmp_path / "b" / "000342.json")
    with pytest.raises(ValueRangeError) as caught:
        read(tmp_path, ReadOptions(), "posetrack18")
    assert caught.value.code == "P372"


def test_a_foreign_file_among_them(tmp_path: Path) -> None:
    saved(document(), tmp_path / "a.json")
    saved({"info": {}}, tmp_path / "b.json")
    with pytest.raises(FormatError) as caught:
        read(tmp_path, ReadOptions(), "posetrack18")
    assert caught.value.code == "P270"
    assert "b.json" in str(caught.value)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read(tmp_path, ReadOptions(), "posetrack18")
    assert caught.value.code == "P271"


def test_limits(tmp_path: Path) -> None:
    node = document()
    node["images"][0]["ignore_regions_x"] = node["images"][0]["ignore_regions_y"] = [list(range(20))]
    for limits in (
        Limits(region_vertices=10),
        Limits(people_per_frame=1),
        Limits(people=5),
        Limits(frames=2),
    ):
        with pytest.raises(LimitError):
            load(node, tmp_path, limits=limits)


def test_names_are_shown_without_control_characters(tmp_path: Path) -> None:
    node = document()
    node["categories"][0]["keypoints"][1] = "\x1b[31mneck"
    assert "\x1b" not in str(refused(node, tmp_path))


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


def annolist() -> dict[str, Any]:
    """A small PoseTrack17 file."""

    def point(joint: int, x: float, y: float, **more: float) -> dict[str, Any]:
        return {"id": [joint], "x": [x], "y": [y], **{k: [v] for k, v in more.items()}}

    person = {
        "x1": [10],
        "y1": [20],
        "x2": [40],
        "y2": [60],
        "track_id": [3],
        "annopoints": [
            {"point": [point(0, 1.5, 2), point(13, 3, 4.5, is_visible=0), point(14, 5, 6, score=0.25)]}
        ],
    }
    frames = [
        {"image": [{"name": f"images/v/{f:08d}.jpg"}], "imgnum": [f], "annorect": [copy.deepcopy(person)]}
        for f in (1, 2)
    ]
    frames[1]["ignore_regions"] = [{"point": [{"x": [x], "y": [y]} for x, y in ((0, 0), (9, 0), (9, 9.5))]}]
    return {"annolist": frames}


def test_posetrack17(tmp_path: Path) -> None:
    poses = load(annolist(), tmp_path)
    people = poses.people
    assert poses.origin.format == "posetrack17"
    assert poses.frames.key.tolist() == ["images/v/00000001.jpg", "images/v/00000002.jpg"]
    assert people.seen[0].tolist() == [2, *[0] * 12, 1, 2]
    assert people.xy[0, 13].tolist() == [3, 4.5]
    assert people.joint_score[0, 14] == 0.25
    assert np.isnan(people.joint_score[0, :14]).all()
    assert people.head[0] == pytest.approx(30.0)
    assert people.track.tolist() == [3, 3]
    assert poses.ignore.vertices.tolist() == [[0, 0], [9, 0], [9, 9.5]]
    assert poses.ignore.frame.tolist() == [1]


def test_posetrack17_lists_of_points(tmp_path: Path) -> None:
    node = annolist()
    points = node["annolist"][0]["annorect"][0]["annopoints"][0]["point"]
    points.append({"id": [0], "x": [99], "y": [99]})  # the first one counts
    points.append({"id": [15], "x": [1], "y": [1]})  # no such joint
    node["annolist"][1]["annorect"] += [
        {"track_id": [4]},
        {"annopoints": [{"point": []}]},
        {"annopoints": []},
    ]
    poses = load(node, tmp_path)
    assert poses.people.xy[0, 0].tolist() == [1.5, 2]
    assert poses.people.extra["listed"].tolist() == [True, True, False, True, False]
    assert poses.people.track.tolist() == [3, 3, 4, -1, -1]
    assert {"N477", "N478"} <= codes(poses)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f.pop("image"), "P204"),
        (lambda f: f["annorect"][0].update(track_id=3), "P203"),
        (lambda f: f["annorect"][0].update(track_id=[1.5]), "P303"),
        (lambda f: f["annorect"][0].update(x1=[1, 2]), "P204"),
        (lambda f: f["annorect"][0]["annopoints"][0]["point"][0].pop("x"), "P206"),
        (lambda f: f["annorect"][0]["annopoints"][0]["point"][0].update(x=["1"]), "P203"),
    ],
)
def test_posetrack17_faults(change: Any, code: str, tmp_path: Path) -> None:
    node = annolist()
    change(node["annolist"][0])
    error = refused(node, tmp_path)
    assert code in error.counts
    assert "annolist[0]" in str(error)


def test_frames_of_posetrack17_may_be_empty(tmp_path: Path) -> None:
    node = annolist()
    node["annolist"][0]["annorect"] = []
    del node["annolist"][1]["annorect"]
    poses = load(node, tmp_path)
    assert len(poses) == 0
    assert poses.frames.labelled.tolist() == [False, False]

"""What a file made from its joints follows them through a map; what it did not stays."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.poses import Array, PoseSet
from poseval.poses.derived_columns import labelled_count, made_again
from poseval.poses.enclosing import enclosing_boxes
from poseval.poses.joint_mapping import map_joints
from poseval.skeletons import get_skeleton
from tests.datasets.test_same_score import truth_and_predictions

FACE = [0, 1, 2, 3, 4]
PADDING = np.array([-5.0, -5.0, 5.0, 5.0])


def truth_with_faces_alone() -> PoseSet:
    """COCO people of whom every third has labels on the face only, with boxes and areas not from joints."""
    truth, _ = truth_and_predictions()
    seen = truth.people.seen.copy()
    seen[::3, 5:] = 0
    seen[::3, FACE] = 2
    people = truth.people
    extra = {**people.extra, "num_keypoints": labelled_count(seen)}
    return replace(truth, people=replace(people, seen=seen, extra=extra))


def of_joints(poses: PoseSet, share: float = 1.0) -> PoseSet:
    people = poses.people
    box = enclosing_boxes(people.xy, people.seen > 0)
    sides = box[:, 2:] - box[:, :2]
    extra = {**people.extra, "box_size": sides}
    moved = replace(people, box=box, area=share * sides.prod(axis=1), extra=extra)
    return replace(poses, people=moved)


def mapped(poses: PoseSet, name: str = "crowdpose14") -> PoseSet:
    return map_joints(poses, get_skeleton(name))[0]


def test_num_keypoints_is_counted_again() -> None:
    truth = mapped(truth_with_faces_alone())
    count = truth.people.extra["num_keypoints"]
    np.testing.assert_array_equal(count, (truth.people.seen > 0).sum(axis=1))
    assert (count[::3] == 0).all()
    assert (count[1::3] > 0).all()
    notice = next(n for n in truth.origin.notices if n.code == "N920")
    assert notice.count == len(truth)
    assert "num_keypoints of 36 people" in notice.text


def test_who_the_file_ignores_stays_ignored() -> None:
    truth, _ = truth_and_predictions()
    count = labelled_count(truth.people.seen)
    count[4] = 0  # though its joints are labelled
    people = replace(truth.people, extra={**truth.people.extra, "num_keypoints": count})
    after = mapped(replace(truth, people=people)).people.extra["num_keypoints"]
    assert after[4] == 0
    assert (np.delete(after, 4) > 0).all()


@pytest.mark.parametrize("share", [1.0, 0.53])
def test_boxes_and_areas_from_joints_follow(share: float) -> None:
    people = mapped(of_joints(truth_with_faces_alone(), share)).people
    some = np.ones(len(people), dtype=bool)
    some[::3] = False  # nothing is left of them to span a box
    wanted = enclosing_boxes(people.xy, people.seen > 0)[some]
    np.testing.assert_array_equal(people.box[some], wanted)
    sides = wanted[:, 2:] - wanted[:, :2]
    np.testing.assert_array_equal(people.extra["box_size"][some], sides)
    np.testing.assert_allclose(people.area[some], share * sides.prod(axis=1), rtol=1e-12)


def test_who_is_left_without_joints_keeps_the_box() -> None:
    before = of_joints(truth_with_faces_alone())
    people = mapped(before).people
    np.testing.assert_array_equal(people.box[::3], before.people.box[::3])
    np.testing.assert_array_equal(people.area[::3], before.people.area[::3])


def test_one_joint_spans_no_box() -> None:
    truth, _ = truth_and_predictions()
    seen = truth.people.seen.copy()
    seen[0, 6:] = 0  # of the joints that are kept, the left shoulder alone is labelled
    before = of_joints(replace(truth, people=truth.people.with_columns(seen=seen)))
    after = mapped(before).people
    np.testing.assert_array_equal(after.box[0], before.people.box[0])
    assert after.area[0] == before.people.area[0] > 0


@pytest.mark.parametrize(
    "columns",
    [
        lambda people: {"box": people.box + PADDING},
        lambda people: {"area": people.area * 0.7},
        lambda people: {"box": np.full((len(people), 4), np.nan), "area": np.full(len(people), np.nan)},
    ],
    ids=["padded boxes", "areas of masks", "none"],
)
def test_what_did_not_come_from_joints_stays(columns: Any) -> None:
    truth = of_joints(truth_and_predictions()[0])
    given: dict[str, Array] = columns(truth.people)
    before = replace(truth.people, **given)
    after, _ = made_again(before, mapped(replace(truth, people=before)).people)
    for name in given:
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_a_map_onto_the_same_joints_changes_nothing() -> None:
    truth = of_joints(truth_and_predictions()[0])
    after, changed = made_again(truth.people, truth.people)
    assert changed == {}
    np.testing.assert_array_equal(after.box, truth.people.box)


def test_a_whole_body_counts_its_body() -> None:
    assert labelled_count(np.ones((2, 133), dtype=np.int8)).tolist() == [17, 17]
    assert labelled_count(np.ones((2, 136), dtype=np.int8)).tolist() == [136, 136]


def test_a_converted_truth_gives_the_score_of_its_own_joints(tmp_path: Path) -> None:
    truth = truth_with_faces_alone()
    whole = truth_and_predictions()[0].people  # whose every joint is found, where it is labelled or not
    near = replace(truth, people=whole.with_columns(xy=whole.xy + 0.5, score=np.linspace(0.1, 1, len(truth))))
    writer = get_format("coco")
    writer.write(truth, tmp_path / "gt17.json", WriteOptions(Role.TRUTH))
    writer.write(near, tmp_path / "dt17.json", WriteOptions(Role.PREDICTIONS, truth=truth))
    onto = ["--to", "coco", "--to-skeleton", "crowdpose14", "-q"]
    gt, dt = tmp_path / "gt14.json", tmp_path / "dt14.json"
    assert invoke(["convert", str(tmp_path / "gt17.json"), str(gt), *onto]) == 0
    gt17 = str(tmp_path / "gt17.json")
    assert invoke(["convert", str(tmp_path / "dt17.json"), str(dt), "--gt", gt17, *onto]) == 0
    report = poseval.score(gt, dt, "crowdpose")
    assert not {"N415", "N522"} & {n.code for n in report.notices}
    node = json.loads(gt.read_text())
    for record in node["annotations"]:
        assert record["num_keypoints"] == sum(flag > 0 for flag in record["keypoints"][2::3])

    def under(change: Any) -> float:
        for record in node["annotations"]:
            change(record)
        (tmp_path / "other.json").write_text(json.dumps(node))
        return poseval.score(tmp_path / "other.json", dt, "crowdpose").summary["AR"]

    stale = under(lambda record: record.update(num_keypoints=5))
    counted = under(lambda record: record.pop("num_keypoints"))
    assert report.summary["AR"] == counted == pytest.approx(1.0)
    assert stale < 0.95  # people with nothing left are missed

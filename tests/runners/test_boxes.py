"""Boxes for top-down models."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.errors import FormatError, MismatchError, UsageError
from poseval.runners.boxes import file_boxes, misread, truth_boxes
from poseval.synth import scene_set


def write(folder: Path, content: Any) -> Path:
    path = folder / "detections.json"
    path.write_text(json.dumps(content))
    return path


def record(image: Any = 1, box: Any = (1, 2, 30, 40), **more: Any) -> dict[str, Any]:
    return {"image_id": image, "category_id": 1, "bbox": list(box), "score": 0.5, **more}


def test_boxes_of_the_truth_are_clipped() -> None:
    truth = scene_set(1, 4, 3)
    wide = truth.people.box + np.array([-500.0, 0, 500, 0])
    boxes = truth_boxes(replace(truth, people=truth.people.with_columns(box=wide)))
    assert len(boxes) == len(truth)
    assert (boxes.corners[:, 0] == 0).all()
    assert (boxes.corners[:, 2] == 319).all()
    assert (boxes.score == 1).all()
    assert boxes.notices == ()


def test_people_without_a_box_are_counted() -> None:
    truth = scene_set(1, 4, 3)
    moved = truth.people.box.copy()
    moved[0] += 5000.0
    boxes = truth_boxes(replace(truth, people=truth.people.with_columns(box=moved)))
    assert len(boxes) == len(truth) - 1
    assert [(notice.code, notice.count) for notice in boxes.notices] == [("N130", 1)]


def test_joint_extent_grown_by_15_percent_where_the_truth_has_no_boxes() -> None:
    truth = scene_set(3, 2, 1)
    people = truth.people.with_columns(box=np.full((len(truth), 4), np.nan))
    corners = truth_boxes(replace(truth, people=people)).corners[0]
    joints = truth.people.xy[0][truth.people.seen[0] > 0]
    width = np.ptp(joints[:, 0])
    assert corners[0] == pytest.approx(max(0, joints[:, 0].min() - 0.075 * width))
    nowhere = truth.people.with_columns(box=people.box, seen=np.zeros_like(truth.people.seen))
    with pytest.raises(MismatchError) as caught:
        truth_boxes(replace(truth, people=nowhere))
    assert caught.value.code == "P431"


def test_mpiis_centres_and_scales_are_squares_that_reach_outside() -> None:
    truth = scene_set(3, 2, 2, skeleton="mpii16")
    centre, scale = np.full((len(truth), 2), 11.0), np.full(len(truth), 0.5)
    scale[1] = -1  # MPII's mark of a person without
    people = truth.people.with_columns(extra={"center": centre, "scale": scale})
    boxes = truth_boxes(replace(truth, people=people))
    # HRNet: from pixel 1 to pixel 0, then 15 * scale down; the square has 200 * scale pixels a side.
    assert boxes.corners[0].tolist() == [10 - 50, 17.5 - 50, 10 + 50, 17.5 + 50]
    assert boxes.corners[1].tolist() == truth_boxes(truth).corners[1].tolist()


def test_detections_file(tmp_path: Path) -> None:
    frames = scene_set(1, 3, 1).frames
    content = [record(3), record(1, score=0.9), record(2, category_id=18), record(2, score=0.01)]
    boxes = file_boxes(write(tmp_path, content), frames, least=0.1)
    assert boxes.frame.tolist() == [0, 2]
    assert boxes.of(2)[0].tolist() == [[1, 2, 31, 42]]
    assert boxes.of(0)[1].tolist() == [0.9]
    assert boxes.of(1)[0].shape == (0, 4)
    assert {notice.count for notice in boxes.notices} == {1}
    assert len(boxes.notices) == 2
    assert file_boxes(write(tmp_path, {"annotations": content}), frames).frame.tolist() == [0, 1, 2]


def test_boxes_outside_their_image_are_counted_or_refused(tmp_path: Path) -> None:
    frames = scene_set(1, 3, 1).frames
    outside = [record(1, (400, 10, 20, 20)), record(2, (-50, 0, 20, 20)), record(3, (5, 5, 0, 10))]
    boxes = file_boxes(write(tmp_path, [record(1), *outside]), frames)
    assert len(boxes) == 1
    assert [notice.count for notice in boxes.notices] == [2, 1]
    with pytest.raises(MismatchError, match="2 outside their image; 1 without area") as caught:
        file_boxes(write(tmp_path, outside), frames)
    assert caught.value.code == "P431"


def test_boxes_of_another_split_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="1 images that are not used") as caught:
        file_boxes(write(tmp_path, [record(1), record(99)]), scene_set(1, 3, 1).frames)
    assert caught.value.code == "P402"


@pytest.mark.parametrize(
    "broken",
    [
        [record(1, (1, 2, 3))],
        [record(1, (1, 2, float("inf"), 3))],
        [record(1, ("a", 2, 3, 4))],
        [record(1, (1, 2, 3, 99999999999999999999999))],
        [record(1, (1, 2, 3, 10**400))],
        [record(1, (1e308, 2, 1e308, 3))],
        [record(None)],
        [record(True)],
        [record(1, score=None)],
        ["text"],
        {"images": []},
    ],
)
def test_malformed_detections_are_refused(tmp_path: Path, broken: Any) -> None:
    with pytest.raises(FormatError) as caught:
        file_boxes(write(tmp_path, broken), scene_set(1, 3, 1).frames)
    assert caught.value.code == "P204"


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        file_boxes(tmp_path / "absent.json", scene_set(1, 1, 1).frames)
    assert caught.value.code == "P114"
    (tmp_path / "torn.json").write_text("[{")
    with pytest.raises(FormatError) as torn:
        file_boxes(tmp_path / "torn.json", scene_set(1, 1, 1).frames)
    assert torn.value.code == "P204"


CORNERS = [[10 + n, 20, 50 + 2 * n, 90] for n in range(6)]


def test_boxes_that_look_like_corners_are_noticed(tmp_path: Path) -> None:
    frames = scene_set(1, 6, 1).frames
    sizes = [[x0, y0, x1 - x0, y1 - y0] for x0, y0, x1, y1 in CORNERS]

    def noticed(boxes: list[list[int]], side: float) -> bool:
        keys = map(int, frames.key)
        path = write(tmp_path, [record(key, box) for key, box in zip(keys, boxes, strict=False)])
        known = replace(frames, size=np.full_like(frames.size, side))
        return "N136" in [notice.code for notice in misread(file_boxes(path, known), known.size)]

    assert noticed(CORNERS, 100.0)
    assert noticed(CORNERS[:2], 100.0)
    assert not noticed(CORNERS[:1], 100.0)
    assert not noticed([[1, 1, 100, 101]] * 6, 100.0)  # whole images, of a detector that does not clip
    assert not noticed(sizes, 100.0)
    assert not noticed(CORNERS, 300.0)
    assert not noticed(CORNERS, np.nan)
    truth = scene_set(1, 6, 1)
    assert misread(truth_boxes(truth), truth.frames.size / 2) == ()


def test_boxes_with_their_centre_first_are_noticed(tmp_path: Path) -> None:
    frames = scene_set(1, 6, 1).frames
    frames = replace(frames, size=np.full_like(frames.size, 100.0))
    centred = [[30 + 9 * n, 60, 40, 70] for n in range(5)]

    def said(boxes: list[list[int]]) -> list[str]:
        path = write(tmp_path, [record(int(key), box) for key, box in zip(frames.key, boxes, strict=False)])
        return [notice.text for notice in misread(file_boxes(path, frames), frames.size)]

    assert ["look like a centre and a size" in text for text in said(centred)] == [True]
    assert "write x - width / 2 and y - height / 2" in said(centred)[0]
    assert said([[x - w // 2, y - h // 2, w, h] for x, y, w, h in centred]) == []
    assert said([*centred, [5, 60, 40, 70]]) == []  # as a centre it would lie outside
    assert "corners" in said(CORNERS)[0]


def test_boxes_in_fractions_are_refused(tmp_path: Path) -> None:
    frames = scene_set(1, 2, 1).frames
    fractions = [[0.5, 0.4, 0.2, 0.3], [0.0, 0.0, 1.0, 1.0]]
    path = write(tmp_path, [record(int(key), box) for key, box in zip(frames.key, fractions, strict=True)])
    with pytest.raises(MismatchError) as caught:
        file_boxes(path, frames)
    assert caught.value.code == "P431"
    assert "fractions of their images" in str(caught.value)
    followed = [[x * 100, y * 100, w * 100, h * 100] for x, y, w, h in fractions]
    path = write(tmp_path, [record(int(key), box) for key, box in zip(frames.key, followed, strict=True)])
    assert len(file_boxes(path, frames)) == 2

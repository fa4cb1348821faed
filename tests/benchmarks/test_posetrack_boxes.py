"""PoseTrack21's boxes: the kit's numbers of the research data, polygons, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.benchmarks import posetrack_boxes
from poseval.benchmarks.posetrack_boxes import area, clipped
from poseval.compat.crosscheck import crosscheck
from poseval.errors import FormatError
from tests.differential.random_boxes import write_boxes
from tests.shared import shared_path

KIT = {"MOTA": "mota", "precision": "precision", "recall": "recall", "IDF1": "idf1"}


def test_the_kit_says_the_same() -> None:
    """Its numbers of three videos with ignore regions, by both of its programs."""
    folder = shared_path("golden/posetrack/s13_pt21_box_mot")
    report = poseval.score(folder / "gt", folder / "pred")
    assert report.benchmark == "posetrack21-boxes"
    said = json.loads((folder / "expected.json").read_text())["results"]
    higher = said["posetrack21_box_hota"]["output"]["hota_combined_mean_over_alpha"]
    for name in ("HOTA", "DetA", "AssA", "LocA"):
        assert report.summary[name] == pytest.approx(higher[name], abs=1e-12), name
    assert report.values.get("FragA") == pytest.approx(higher["FragA"], abs=1e-12)
    clear = said["posetrack21_box_clear"]["output"]["with_ignore_regions"]["OVERALL"]
    for name, key in KIT.items():
        assert report.summary[name] == pytest.approx(clear[key], abs=1e-12), name
    assert report.summary["MOTP"] == pytest.approx(1 - clear["motp"], abs=1e-12)
    assert report.values.get("IDP") == pytest.approx(clear["idp"], abs=1e-12)
    assert report.values.get("IDR") == pytest.approx(clear["idr"], abs=1e-12)
    counts = {"false_positives": "num_false_positives", "misses": "num_misses", "switches": "num_switches"}
    for name, key in counts.items():
        assert report.values.get(name) == clear[key]


@pytest.mark.parametrize("seed", range(10))
def test_the_other_side_says_the_same(seed: int, tmp_path: Path) -> None:
    """Two videos of random boxes, with stars that are not convex as ignore regions."""
    pytest.importorskip("trackeval")
    pytest.importorskip("motmetrics")
    rng = np.random.default_rng(seed)
    for name in ("one", "two"):
        made = tmp_path / f"made-{name}"
        made.mkdir()
        truth, found = write_boxes(int(rng.integers(1000)), made)
        frames = range(1, 20)
        place = tmp_path / "gt" / name
        (place / "gt").mkdir(parents=True)
        (tmp_path / "pred").mkdir(exist_ok=True)
        lines = [line.split(",")[:6] for line in Path(truth).read_text().splitlines()]
        (place / "gt" / "gt.txt").write_text("".join(f"{','.join(words)},1,-1,-1,-1\n" for words in lines))
        (tmp_path / "pred" / f"{name}.txt").write_bytes(Path(found).read_bytes())
        info = []
        for frame in frames:
            stars = [star(rng).tolist() for _ in range(int(rng.integers(0, 3)))]
            x, y = ([[point[axis] for point in polygon] for polygon in stars] for axis in (0, 1))
            info.append({"frame_index": frame, "ignore_regions_x": x, "ignore_regions_y": y})
        (place / "image_info.json").write_text(json.dumps(info))
    answer = crosscheck(tmp_path / "gt", tmp_path / "pred", "posetrack21-boxes")
    assert [item for item in answer.differences if not item.agrees] == []
    assert {"HOTA", "MOTA", "IDF1"} <= {item.name for item in answer.differences}


@pytest.mark.parametrize(("name", "value"), [("IGNORED", 0.4), ("GATE", 0.8), ("FAR", 0.2)])
def test_a_fault_would_show(name: str, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trackeval")
    pytest.importorskip("motmetrics")
    folder = shared_path("golden/posetrack/s13_pt21_box_mot")
    monkeypatch.setattr(posetrack_boxes, name, value)
    assert not crosscheck(folder / "gt", folder / "pred", "posetrack21-boxes").agrees


def star(rng: np.random.Generator) -> np.ndarray:
    angle = np.sort(rng.uniform(0, 2 * np.pi, 7))
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * rng.uniform(10, 40, (7, 1))
    return np.asarray(points + rng.uniform(20, 80, 2))


@pytest.mark.parametrize("seed", range(30))
def test_areas_of_clipped_polygons(seed: int) -> None:
    """Against the share of a fine grid of points, for stars that are not convex."""
    rng = np.random.default_rng(seed)
    polygon = star(rng)
    low = rng.uniform(20, 60, 2)
    box = np.concatenate([low, low + rng.uniform(5, 40, 2)])
    side = (np.arange(400) + 0.5) / 400
    x, y = np.meshgrid(box[0] + side * (box[2] - box[0]), box[1] + side * (box[3] - box[1]))
    inside = np.zeros(x.shape, dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crosses = (y1 > y) != (y2 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    wanted = inside.mean() * np.prod(box[2:] - box[:2])
    assert area(clipped(polygon, box)) == pytest.approx(wanted, abs=0.01 * np.prod(box[2:] - box[:2]))


def write(folder: Path, found: str, regions: Any = None, truth: str = "1,1,10,10,20,20,1,-1,-1,-1\n") -> None:
    place = folder / "gt" / "one"
    (place / "gt").mkdir(parents=True, exist_ok=True)
    (folder / "pred").mkdir(exist_ok=True)
    (place / "gt" / "gt.txt").write_text(truth)
    (folder / "pred" / "one.txt").write_text(found)
    far = [500.0, 510.0, 510.0, 500.0]
    image = {"frame_index": 1, "ignore_regions_x": [far], "ignore_regions_y": [far[::-1]]}
    (place / "image_info.json").write_text(json.dumps([{**image, **(regions or {})}]))


def score(folder: Path, **asked: Any) -> dict[str, float]:
    return dict(poseval.score(folder / "gt", folder / "pred", **asked).summary)


def test_predictions_in_ignore_regions_are_left_out(tmp_path: Path) -> None:
    found = "1,5,10,10,20,20,1,-1,-1,-1\n1,6,60,60,20,20,1,-1,-1,-1\n"
    write(tmp_path, found)
    before = score(tmp_path)
    square = {"ignore_regions_x": [55, 90, 90, 55], "ignore_regions_y": [55, 55, 90, 90]}
    write(tmp_path, found, square)
    after = score(tmp_path)
    assert (before["MOTA"], after["MOTA"]) == (0, 1)
    assert before["HOTA"] < after["HOTA"] == 1
    assert before["IDF1"] < after["IDF1"] == 1


def test_who_matches_stays_though_it_lies_in_a_region(tmp_path: Path) -> None:
    square = {"ignore_regions_x": [[10, 30, 30, 10]], "ignore_regions_y": [[10, 10, 30, 30]]}
    write(tmp_path, "1,5,10,10,20,20,1,-1,-1,-1\n", square)
    assert score(tmp_path)["MOTA"] == 1


def test_boxes_are_shrunk_and_cut(tmp_path: Path) -> None:
    write(tmp_path, "1,5,10,10,20,20,1,-1,-1,-1\n")
    assert score(tmp_path)["MOTP"] < 1
    assert score(tmp_path, rules="corrected")["MOTP"] == 1
    assert score(tmp_path)["LocA"] == 1


@pytest.mark.parametrize(
    "content",
    ["{}", "[3]", "[{}]", '[{"frame_index": 0}]', '[{"frame_index": 1, "ignore_regions_x": [[1, 2, 3]]}]',
     '[{"frame_index": 1, "ignore_regions_x": [["a"]], "ignore_regions_y": [[1]]}]'],
)  # fmt: skip
def test_other_lists_of_images_are_refused(tmp_path: Path, content: str) -> None:
    write(tmp_path, "1,5,10,10,20,20,1,-1,-1,-1\n")
    (tmp_path / "gt" / "one" / "image_info.json").write_text(content)
    with pytest.raises(FormatError) as caught:
        score(tmp_path)
    assert caught.value.code == "P279"

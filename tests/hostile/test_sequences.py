"""Rows 23 to 26 of the table of attacks: tracks and ignore regions of videos."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval.errors import PosevalError
from poseval.results.report import Report
from tests.golden.committed import ROOT

CASE = ROOT / "posetrack/ordinary_18"
Change = Callable[[dict[str, Any]], None]


class Clips:
    """A copy of a sound case whose first video can be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for side in ("gt", "pred"):
            shutil.copytree(CASE / side, folder / side)

    def change(self, side: str, change: Change, every: bool = False) -> None:
        for path in sorted((self.folder / side).iterdir())[: None if every else 1]:
            node = json.loads(path.read_text())
            change(node)
            path.write_text(json.dumps(node))

    def score(self, **keywords: Any) -> Report:
        return poseval.score(self.folder / "gt", self.folder / "pred", "posetrack18", **keywords)


@pytest.fixture
def clips(tmp_path: Path) -> Clips:
    return Clips(tmp_path)


def values(report: Report) -> list[str]:
    return [repr(value) for value in report.values]


def same_track(node: dict[str, Any]) -> None:
    image = node["annotations"][0]["image_id"]
    rows = [row for row in node["annotations"] if row["image_id"] == image]
    rows[1]["track_id"] = rows[0]["track_id"]


@pytest.mark.parametrize("rules", ["posetrack-2017", "corrected"])
def test_23_two_people_of_a_frame_with_one_track_id(clips: Clips, rules: str) -> None:
    clips.change("pred", same_track)
    with pytest.raises(PosevalError, match="track") as caught:
        clips.score(rules=rules)
    assert caught.value.code == "P405"


def large_ids(node: dict[str, Any]) -> None:
    for row in node["annotations"]:
        row["track_id"] += 2**53


def test_24_track_ids_above_the_official_bound(clips: Clips) -> None:
    sound = clips.score(rules="corrected")
    clips.change("pred", large_ids, every=True)
    assert values(clips.score(rules="corrected")) == values(sound)


def own_ids(node: dict[str, Any]) -> None:
    shift = 1000 * int(node["images"][0]["vid_id"][-1])
    for row in node["annotations"]:
        row["track_id"] += shift


def test_25_one_track_id_in_two_sequences(clips: Clips) -> None:
    shared = clips.score()
    clips.change("pred", own_ids, every=True)
    assert values(clips.score()) == values(shared)


def regions(*polygons: list[tuple[float, float]]) -> Change:
    def change(node: dict[str, Any]) -> None:
        for image in node["images"]:
            image["ignore_regions_x"] = [[x for x, _ in polygon] for polygon in polygons]
            image["ignore_regions_y"] = [[y for _, y in polygon] for polygon in polygons]

    return change


CORNERS = [(0.0, 0.0), (2000.0, 0.0), (2000.0, 2000.0), (0.0, 2000.0)]


def test_26_a_region_of_two_points_ignores_nobody(clips: Clips) -> None:
    sound = clips.score()
    clips.change("gt", regions([(0.0, 0.0), (2000.0, 2000.0)]))
    report = clips.score()
    assert values(report) == values(sound)
    assert any("region" in notice.text for notice in report.notices)


def test_26_a_region_outside_the_image_ignores_nobody(clips: Clips) -> None:
    sound = clips.score()
    clips.change("gt", regions([(x + 50_000, y + 50_000) for x, y in CORNERS]))
    assert values(clips.score()) == values(sound)


def test_26_a_region_run_through_twice_is_outside_by_the_even_odd_rule(clips: Clips) -> None:
    sound = clips.score(rules="corrected")
    clips.change("gt", regions([*CORNERS, *CORNERS]))
    assert values(clips.score(rules="corrected")) == values(sound)
    clips.change("gt", regions(CORNERS))
    assert values(clips.score(rules="corrected")) != values(sound)


def test_26_a_region_of_too_many_vertices(clips: Clips) -> None:
    clips.change("gt", regions([(float(n % 977), float(n % 991)) for n in range(100_000)]))
    with pytest.raises(PosevalError, match="vertices") as caught:
        clips.score()
    assert caught.value.code == "P505"

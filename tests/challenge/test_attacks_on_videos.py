"""Hostile and unlucky submissions to challenges of videos: sequences, frames and track ids.

The rows are those of the project's table of attacks.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poseval.challenge.judge import Judge, open_judge
from poseval.challenge.starting import start
from tests.challenge.worlds import WORLDS, World

FIRST, SECOND = "results/000001_mpii.json", "results/000002_mpii.json"
Files = dict[str, Any]
OF_VIDEOS = [world for world in WORLDS if world.benchmark in ("posetrack18", "jrdb-pose")]


@pytest.fixture(scope="module", params=OF_VIDEOS, ids=lambda world: world.benchmark)
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.param
    return found


@pytest.fixture(scope="module")
def judge(world: World, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    folder = tmp_path_factory.mktemp("videos")
    return open_judge(start(folder / "c", world.write_truth(folder / "gt.npz", 1), "Videos", world.benchmark))


@pytest.fixture
def sent(world: World, tmp_path: Path) -> Files:
    with zipfile.ZipFile(world.sent_file(tmp_path, 1)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def packed(files: Files, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, node in files.items():
            archive.writestr(name, json.dumps(node))
    return path


def person(**values: object) -> Callable[[Files], object]:
    return lambda files: files[FIRST]["annotations"][0].update(values)


def again(files: Files) -> None:
    people = files[FIRST]["annotations"]
    people.append(dict(people[0]))


def without_a_frame(files: Files) -> None:
    people = files[FIRST]["annotations"]
    gone = people[0]["image_id"]
    people[:] = [one for one in people if one["image_id"] != gone]


REFUSED: dict[str, tuple[str, Callable[[Files], object]]] = {
    "1 NaN": ("P301", person(keypoints=[float("nan")] * 51)),
    "21 sequence missing": ("P480", lambda files: files.pop(FIRST)),
    "23 track twice in a frame": ("P405", again),
    "24 track beyond integers": ("P303", person(track_id=2**63)),
    "24 half a track": ("P303", person(track_id=1.5)),
    "24 track as text": ("P203", person(track_id="x")),
}
SCORED: dict[str, Callable[[Files], object]] = {
    "as it is": lambda files: None,
    "21 sequence more": lambda files: files.update({"results/other.json": files[FIRST]}),
    "21 frame without people": without_a_frame,
    "24 large track": person(track_id=10**6),
    "25 tracks of another sequence": lambda files: [
        one.update(track_id=one["track_id"] % 3) for one in files[SECOND]["annotations"][:1]
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_evaluation_can_count_is_refused(
    name: str, judge: Judge, sent: Files, tmp_path: Path
) -> None:
    code, change = REFUSED[name]
    change(sent)
    found = judge.judge(packed(sent, tmp_path / "s.zip"))
    assert found.status == "refused", found.message + found.private
    assert f"[{code}]" in found.message
    assert not found.numbers


@pytest.mark.parametrize("name", SCORED)
def test_what_can_be_counted_is_scored(name: str, judge: Judge, sent: Files, tmp_path: Path) -> None:
    best = judge.judge(packed(sent, tmp_path / "best.zip"))
    SCORED[name](sent)
    found = judge.judge(packed(sent, tmp_path / "s.zip"))
    assert found.scored, found.message + found.private
    by = judge.description.ranking.by
    worse = found.numbers[by] >= best.numbers[by] if by == "OSPA" else found.numbers[by] <= best.numbers[by]
    assert worse


def test_a_track_twice_is_refused_before_the_ground_truth_is_looked_at(
    judge: Judge, sent: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it lies in a hidden ignore region cannot be found out."""

    def looked(*given: Any, **named: Any) -> None:
        raise RuntimeError("looked at")

    monkeypatch.setattr("poseval.challenge.judge.prepare", looked)
    assert judge.judge(packed(sent, tmp_path / "s.zip")).private == "RuntimeError: looked at"
    again(sent)
    found = judge.judge(packed(sent, tmp_path / "s.zip"))
    assert (found.status, found.private) == ("refused", "")


def test_what_predictions_lack_by_themselves_is_said(
    judge: Judge, sent: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scoring fails for it, and its reason holds nothing of the ground truth."""
    pair = judge.benchmark.pair

    def fails(*given: Any, **named: Any) -> None:
        raise RuntimeError("a secret")

    def without_tracks(truth: Any, predictions: Any, rules: Any) -> Any:
        aligned, notices = pair(truth, predictions, rules)
        people = aligned.predictions.people.with_columns(track=aligned.predictions.people.track * 0 - 1)
        return type(aligned)(aligned.truth, replace(aligned.predictions, people=people)), notices

    judge = replace(judge, benchmark=replace(judge.benchmark, pair=without_tracks))
    monkeypatch.setattr("poseval.challenge.judge.prepare", fails)
    found = judge.judge(packed(sent, tmp_path / "s.zip"))
    assert found.status == "refused"
    assert "[P410]" in found.message
    assert "have no track id" in found.message

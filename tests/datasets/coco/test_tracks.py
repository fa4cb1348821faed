"""`track_id` of COCO files: carried where it is a number, counted where it is not, refused nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval.datasets import Role, Source, recognise
from tests.hostile.made import Folder, results, truth

IDS: list[Any] = [3, 0, None, "left", -1, 2]
TRACKS = [3, 0, -1, -1, -1, 2]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Where the files of a test lie."""
    return Folder(tmp_path)


def tracked(rows: list[dict[str, Any]], ids: list[Any] = IDS) -> list[dict[str, Any]]:
    """The records with tracks."""
    return [{**row, "track_id": value} for row, value in zip(rows, ids, strict=True)]


def test_truth_and_results_carry_tracks(folder: Folder) -> None:
    gt = truth()
    gt["annotations"] = tracked(gt["annotations"])
    found = folder.truth(gt)
    assert found.people.track.tolist() == TRACKS
    assert found.origin.unread == {"annotations[].track_id": 1}
    found = folder.results(tracked(results()))
    assert found.people.track.tolist() == TRACKS
    assert found.origin.unread == {"track_id": 1}


def test_a_field_that_some_records_lack(folder: Folder) -> None:
    rows = results()
    rows[4]["track_id"] = 5
    assert folder.results(rows).people.track.tolist() == [-1, -1, -1, -1, 5, -1]


def test_tracks_survive_a_conversion(folder: Folder, tmp_path: Path) -> None:
    gt = truth()
    gt["annotations"] = tracked(gt["annotations"], [0, 1, 0, 1, 0, 1])
    losses = poseval.write(folder.truth(gt), tmp_path / "again.json", "coco")
    assert "tracks" not in losses.dropped
    assert poseval.read(tmp_path / "again.json").people.track.tolist() == [0, 1, 0, 1, 0, 1]


def test_a_track_alone_makes_no_file_of_posetrack(folder: Folder) -> None:
    gt = truth()
    gt["annotations"] = tracked(gt["annotations"], [0, 1, 0, 1, 0, 1])
    path, _ = folder.both(gt, results())
    assert recognise(Source(path), Role.TRUTH) == "coco"

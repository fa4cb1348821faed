"""The files of the explorer: what they hold, what is escaped, and what a folder may hold."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import poseval
from poseval.cli import invoke
from poseval.diagnosis.diagnose import diagnose
from poseval.diagnosis.error_types import Fault
from poseval.diagnosis.pairs import Pairs, pairs_of
from poseval.poses.aligned import Aligned
from poseval.report.explorer.frames import frame_value, window
from poseval.report.explorer.scripts import to_script
from poseval.scoring.score import prepare
from poseval.scoring.task import Task
from poseval.synth import perturb, scene_set
from tests.report.sites import EVIL, clips, coco, value_of

TRUTH = scene_set(seed=5, images=12, people=3)
ALIGNED = prepare(TRUTH, perturb(TRUTH, seed=6), Task(benchmark="coco-keypoints")).aligned
PAIRS = pairs_of(ALIGNED)


def frames_of(pairs: Pairs) -> list[dict[str, Any]]:
    return [frame_value([pairs], row) for row in range(len(pairs.aligned.truth.frames))]


def test_the_errors_of_all_frames_are_those_of_the_diagnosis() -> None:
    main = diagnose(ALIGNED, worst=1000)
    found = [one for frame in frames_of(PAIRS) for one in frame["p"][0]]
    faults = "".join(one.get("f", "") for one in found)
    counts = main.ranges[0].counts.sum(axis=1)
    assert [faults.count(str(kind.value)) for kind in Fault][1:] == counts.tolist()[1:]
    assert len(found) == len(ALIGNED.predictions.people)
    frames = frames_of(PAIRS)
    missed = sum(
        person.get("miss", 0) and at not in [one.get("t") for one in frame["p"][0]]
        for frame in frames
        for at, person in enumerate(frame["t"])
    )
    assert missed == sum(worst.missed for worst in main.worst)
    alone = sum("t" not in one for one in found)
    assert alone == sum(worst.background for worst in main.worst)


def test_joints_that_are_not_labelled_or_not_predicted_have_no_place() -> None:
    seen = ALIGNED.truth.people.seen.copy()
    seen[0, 3] = 0
    guessed = ALIGNED.predictions.people.seen.copy()
    guessed[0, 5] = 0
    truth = replace(ALIGNED.truth, people=ALIGNED.truth.people.with_columns(seen=seen))
    found = replace(ALIGNED.predictions, people=ALIGNED.predictions.people.with_columns(seen=guessed))
    frames = frames_of(pairs_of(Aligned(truth, replace(found, frames=truth.frames))))
    places = [
        [person["xy"][:][2 * joint : 2 * joint + 2] for frame in frames for person in people(frame)]
        for people, joint in ((lambda frame: frame["t"], 3), (lambda frame: frame["p"][0], 5))
    ]
    assert [None, None] in places[0]
    assert [None, None] in places[1]
    for side in places:
        assert all(x is None or (abs(x) < 1e4 and abs(y) < 1e4) for x, y in side)


def test_the_window_holds_everybody_and_is_no_sliver() -> None:
    for row in range(len(TRUTH.frames)):
        x0, y0, x1, y1 = window(PAIRS, row)
        people = ALIGNED.truth.people
        points = people.xy[people.frame == row][people.seen[people.frame == row] > 0]
        assert (points >= [x0, y0]).all()
        assert (points <= [x1, y1]).all()
        assert 0.49 < (x1 - x0) / (y1 - y0) < 2.01


def test_values_for_scripts_end_no_script_and_turn_no_text() -> None:
    text = to_script({"name": EVIL, "turned": "a\u202eb", "lone": "\ud800", "end": "\u2028", "n": [1, None]})
    assert not re.search(r"[<>&\u2028\u202e]", text)
    assert text.isascii()
    assert json.loads(text) == {
        "name": EVIL,
        "turned": "a\\u202eb",
        "lone": "\\ud800",
        "end": "\\u2028",
        "n": [1, None],
    }
    with pytest.raises(ValueError, match="JSON"):
        to_script({"score": float("nan")})


def test_a_site_holds_every_frame(tmp_path: Path) -> None:
    site = coco(tmp_path)
    index = value_of(site / "data" / "index.js")
    assert len(index["key"]) == 45
    chunks = [value_of(path) for path in sorted((site / "data").glob("frames-*.js"))]
    assert [len(chunk) for chunk in chunks] == [20, 20, 5]
    frames = [frame for chunk in chunks for frame in chunk]
    system = index["systems"][0]
    for at, frame in enumerate(frames):
        pairs = [[one["s"], one["oks"], one["f"]] for one in frame["p"][0] if "t" in one]
        assert [pair[:3] for pair in system["pairs"][at]] == pairs
        assert system["alone"][at] == [one["s"] for one in frame["p"][0] if "t" not in one]
    assert index["people_names"][0].startswith("labelled joints: ")
    images = [image for image in index["image"] if image]
    assert len(images) == 23
    assert all(image[1:3] == [640, 480] for image in images)
    page = (site / "index.html").read_text()
    assert "Content-Security-Policy" in page
    assert "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri" in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert EVIL not in page


def test_images_are_made_small_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = coco(tmp_path)
    thumbs = sorted((site / "thumbs").iterdir())
    assert thumbs
    assert max(Image.open(thumbs[0]).size) == 512
    before = [path.stat().st_mtime_ns for path in thumbs]
    (site / "data" / "frames-00099.js").write_text("of an earlier, larger site")
    coco(tmp_path)
    assert [path.stat().st_mtime_ns for path in sorted((site / "thumbs").iterdir())] == before
    assert not (site / "data" / "frames-00099.js").exists()


def test_a_folder_of_others_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.tex").write_text("ten years")
    command = ["explore", "dt.json", "--gt", "gt.json", "--out", str(tmp_path / "site")]
    assert invoke(command) == 2
    assert "P131" in capsys.readouterr().err
    for out in (tmp_path / "none" / "site", tmp_path / "site" / "thesis.tex"):
        assert invoke([*command[:-1], str(out)]) == 2
        assert "P137" in capsys.readouterr().err


def test_two_systems_at_most(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["explore", "a.json", "b.json", "c.json", "--gt", "gt.json"]) == 2
    assert "P842" in capsys.readouterr().err


def test_tracks_and_slices_are_in_the_index(tmp_path: Path) -> None:
    site = clips(tmp_path)
    index = value_of(site / "data" / "index.js")
    assert index["tracked"]
    assert len(index["systems"]) == 2
    assert index["slice_names"] == [f"sequence={name}" for name in index["sequences"]]
    assert [index["slices"][at] for at in range(len(index["key"]))] == [[one] for one in index["sequence"]]
    first = index["systems"][0]
    assert sum(map(len, first["identities"])) > 0
    letters = "".join(letter for events in first["events"] for letter in events)
    assert sorted(letters) == sorted(event[1] for event in first["list"])
    assert {"s"} <= set("".join(x for events in index["systems"][1]["events"] for x in events))


def test_the_function_writes_what_the_command_writes(tmp_path: Path) -> None:
    site = clips(tmp_path)
    a, b, truth = (tmp_path / f"{name}.npz" for name in ("a", "b", "gt"))
    page = poseval.explore(truth, a, tmp_path / "again", other=b, slices="sequence")
    assert page == tmp_path / "again" / "index.html"
    for path in sorted(site.rglob("*.*")):
        assert (tmp_path / "again" / path.relative_to(site)).read_bytes() == path.read_bytes(), path


def test_ground_truth_without_areas_is_measured_by_its_boxes() -> None:
    unknown = np.full(len(TRUTH.people), np.nan)
    people = TRUTH.people.with_columns(area=unknown, head=unknown)
    truth = replace(TRUTH, people=people, skeleton=replace(TRUTH.skeleton, sigmas=None))
    found = replace(ALIGNED.predictions, skeleton=truth.skeleton, frames=truth.frames)
    pairs = pairs_of(Aligned(truth, found))
    assert (pairs.person >= 0).any()
    assert np.array_equal(pairs.aligned.truth.people.xy, truth.people.xy)
    # The same as with the areas of the boxes and a sigma of 0.1 in the ground truth.
    box = truth.people.box
    given = truth.people.with_columns(area=np.prod(box[:, 2:] - box[:, :2], axis=1))
    measured = replace(truth, people=given, skeleton=truth.skeleton.with_sigmas((0.1,) * 17))
    wanted = pairs_of(Aligned(measured, replace(found, skeleton=measured.skeleton)))
    for name in ("person", "prediction", "oks", "fault", "due", "identity"):
        assert np.array_equal(getattr(pairs, name), getattr(wanted, name), equal_nan=True), name


def test_due_are_labelled_people_who_are_no_crowd() -> None:
    seen, crowd = TRUTH.people.seen.copy(), np.zeros(len(TRUTH.people), dtype=bool)
    seen[1], crowd[2] = 0, True
    people = TRUTH.people.with_columns(seen=seen, crowd=crowd)
    due = pairs_of(Aligned(replace(ALIGNED.truth, people=people), ALIGNED.predictions)).due
    assert due.tolist() == [row not in (1, 2) for row in range(len(people))]

"""MOTChallenge's boxes: against TrackEval on random files, and what is evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.benchmarks import boxes
from poseval.compat.crosscheck import crosscheck
from poseval.errors import MismatchError
from poseval.metrics import ospa, ospa_tracks
from poseval.synth import perturb
from tests.datasets.posetrack_sets import random_set, without
from tests.differential.random_boxes import write_boxes

RULES = pytest.mark.parametrize("rules", ["mot16", "mot20", "mot15"])


@RULES
@pytest.mark.parametrize("seed", range(12))
def test_trackeval_says_the_same(rules: str, seed: int, tmp_path: Path) -> None:
    pytest.importorskip("trackeval")
    pytest.importorskip("motmetrics")
    found = crosscheck(*write_boxes(seed, tmp_path), "motchallenge", rules=rules)
    assert [item for item in found.differences if not item.agrees] == []
    assert {item.name for item in found.differences} >= {"HOTA", "MOTA", "IDF1", "switches"}
    assert not found.unchecked


def write_folders(seeds: Sequence[int], folder: Path) -> tuple[Path, Path]:
    """Ground truth as it is published, and a file of results per sequence."""
    into = folder / "truth", folder / "found"
    into[1].mkdir()
    for seed in seeds:
        made = folder / str(seed)
        made.mkdir()
        truth, found = write_boxes(seed, made)
        place = into[0] / f"SEQ-{seed}" / "gt"
        place.mkdir(parents=True)
        (place / "gt.txt").write_bytes(Path(truth).read_bytes())
        (place.parent / "seqinfo.ini").write_text("[Sequence]\n")
        (into[1] / f"SEQ-{seed}.txt").write_bytes(Path(found).read_bytes())
    return into


@RULES
@pytest.mark.parametrize("first", [0, 5, 9])
def test_trackeval_says_the_same_of_folders(rules: str, first: int, tmp_path: Path) -> None:
    pytest.importorskip("trackeval")
    pytest.importorskip("motmetrics")
    truth, found = write_folders(range(first, first + 4), tmp_path)
    (found / f"SEQ-{first}.txt").write_text("")  # nobody was found
    answer = crosscheck(truth, found, "motchallenge", rules=rules)
    assert [item for item in answer.differences if not item.agrees] == []
    assert {item.name for item in answer.differences} >= {"HOTA", "MOTA", "IDF1", "switches"}


def test_sequences_go_by_their_names(tmp_path: Path) -> None:
    truth, found = write_folders([1, 2], tmp_path)
    whole = poseval.score(truth, found)
    assert whole.benchmark == "motchallenge"
    (found / "SEQ-9.txt").write_bytes((found / "SEQ-2.txt").read_bytes())
    more = poseval.score(truth, found)
    assert more.summary == whole.summary
    assert "N484" in {notice.code for notice in more.notices}
    (found / "SEQ-1.txt").unlink()
    with pytest.raises(MismatchError) as caught:
        poseval.score(truth, found)
    assert caught.value.code == "P480"
    (found / "SEQ-1.txt").write_text("")  # as the error says
    assert poseval.score(truth, found).summary["recall"] < whole.summary["recall"]


def test_vehicles_are_distractors_in_mot20(tmp_path: Path) -> None:
    truth = "1,1,1,1,10,10,1,1,1\n1,2,51,1,10,10,0,6,1\n"
    found = "1,5,1,1,10,10,1,-1,-1,-1\n1,6,51,1,10,10,1,-1,-1,-1\n"
    paths = files(tmp_path, truth, found)[::-1]
    scores = {rules: poseval.score(*paths, rules=rules).summary["MOTA"] for rules in ("mot16", "mot20")}
    assert scores == {"mot16": 0, "mot20": 1}


@pytest.mark.parametrize("metric", ["ospa(similarity=iou)", "ospa2(similarity=iou,cutoff=0.7,order=2)"])
@pytest.mark.parametrize("seed", range(6))
def test_plain_loops_say_the_same_of_ospa(
    metric: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def same() -> bool:
        return crosscheck(*write_boxes(seed, tmp_path), "motchallenge", metrics=[metric]).agrees

    assert same()
    monkeypatch.setattr(ospa, "least", lambda distance: (np.full(len(distance), -1), float(distance.size)))
    monkeypatch.setattr(ospa_tracks, "least", ospa.least)
    assert not same()


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setattr(boxes, "DISTRACTORS", (2, 8, 12)),
        lambda patch: patch.setattr(boxes, "GATE", 0.7),
        lambda patch: patch.setattr(boxes, "PEDESTRIAN", 7),
        lambda patch: patch.setattr(boxes, "box_overlap", lambda a, b: 0 * a[:, 0]),
    ],
    ids=["distractors", "gate", "class", "overlap"],
)
def test_a_fault_would_show(change: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trackeval")
    assert callable(change)
    change(monkeypatch)
    found = [crosscheck(*write_boxes(seed, tmp_path), "motchallenge").agrees for seed in range(12)]
    assert not all(found)


def files(folder: Path, truth: str, found: str) -> tuple[str, str]:
    paths = folder / "gt.txt", folder / "found.txt"
    paths[0].write_text(truth)
    paths[1].write_text(found)
    return str(paths[1]), str(paths[0])


def test_whoever_finds_a_distractor_is_not_wrong(tmp_path: Path) -> None:
    truth = "1,1,1,1,10,10,1,1,1\n1,2,51,1,10,10,0,7,1\n"
    found = "1,5,1,1,10,10,1,-1,-1,-1\n1,6,51,1,10,10,1,-1,-1,-1\n"
    report = poseval.score(*reversed(files(tmp_path, truth, found)))
    assert report.summary["MOTA"] == 1
    assert "N584" in {notice.code for notice in report.notices}
    assert poseval.score(*reversed(files(tmp_path, truth, found)), rules="mot15").summary["MOTA"] == 0


def test_frames_without_ground_truth_count(tmp_path: Path) -> None:
    one = "1,1,1,1,10,10,1,1,1\n"
    found = "1,5,1,1,10,10,1,-1,-1,-1\n7,5,1,1,10,10,1,-1,-1,-1\n"
    report = poseval.score(*reversed(files(tmp_path, one, found)))
    assert report.summary["MOTA"] == 0
    assert "N583" in {notice.code for notice in report.notices}


def test_undefined_numbers_are_0_under_mot16_alone(tmp_path: Path) -> None:
    nobody = "1,1,1,1,10,10,0,1,1\n"
    found = "1,5,1,1,10,10,1,-1,-1,-1\n"
    paths = files(tmp_path, nobody, found)[::-1]
    assert poseval.score(*paths).summary["HOTA"] == 0
    assert poseval.score(*paths, rules="corrected").summary["HOTA"] != 0


def test_a_match_is_remembered_for_a_frame_or_for_ever(tmp_path: Path) -> None:
    """After a frame of another prediction the first returns, worse placed: mot15 keeps the latest partner."""
    truth = "".join(f"{n},1,1,1,10,10,1,1,1\n" for n in (1, 2, 3))
    found = (
        "1,5,1,1,10,10,1,-1,-1,-1\n"
        "2,6,51,1,10,10,1,-1,-1,-1\n"
        "3,5,3,1,10,10,1,-1,-1,-1\n3,6,1,1,10,10,1,-1,-1,-1\n"
    )
    paths = files(tmp_path, truth, found)[::-1]
    switches = [
        poseval.score(
            *paths, rules=rules, metrics=["clear_mot(similarity=iou,events=" + events + ")"]
        ).values.get("switches")
        for rules, events in (("mot16", "trackeval"), ("mot15", "motmetrics"))
    ]
    assert switches == [1, 0]


def test_predictions_without_boxes_are_refused() -> None:
    truth = random_set(1, predictions=False)
    rows = np.arange(len(truth))
    box = np.tile([3.0, 5.0, 90.0, 200.0], (len(rows), 1))
    truth = without(truth, track=rows, head=np.full(len(rows), 30.0), box=box, extra={})
    found = perturb(truth, seed=2)
    found = without(found, box=np.full((len(found), 4), np.nan))
    with pytest.raises(MismatchError, match="no bounding box") as caught:
        poseval.score(truth, found, benchmark="posetrack18", metrics=["hota(similarity=iou)"])
    assert caught.value.code == "P410"

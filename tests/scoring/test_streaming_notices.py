"""What is said and refused is the same, whether results are read in pieces or as a whole."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval.datasets.coco import pieces, result_windows
from poseval.errors import PosevalError
from poseval.limits import Limits, raised
from poseval.results import former_names
from poseval.scoring import long_files
from poseval.scoring.score import score
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=5, images=40, people=4)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of two or three images, and windows of about ten results."""
    monkeypatch.setattr(pieces, "PIECE", 3000)
    monkeypatch.setattr(result_windows, "WINDOW", 6000)
    monkeypatch.setattr(result_windows, "HEAD", 2000)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "gt.json"
    poseval.write(TRUTH, path, "coco")
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "dt.json"
    poseval.write(perturb(TRUTH, 1, jitter=0.5), path, "coco", role="predictions", truth=TRUTH)
    return path


def changed(path: Path, **changes: Any) -> Path:
    """A file of one object, some of whose keys have other values; None leaves a key out."""
    value = {**json.loads(path.read_text("utf-8")), **changes}
    path.write_text(json.dumps({key: one for key, one in value.items() if one is not None}), "utf-8")
    return path


def both(truth: Path, results: Path, *codes: str, **asked: Any) -> list[list[tuple[str, int]]]:
    """What is said as a whole, and in pieces: the notices of some codes with their counts, in order."""
    return [
        [
            (one.text, one.count)
            for one in score(truth, results, stream=on, **asked).notices
            if one.code in codes
        ]
        for on in (False, True)
    ]


def refused(truth: Path | poseval.PoseSet, results: Path | list[Path], **asked: Any) -> str:
    with pytest.raises(PosevalError) as caught:
        score(truth, results, **asked)
    return f"{type(caught.value).__name__}: {caught.value}"


def test_a_list_of_images_is_refused(truth: Path, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(truth, annotations=None)
    whole = refused(truth, results, stream=False)
    assert "[P414]" in whole
    assert refused(truth, results, stream=True) == whole
    monkeypatch.setattr(long_files, "LONG", 1)
    assert refused(truth, results) == whole


def test_two_files_of_predictions_are_refused_alike(results: Path) -> None:
    whole = refused(results, results, stream=False)
    assert "give ground truth with --gt" in whole
    assert refused(results, results, stream=True) == whole


def test_what_the_environment_asks_is_refused(
    truth: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSEVAL_LIMITS", "people=none")
    whole = refused(truth, results, stream=False)
    assert "[P193]" in whole
    assert refused(truth, results, stream=True) == whole


@pytest.mark.parametrize("metric", ["oks_lrp", "oks_ap(area=box)", "joint_ap"])
def test_what_the_truth_lacks_is_counted_in_all_of_it(metric: str, truth: Path, results: Path) -> None:
    people = json.loads(truth.read_text("utf-8"))["annotations"]
    for at in (-5, 60, -20):
        people[at]["area"] = -3
        people[at].pop("bbox", None)
    changed(truth, annotations=people[::-1])
    whole = refused(truth, results, stream=False, metrics=[metric])
    assert refused(truth, results, stream=True, metrics=[metric]) == whole


def test_what_cannot_be_read_in_pieces_is_named(truth: Path, results: Path, tmp_path: Path) -> None:
    words = refused(truth, results, stream=True, benchmark="custom")
    assert "does not go with benchmark custom [P838]" in words
    assert "coco-keypoints, " in words
    assert "one file of COCO results" in refused(truth, [results, results], stream=True)
    value = json.loads(truth.read_text("utf-8"))
    for image in value["images"]:
        image["id"] = f"image {image['id']}"
    for one in value["annotations"]:
        one["image_id"] = f"image {one['image_id']}"
    named = tmp_path / "named.json"
    named.write_text(json.dumps(value), "utf-8")
    rows = [{**one, "image_id": f"image {one['image_id']}"} for one in json.loads(results.read_text("utf-8"))]
    results.write_text(json.dumps(rows), "utf-8")
    assert "does not go with the image ids of named.json" in refused(named, results, stream=True)


@pytest.mark.parametrize("metric", ["epe", "pck", "pcp", "presence"])
def test_what_a_metric_refuses_is_said_of_all(
    metric: str, truth: Path, results: Path, tmp_path: Path
) -> None:
    whole = refused(truth, results, stream=False, metrics=[metric])
    assert "[P41" in whole
    assert refused(truth, results, stream=True, metrics=[metric]) == whole
    alone = tmp_path / "alone.json"
    made = scene_set(seed=5, images=40, people=1)
    poseval.write(made, alone, "coco")
    poseval.write(
        perturb(made, 1, duplicates=0.5), results, "coco", role="predictions", truth=made, force=True
    )
    whole = refused(alone, results, stream=False, metrics=["epe"])
    assert "several predicted people" in whole
    assert refused(alone, results, stream=True, metrics=["epe"]) == whole


def test_an_executor_takes_no_pieces(truth: Path, results: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        assert "[P127]" in refused(truth, results, stream=True, executor=executor)
        assert score(truth, results, executor=executor).behind is not None


def test_everybody_needs_a_prediction_where_frames_are_of_one_person(tmp_path: Path) -> None:
    """Of which a piece may hold none, and is then refused by nothing."""
    made = scene_set(seed=5, images=40, people=1, skeleton="h36m17")
    truth, results = tmp_path / "gt.json", tmp_path / "dt.json"
    poseval.write(made, truth, "coco")
    sure = perturb(made, 1, missed_people=0, false_positives=0, duplicates=0)
    poseval.write(sure, results, "coco", role="predictions", truth=made)
    listed = json.loads(results.read_text("utf-8"))
    results.write_text(json.dumps(listed[:20]), "utf-8")
    assert "[P413]" in refused(truth, results, benchmark="h36m-2d")
    words = refused(truth, results, benchmark="h36m-2d", stream=True)
    assert "does not go with benchmark h36m-2d [P838]" in words


def test_metrics_say_what_they_say_of_all(truth: Path, results: Path) -> None:
    whole, streamed = both(truth, results, "N580", "N581", metrics=["oks_lrp"])
    assert whole
    assert streamed == whole


def test_sigmas_without_use_are_said(truth: Path, results: Path) -> None:
    whole, streamed = both(truth, results, "N916", metrics=["epe(people=matched)"], sigmas=0.05)
    assert whole
    assert streamed == whole


def test_a_former_name_of_rules_is_said(truth: Path, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(former_names.RULE_SETS, "official", "reference")
    whole, streamed = both(truth, results, "N900", rules="official")
    assert whole
    assert streamed == whole


def test_the_advice_to_check_all_works(truth: Path, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file is longer than the usual limits, with which it is read as a whole."""
    usual = Limits(file_bytes=9000, people=50, numbers=2000)
    monkeypatch.setattr(long_files, "Limits", lambda: usual)
    monkeypatch.setattr(long_files, "LONG", 1)
    gt = poseval.read(truth)
    (said,) = (n.text for n in poseval.score(gt, results, limits=usual).notices if n.code == "N943")
    advice = re.fullmatch(r".*; limits=\[(.*)\] stream=False checks all", said)
    assert advice is not None
    asked = re.findall(r'"(\w+=\w+)"', advice[1])
    assert [text.partition("=")[0] for text in asked] == ["bytes", "people", "numbers"]
    for at in range(len(asked)):
        fewer = raised(asked[:at] + asked[at + 1 :], usual)
        assert re.search(r"\[P50[12]\]", refused(gt, results, stream=False, limits=fewer))
    whole = poseval.score(gt, results, limits=raised(asked, usual), stream=False)
    assert "N943" not in [notice.code for notice in whole.notices]


def crowd(truth: Path, results: Path, *, same: bool) -> list[dict[str, Any]]:
    """Results of which each image has 24, or 25 with the same score."""
    value = json.loads(truth.read_text("utf-8"))
    listed = []
    for at, image in enumerate(value["images"]):
        (first, *_) = [one for one in value["annotations"] if one["image_id"] == image["id"]]
        for n in range(24):
            xy = [number + 700 * (n != 21) for number in first["keypoints"]]
            score = 0.5 if same and at < 20 else 0.9 - n / 100
            listed.append({"image_id": image["id"], "category_id": 1, "keypoints": xy, "score": score})
    results.write_text(json.dumps(listed), "utf-8")
    return listed


def test_equal_scores_at_the_cut_are_not_told_of_a_piece(truth: Path, results: Path) -> None:
    crowd(truth, results, same=True)
    whole, streamed = both(truth, results, "N927")
    assert "equal scores at the cut: 20" in whole[0][0]
    assert streamed == []


def test_categories_without_results_are_those_of_all_pieces(truth: Path, results: Path) -> None:
    value = json.loads(truth.read_text("utf-8"))
    (person,) = value["categories"]
    for at, one in enumerate(value["annotations"]):
        one["category_id"] = 1 + at % 3
    changed(truth, annotations=value["annotations"], categories=[{**person, "id": 1 + at} for at in range(3)])
    listed = json.loads(results.read_text("utf-8"))
    for category, said in ((2, 1), (1, 2)):
        listed[-1]["category_id"] = category  # all others are of the first one
        results.write_text(json.dumps(listed), "utf-8")
        whole, streamed = both(truth, results, "N928")
        assert [text.partition("; without them")[0] for text, _ in whole] == [text for text, _ in streamed]
        assert [count for _, count in streamed] == [said]


@pytest.mark.parametrize("index", [None, "partly", "all"])
def test_crowd_indices_are_those_of_the_whole_truth(index: str | None, tmp_path: Path) -> None:
    made = scene_set(seed=5, images=40, people=4, skeleton="crowdpose14")
    truth, results = tmp_path / "gt.json", tmp_path / "dt.json"
    poseval.write(made, truth, "coco")
    poseval.write(perturb(made, 1), results, "coco", role="predictions", truth=made)
    images = json.loads(truth.read_text("utf-8"))["images"]
    for at, image in enumerate(images):
        if index == "all" or (index == "partly" and at % 7):
            image["crowdIndex"] = at / 40
    changed(truth, images=images)
    whole, streamed = both(truth, results, "N929", benchmark="crowdpose")
    assert len(whole) == (index != "all")
    assert streamed == whole


@pytest.mark.parametrize("size", [3000, 1 << 20])
def test_the_order_is_the_same(
    size: int, truth: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notices of the task, of reading both files, of checks of both, and of a metric."""
    monkeypatch.setattr(pieces, "PIECE", size)
    people = json.loads(truth.read_text("utf-8"))["annotations"]
    for one in people[:9]:
        one.update(odd=1, num_keypoints=3)
    changed(truth, annotations=people)
    rows = [{**one, "foo": 1, "keypoints": [5, 5, 1] * 17} for one in json.loads(results.read_text("utf-8"))]
    results.write_text(json.dumps([*rows, *rows]), "utf-8")
    codes = [
        [n.code for n in score(truth, results, stream=on, metrics=["oks_lrp"]).notices if n.code != "N943"]
        for on in (False, True)
    ]
    assert len(set(codes[0])) > 5
    assert codes[1] == codes[0]


@pytest.mark.parametrize(
    "transform", [["scale=0.5"], ["left-right"], ["flip=x"], ["boxes=corners"], ["offset=3,4", "xy"]]
)
def test_coordinates_change_alike(transform: list[str], truth: Path, results: Path) -> None:
    whole, streamed = (score(truth, results, stream=on, transform=transform) for on in (False, True))
    plain = score(truth, results, stream=True)
    assert streamed.summary == whole.summary
    assert streamed.signature == whole.signature != plain.signature
    assert streamed.deviations == whole.deviations != plain.deviations


def test_images_of_unknown_size_are_named_alike(truth: Path, results: Path) -> None:
    images = json.loads(truth.read_text("utf-8"))["images"]
    for image in images[10:]:
        del image["width"]
    changed(truth, images=images)
    whole = refused(truth, results, stream=False, transform=["flip=x"])
    assert "[P415]" in whole
    assert refused(truth, results, stream=True, transform=["flip=x"]) == whole

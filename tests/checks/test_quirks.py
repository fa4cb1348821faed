"""A quirk that changes a number of the input is reported with its cost; one that does not is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import benchmarks
from poseval.benchmarks.rule_sets import RuleSet, choose
from poseval.checks.quirks import TRIGGERS
from poseval.checks.rescoring import Rescoring
from poseval.datasets import Role, WriteOptions, get_format
from poseval.metrics.oks_ap import OksAp
from poseval.poses import PoseSet
from poseval.report.text import style_of
from poseval.results.report import Report
from poseval.synth import perturb, scene_set
from poseval.validation.validate import validate
from tests.golden.committed import ROOT, Case
from tests.hostile.made import results, truth
from tests.metrics.single import pair_up, random_pair

# Committed golden cases that were made for a quirk: quirk, rule set, case.
CASES = [
    ("C01", "reference", "coco/first_result_without_box"),
    ("C02", "reference", "coco/id_zero"),
    ("C08", "reference", "coco/wrong_num_keypoints"),
    ("C09", "reference", "coco/ap10k"),
    ("N06", "hrnet", "nme/cofw_occlusion"),
    ("N01", "mmpose", "nme/cofw_occlusion"),
    ("P03", "posetrack-2017", "posetrack/frames_without_predictions"),
    ("P05", "posetrack-2017", "posetrack/missing_joints"),
    ("P24", "posetrack-2017", "posetrack/missing_joints"),
    ("P04", "posetrack-2017", "posetrack/nobody_listed"),
    ("P08", "posetrack21", "posetrack/frames_without_predictions"),
    ("P10", "posetrack21", "posetrack/whole_numbers"),
    ("P21", "posetrack21", "posetrack/outside_the_image"),
    ("P25", "posetrack21", "posetrack/missing_joints"),
]


def scored(case: str, rules: str) -> Report:
    found = Case(ROOT / case)
    return poseval.score(found.truth, found.predictions, **{**found.expected["ask"], "rules": rules})


HALF_A_HEAD = np.array([30.0, 0.0])


def cost(report: Report, quirk: str) -> str:
    """What a notice says that a quirk costs."""
    (text,) = (n.text for n in report.notices if n.code == "N926" and f"(quirk {quirk})" in n.text)
    return text


@pytest.mark.parametrize(("quirk", "rules", "case"), CASES)
def test_what_a_quirk_costs_is_what_is_scored_without_it(
    quirk: str, rules: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = scored(case, rules)
    told = re.search(r"(\S+) would be (\S+) instead of ([-\w.]+)", cost(report, quirk))
    assert told is not None
    key, after, before = told.groups()
    assert number(report, key) == before
    if quirk == "C01":
        without = scored(case, "corrected")
    elif quirk in ("C08", "C09"):
        found = Case(ROOT / case)
        metric = {"C08": "oks_ap(ignore=flags,id_zero=yes)", "C09": "oks_ap(drop_zero_confidence=no)"}[quirk]
        asked = {**found.expected["ask"], "metrics": metric}
        without = poseval.score(found.truth, found.predictions, **asked)
    else:
        monkeypatch.setattr(RuleSet, "keeps", lambda rule_set, name: name in rule_set.quirks - {quirk})
        without = scored(case, rules)
    assert number(without, key) == after != before


def number(report: Report, key: str) -> str:
    """A number as the report's table prints it, where it has one."""
    text = style_of(report).number(report.summary[key], report.unit_of(key))
    return "undefined" if text == "n/a" else text


@pytest.mark.parametrize(
    ("quirk", "rules", "benchmark"), [("M08", "official-kit", "mpii-val"), ("M14", "hrnet", "mpii-val")]
)
def test_joints_that_nobody_labels(quirk: str, rules: str, benchmark: str) -> None:
    scene = random_pair(3)
    seen = scene.truth.people.seen.copy()
    seen[:, scene.truth.skeleton.index("right_elbow")] = 0
    scene = replace(scene, truth=replace(scene.truth, people=scene.truth.people.with_columns(seen=seen)))
    report = poseval.score(scene.truth, scene.predictions, benchmark, rules=rules)
    assert "right_elbow" in cost(report, quirk)
    assert "instead of undefined" in cost(report, quirk)


def test_a_joint_that_counts_as_minus_one() -> None:
    scene = random_pair(3)
    seen = scene.truth.people.seen.copy()
    seen[:, scene.truth.skeleton.index("right_elbow")] = 0
    truth = replace(scene.truth, people=scene.truth.people.with_columns(seen=seen))
    assert "right_elbow" in cost(poseval.score(truth, scene.predictions, "mpii-val", rules="mmpose"), "M05")


def test_distances_on_the_threshold_in_whole_pixels() -> None:
    rng = np.random.default_rng(2)
    xy = np.rint(rng.uniform(50, 500, (30, 16, 2)))
    scene = pair_up(xy, xy + HALF_A_HEAD, head=np.full(30, 60.0))  # half a head away
    assert "100.0 instead of 0.0" in cost(
        poseval.score(scene.truth, scene.predictions, "mpii-val", rules="mmpose"), "M03"
    )
    moved = replace(
        scene.predictions, people=scene.predictions.people.with_columns(xy=xy + HALF_A_HEAD + 0.25)
    )
    report = poseval.score(scene.truth, moved, "mpii-val", rules="mmpose")
    assert "N926" not in {notice.code for notice in report.notices}


def test_people_without_a_torso() -> None:
    scene = random_pair(4, 30, "jhmdb15", noise=30.0)
    seen = np.full(scene.truth.people.seen.shape, 2)
    seen[::2, scene.truth.skeleton.index("left_shoulder")] = 0
    truth = replace(scene.truth, people=scene.truth.people.with_columns(seen=seen))
    assert "15" in cost(poseval.score(truth, scene.predictions, "jhmdb"), "M11")


def test_heads_of_size_0() -> None:
    scene = random_pair(4)
    head = scene.truth.people.head.copy()
    head[3] = 0.0
    truth = replace(scene.truth, people=scene.truth.people.with_columns(head=head))
    report = poseval.score(truth, scene.predictions, "mpii-val", rules="mmpose")
    assert "such files are refused [P304]" in cost(report, "M06")


def test_groups_without_a_prediction() -> None:
    frames = poseval.Frames(np.array(["a", "b"]))
    xy = np.arange(64.0).reshape(2, 16, 2)
    skeleton = poseval.get_skeleton("mpii16")
    truth = PoseSet(skeleton, frames, poseval.People(xy, np.array([0, 1]), head=np.full(2, 9.0)))
    found = poseval.People(xy[:1], np.array([0]), joint_score=np.full((1, 16), 0.5))
    report = poseval.score(truth, PoseSet(skeleton, frames, found), "mpii-multi")
    assert "AP would be 50.0 instead of 100.0" in cost(report, "M09")


def people(skeleton: str = "coco17") -> tuple[PoseSet, PoseSet]:
    truth = scene_set(6, 12, 3, skeleton)
    predictions = replace(perturb(truth, 2), frames=truth.frames)
    return with_ids(truth, 1), predictions


def with_ids(poses: PoseSet, first: int) -> PoseSet:
    return replace(poses, people=poses.people.with_columns(source_id=np.arange(first, first + len(poses))))


def codes(report: Report) -> set[str]:
    return {notice.code for notice in report.notices}


def test_ids_from_0_cost_in_every_command_that_has_the_truth(tmp_path: Path) -> None:
    truth, _ = people()
    perfect = replace(truth, people=truth.people.with_columns(score=np.ones(len(truth))))
    ordinary = poseval.score(truth, perfect, "coco-keypoints")
    assert "N926" not in codes(ordinary)
    report = poseval.score(with_ids(truth, 0), perfect, "coco-keypoints")
    assert f"AP would be 100.0 instead of {100 * report.summary['AP']:.1f}" in cost(report, "C02")
    assert (
        poseval.score(with_ids(truth, 0), perfect, "coco-keypoints", rules="corrected").summary["AP"] == 1.0
    )
    get_format("coco").write(with_ids(truth, 0), tmp_path / "gt.json", WriteOptions(Role.TRUTH))
    assert "N926" in {notice.code for notice in validate(tmp_path / "gt.json").health}


@pytest.mark.parametrize(
    ("skeleton", "benchmark"),
    [("crowdpose14", "crowdpose"), ("coco17", "coco-keypoints"), ("coco17", "ochuman")],
)
def test_ids_from_0_cost_in_every_benchmark_of_pycocotools(skeleton: str, benchmark: str) -> None:
    truth, _ = people(skeleton)
    zero = with_ids(truth, 0)
    perfect = replace(zero, people=zero.people.with_columns(score=np.ones(len(zero))))
    report = poseval.score(zero, perfect, benchmark)
    assert "AP would be 100.0 instead of" in cost(report, "C02")


@pytest.mark.parametrize("skeleton", ["aic14", "humanart21", "halpe26"])
def test_ids_from_0_are_ids_where_xtcocotools_is_the_program(skeleton: str) -> None:
    truth, _ = people(skeleton)
    zero = with_ids(truth, 0)
    perfect = replace(zero, people=zero.people.with_columns(score=np.ones(len(zero))))
    report = poseval.score(zero, perfect, skeleton.rstrip("0123456789"))
    assert report.summary["AP"] == 1.0
    assert "N926" not in codes(report)


def test_a_quirk_that_moves_nothing_is_quiet() -> None:
    truth, predictions = people()
    nobody = predictions.people.take(predictions.people.frame != int(truth.people.frame[0]))
    zero = with_ids(truth, 0)
    report = poseval.score(zero, replace(predictions, people=nobody), "coco-keypoints")
    assert "N926" not in codes(report)  # nobody is matched with id 0


def crowd(images: int, people_of_an_image: int) -> tuple[PoseSet, PoseSet]:
    rng = np.random.default_rng(1)
    count = images * people_of_an_image
    frame = np.repeat(np.arange(images), people_of_an_image)
    xy = rng.uniform(0, 100, (count, 17, 2)) + 150 * (np.arange(count) % people_of_an_image)[:, None, None]
    frames = poseval.Frames(np.arange(1, images + 1).astype(str), size=np.full((images, 2), 4000.0))
    truth = PoseSet(
        poseval.get_skeleton("coco17"),
        frames,
        poseval.People(xy, frame, area=np.full(count, 1e4), source_id=np.arange(1, count + 1)),
    )
    return truth, replace(truth, people=truth.people.with_columns(score=rng.random(count)))


def test_people_beyond_the_most_detections() -> None:
    truth, perfect = crowd(4, 25)
    report = poseval.score(truth, perfect, "coco-keypoints")
    (text,) = (n.text for n in report.notices if n.code == "N927")
    assert f"AP would be 100.0 instead of {100 * report.summary['AP']:.1f}" in text
    assert report.summary["AP"] < 0.85
    assert "N927" not in codes(poseval.score(*crowd(4, 20), "coco-keypoints"))


def test_equal_scores_at_the_cut() -> None:
    truth, _ = crowd(4, 10)
    xy = np.concatenate([truth.people.xy + 5000, truth.people.xy, truth.people.xy + 9000])
    frame = np.tile(truth.people.frame, 3)
    order = np.argsort(frame, kind="stable")
    made = poseval.People(xy[order], frame[order], score=np.full(len(xy), 0.5))
    report = poseval.score(truth, replace(truth, people=made), "coco-keypoints")
    (text,) = (n.text for n in report.notices if n.code == "N927")
    assert text.startswith("images with more than 20 predictions, and equal scores at the cut: 4")
    distinct = replace(truth, people=made.with_columns(score=np.linspace(1, 0, len(xy))))
    assert "N927" not in codes(poseval.score(truth, distinct, "coco-keypoints"))


def test_only_images_with_equal_scores_at_the_cut_are_taken_whole() -> None:
    """Two images have more predictions than are taken; in one of them the scores at the cut are equal."""
    truth, _ = crowd(2, 10)
    xy = np.concatenate([truth.people.xy + 5000, truth.people.xy + 9000, truth.people.xy])
    frame = np.tile(truth.people.frame, 3)
    order = np.argsort(frame, kind="stable")
    score = np.where(frame == 0, 0.5, np.linspace(0.9, 0.1, len(frame)))
    tied = poseval.People(xy[order], frame[order], score=score[order])
    report = poseval.score(truth, replace(truth, people=tied), "coco-keypoints")
    (text,) = (n.text for n in report.notices if n.code == "N927")
    assert text.startswith("images with more than 20 predictions, and equal scores at the cut: 1;")
    one = np.flatnonzero(frame[order] == 0)
    rest = np.flatnonzero(frame[order] == 1)[:20]
    rows = np.r_[one, rest]
    kept = poseval.People(xy[order][rows], frame[order][rows], score=score[order][rows])
    metric = "oks_ap(max_dets=30)"
    whole = poseval.score(truth, replace(truth, people=kept), "coco-keypoints", metrics=[metric])
    assert 0 < whole.summary["AP"] < 1
    assert f"AP would be {100 * whole.summary['AP']:.1f} instead of {100 * report.summary['AP']:.1f}" in text


def test_categories_without_results() -> None:
    truth, predictions = people()
    names = {1: "cat", 2: "dog"}
    category = 1 + np.arange(len(truth)) % 2
    truth = replace(truth, people=truth.people.with_columns(category=category), categories=names)
    cats = replace(predictions, categories=names)
    report = poseval.score(truth, cats, "coco-keypoints")
    (text,) = (n.text for n in report.notices if n.code == "N928")
    assert "without a prediction: dog; each counts as 0 in the mean; without them AP would be" in text
    assert f"would be {200 * report.summary['AP']:.1f} instead of {100 * report.summary['AP']:.1f}" in text
    strange = replace(cats, people=cats.people.with_columns(category=np.full(len(cats), 7)))
    report = poseval.score(truth, strange, "coco-keypoints")
    (text,) = (n.text for n in report.notices if n.code == "N928")
    pooled = poseval.score(truth, strange, "coco-keypoints", metrics="oks_ap(categories=pooled,id_zero=yes)")
    assert f"with all categories taken as one AP would be {100 * pooled.summary['AP']:.1f}" in text


@pytest.mark.parametrize(
    ("index", "told"),
    [
        (lambda index: None, "no image has a crowd index"),
        (
            lambda index: np.where(np.arange(len(index)) % 3 == 0, np.nan, index),
            "4 of 12 images have no crowd index",
        ),
        (lambda index: 100 * index, "they look like per cent; as fractions AP_"),
        (lambda index: index, None),
    ],
    ids=["absent", "partial", "per cent", "as it should be"],
)
def test_crowd_indices(index: Callable[[Any], Any], told: str | None) -> None:
    truth, predictions = people("crowdpose14")
    found = index(np.linspace(0, 1, len(truth.frames)))
    frames = replace(truth.frames, extra={} if found is None else {"crowd_index": found})
    report = poseval.score(replace(truth, frames=frames), replace(predictions, frames=frames), "crowdpose")
    texts = [n.text for n in report.notices if n.code == "N929"]
    assert len(texts) == (told is not None)
    assert told is None or told in texts[0]


def test_every_trigger_is_a_quirk_that_a_rule_set_keeps() -> None:
    kept: set[str] = set()
    for name in benchmarks.names():
        for rules in benchmarks.get_benchmark(name).rule_sets:
            kept |= rules.quirks
            assert choose("corrected", benchmarks.get_benchmark(name).rule_sets).quirks.isdisjoint(TRIGGERS)
    assert TRIGGERS.keys() <= kept


def test_ordinary_input_is_scored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("of_sets", "of_rules", "of_metric", "of_slices"):
        monkeypatch.setattr(Rescoring, name, lambda *given, name=name: calls.append(name))
    poseval.score(*people(), "coco-keypoints")
    scene = random_pair(3, 40)
    for rules in ("official-kit", "hrnet", "mmpose", "pytorch-pose"):
        poseval.score(scene.truth, scene.predictions, "mpii-val", rules=rules)
    assert not calls


@pytest.mark.parametrize("kind", [0, 7])
def test_results_of_no_category_of_the_ground_truth(kind: int, tmp_path: Path) -> None:
    dt = results()
    sound = poseval.score(*written(tmp_path, dt), "coco-keypoints")
    for result in dt:
        result["category_id"] = kind
    report = poseval.score(*written(tmp_path, dt), "coco-keypoints")
    assert report.summary["AP"] == 0 < sound.summary["AP"]
    told = [notice.text for notice in report.notices if notice.code == "N418"]
    assert any(f"AP would be {number(sound, 'AP')} instead of 0.0; try: write 1 as" in text for text in told)
    assert "N418" not in [notice.code for notice in sound.notices]


def test_records_of_another_category_are_counted_once(tmp_path: Path) -> None:
    gt, dt = truth(), results()
    gt["categories"].append({**gt["categories"][0], "id": 2, "name": "bee"})
    gt["annotations"][0]["category_id"] = dt[0]["category_id"] = 2
    (tmp_path / "gt.json").write_text(json.dumps(gt))
    (tmp_path / "dt.json").write_text(json.dumps(dt))
    report = poseval.score(tmp_path / "gt.json", tmp_path / "dt.json", "custom", category="person")
    told = [notice.code for notice in report.notices if notice.code in ("N418", "N540")]
    assert told == ["N540", "N540"]


def written(folder: Path, dt: list[dict[str, Any]]) -> tuple[Path, Path]:
    (folder / "gt.json").write_text(json.dumps(truth()))
    (folder / "dt.json").write_text(json.dumps(dt))
    return folder / "gt.json", folder / "dt.json"


def of_a_crowd(folder: Path) -> tuple[Path, Path]:
    """CrowdPose files whose first result alone has no box, so that the areas of all come from joints."""
    truth, predictions = people("crowdpose14")
    extra = {"crowd_index": np.linspace(0, 1, len(truth.frames))}
    truth = replace(truth, frames=replace(truth.frames, extra=extra))
    box = np.tile([0.0, 0.0, 4.0, 4.0], (len(predictions), 1))
    found = replace(predictions, frames=truth.frames, people=predictions.people.with_columns(box=box))
    get_format("coco").write(truth, folder / "gt.json", WriteOptions(Role.TRUTH))
    get_format("coco").write(found, folder / "dt.json", WriteOptions(Role.PREDICTIONS, truth=truth))
    rows = json.loads((folder / "dt.json").read_text())
    del rows[0]["bbox"]
    (folder / "dt.json").write_text(json.dumps(rows))
    return folder / "gt.json", folder / "dt.json"


def test_numbers_of_slices_are_no_cost(tmp_path: Path) -> None:
    """The number without a quirk is of the whole set, and says nothing of easy, medium and hard."""
    report = poseval.score(*of_a_crowd(tmp_path), "crowdpose")
    assert "AP_easy" in report.summary
    assert not [notice for notice in report.notices if "undefined" in notice.text]


def test_ground_truth_alone_is_not_told_of_areas_of_detections(tmp_path: Path) -> None:
    gt, dt = of_a_crowd(tmp_path)
    node = json.loads(gt.read_text())
    for person in node["annotations"]:
        person["area"] = 16.0
    gt.write_text(json.dumps(node))
    assert not [notice for notice in validate(gt).health if "C01" in notice.text]
    assert not [notice for notice in validate(dt, truth=gt).health if "undefined" in notice.text]


def test_a_metric_is_tallied_once_with_a_quirk_and_once_without(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    tally = OksAp.tally
    monkeypatch.setattr(OksAp, "tally", lambda *given: (calls.append(given), tally(*given))[1])
    truth, predictions = people()
    assert "C02" in cost(poseval.score(with_ids(truth, 0), predictions, "coco-keypoints"), "C02")
    assert len(calls) == 2

"""One test per quirk of the COCO family and of Ex-OKS; docs/quirks.md has a paragraph for each."""

from __future__ import annotations

import contextlib
import io
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.benchmarks import get_benchmark
from poseval.benchmarks.base import no_slices
from poseval.compat import COCO, COCOeval
from poseval.errors import ValueRangeError
from poseval.metrics.ex_oks import Edge, ExOks
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.oks_scene import AreaSource, BodyPart, Categories, Confident, Crowds, IgnoreBy
from poseval.poses.aligned import Aligned
from poseval.scoring.evaluation import TalliedPart
from poseval.skeletons import get_skeleton
from tests.metrics.oks_people import JOINTS, aligned, boxes, poses
from tests.shared import ROOT

PERFECT = 0.9999999999999998
FAR = 5000.0
DOCS = ROOT / "docs"


def people(frames: list[int], persons: list[int], offsets: list[float], **changes: Any) -> Aligned:
    """True people in frames; detections of these persons, shifted by so many pixels in x."""
    xy = poses(np.random.default_rng(7), len(frames)) + np.arange(len(frames))[:, None, None] * 1000.0
    truth = {"xy": xy, "area": np.full(len(frames), 4000.0), "box": boxes(xy), **changes.pop("truth", {})}
    shifted = xy[persons] + np.array([[[offset, 0.0]] for offset in offsets])
    detections = {
        "xy": shifted,
        "score": np.linspace(0.9, 0.5, len(persons)),
        "area": np.full(len(persons), 4000.0),
        **changes.pop("found", {}),
    }
    number = max(frames, default=-1) + 1
    where = changes.pop("where", [frames[p] for p in persons])
    return aligned(
        frames, where, max([number, *(w + 1 for w in where)]), truth_columns=truth, found_columns=detections
    )


def ap(scene: Aligned, metric: OksAp | ExOks | None = None, name: str = "AP") -> float:
    chosen = metric or OksAp()
    return chosen.reduce(chosen.tally(scene)).get(name)


def file_of(**changes: Any) -> dict[str, Any]:
    person = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "keypoints": [float(n) for k in range(17) for n in (10 * k, 5 * k, 2)],
        "num_keypoints": 17,
        "iscrowd": 0,
        "area": 4000.0,
        "bbox": [0, 0, 100, 100],
        **changes,
    }
    return {"images": [{"id": 1}], "annotations": [person], "categories": [{"id": 1, "name": "person"}]}


def evaluated(truth: dict[str, Any], results: list[dict[str, Any]]) -> COCOeval:
    gt = COCO(verbose=False)
    gt.dataset = truth
    gt.createIndex()
    run = COCOeval(gt, gt.loadRes(results), verbose=False)
    run.evaluate()
    run.accumulate()
    run.summarize()
    return run


def result_of(truth: dict[str, Any], **changes: Any) -> dict[str, Any]:
    person = truth["annotations"][0]
    return {"image_id": 1, "category_id": 1, "keypoints": person["keypoints"], "score": 0.5, **changes}


def test_c01_the_first_record_decides_the_area_of_all() -> None:
    gt = COCO(verbose=False)
    gt.dataset = file_of()
    gt.createIndex()
    boxed, bare = result_of(gt.dataset, bbox=[0, 0, 3, 4]), result_of(gt.dataset)
    assert [record["area"] for record in gt.loadRes([bare, boxed]).anns.values()] == [12800.0, 12800.0]
    assert [record["area"] for record in gt.loadRes([boxed, boxed]).anns.values()] == [12, 12]


def test_c02_annotation_id_zero_reads_as_no_match() -> None:
    scene = people([0], [0], [0.0], truth={"source_id": np.array([0])})
    assert ap(scene) == PERFECT
    assert ap(scene, OksAp(id_zero=True)) == 0.0
    (reference,) = get_benchmark("coco-keypoints").metrics(
        get_benchmark("coco-keypoints").rule_sets[0], scene.truth, False
    )
    assert ap(scene, reference) == 0.0  # type: ignore[arg-type]


def test_c03_nan_is_refused_not_matched() -> None:
    truth = file_of()
    with pytest.raises(ValueRangeError) as caught:
        evaluated(truth, [result_of(truth, keypoints=[math.nan] * 51)])
    assert caught.value.code == "P301"


def test_c04_equal_similarity_goes_to_the_later_person() -> None:
    truth = file_of()
    truth["annotations"].append({**truth["annotations"][0], "id": 2})
    (image, _, _) = evaluated(truth, [result_of(truth)]).evalImgs
    assert image is not None
    assert image["dtMatches"].tolist() == [[2.0]] * 10


def test_c05_ranges_are_closed_at_both_ends() -> None:
    scene = people([0], [0], [0.0], truth={"area": np.array([9216.0])})
    assert (ap(scene, name="AP_M"), ap(scene, name="AP_L")) == (PERFECT, PERFECT)


def test_c06_an_ignore_field_has_no_effect() -> None:
    truth = file_of(ignore=1)
    assert evaluated(truth, [result_of(truth)]).stats[0] == PERFECT


def test_c07_an_unlabelled_person_absorbs_one_detection() -> None:
    seen = np.array([[2] * JOINTS, [0] * JOINTS], dtype=np.int8)
    once = people([0, 0], [1, 0], [0.0, 0.0], truth={"seen": seen})
    twice = people([0, 0], [1, 1, 0], [0.0, 1.0, 0.0], truth={"seen": seen})
    assert ap(once) == PERFECT
    assert ap(twice) == 0.5
    crowd = {"seen": seen, "crowd": np.array([False, True])}
    assert ap(people([0, 0], [1, 1, 0], [0.0, 1.0, 0.0], truth=crowd)) == PERFECT


def test_c08_the_count_of_the_file_decides_who_is_ignored() -> None:
    scene = people([0], [0], [0.0], truth={"extra": {"num_keypoints": np.array([0])}})
    assert math.isnan(ap(scene))
    assert ap(scene, OksAp(ignore=IgnoreBy.FLAGS)) == PERFECT


def test_c09_detections_without_confidence_are_kept_or_dropped() -> None:
    scene = people([0], [0], [0.0], found={"joint_score": np.zeros((1, JOINTS))})
    assert ap(scene) == PERFECT
    assert ap(scene, OksAp(drop_zero_confidence=True)) == 0.0


def test_c10_one_detection_has_a_precision_below_1() -> None:
    assert ap(people([0], [0], [0.0])) == 1 / (1 + 2**-52) < 1.0
    assert ap(people([0, 1], [0, 1], [0.0, 0.0])) == 1.0


def test_c11_a_recall_not_reached_has_precision_0() -> None:
    curves = OksAp().curves(OksAp().tally(people([0, 1], [0], [0.0])))
    assert curves.precision[0, :, 0, 0].tolist() == [PERFECT] * 51 + [0.0] * 50


def test_c12_only_20_detections_are_summarised_on_request() -> None:
    scene = people([0], [0], [0.0])
    assert ap(scene, OksAp(max_dets=10)) == PERFECT
    strict = OksAp(max_dets=10, only_20=True)
    assert all(math.isnan(row.value) for row in strict.reduce_headline(strict.tally(scene)))
    assert ap(scene, OksAp(only_20=True)) == PERFECT


def test_c13_pooled_categories_match_across_categories() -> None:
    scene = people([0], [0], [0.0])
    other = scene.predictions.people.with_columns(category=np.array([2]))
    moved = Aligned(scene.truth, type(scene.truth)(**{**vars(scene.predictions), "people": other}))
    assert ap(moved) == 0.0
    assert ap(moved, OksAp(categories=Categories.POOLED)) == PERFECT


def test_c14_crowdpose_rounds_its_splits_at_point_2_and_point_8() -> None:
    benchmark = get_benchmark("crowdpose")
    scene = people([0, 1, 2, 2], [0, 1, 2], [0.0, 0.0, 0.0])
    frames = type(scene.truth.frames)(
        **{**vars(scene.truth.frames), "extra": {"crowd_index": np.array([0.1999, 0.2, 0.8])}}
    )
    truth = type(scene.truth)(**{**vars(scene.truth), "frames": frames})
    slices = benchmark.slices(truth)
    assert [np.flatnonzero(mask).tolist() for mask in slices.values()] == [[0], [1], [2]]
    metric = OksAp(area=AreaSource.BOX)
    tally = metric.tally(scene)
    scored = TalliedPart("", {metric: tally}, slices).reduce()
    reference, corrected = (
        {key: number.value for key, number in benchmark.summary(scored, rule_set).items()}
        for rule_set in benchmark.rule_sets
    )
    assert corrected["AP_easy"] == PERFECT
    assert reference["AP_easy"] == 1.0
    assert reference["AP_hard"] == round(corrected["AP_hard"], 4) != corrected["AP_hard"]


def test_c15_reducing_a_slice_leaves_the_tally_as_it_was() -> None:
    scene = people([0, 1], [0, 1], [0.0, 9.0])
    tally = OksAp().tally(scene)
    before = OksAp().reduce(tally)
    OksAp().reduce(tally, np.array([0, 1]))
    assert OksAp().reduce(tally) == before


def test_c16_area_from_the_box() -> None:
    scene = people([0], [0], [0.0], truth={"area": np.array([math.nan]), "box": np.array([[0, 0, 50, 60.0]])})
    metric = OksAp(area=AreaSource.BOX, ranges=("all:0:1e10", "mine:1589:1591"))  # 0.53 * 50 * 60 = 1590
    assert ap(scene, metric, "AP_mine") == PERFECT


def test_c17_sigmas_are_tenths_divided_by_ten() -> None:
    tenths = [0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07]
    quotients = np.array([*tenths, 0.87, 0.87, 0.89, 0.89]) / 10
    assert get_skeleton("coco17").sigma_array.tolist() == quotients.tolist()
    decimals = np.array([float(f"{value:.3f}") for value in quotients])
    assert np.flatnonzero(decimals != quotients).tolist() == [0, 3, 4, 11, 12]


def test_c18_equal_scores_are_ranked_by_image_then_by_rank() -> None:
    equal = {"score": np.array([0.5, 0.5])}
    assert ap(people([0, 1], [0, 1], [0.0, FAR], found=equal)) > ap(
        people([0, 1], [0, 1], [FAR, 0.0], found=equal)
    )
    assert ap(people([0], [0, 0], [0.0, FAR], found=equal)) == PERFECT
    assert ap(people([0], [0, 0], [FAR, 0.0], found=equal)) == 0.5


def test_c19_the_cut_comes_before_the_matching() -> None:
    shifts = [FAR] * 20 + [0.0]
    assert ap(people([0], [0] * 21, shifts)) == 0.0
    assert ap(people([0], [0] * 21, shifts), OksAp(max_dets=21)) > 0.0
    shifts[7] = 0.0
    assert ap(people([0], [0] * 21, shifts)) > 0.0


def test_c20_annotations_that_share_an_id_are_refused() -> None:
    truth = file_of()
    truth["annotations"].append(dict(truth["annotations"][0]))
    with pytest.raises(ValueRangeError) as caught:
        evaluated(truth, [result_of(truth)])
    assert caught.value.code == "P305"


def outside(offset: float) -> Aligned:
    """One person whose last joint is outside its window while the detection claims it inside."""
    xy = np.array([[[50.0, 50.0]] * (JOINTS - 1) + [[300.0, 50.0]]])
    claimed = xy.copy()
    claimed[0, -1] = [5.0 + offset, 50.0]
    seen = np.array([[2] * (JOINTS - 1) + [3]], dtype=np.int8)
    return aligned(
        [0],
        [0],
        1,
        truth_columns={
            "xy": xy,
            "seen": seen,
            "area": np.array([5000.0]),
            "box": np.array([[5.0, 0.0, 80.0, 100.0]]),
        },
        found_columns={
            "xy": claimed,
            "score": np.array([0.5]),
            "area": np.array([5000.0]),
            "joint_score": np.ones((1, JOINTS)),
        },
    )


def test_c24_the_distance_to_the_border_is_that_of_a_corner_in_the_code() -> None:
    # The window is x from -4.375 to 89.375; a claim on its left side is 0 from the border, but half a
    # window's height from its corners.
    on_side = outside(-9.375)
    side, corner = ExOks(edge=Edge.SIDE, padding=1.25), ExOks(edge=Edge.CORNER, padding=1.25)
    assert ap(on_side, side, "AP_v3") == PERFECT
    assert ap(on_side, corner, "AP_v3") == 0.0
    assert ap(on_side, side) == PERFECT
    assert ap(on_side, corner) < 0.8


def test_c25_crowds_with_labels_are_to_be_found_in_the_code() -> None:
    scene = people([0, 0], [0], [0.0], truth={"crowd": np.array([False, True])})
    assert ap(scene, ExOks(), "AR") == 0.5
    assert ap(scene, ExOks(published=False), "AR") == 1.0


def test_c26_false_alarms_in_empty_images_are_free_in_the_code() -> None:
    scene = people([0], [0, 0], [0.0, FAR], where=[0, 1], found={"score": np.array([0.5, 0.9])})
    assert ap(scene, ExOks()) == PERFECT
    assert ap(scene, ExOks(published=False)) == 0.5


def test_c28_exlpose_has_no_splits_by_crowding() -> None:
    exlpose, crowdpose = (get_benchmark(name) for name in ("exlpose", "crowdpose"))
    assert exlpose.slices is no_slices
    assert crowdpose.slices is not no_slices
    kept = {name.quirks - {"C14"} for name in (exlpose.rule_sets[0], crowdpose.rule_sets[0])}
    assert len(kept) == 1


def test_c29_crowds_count_for_halpe_and_are_found_many_times() -> None:
    scene = people([0, 0], [1, 1], [0.0, 1.0], truth={"crowd": np.array([False, True])})
    counted = OksAp(crowds=Crowds.COUNTED)
    assert ap(scene, name="AR") == 0.0
    assert ap(scene, counted, "AR50") == 1.0  # two people, found by two predictions of one of them
    left_out = {"crowd": np.array([False, True]), "extra": {"ignore": np.array([False, True])}}
    assert ap(people([0, 0], [1, 1], [0.0, 1.0], truth=left_out), counted, "AR") == 0.0


def test_c30_float32_decides_near_a_threshold() -> None:
    shift = 2.0**-24  # of a pixel: more than double precision rounds away, and less than float32 keeps
    scene = people([0], [0], [shift])
    exact = OksAp(thresholds=(1.0,), sigma=1e-9)
    assert ap(scene, exact) == 0.0
    assert ap(scene, replace(exact, single_precision=True)) == pytest.approx(1.0)


def test_c31_a_part_without_confidence_is_kept_for_halpe() -> None:
    found = np.random.default_rng(7).uniform(0, 100, (1, 136, 2))
    confidence = np.zeros((1, 136))
    confidence[0, 0] = 0.5
    truth = {"xy": found, "area": np.full(1, 4000.0), "box": boxes(found)}
    seen = {"xy": found, "score": np.ones(1), "area": np.full(1, 4000.0), "joint_score": confidence}
    halpe = get_skeleton("halpe136")
    scene = aligned([0], [0], 1, truth_columns=truth, found_columns=seen, skeleton=halpe)
    part = OksAp(part=BodyPart.FACE, drop_zero_confidence=True)
    assert ap(scene, part) == 0.0
    assert ap(scene, replace(part, confident=Confident.PERSON)) == PERFECT
    (reference, corrected) = (rules.quirks for rules in get_benchmark("halpe").rule_sets)
    assert reference - corrected >= {"C29", "C30", "C31"}


def test_every_quirk_here_has_a_paragraph_and_every_paragraph_a_test() -> None:
    text = (DOCS / "quirks.md").read_text("utf-8")
    section = text[text.index("## COCO keypoints") :].split("\n## Diagnosis")[0]
    written = set(re.findall(r"^### (C\d\d): ", section, re.MULTILINE))
    tested = {name[5:8].upper() for name in globals() if re.match(r"test_c\d\d_", name)}
    assert written == tested
    assert len(written) == 27


def test_the_example_of_the_page_prints_what_it_says() -> None:
    page = Path(DOCS / "metrics" / "oks_ap.md").read_text("utf-8")
    ((code, printed),) = re.findall(r"```python\n(.*?)```\n```\n(.*?)```", page, re.DOTALL)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "oks_ap.md", "exec"), {})
    assert said.getvalue() == printed

"""The cross-check against pycocotools: 0 on golden cases, and not 0 where something is off."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.compat.crosscheck import CHECKS, REGISTRY, crosscheck
from poseval.compat.crosschecks import oks
from poseval.compat.crosschecks.base import Case, Difference, of_array, of_number
from poseval.errors import UsageError
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.oks_scene import AreaSource, BodyPart, Categories, IgnoreBy
from poseval.skeletons import get_skeleton
from tests.golden import coco_files
from tests.golden.committed import ROOT
from tests.golden.make.coco_scene import CocoScene
from tests.shared import only_with, shared_path

Files = tuple[dict[str, Any], list[dict[str, Any]]]


def files_of(folder: str) -> Files:
    """Truth and results of a committed case, or of one of the shared data, whose name has a folder."""
    if "/" in folder:
        path = shared_path(folder)
        return coco_files.load(path, "gt"), coco_files.load(path, "dt")
    return coco_files.load(ROOT / "coco" / folder, "gt"), coco_files.load(ROOT / "coco" / folder, "pred")


def difference_of(folder: str, metric: OksAp, sigmas: np.ndarray, **changes: Any) -> list[Difference]:
    truth, results = files_of(folder)
    aligned = coco_files.aligned(truth, results, sigmas)
    case = Case("gt.json", "dt.json", aligned.truth, aligned.predictions)
    inside = np.ones(len(aligned.truth.frames), dtype=bool)
    inside[::7] = changes.get("every_frame", True)
    return oks.differences(metric, metric.tally(aligned), truth, results, case, inside)


COCO17 = get_skeleton("coco17").sigma_array
WHOLE = get_skeleton("coco_wholebody133").sigma_array
WHOLE_BODY = OksAp(ignore=IgnoreBy.FLAGS, drop_zero_confidence=True)


MADE = [
    ("ordinary", OksAp(id_zero=True), COCO17),
    ("ordinary", OksAp(max_dets=3, thresholds=(0.4, 0.5), ranges=("all:0:1e10",)), COCO17),
    ("one_score", OksAp(area=AreaSource.BOX, ignore=IgnoreBy.FLAGS), COCO17),
    ("categories", OksAp(), COCO17),
    ("categories", OksAp(categories=Categories.POOLED), COCO17),
    ("id_zero", OksAp(id_zero=True), COCO17),
    ("id_zero", OksAp(), COCO17),
    ("crowdpose", OksAp(area=AreaSource.BOX), get_skeleton("crowdpose14").sigma_array),
    ("whole_body", replace(WHOLE_BODY, part=BodyPart.FOOT), WHOLE),
    ("whole_body", replace(WHOLE_BODY, part=BodyPart.RIGHT_HAND), WHOLE),
    ("whole_body", replace(WHOLE_BODY, part=BodyPart.WHOLE_BODY), WHOLE),
    ("whole_body", WHOLE_BODY, WHOLE),
]
REAL = [
    ("golden/coco/litehrnet_fashion_real", OksAp(id_zero=True), COCO17),
    ("golden/coco/val2017_subset_mixed", OksAp(id_zero=True), COCO17),
    ("golden/coco/val2017_subset_ties_int", OksAp(area=AreaSource.BOX, ignore=IgnoreBy.FLAGS), COCO17),
    ("golden/coco/wholebody_example_real", WHOLE_BODY, WHOLE),
]


@pytest.mark.parametrize(("folder", "metric", "sigmas"), [*MADE, *only_with("golden/coco", REAL)], ids=str)
def test_there_is_no_difference(folder: str, metric: OksAp, sigmas: np.ndarray) -> None:
    found = difference_of(folder, metric, sigmas)
    assert len(found) == len(metric.statistics) + 3
    assert {row.name: row.largest for row in found if row.largest} == {}
    assert not math.isnan(found[0].ours)


def test_slices_compare_the_same_images() -> None:
    whole = difference_of("ordinary", OksAp(), COCO17)
    part = difference_of("ordinary", OksAp(), COCO17, every_frame=False)
    assert {row.largest for row in part} == {0.0}
    assert part[0].ours != whole[0].ours


def test_a_wrong_parameter_shows() -> None:
    truth, results = files_of("ordinary")
    aligned = coco_files.aligned(truth, results, COCO17)
    for record in results[::5]:
        record["score"] *= 0.5
    case = Case("gt.json", "dt.json", aligned.truth, aligned.predictions)
    frames = np.ones(len(aligned.truth.frames), dtype=bool)
    found = oks.differences(OksAp(), OksAp().tally(aligned), truth, results, case, frames)
    assert found[0].largest > 1e-4
    assert max(row.largest for row in found if row.name.startswith("precision")) > 1e-3


def test_files_are_read_by_the_check_itself(tmp_path: Path) -> None:
    truth, results = files_of("perfect")
    (tmp_path / "gt.json").write_text(json.dumps(truth), "utf-8")
    (tmp_path / "dt.json").write_text(json.dumps(results), "utf-8")
    aligned = coco_files.aligned(truth, results, COCO17)
    half = np.arange(len(aligned.truth.frames)) < 1
    case = Case(
        str(tmp_path / "gt.json"),
        str(tmp_path / "dt.json"),
        aligned.truth,
        aligned.predictions,
        {"first": half},
    )
    found = REGISTRY.get("oks_ap")(OksAp(), OksAp().tally(aligned), case)
    assert [row.name for row in found][:2] == ["AP", "AP50"]
    assert found[13].name == "first/AP"
    assert {row.largest for row in found} == {0.0}


def test_differences_of_numbers_and_arrays() -> None:
    nan = math.nan
    assert of_number("x", 1.0, 0.75).largest == 0.25
    assert of_number("x", nan, nan).largest == 0.0
    assert of_number("x", nan, 0.0).largest == math.inf
    ours = np.array([1.0, nan, 0.5])
    assert of_array("a", ours, ours)[:4] == ("a [3]", 0.75, 0.75, 0.0)
    assert of_array("a", ours, np.array([1.0, nan, 0.25])).largest == 0.25
    assert of_array("a", ours, np.array([1.0, 0.0, 0.5])).largest == math.inf
    assert of_array("a", ours, ours[:2]).largest == math.inf
    assert of_array("a", ours[1:2], ours[1:2]).largest == 0.0


def test_every_check_can_be_imported() -> None:
    for name in CHECKS:
        assert callable(REGISTRY.get(name))


def test_a_whole_body_in_one_list_is_not_checked(tmp_path: Path) -> None:
    scene = CocoScene(5, joints=133)
    scene.crowd_of(2)
    scene.categories[0]["keypoints"] = list(get_skeleton("coco_wholebody133").joints)
    for name, content in scene.files().items():
        (tmp_path / name).write_text(json.dumps(content), "utf-8")
    with pytest.raises(UsageError, match="foot_kpts"):
        crosscheck(tmp_path / "gt.json", tmp_path / "pred.json", "coco-wholebody")


def test_ids_from_0_match_where_the_program_lets_them(tmp_path: Path) -> None:
    """Each benchmark follows its program in records that programs read in several ways."""
    for case, benchmark in (("whole_body_scripts", "coco-wholebody"), ("ap10k", "ap10k")):
        folder = ROOT / "coco" / case
        for rules in ("reference", "corrected"):
            found = crosscheck(folder / "gt.json", folder / "pred.json", benchmark, rules=rules)
            assert found.differences
            assert found.agrees, (benchmark, rules)


@pytest.mark.parametrize("rule", ["crowds=counted", "single_precision=yes", "confident=person"])
def test_rules_of_halpe_are_no_rules_of_pycocotools(rule: str) -> None:
    folder = ROOT / "coco" / "crowds"
    with pytest.raises(UsageError, match="only the benchmark halpe") as caught:
        crosscheck(folder / "gt.json", folder / "pred.json", "coco-keypoints", metrics=[f"oks_ap({rule})"])
    assert caught.value.code == "P145"

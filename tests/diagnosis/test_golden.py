"""The diagnosis against coco-analyze's own output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.diagnosis.error_types import AREA_RANGES, LOCALISED, Fault, Scale, label, match_scene, scene_of
from poseval.diagnosis.gains import STAGES, STEPS, fixed, gains
from poseval.diagnosis.optimal_scores import Suppression
from poseval.skeletons import get_skeleton
from tests.golden.coco_files import aligned, load
from tests.shared import shared_cases, whole_module_needs

whole_module_needs("golden/coco")

CASES = shared_cases("golden/coco", "*/coco_analyze.json.gz")
NAMES = ("good", "jitter", "inversion", "swap", "miss")
THEIR_STAGES = ("baseline", "miss", "swap", "inversion", "jitter", "score", "bckgd_false_pos", "false_neg")


class Case:
    """One golden case: scene, matching and what coco-analyze said."""

    def __init__(self, folder: Path) -> None:
        self.said: dict[str, Any] = load(folder, "coco_analyze")
        results = load(folder, "dt")
        per_image: dict[Any, list[dict[str, Any]]] = {}
        for record in results:
            per_image.setdefault(record["image_id"], []).append(record)
        kept = [r for found in per_image.values() for r in sorted(found, key=lambda r: -r["score"])[:20]]
        number = {id(record): index for index, record in enumerate(kept, start=1)}
        pair = aligned(load(folder, "gt"), kept, get_skeleton("coco17").sigma_array)
        images = [int(key) for key in pair.truth.frames.key]
        place = {image: row for row, image in enumerate(images)}
        ordered = sorted(kept, key=lambda record: place[record["image_id"]])
        self.numbers = [number[id(record)] for record in ordered]
        self.scene = scene_of(pair, Scale.AREA)
        self.found = match_scene(self.scene, np.array([LOCALISED]), AREA_RANGES)


@pytest.fixture(scope="module", params=CASES, ids=lambda path: path.parent.name)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param.parent)


def flipped_scene(case: Case) -> Case:
    # The golden reader's skeleton has nameless joints; mirrors come from COCO's.
    object.__setattr__(case.scene, "flip", np.asarray(get_skeleton("coco17").flip))
    return case


@pytest.mark.parametrize("index", range(3), ids=[size.name for size in AREA_RANGES])
def test_counts_per_joint_are_equal(case: Case, index: int) -> None:
    counts = label(flipped_scene(case).scene, case.found, index).counts()
    theirs = case.said["per_keypoint_counts"][AREA_RANGES[index].name]
    for kind, name in enumerate(NAMES, start=1):
        assert counts[kind].tolist() == theirs[name], name


def test_labels_of_every_detection_are_equal(case: Case) -> None:
    labels = label(flipped_scene(case).scene, case.found, 0)
    mine = {case.numbers[row]: fault for row, fault in zip(labels.prediction, labels.fault, strict=True)}
    assert len(case.said["detections_all"]) == len(case.numbers)
    for theirs in case.said["detections_all"]:
        fault = mine.get(theirs["id"], np.zeros(17))
        for kind, name in enumerate(NAMES, start=1):
            assert np.flatnonzero(fault == kind).tolist() == theirs.get(name, [])


@pytest.mark.parametrize("index", range(3), ids=[size.name for size in AREA_RANGES])
def test_gains_and_counts_after_mending_are_equal(case: Case, index: int) -> None:
    size = AREA_RANGES[index]
    mine = gains(Suppression.of(flipped_scene(case).scene), label(case.scene, case.found, index), size)
    said = sorted((s for s in case.said["stats"] if s["areaRngLbl"] == size.name), key=lambda s: s["oks"])
    assert said
    for stage, name in zip(mine.cumulative, THEIR_STAGES, strict=True):
        theirs = [s for s in said if s["err"] == name]
        recall = [s["recall"] for s in theirs]
        np.testing.assert_array_equal(np.nan_to_num(stage.recall, nan=-1.0), recall)
        if name != "score":  # quirk C23
            np.testing.assert_array_equal(np.nan_to_num(stage.ap, nan=-1.0), [s["auc"] for s in theirs])
    for ours, key in ((mine.false_positives, "false_pos"), (mine.unmatched, "false_neg")):
        theirs_at = {float(k.split("'")[3]): n for k, n in case.said[key].items() if size.name in k}
        assert ours.tolist() == [theirs_at[t] for t in sorted(theirs_at)]


def test_best_similarity_after_mending_is_equal(case: Case) -> None:
    scene = flipped_scene(case).scene
    places = fixed(scene, label(scene, case.found, 0), STEPS)
    _, best = Suppression.of(scene).moved(places).optimal_scores(AREA_RANGES[0])
    theirs = {d["id"]: d["max_oks"] for d in case.said["detections_all"]}
    np.testing.assert_allclose(best, [theirs[n] for n in case.numbers], rtol=0, atol=1e-14)


def test_stage_names_follow_the_steps() -> None:
    assert [Fault[name.upper()] for name in STAGES[1:5]] == list(STEPS)

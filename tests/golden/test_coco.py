"""The COCO family's golden cases: what the official evaluators said, digit by digit.

Arrays and statistics are compared bit by bit. OKS values are compared to a few units in the last place,
because NumPy's vectorised `exp` differs from the C library's on some processors; no OKS of these cases lies
so near a threshold or a tie that it matters.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.errors import FormatError, InputError, MismatchError, ValueRangeError
from poseval.kernels.coco import Matching, match
from poseval.metrics.ex_oks import ExOks
from poseval.metrics.oks_ap import THRESHOLDS, OksAp
from poseval.metrics.oks_scene import AreaSource, BodyPart, Categories, IgnoreBy, Scene, SceneRules, scene_of
from poseval.metrics.ranking import OksCurves
from poseval.poses.aligned import Aligned
from poseval.skeletons import get_skeleton
from tests.golden import coco_files
from tests.shared import shared_cases, shared_path, whole_module_needs

whole_module_needs("golden/coco")

COCO_SIGMAS = get_skeleton("coco17").sigma_array
FOLDERS = [path.parent for path in shared_cases("golden/coco", "*/expected.json")]
# Cases in which the quirk is not reproduced, and why
REFUSED = {"edge_nan_keypoints", "edge_use_cats_0"}


def expected(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "expected.json").read_text("utf-8"))
    return found


def case(name: str) -> Path:
    return shared_path(f"golden/coco/{name}")


def name_of(folder: Path) -> str:
    return folder.name


PLAIN = [
    folder
    for folder in FOLDERS
    if not expected(folder)["raises"]
    and expected(folder)["kind"] not in ("exoks", "wholebody")
    and folder.name not in REFUSED
]


def read(folder: Path, sigmas: np.ndarray) -> Aligned:
    """The files of a case as poseval reads them, under the case's sigmas."""
    gt, dt = (next(folder.glob(f"{name}.json*")) for name in ("gt", "dt"))
    named = {17: "coco17", 14: "crowdpose14", 133: "coco_wholebody133", 136: "halpe136"}
    joints = get_skeleton(named[len(sigmas)]).with_sigmas(sigmas.tolist())
    truth = poseval.read(gt, skeleton=joints, optional=frozenset({"area"}))
    found = poseval.read(dt, role="predictions", truth=truth, skeleton=joints)
    return Aligned(truth, found)


def prepared(folder: Path) -> tuple[Aligned, OksAp, list[int]]:
    """Aligned sets of a case, the metric under the reference rules, and the case's maxDets."""
    config = expected(folder)["config"]
    params = config.get("params", {})
    sigmas = np.array(config["sigmas"]) if config.get("sigmas") else COCO_SIGMAS
    aligned = read(folder, sigmas)
    if "imgIds" in params:
        wanted = {str(image) for image in params["imgIds"]}
        rows = np.flatnonzero([key in wanted for key in aligned.truth.frames.key])
        truth, found = aligned.truth.take_frames(rows), aligned.predictions.take_frames(rows)
        aligned = Aligned(truth, replace(found, frames=truth.frames))
    metric = OksAp(
        thresholds=tuple(params.get("iouThrs", THRESHOLDS)),
        area=AreaSource.BOX if config.get("use_area") is False else AreaSource.FILE,
        id_zero=True,
    )
    return aligned, metric, params.get("maxDets", [20])


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, dtype="<f8").tobytes()).hexdigest()


def with_minus_one(array: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(array), -1.0, array)


def check_arrays(found: list[OksCurves], wanted: dict[str, Any], prefix: str = "") -> None:
    """Curves per maxDets against the case's arrays, whose last axis is maxDets."""
    for name in ("precision", "recall", "scores"):
        array = np.stack([with_minus_one(getattr(curves, name)) for curves in found], axis=-1)
        assert list(array.shape) == wanted[prefix + name]["shape"]
        assert digest(array) == wanted[prefix + name]["sha256_f64le"], name


def check_stats(metric: OksAp, aligned: Aligned, wanted: dict[str, float]) -> None:
    found = metric.headline(metric.reduce(metric.tally(aligned)))
    assert {key: -1.0 if np.isnan(value) else value for key, value in found.items()} == wanted


@pytest.mark.parametrize("folder", PLAIN, ids=name_of)
def test_statistics_and_arrays_are_bit_equal(folder: Path) -> None:
    aligned, metric, max_dets = prepared(folder)
    wanted = expected(folder)
    curves = [(cut := replace(metric, max_dets=count)).curves(cut.tally(aligned)) for count in max_dets]
    check_arrays(curves, wanted["arrays"])
    check_stats(metric, aligned, wanted["stats"])


def matched_of(folder: Path) -> tuple[Aligned, Scene, Matching]:
    aligned, metric, _ = prepared(folder)
    scene = scene_of(aligned, SceneRules(area=metric.area, id_zero=metric.id_zero))
    found = match(
        scene.detections,
        scene.poses,
        scene.targets,
        scene.people,
        scene.sigmas,
        np.array(metric.thresholds),
        metric.bounds,
        20,
        with_matched=True,
        with_oks=True,
    )
    return aligned, scene, found


def image_row(
    aligned: Aligned, scene: Scene, found: Matching, cell: int, area: int, thresholds: int
) -> dict[str, Any]:
    """One row of `evalImgs` as the case file writes it."""
    rows = slice(found.start[cell], found.start[cell + 1])
    people = scene.people.row[scene.people.start[cell] : scene.people.start[cell + 1]]
    skipped = found.truth_skip[scene.people.start[cell] : scene.people.start[cell + 1], area]
    turn = np.argsort(skipped, kind="stable")
    truth_ids = aligned.truth.people.source_id
    ids = aligned.predictions.people.source_id[found.row[rows]]
    matched = found.matched[rows, area].T  # [T, D]
    owner = np.zeros((thresholds, len(people)))
    for t, d in zip(*np.nonzero(matched >= 0), strict=True):
        owner[t, np.flatnonzero(people[turn] == matched[t, d])[0]] = ids[d]
    bits = np.uint64(1) << np.arange(thresholds, dtype=np.uint64)
    return {
        "dtIds": ids.tolist(),
        "gtIds": truth_ids[people[turn]].tolist(),
        "dtMatches": np.where(matched >= 0, truth_ids[matched] if len(truth_ids) else -1, 0).tolist(),
        "gtMatches": owner.tolist(),
        "dtIgnore": ((found.skip[rows, area] & bits[:, None]) > 0).astype(int).tolist(),
        "gtIgnore": skipped[turn].astype(int).tolist(),
    }


@pytest.mark.parametrize(
    "folder", [folder for folder in PLAIN if list(folder.glob("eval_imgs.json*"))], ids=name_of
)
def test_matches_per_image_agree(folder: Path) -> None:
    aligned, scene, found = matched_of(folder)
    ids = sorted(aligned.truth.categories)
    cells = {
        (int(aligned.truth.frames.key[unit]), ids[category]): cell
        for cell, (unit, category) in enumerate(zip(scene.unit, scene.category, strict=True))
    }
    thresholds = found.matched.shape[2]
    wanted = coco_files.load(folder, "eval_imgs")
    assert wanted
    for row in wanted:
        cell = cells[row["image_id"], row["category_id"]]
        ours = image_row(aligned, scene, found, cell, row["area"], thresholds)
        assert {key: row[key] for key in ours} == ours


@pytest.mark.parametrize("folder", [f for f in PLAIN if (f / "oks.json").exists()], ids=name_of)
def test_oks_values_agree_to_a_few_units_in_the_last_place(folder: Path) -> None:
    aligned, scene, found = matched_of(folder)
    ids = sorted(aligned.truth.categories)
    cells = {
        f"{aligned.truth.frames.key[unit]},{ids[category]}": cell
        for cell, (unit, category) in enumerate(zip(scene.unit, scene.category, strict=True))
    }
    wanted = json.loads((folder / "oks.json").read_text("utf-8"))
    assert wanted
    for key, table in wanted.items():
        cell = cells[key]
        ours = found.oks[found.oks_start[cell] : found.oks_start[cell + 1]]
        np.testing.assert_array_max_ulp(ours, np.array(table, dtype=float).ravel(), maxulp=8)


def test_crowdpose_splits_are_subsets_of_images() -> None:
    folder = case("crowdpose_val_a")
    aligned, metric, _ = prepared(folder)
    tally = metric.tally(aligned)
    index = aligned.truth.frames.extra["crowd_index"]
    bounds = {
        "easy": (-1, 0.2),
        "medium": (0.2, 0.8),
        "hard": (0.8, 1e9),
        "paper_easy_below_0.1": (-1, 0.1),
        "paper_medium_0.1_to_0.8": (0.1, 0.8),
    }
    splits = expected(folder)["crowd_index_splits"]
    assert bounds.keys() == splits.keys()
    for name, (low, high) in bounds.items():
        inside = (low <= index) & (index < high)
        assert inside.sum() == splits[name]["images"]
        value = metric.reduce(tally, inside.astype(np.int64)).get("AP")
        assert value == splits[name]["mean_precision"]
        assert round(value, 4) == splits[name]["rounded"]


def test_wholebody_parts() -> None:
    folder = case("wholebody_example_real")
    wanted = expected(folder)
    sigmas = {part["name"]: np.array(part["sigmas"]) for part in wanted["config"]["parts"]}
    aligned = read(folder, sigmas["wholebody"])
    assert len(wanted["stats"]) == 6
    for name, stats in wanted["stats"].items():
        metric = OksAp(part=BodyPart(name), ignore=IgnoreBy.FLAGS, drop_zero_confidence=True)
        check_arrays([metric.curves(metric.tally(aligned))], wanted["arrays"], f"{name}/")
        check_stats(metric, aligned, stats)


def test_pooled_categories_work_where_the_reference_finds_nothing() -> None:
    folder = case("edge_use_cats_0")
    aligned, metric, _ = prepared(folder)
    pooled = replace(metric, categories=Categories.POOLED)
    assert expected(folder)["stats"]["AP"] == 0.0
    assert pooled.reduce(pooled.tally(aligned)).get("AP") == 1.0


EX_OKS_NAMES = {"AP (v=1)": "AP_v1", "AP (v=2)": "AP_v2", "AP (v=3)": "AP_v3", "AP .5": "AP50"}
EX_OKS_NAMES |= {"AP .75": "AP75", "AP (M)": "AP_M", "AP (L)": "AP_L", "AR .5": "AR50", "AR .75": "AR75"}
EX_OKS_NAMES |= {"AR (M)": "AR_M", "AR (L)": "AR_L"}


def ex_oks_case() -> tuple[Aligned, dict[str, Any]]:
    folder = case("exoks_a")
    return read(folder, COCO_SIGMAS), expected(folder)


def test_ex_oks_as_published() -> None:
    aligned, wanted = ex_oks_case()
    config = wanted["config"]["exoks"]
    metric = ExOks(confidence=config["confidence_thr"], padding=config["padding"])
    tally = metric.tally(aligned)
    levels = metric.curves(tally)
    for name in ("precision", "recall", "scores"):
        array = np.stack([with_minus_one(getattr(levels[v], name)) for v in range(4)], axis=1)[..., None]
        assert list(array.shape) == wanted["arrays"][name]["shape"]
        assert digest(array) == wanted["arrays"][name]["sha256_f64le"], name
    found = metric.headline(metric.reduce(tally))
    stats = {EX_OKS_NAMES.get(key, key): value for key, value in wanted["stats"].items()}
    # The mean similarity is summed in fixed point, so that it does not depend on order.
    assert found.pop("OKS") == pytest.approx(stats.pop("OKS"), abs=1e-11)
    assert found == stats


# Where pycocotools dies or gives full marks for nonsense: our error, or our value of AP.
ANSWERS: dict[str, tuple[type[InputError], str] | float] = {
    "edge_missing_area": (MismatchError, "P410"),
    "edge_missing_keypoints_second": (FormatError, "P206"),
    "edge_missing_score": (FormatError, "P206"),
    "edge_short_keypoints": (FormatError, "P204"),
    "edge_unknown_image": (MismatchError, "P402"),
    "edge_nan_keypoints": (ValueRangeError, "P301"),
    "edge_empty_results": 0.0,
    "edge_missing_iscrowd": 1.0,
}


def test_every_case_is_looked_at() -> None:
    raising = {folder.name for folder in FOLDERS if expected(folder)["raises"]}
    assert raising | {"edge_nan_keypoints"} == set(ANSWERS)
    special = {"edge_use_cats_0", "exoks_a", "wholebody_example_real"}
    assert {folder.name for folder in FOLDERS} == {f.name for f in PLAIN} | set(ANSWERS) | special


@pytest.mark.parametrize("name", ANSWERS)
def test_broken_files_get_a_clear_answer(name: str) -> None:
    folder = case(name)
    answer = ANSWERS[name]
    if isinstance(answer, float):
        report = poseval.score(folder / "gt.json", folder / "dt.json", "coco-keypoints")
        assert report.summary["AP"] == pytest.approx(answer, abs=1e-12)
        assert report.notices
        return
    kind, code = answer
    with pytest.raises(kind) as caught:
        poseval.score(folder / "gt.json", folder / "dt.json", "coco-keypoints")
    assert caught.value.code == code

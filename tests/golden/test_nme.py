"""Face landmarks: every golden case, through the readers.

Ratios agree to 1e-9. mmpose and 3DDFA keep coordinates, errors and their mean as float32, each rounded by up
to 2**-24 of itself: their numbers are good to 2**-22.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.metrics.error_curve import Grid
from poseval.metrics.nme import Nme
from poseval.poses.aligned import Aligned
from poseval.results.report import Report
from poseval.results.values import Values
from tests.metrics.single import values
from tests.shared import shared_path, whole_module_needs

whole_module_needs("golden/nme")

EXACT = 1e-9
FLOAT32 = 2**-22
PRINTED = 1e-12  # per-image numbers are printed with twelve digits
AT = (0.1, 0.08, 0.07, 0.05)
NORMALISERS = {
    "inter_ocular": "outer_eye",
    "inter_pupil": "pupil",
    "bbox_geometric_mean": "landmark_sqrt",
    "bbox_diagonal": "landmark_diag",
    "bbox_max_side": "longest_side",
}
W300 = {"300w_challenge": "valid_challenge", "300w_full": "valid"}


def expected(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared_path("golden/nme") / case / "expected.json").read_text())
    return found


def given(name: str) -> Path:
    return shared_path(f"golden/nme/_inputs/{name}")


@pytest.mark.parametrize("case", W300)
class Test300W:
    def paths(self, case: str) -> tuple[Path, Path]:
        truth = given(f"300w/face_landmarks_300w_{W300[case]}.csv.gz")
        return truth, shared_path(f"golden/nme/{case}/pred.npz")

    def aligned(self, case: str) -> Aligned:
        truth_path, predictions = self.paths(case)
        truth = poseval.read(truth_path)
        return Aligned(truth, poseval.read(predictions, role="predictions", truth=truth))

    def test_every_image(self, case: str) -> None:
        tally = Nme("outer_eye").tally(self.aligned(case))
        wanted = expected(case)["per_image_inter_ocular"]
        assert tally.column("error").tolist() == pytest.approx(wanted, abs=PRINTED)

    @pytest.mark.parametrize("name", NORMALISERS)
    def test_every_normaliser_and_grid(self, case: str, name: str) -> None:
        wanted, scene = expected(case)[name], self.aligned(case)
        found: dict[Grid, Values] = {
            grid: values(Nme(NORMALISERS[name], at=AT, grid=grid), scene) for grid in Grid
        }
        exact = found[Grid.EXACT]
        assert exact.get("NME") == pytest.approx(wanted["nme_mean"], abs=EXACT)
        assert exact.get("NME_std") == pytest.approx(wanted["nme_std_population"], abs=EXACT)
        assert exact.get("NME_median") == pytest.approx(wanted["nme_median"], abs=EXACT)
        assert exact.get("FR@0.08") == pytest.approx(wanted["failure_rate_gt_0_08"], abs=EXACT)
        assert exact.get("FR@0.1") == pytest.approx(wanted["failure_rate_gt_0_10"], abs=EXACT)
        assert exact.get("AUC@0.1") == pytest.approx(wanted["exact_step_auc_0_1"], abs=EXACT)
        assert exact.get("AUC@0.08") == pytest.approx(wanted["exact_step_auc_0_08"], abs=EXACT)
        for at, row in wanted["pipnet_style"].items():
            assert found[Grid.PIPNET].get(f"FR@{at}") == pytest.approx(row["fr"], abs=EXACT)
            assert found[Grid.PIPNET].get(f"AUC@{at}") == pytest.approx(row["auc_simpson"], abs=EXACT)
            assert found[Grid.TRAPEZOID].get(f"AUC@{at}") == pytest.approx(row["auc_trapezoid"], abs=EXACT)
        for at, row in wanted["sbr_style"].items():
            assert found[Grid.SBR].get(f"AUC@{at}") == pytest.approx(row["auc"], abs=EXACT)
            right = 1 - found[Grid.SBR].get(f"FR@{at}")
            assert right * 100 == pytest.approx(row["accuracy_percent"], abs=EXACT)

    @pytest.mark.parametrize(("rules", "key"), [("hrnet", "inter_ocular"), ("corrected", "inter_ocular")])
    def test_benchmark(self, case: str, rules: str, key: str) -> None:
        report = poseval.score(*self.paths(case), "300w", rules=rules)
        assert report.summary["NME"] == pytest.approx(expected(case)[key]["nme_mean"], abs=EXACT)

    def test_mmpose(self, case: str) -> None:
        report = poseval.score(*self.paths(case), "300w", rules="mmpose")
        assert report.summary["NME"] == pytest.approx(expected(case)["mmpose_nme_inter_ocular"], rel=FLOAT32)


def test_challenge_is_a_slice_of_full() -> None:
    truth = given("300w/face_landmarks_300w_valid.csv.gz")
    report = poseval.score(truth, shared_path("golden/nme/300w_full/pred.npz"), "300w")
    rows = {row.slice: row.n for row in report.values if row.statistic == "NME" and not row.joint}
    assert rows == {"": 689, "common": 554, "challenge": 135}


def test_aflw2000() -> None:
    wanted = expected("aflw2000_reannotated_vs_original")
    folder = given("aflw2000")
    paths = folder / "AFLW2000-3D.pts68.npy.gz", folder / "AFLW2000-3D-Reannotated.pts68.npy.gz"
    for rules, suffix, tolerance in (("3ddfa", "float32", FLOAT32), ("corrected", "float64", EXACT)):
        report: Report = poseval.score(*paths, rules=rules)
        assert report.benchmark == "aflw2000-3d"
        rows = [row for row in report.values if row.statistic == "NME" and row.slice]
        assert [row.n for row in rows] == wanted["bin_counts"]
        mine = [row.value for row in rows]
        percent = np.array(wanted[f"bin_nme_percent_{suffix}"])
        assert mine == pytest.approx(percent / 100, abs=tolerance)
        key = "balanced_mean_percent" + ("" if rules == "3ddfa" else "_float64")
        assert report.summary["NME"] == pytest.approx(wanted[key] / 100, abs=tolerance)
        assert np.std(mine) == pytest.approx(wanted["balanced_std_percent"] / 100, abs=FLOAT32)
        plain = report.summary["NME_plain"]
        assert plain == pytest.approx(wanted["plain_mean_percent_float64"] / 100, abs=tolerance)


def test_aflw_pifa() -> None:
    wanted = expected("aflw21_missing")
    file = np.load(shared_path("golden/nme/aflw21_missing/pred.npz"))
    rows = file["index"]
    assert (np.diff(rows) > 0).all()
    truth = poseval.read(given("aflw/AFLW_GT_pts21.npy.gz")).take_frames(rows)
    people = truth.people.with_columns(xy=file["preds"], seen=np.full(truth.people.seen.shape, 2))
    predictions = poseval.PoseSet(truth.skeleton, truth.frames, people)
    report = poseval.score(truth, predictions, "aflw-pifa")
    assert report.summary["NME"] == pytest.approx(wanted["mean_over_images"], abs=EXACT)
    assert report.summary["FR@0.1"] == pytest.approx(wanted["failure_rate_gt_0_10"], abs=EXACT)
    bins = [row for row in report.values if row.statistic == "NME" and row.slice and not row.joint]
    assert [row.n for row in bins] == wanted["bin_counts"]
    assert [row.value for row in bins] == pytest.approx(wanted["bin_mean_over_images"], abs=EXACT)
    pooled = poseval.score(truth, predictions, "aflw-pifa", metrics=["nme(by=box_sqrt,over=points)"])
    assert pooled.summary["NME"] == pytest.approx(wanted["mean_over_points"], abs=EXACT)
    single = "nme(by=box_sqrt,over=points,precision=single)"
    mmpose = poseval.score(truth, predictions, "aflw-pifa", metrics=[single]).summary["NME"]
    assert mmpose == pytest.approx(wanted["mmpose_keypoint_nme"], rel=FLOAT32)
    assert int((truth.people.seen > 0).sum()) == wanted["visible_points"]


@pytest.mark.parametrize("name", ["300w", "wflw", "aflw"])
def test_mmpose_small(name: str) -> None:
    wanted = expected(f"mmpose_{name}_small")
    paths = given(f"mmpose_tests/test_{name}.json"), shared_path(f"golden/nme/mmpose_{name}_small/pred.json")
    report = poseval.score(*paths, rules="mmpose")
    assert report.benchmark == {"aflw": "aflw19"}.get(name, name)
    assert report.summary["NME"] == pytest.approx(wanted["mmpose"]["NME"], rel=FLOAT32)
    key = "hrnet_per_image_box_size" if name == "aflw" else "hrnet_per_image"
    hrnet = poseval.evaluate(*paths)
    tally = next(iter(hrnet.parts[0].tallies.values()))
    assert tally.column("error").tolist() == pytest.approx(wanted[key], abs=EXACT)
    if name == "aflw":
        truth = poseval.read(paths[0])
        assert truth.people.extra["face_size"].tolist() == wanted["box_size"]
        side = truth.people.box[:, 2] - truth.people.box[:, 0]
        assert side.tolist() == wanted["mmpose_norm_is_max_side_of_bbox_from_center_scale"]

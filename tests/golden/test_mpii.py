"""MPII, LSP, FLIC, PARSE, JHMDB and Penn Action: every golden case, through the readers where it has files.

Counts are exact; ratios agree to 1e-9. Looser where the reference itself is: areas of the kits come from
an adaptive quadrature that stops at a relative 1e-6; mmpose keeps the shares behind its "@0.1" as float32,
so that number is good to 1e-7 of itself.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.benchmarks import get_benchmark
from poseval.benchmarks.mpii import pckh
from poseval.benchmarks.rule_sets import choose
from poseval.metrics.epe import Auc, Epe
from poseval.metrics.joint_error import Precision, ZeroScale
from poseval.metrics.pck import Compare, Pck
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.report import Report
from poseval.results.values import Values
from tests.metrics.single import pair_up, values
from tests.shared import shared_path, whole_module_needs

whole_module_needs("golden/mpii")

EXACT = 1e-9
QUADRATURE = 1e-6  # relative tolerance at which quadgk stops
FLOAT32 = 1e-7
ROWS = {"Head": "head", "Shoulder": "shoulder", "Elbow": "elbow", "Wrist": "wrist", "Hip": "hip",
        "Knee": "knee", "Ankle": "ankle"}  # fmt: skip
MPII_ORDER = (
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist",
    "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "upper_neck", "head_top",
)  # fmt: skip
PCKH_CASES = {
    "pckh_hg_s8": "bearpaw-hg_s8_b1.mat",
    "pckh_newell": "newell.h5.gz",
    "pckh_tompson": "tompson.h5.gz",
    "pckh_hgdemo_example": "hgdemo_valid-example.h5.gz",
}


def expected(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared_path("golden/mpii") / case / "expected.json").read_text())
    return found


def inputs(name: str) -> Path:
    if ".h5" in name:
        pytest.importorskip("h5py")
    return shared_path(f"golden/mpii/_inputs/{name}")


def joint(report: Report, statistic: str, name: str) -> float:
    found = [row.value for row in report.values if (row.statistic, row.joint) == (statistic, name)]
    return float(found[0])


@pytest.mark.parametrize("case", PCKH_CASES)
class TestPckh:
    def report(self, case: str, rules: str) -> Report:
        predictions = inputs(f"preds/{PCKH_CASES[case]}")
        return poseval.score(
            inputs("gt_valid_detections_our_format.mat"), predictions, "mpii-val", rules=rules
        )

    def test_official_kit(self, case: str) -> None:
        wanted, report = expected(case)["official_matlab_toolkit"], self.report(case, "official-kit")
        for row, name in {**ROWS, "UBody": "upper_body"}.items():
            assert report.summary[f"PCKh@0.5/{name}"] * 100 == pytest.approx(wanted["table"][row], abs=EXACT)
        assert report.summary["PCKh@0.5"] * 100 == pytest.approx(wanted["table"]["Total"], abs=EXACT)
        assert report.summary["AUC"] * 100 == pytest.approx(wanted["auc_total"], rel=QUADRATURE)
        for threshold in ("0.5", "0.1"):
            column = wanted[f"pck_at_{threshold.replace('.', '_')}"]
            mine = [joint(report, f"PCKh@{threshold}", name) * 100 for name in MPII_ORDER]
            assert mine == pytest.approx(column[:14], abs=EXACT)
            assert report.summary[f"PCKh@{threshold}"] * 100 == pytest.approx(column[15], abs=EXACT)
        curve = [row.value * 100 for row in report.values if row.statistic == "PCKh"]
        assert curve == pytest.approx(wanted["curve_total"], abs=EXACT)

    def test_areas_of_single_joints(self, case: str) -> None:
        truth = poseval.read(inputs("gt_valid_detections_our_format.mat"))
        predictions = poseval.read(inputs(f"preds/{PCKH_CASES[case]}"), role="predictions", truth=truth)
        scene, joints = Aligned(truth, predictions), truth.skeleton.joints
        metrics = [
            Pck(curve_to=0.5, leave_out=tuple(n for n in joints if n != joint)) for joint in MPII_ORDER
        ]
        areas = [values(metric, scene).get("AUC") * 100 for metric in metrics]
        wanted = expected(case)["official_matlab_toolkit"]["auc_per_column"]
        assert areas == pytest.approx(wanted[:14], rel=QUADRATURE)

    def test_hrnet(self, case: str) -> None:
        wanted, report = expected(case)["hrnet"], self.report(case, "hrnet")
        for row, name in ROWS.items():
            value = wanted["hrnet_name_value"][row]
            assert report.summary[f"PCKh@0.5/{name}"] * 100 == pytest.approx(value, abs=EXACT)
        assert report.summary["PCKh@0.5"] * 100 == pytest.approx(
            wanted["hrnet_name_value"]["Mean"], abs=EXACT
        )
        at = report.summary["PCKh@0.1"] * 100
        assert at == pytest.approx(wanted["hrnet_name_value"]["Mean@0.1"], abs=EXACT)
        joints = poseval.get_skeleton("mpii16").joints
        mine = [joint(report, "PCKh@0.5", name) * 100 for name in joints]
        assert mine == pytest.approx(wanted["pckh_at_0_5_per_joint"], abs=EXACT)
        counts = [row.n for name in joints for row in report.values if row[1:3] == ("PCKh@0.5", name)]
        assert counts == wanted["joint_count"]
        curve = [row.value * 100 for row in report.values if row.statistic == "PCKh"]
        assert curve == pytest.approx(wanted["weighted_mean14_curve"], abs=EXACT)
        corrected = self.report(case, "corrected").summary["PCKh@0.1"] * 100
        assert corrected == pytest.approx(wanted["true_mean_at_0_10"], abs=EXACT)

    def test_mmpose(self, case: str) -> None:
        wanted, report = expected(case)["mmpose_1x_MpiiPCKAccuracy"], self.report(case, "mmpose")
        for row, name in ROWS.items():
            value = wanted[f"{row} PCK"]
            assert report.summary[f"PCKh@0.5/{name}"] * 100 == pytest.approx(value, abs=EXACT)
        assert report.summary["PCKh@0.5"] * 100 == pytest.approx(wanted["PCK"], abs=EXACT)
        assert report.summary["PCKh@0.1"] * 100 == pytest.approx(wanted["PCK@0.1"], rel=FLOAT32)

    def test_pytorch_pose(self, case: str) -> None:
        wanted, report = expected(case)["pytorch_pose_script"], self.report(case, "pytorch-pose")
        for row, name in ROWS.items():
            assert report.summary[f"PCKh@0.5/{name}"] * 100 == pytest.approx(wanted[row], abs=EXACT)
        assert report.summary["PCKh@0.5"] * 100 == pytest.approx(wanted["Mean"], abs=EXACT)


def test_hourglass_h5() -> None:
    wanted = expected("pckh_h5gt_newell")
    report = poseval.score(inputs("valid.h5.gz"), inputs("preds/newell.h5.gz"), "mpii-val")
    joints = poseval.get_skeleton("mpii16").joints
    rows = {row.joint: row for row in report.values if row.statistic == "PCKh@0.5"}
    assert [rows[name].n for name in joints] == wanted["valid_count"]
    shares = [rows[name].value for name in joints]
    assert shares == pytest.approx(wanted["per_joint_fraction"], abs=EXACT)
    assert np.mean(shares) == pytest.approx(wanted["mean16"], abs=EXACT)
    inside = [share for share, name in zip(shares, joints, strict=True) if name not in ("pelvis", "thorax")]
    assert np.mean(inside) == pytest.approx(wanted["mean14"], abs=EXACT)
    pooled = sum(round(rows[name].value * rows[name].n) for name in joints) / sum(wanted["valid_count"])
    assert pooled == pytest.approx(wanted["pooled16"], abs=EXACT)


@pytest.mark.parametrize("case", ["pckh_threshold_ties", "pckh_zero_head_and_missing_joint"])
class TestEdges:
    def scene(self, case: str) -> Any:
        given = json.loads((shared_path("golden/mpii") / case / "input.json").read_text())
        seen = np.array(given["visible"]) * 2
        return pair_up(
            given["gt_zero_based"],
            given["pred_zero_based"],
            seen=seen,
            head=np.array(given["head_size"], float),
        )

    def test_mmpose(self, case: str) -> None:
        rule_set = choose("mmpose", get_benchmark("mpii-val").rule_sets)
        wanted, found = expected(case)["mmpose"], values(pckh(rule_set), self.scene(case))
        for row, name in ROWS.items():
            assert found.get("PCKh@0.5", name) * 100 == pytest.approx(wanted[f"{row} PCK"], abs=EXACT)
        assert found.get("PCKh@0.5") * 100 == pytest.approx(wanted["PCK"], abs=EXACT)
        assert found.get("PCKh@0.1") * 100 == pytest.approx(wanted["PCK@0.1"], rel=FLOAT32)

    @pytest.mark.parametrize("compare", Compare)
    def test_float64(self, case: str, compare: Compare) -> None:
        metric = Pck(at=(0.5, 0.1), compare=compare, leave_out=("pelvis", "thorax"), zero=ZeroScale.WRONG)
        found = values(metric, self.scene(case))
        for threshold in ("0.5", "0.1"):
            wanted = expected(case)[f"float64_{compare.value}_{threshold}"]
            rows = {row.joint: row for row in found if row.statistic == f"PCKh@{threshold}"}
            mine = [rows[name] for name in poseval.get_skeleton("mpii16").joints]
            assert [row.n for row in mine] == wanted["valid"]
            assert [0 if row.why else round(row.value * row.n) for row in mine] == wanted["correct"]
            assert rows[""].value * 100 == pytest.approx(wanted["pooled14"], abs=EXACT)


EVAL_POSE = {
    "lsp_oc_pck_pcp_pdj": ("lsp", "gt/lsp-joints-OC.mat", "LSP/pred_{}_lsp_oc.mat"),
    "parse_pc_pck_pcp_pdj": ("parse", "gt/parse-labels.mat", "PARSE/pred_{}_parse_pc.mat"),
    "flic_oc_pck_pcp_pdj": ("flic", "gt/flic-joints-test-oc.mat", "FLIC/pred_{}_flic_oc.mat"),
}
KIT_ROWS = {"Ankle": "ankle", "Knee": "knee", "Hip": "hip", "Wris": "wrist", "Elbo": "elbow",
            "Shou": "shoulder", "Head": "head"}  # fmt: skip
KIT_STICKS = {"L.legs": "lower_leg", "U.legs": "upper_leg", "L.arms": "lower_arm", "U.arms": "upper_arm",
              "Head": "head", "Torso": "torso"}  # fmt: skip


@pytest.mark.parametrize("case", EVAL_POSE)
class TestEvalPose:
    def paths(self, case: str, what: str) -> tuple[Path, Path]:
        _, truth, predictions = EVAL_POSE[case]
        return inputs("eval_pose") / truth, inputs("eval_pose/results") / predictions.format(what)

    def joints(self, case: str) -> tuple[str, ...]:
        return poseval.get_skeleton(get_benchmark(EVAL_POSE[case][0]).skeletons[0]).joints

    def report(self, case: str, what: str) -> Report:
        return poseval.score(*self.paths(case, what), EVAL_POSE[case][0])

    def test_pck_and_pdj(self, case: str) -> None:
        wanted, report = expected(case), self.report(case, "keypoints")
        for row, value in wanted["pck_table_0_2"].items():
            key = "PCK@0.2" if row == "Mean" else f"PCK@0.2/{KIT_ROWS[row]}"
            assert report.summary[key] * 100 == pytest.approx(value, abs=EXACT)
        metric = "pck(norm=torso,at=0.2/0.1)"
        raw = poseval.score(*self.paths(case, "keypoints"), EVAL_POSE[case][0], metrics=[metric])
        names = [*self.joints(case), ""]
        for threshold in ("0.2", "0.1"):
            column = wanted[f"pck_at_0_{threshold[-1]}_raw_per_joint_and_mean"]
            mine = [joint(raw, f"PCK@{threshold}", name) * 100 for name in names]
            assert mine == pytest.approx(column, abs=EXACT)
        assert report.summary["AUC"] * 100 == pytest.approx(wanted["pck_auc"], rel=QUADRATURE)
        curve = [row.value * 100 for row in report.values if row.statistic == "PCK"]
        assert curve == pytest.approx(wanted["pck_mean_curve"], abs=EXACT)
        for threshold, shares in wanted["pdj_at"].items():
            mine = [joint(report, f"PDJ@{threshold}", KIT_ROWS[row]) for row in wanted["pdj_joint_names"]]
            assert mine == pytest.approx(shares, abs=EXACT)

    @pytest.mark.parametrize("what", ["keypoints", "sticks"])
    def test_strict_pcp_from_joints_and_from_the_sticks_of_the_kit(self, case: str, what: str) -> None:
        wanted, report = expected(case), self.report(case, what)
        for row, value in wanted["strict_pcp_table"].items():
            key = "PCP" if row == "Mean" else f"PCP/{KIT_STICKS[row]}"
            assert report.summary[key] * 100 == pytest.approx(value, abs=EXACT)


@pytest.mark.parametrize("case", ["jhmdb_pck_plain", "jhmdb_pck_torso_zero"])
def test_jhmdb(case: str) -> None:
    given = json.loads((shared_path("golden/mpii") / case / "input.json").read_text())
    wanted = expected(case)
    scene = pair_up(
        given["gt"], given["pred"], "jhmdb15", seen=np.array(given["visible"]) * 2, box=given["bbox_xyxy"]
    )
    benchmark = get_benchmark("jhmdb")
    box, torso, _ = benchmark.metrics(choose("mmpose", benchmark.rule_sets), scene.truth, False)
    rows = {"Head": "head", "Sho": "shoulder", "Elb": "elbow", "Wri": "wrist", "Hip": "hip", "Knee": "knee",
            "Ank": "ankle"}  # fmt: skip
    for metric, name in ((box, "PCK"), (torso, "tPCK")):
        found: Values = values(metric, scene)
        for threshold in ("0.05", "0.1", "0.2"):
            for row, kind in rows.items():
                value = wanted[f"jhmdb@{threshold}"][f"{row} {name}"]
                assert found.get(f"PCK@{threshold}", kind) == pytest.approx(value, abs=EXACT)
            assert found.get(f"PCK@{threshold}") == pytest.approx(wanted[f"pck@{threshold}"][name], abs=EXACT)
    for limit, steps in ((30, 20), (50, 10)):
        area = values(Auc(limit=limit, steps=steps, precision=Precision.SINGLE), scene).get("AUC")
        assert area == pytest.approx(wanted[f"auc_{limit}_{steps}"], abs=EXACT)
    # mmpose sums some 800 float32 distances of about 16 pixels, each rounded to 1e-6.
    assert values(Epe(), scene).get("EPE") == pytest.approx(wanted["epe"], rel=FLOAT32)


def test_penn_action(tmp_path: Path) -> None:
    wanted = expected("penn_action_pck")
    for sequence in wanted["sequences"]:
        shutil.copy(inputs("penn_action") / f"{sequence['sequence']}.mat", tmp_path)
    predictions = shared_path("golden/mpii/penn_action_pck/pred.npz")
    report = poseval.score(tmp_path, predictions, "penn-action")
    shares = [joint(report, "PCK@0.2", name) * 100 for name in wanted["joint_names"]]
    assert shares == pytest.approx(wanted["per_joint"], abs=EXACT)
    assert report.summary["PCK@0.2_mean"] * 100 == pytest.approx(wanted["mean_over_joints"], abs=EXACT)
    assert report.summary["PCK@0.2"] * 100 == pytest.approx(wanted["pooled"], abs=EXACT)
    evaluation = poseval.evaluate(tmp_path, predictions, "penn-action")
    frames = np.char.partition(evaluation.unit_keys, "/")[:, 0]
    per_sequence = []
    for sequence in wanted["sequences"]:
        mine = evaluation.values((frames == sequence["sequence"]).astype(np.int64))[0].values
        rows = {row.joint: row for row in mine if row.statistic == "PCK@0.2"}
        valid = [rows[name].n for name in wanted["joint_names"]]
        assert valid == sequence["valid"]
        correct = [round(rows[name].value * rows[name].n) for name in wanted["joint_names"]]
        assert correct == sequence["correct"]
        per_sequence.append(rows[""].value * 100)
    assert per_sequence == pytest.approx([s["pck_at_0_2"] for s in wanted["sequences"]], abs=EXACT)
    assert np.mean(per_sequence) == pytest.approx(wanted["mean_over_sequences"], abs=EXACT)


@pytest.mark.parametrize("case", ["multiperson_ap_plain", "multiperson_ap_empties"])
def test_multi_person_ap(case: str) -> None:
    folder = shared_path("golden/mpii") / case
    images = json.loads(gzip.decompress((folder / "input.json.gz").read_bytes()))["images"]
    frames = Frames(np.arange(len(images)).astype(np.str_))
    truth, predictions = (_side(images, key, frames) for key in ("gt", "pred"))
    wanted = expected(case)
    report = poseval.score(truth, predictions, "mpii-multi", per_joint=True)
    names = [name.replace(" ", "_") for name in wanted["columns"]]
    mine = [joint(report, "AP", name) * 100 for name in names]
    assert mine == pytest.approx(wanted["ap_per_joint"], abs=EXACT)
    for row, value in wanted["table"].items():
        key = "AP" if row == "Total" else f"AP/{row.lower()}"
        assert report.summary[key] * 100 == pytest.approx(value, abs=EXACT)
    assert report.summary["AP"] * 100 == pytest.approx(wanted["mean_ap"], abs=EXACT)
    assert [joint(report, "labelled", name) for name in names] == wanted["n_gt_counted"]
    assert [joint(report, "predicted", name) for name in names] == wanted["n_detections"]
    assert [joint(report, "true_positives", name) for name in names] == wanted["n_true_positive"]
    corrected = poseval.score(truth, predictions, "mpii-multi", rules="corrected", per_joint=True)
    every = [joint(corrected, "labelled", name) for name in names]
    assert every == wanted["n_gt_annotated_all_images"]


def _side(images: list[dict[str, Any]], key: str, frames: Frames) -> PoseSet:
    """Truth or predictions of a multi-person case; every image is a group."""
    rows = [(number, person) for number, image in enumerate(images) for person in image[key]]
    xy, seen, score = (
        np.zeros((len(rows), 16, 2)),
        np.zeros((len(rows), 16)),
        np.full((len(rows), 16), np.nan),
    )
    for row, (_, person) in enumerate(rows):
        for point in person["points"]:
            xy[row, point["id"]] = point["x"] - 1, point["y"] - 1
            seen[row, point["id"]] = 2
            score[row, point["id"]] = point.get("score", np.nan)
    head = None
    if key == "gt":
        rect = np.array([person["head_rect"] for _, person in rows])
        head = 0.6 * np.hypot(rect[:, 2] - rect[:, 0], rect[:, 3] - rect[:, 1])
    frame = np.array([number for number, _ in rows])
    people = People(xy, frame, seen, joint_score=score, head=head)
    return PoseSet(poseval.get_skeleton("mpii16"), frames, people)

"""What the programs of single people say: MPII's kit, HRNet, mmpose, pytorch-pose and eval_pose."""

from __future__ import annotations

import contextlib
import importlib
import json
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from scipy.io import loadmat, savemat

from tests.golden.make import single_files
from tests.golden.make.cases import Made
from tests.golden.make.mmpose_modules import mmpose_module

Numbers = dict[str, Any]
KIT_ORDER = [*range(6), *range(10, 16), 8, 9]  # annolist2matrix.m
METRICS = "mmpose.evaluation.metrics.keypoint_2d_metrics"
COMMITS = {
    "kit": "anibali/eval-mpii-pose@938ef9a eval/, the unmodified kit of MPII",
    "kit_of_groups": "anibali/eval-mpii-pose@938ef9a eval/, as evaluateAP.m calls its functions",
    "hrnet": "leoxiaobin/deep-high-resolution-net.pytorch@6f69e46 lib/dataset/mpii.py",
    "mmpose": "open-mmlab/mmpose@759b39c MpiiPCKAccuracy, JhmdbPCKAccuracy",
    "pytorch_pose": "bearpaw/pytorch-pose@edc7aec evaluation/eval_PCKh.py",
    "eval_pose": "bearpaw/eval_pose@f6c71b6 utils/",
}


def judge(made: Made, folder: Path, programs: Path | None) -> Numbers:
    """All that the programs of a case say."""
    assert programs is not None, "--programs names the folder of the checkouts"
    kind = made.options["kind"]
    names = {
        "mpii": made.options.get("programs"),
        "lsp": ["eval_pose"],
        "jhmdb": ["mmpose"],
        "multi": ["kit_of_groups"],
    }[kind]
    told: Numbers = {"kind": kind, "made_by": {"numpy": np.__version__, "octave": _octave_version()}}
    told["made_by"]["program"] = ", ".join(COMMITS[name] for name in names)
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            told[name] = JUDGES[kind, name](folder, programs, Path(place))
    return told


def _octave_version() -> str:
    said = subprocess.run(["octave", "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[3]


def octave(program: Path, place: Path, kind: str, content: dict[str, Any]) -> dict[str, np.ndarray]:
    """What judge_mpii.m says of a case by the functions of a checkout."""
    savemat(place / "data.mat", content)
    script = Path(__file__).with_suffix(".m")
    variables = {"program": program, "data": place / "data.mat", "out": place / "out.mat", "kind": kind}
    lines = [f"{name} = '{value}';" for name, value in variables.items()]
    (place / "run.m").write_text("\n".join([*lines, f"source('{script}');"]), "utf-8")
    command = ["octave", "--no-gui", "--norc", "--quiet", str(place / "run.m")]
    subprocess.run(command, capture_output=True, check=True)
    return {key: value for key, value in loadmat(place / "out.mat").items() if not key.startswith("__")}


def kit(folder: Path, programs: Path, place: Path) -> Numbers:
    """The kit's columns at 0.5 and 0.1, its total curve, the area below, and that by the trapezoid rule."""
    truth, found = single_files.arrays(folder)
    joints = np.where(truth["missing"][..., None] == 1, np.nan, truth["joints"])
    content = {
        "gt": joints[:, KIT_ORDER].transpose(2, 1, 0),
        "pred": found[:, KIT_ORDER].transpose(2, 1, 0),
        "headSize": 0.6 * np.hypot(*(truth["heads"][:, 2:] - truth["heads"][:, :2]).T)[:, None],
    }
    said = octave(programs / "eval_mpii_pose/eval", place, "mpii", content)
    pck = said["pck"]
    return {
        "columns": {"0.5": _list(pck[-1]), "0.1": _list(pck[10])},
        "curve": _list(pck[:, -1]),
        "auc": float(said["auc"].item()),
        "trapezoid": float(said["trapezoid"].item()),
    }


def kit_of_groups(folder: Path, programs: Path, place: Path) -> Numbers:
    """AP of each joint over groups of people, and their mean."""
    release, groups, pred = single_files.multi_content(folder)
    content = {"RELEASE": release["RELEASE"], **groups, **pred}
    ap = np.ravel(octave(programs / "eval_mpii_pose/eval", place, "multi", content)["ap"])
    return {"ap": _list(ap), "mean": float(ap.mean())}


def eval_pose(folder: Path, programs: Path, place: Path) -> Numbers:
    """PCK at 0.2 and its area, strict PCP and PDJ, as eval_pose prints them but not rounded."""
    truth, found = single_files.arrays(folder)
    content = {"joints": truth["joints"].transpose(2, 1, 0), "pred": found.transpose(2, 1, 0)}
    said = octave(programs / "eval_pose/utils", place, "lsp", content)
    told = {key: _list(said[key]) for key in ("pck", "pcp")}
    pdj = {str(at): _list(said["pdj"][round(100 * at)]) for at in (0.1, 0.2, 0.3, 0.4, 0.5)}
    return {**told, "auc": float(said["auc"].item()), "pdj": pdj}


def hrnet(folder: Path, programs: Path, place: Path) -> Numbers:
    """`MPIIDataset.evaluate` of HRNet, whose predictions count pixels from 0."""
    single_files.write_mpii(folder, place)
    (place / "annot").mkdir(exist_ok=True)
    (place / "gt_valid.mat").replace(place / "annot/gt_valid.mat")
    # The module imports what draws and loads pictures; the evaluation needs none of it.
    parent = types.ModuleType("dataset.JointsDataset")
    parent.JointsDataset = object  # type: ignore[attr-defined]
    fakes = {"dataset": types.ModuleType("dataset"), "dataset.JointsDataset": parent}
    where = str(programs / "hrnet/lib/dataset")
    with mock.patch.dict(sys.modules, fakes), mock.patch.object(sys, "path", [where, *sys.path]):
        program = importlib.import_module("mpii")
    named = types.SimpleNamespace(ROOT=str(place), TEST_SET="valid")
    found = single_files.arrays(folder)[1] - 1
    with np.errstate(all="ignore"):
        values, _ = program.MPIIDataset.evaluate(None, types.SimpleNamespace(DATASET=named), found, "")
    return {name: _number(value) for name, value in values.items()}


def mmpose(folder: Path, programs: Path, place: Path) -> Numbers:
    """`MpiiPCKAccuracy` of mmpose: truth in float32, as `MpiiDataset` loads it, predictions count from 0."""
    metric = mmpose_module(programs / "mmpose", METRICS).MpiiPCKAccuracy()
    truth, found = single_files.arrays(folder)
    sizes = 0.6 * np.hypot(*(truth["heads"][:, 2:] - truth["heads"][:, :2]).T)
    for joints, missing, size, guess in zip(truth["joints"], truth["missing"], sizes, found - 1, strict=True):
        known = (missing == 0)[None]
        gt = {
            "keypoints": joints[None].astype(np.float32),
            "keypoints_visible": known,
            "head_size": np.array(size),
        }
        metric.process([], [{"gt_instances": gt, "pred_instances": {"keypoints": guess[None]}}])
    return {name: _number(value) for name, value in metric.compute_metrics(metric.results).items()}


def jhmdb(folder: Path, programs: Path, place: Path) -> Numbers:
    """`JhmdbPCKAccuracy` of mmpose at three thresholds, on what its `JhmdbDataset` reads."""
    dataset = mmpose_module(programs / "mmpose", "mmpose.datasets.datasets.body.jhmdb_dataset").JhmdbDataset
    module = mmpose_module(programs / "mmpose", METRICS)
    truth, results = (json.loads((folder / name).read_text("utf-8")) for name in ("gt.json", "pred.json"))
    images = {image["id"]: image for image in truth["images"]}
    guesses = {row["image_id"]: np.array(row["keypoints"]).reshape(1, 15, 3)[..., :2] for row in results}
    reader = types.SimpleNamespace(data_prefix={"img": ""})
    told = {}
    for threshold in (0.05, 0.1, 0.2):
        metric = module.JhmdbPCKAccuracy(thr=threshold, norm_item=["bbox", "torso"])
        for record in truth["annotations"]:
            image = images[record["image_id"]]
            raw = {"raw_ann_info": record, "raw_img_info": {**image, "img_id": image["id"]}}
            person = dataset.parse_data_info(reader, raw)
            gt = {"keypoints": person["keypoints"], "keypoints_visible": person["keypoints_visible"]}
            gt["bboxes"] = person["bbox"]
            guess = {"keypoints": guesses[record["image_id"]]}
            metric.process([], [{"gt_instances": gt, "pred_instances": guess}])
        values = metric.compute_metrics(metric.results)
        told[str(threshold)] = {name: _number(value) for name, value in values.items()}
    return told


def pytorch_pose(folder: Path, programs: Path, place: Path) -> Numbers:
    """The script of pytorch-pose; its variables are read when it ends, because it prints two digits."""
    single_files.write_mpii(folder, place)
    data = place / "evaluation/data"
    data.mkdir(parents=True, exist_ok=True)
    (place / "gt_valid.mat").replace(data / "detections_our_format.mat")
    savemat(data / "detections.mat", {"RELEASE_img_index": np.zeros((1, 1))})
    fakes = {name: types.ModuleType(name) for name in ("skimage", "skimage.io", "utils")}
    fakes["utils"].visualize = None  # type: ignore[attr-defined]
    kept: dict[str, Any] = {}

    def watch(frame: Any, event: str, value: Any) -> None:
        if event == "return" and frame.f_code.co_name == "main":
            kept.update(frame.f_locals)

    where = str(programs / "pytorch_pose/evaluation")
    with mock.patch.dict(sys.modules, fakes), mock.patch.object(sys, "path", [where, *sys.path]):
        program = importlib.import_module("eval_PCKh")
        with contextlib.chdir(place), mock.patch("builtins.print"), np.errstate(all="ignore"):
            sys.setprofile(watch)
            try:
                program.main(types.SimpleNamespace(result=str(place / "pred.mat")))
            finally:
                sys.setprofile(None)
    pck = kept["PCKh"]
    pairs = {"Shoulder": "sho", "Elbow": "elb", "Wrist": "wri", "Hip": "hip", "Knee": "kne", "Ankle": "ank"}
    told = {row: 0.5 * (pck[kept[f"l{name}"]] + pck[kept[f"r{name}"]]) for row, name in pairs.items()}
    told |= {"Head": pck[kept["head"]], "Mean": np.mean(pck)}
    return {name: _number(value) for name, value in told.items()}


def _number(value: Any) -> float | None:
    """A JSON number; masked and NaN are null."""
    value = float(np.ma.filled(np.ma.masked_invalid(np.ma.asarray(value, dtype=float)), np.nan))
    return None if np.isnan(value) else value


def _list(values: Any) -> list[float | None]:
    return [_number(value) for value in np.ravel(values)]


JUDGES: dict[tuple[str, str], Callable[[Path, Path, Path], Numbers]] = {
    ("mpii", "kit"): kit,
    ("multi", "kit_of_groups"): kit_of_groups,
    ("mpii", "hrnet"): hrnet,
    ("mpii", "mmpose"): mmpose,
    ("mpii", "pytorch_pose"): pytorch_pose,
    ("lsp", "eval_pose"): eval_pose,
    ("jhmdb", "mmpose"): jhmdb,
}

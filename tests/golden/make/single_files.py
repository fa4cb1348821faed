"""The JSON of MPII and LSP cases as the MATLAB files that programs and people hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

# The names and the order of joints in MPII's validation files
NAMES = ("rank", "rkne", "rhip", "lhip", "lkne", "lank", "pelv", "thor", "neck", "head")
NAMES += ("rwri", "relb", "rsho", "lsho", "lelb", "lwri")


def arrays(folder: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Truth and predictions of a case as arrays, people first."""
    truth = json.loads((folder / "gt.json").read_text("utf-8"))
    found = json.loads((folder / "pred.json").read_text("utf-8"))
    return {key: np.array(value, dtype=float) for key, value in truth.items()}, np.array(
        found["preds"], float
    )


def write_mpii(folder: Path, into: Path) -> tuple[Path, Path]:
    """`gt_valid.mat`, which pytorch-pose calls detections_our_format.mat, and `pred.mat`."""
    truth, found = arrays(folder)
    names = np.empty((1, 16), dtype=object)
    names[0] = NAMES
    content: dict[str, Any] = {
        "dataset_joints": names,
        "jnt_missing": truth["missing"].T.astype(np.uint8),
        "pos_gt_src": truth["joints"].transpose(1, 2, 0),
        "headboxes_src": truth["heads"].reshape(-1, 2, 2).transpose(1, 2, 0),
    }
    savemat(into / "gt_valid.mat", {**content, "pos_pred_src": found.transpose(1, 2, 0)})
    savemat(into / "pred.mat", {"preds": found})
    return into / "gt_valid.mat", into / "pred.mat"


def write_lsp(folder: Path, into: Path) -> tuple[Path, Path]:
    """`joints.mat` [3, 14, N] and predictions [2, 14, N] as eval_pose keeps them."""
    truth, found = arrays(folder)
    hidden = np.zeros((1, *truth["joints"].shape[1::-1]))
    savemat(into / "joints.mat", {"joints": np.concatenate([truth["joints"].transpose(2, 1, 0), hidden])})
    savemat(into / "pred.mat", {"pred": found.transpose(2, 1, 0)})
    return into / "joints.mat", into / "pred.mat"


def write_cooking(folder: Path, into: Path) -> tuple[Path, Path]:
    """MPII Cooking's `joints` [2, 12, N] of whole numbers, and `pred`, as eval_pose keeps them."""
    truth, found = arrays(folder)
    savemat(into / "mpii-cooking.mat", {"joints": truth["joints"].transpose(2, 1, 0).astype(np.uint16)})
    savemat(into / "pred.mat", {"pred": found.transpose(2, 1, 0)})
    return into / "mpii-cooking.mat", into / "pred.mat"

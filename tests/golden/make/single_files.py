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


def multi_content(folder: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Release, list of groups and submission of MPII with several people, as variables of MATLAB."""
    images = json.loads((folder / "gt.json").read_text("utf-8"))
    found = json.loads((folder / "pred.json").read_text("utf-8"))
    rows = []
    for index, image in enumerate(images):
        people = [
            {
                **dict(zip(("x1", "y1", "x2", "y2"), map(float, one["head"]), strict=True)),
                "annopoints": _points(one),
            }
            for one in image["people"]
        ]
        rows.append({"image": _structs([{"name": f"{index:09d}.jpg"}]), "annorect": _structs(people)})
    apart = [np.array(image["single"], dtype=float).reshape(-1, 1) for image in images]
    node = {"annolist": _structs(rows), "img_train": np.ones((1, len(images)), dtype=np.uint8)}
    groups = [_cells([np.array([group], dtype=float) for group in image["groups"]]) for image in images]
    pred = [{"annorect": _structs([{"annopoints": _points(one)} for one in group])} for group in found]
    release = {"RELEASE": _structs([{**node, "single_person": _cells(apart).T}])}
    return release, {"groups": _cells(groups)}, {"pred": _structs(pred)}


def write_multi(folder: Path, into: Path) -> tuple[Path, Path]:
    """The three files beside each other."""
    names = ("mpii_human_pose_v1_u12_1.mat", "groups_v12.mat", "pred_keypoints_mpii_multi.mat")
    for name, content in zip(names, multi_content(folder), strict=True):
        savemat(into / name, content)
    return into / names[0], into / names[2]


def _points(person: dict[str, Any]) -> Any:
    """Joints that are not null, with scores where there are any."""
    rows = []
    for joint, place in enumerate(person["joints"]):
        if place is not None:
            row = {"x": float(place[0]), "y": float(place[1]), "id": float(joint)}
            rows.append(row | ({"score": float(person["scores"][joint])} if "scores" in person else {}))
    return _structs([{"point": _structs(rows)}])


def _structs(rows: list[dict[str, Any]]) -> Any:
    """A struct array."""
    names = list(rows[0]) if rows else []
    out = np.zeros((1, len(rows)), dtype=[(name, object) for name in names])
    for index, row in enumerate(rows):
        out[0, index] = tuple(row[name] for name in names)
    return out


def _cells(items: list[Any]) -> Any:
    out = np.empty((1, len(items)), dtype=object)
    for index, item in enumerate(items):
        out[0, index] = item
    return out

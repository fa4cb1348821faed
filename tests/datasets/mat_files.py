"""MATLAB files made for tests, by SciPy's writer: small releases, submissions and labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

from poseval.datasets.mpii.gt_valid import NAMES


def structs(rows: Sequence[dict[str, Any]], fields: Sequence[str] | None = None) -> Any:
    """A struct array of dicts; a missing field is an empty array."""
    names = list(fields or dict.fromkeys(key for row in rows for key in row))
    out = np.zeros((1, len(rows)), dtype=[(name, object) for name in names])
    for index, row in enumerate(rows):
        out[0, index] = tuple(row.get(name, np.zeros((0, 0))) for name in names)
    return out


def cells(items: Sequence[Any], column: bool = False) -> Any:
    """A cell array."""
    out = np.empty((len(items), 1) if column else (1, len(items)), dtype=object)
    for index, item in enumerate(items):
        out[(index, 0) if column else (0, index)] = item
    return out


def points(ids: Sequence[int], xy: Any, visible: Any = None, scores: Any = None) -> Any:
    """An `annopoints` struct of joints (coordinates as given, one-based in MPII's files)."""
    rows = []
    for index, joint in enumerate(ids):
        row: dict[str, Any] = {"x": float(xy[index][0]), "y": float(xy[index][1]), "id": float(joint)}
        if visible is not None:
            row["is_visible"] = visible[index]
        if scores is not None:
            row["score"] = float(scores[index])
        rows.append(row)
    return structs([{"point": structs(rows)}])


def person(seed: int, at: float = 100.0, **more: Any) -> dict[str, Any]:
    """A whole MPII person with a head box of 30 by 40 pixels (head size 30)."""
    rng = np.random.default_rng(seed)
    xy = at + rng.uniform(0, 100, (16, 2))
    return {
        "x1": at,
        "y1": at,
        "x2": at + 30,
        "y2": at + 40,
        "annopoints": points(range(16), xy, [1.0] * 16),
        "scale": 2.5,
        "objpos": structs([{"x": at + 50, "y": at + 50}]),
        "xy": xy,
        **more,
    }


RECT_FIELDS = ("x1", "y1", "x2", "y2", "annopoints", "scale", "objpos")


def release(
    path: Path, images: Sequence[Sequence[dict[str, Any]]], train: Sequence[int], singles: Any
) -> Path:
    """A file like mpii_human_pose_v1_u12_1.mat; `singles` lists one-based rectangles per image."""
    annolist = structs(
        [
            {
                "image": structs([{"name": f"{index:09d}.jpg"}]),
                "annorect": structs(people, RECT_FIELDS) if people else np.zeros((0, 0)),
            }
            for index, people in enumerate(images)
        ]
    )
    node = structs(
        [
            {
                "annolist": annolist,
                "img_train": np.array([train], dtype=np.uint8),
                "single_person": cells([np.array(one, dtype=float).reshape(-1, 1) for one in singles], True),
            }
        ]
    )
    savemat(path, {"RELEASE": node}, do_compression=True)
    return path


def submission(path: Path, elements: Sequence[Sequence[Any]]) -> Path:
    """A server submission: per element the `annopoints` of its predicted people."""
    rows = [
        {"annorect": structs([{"annopoints": one} for one in people]) if people else np.zeros((0, 0))}
        for people in elements
    ]
    savemat(path, {"pred": structs(rows)}, do_compression=True)
    return path


def gt_valid(path: Path, xy: Any, missing: Any, heads: Any) -> Path:
    """A file like gt_valid.mat: one-based xy [N, 16, 2], missing [N, 16], head boxes [N, 2, 2] by corner."""
    savemat(
        path,
        {
            "dataset_joints": cells(list(NAMES)),
            "jnt_missing": np.asarray(missing, dtype=np.uint8).T,
            "pos_gt_src": np.asarray(xy, dtype=float).transpose(1, 2, 0),
            "headboxes_src": np.asarray(heads, dtype=float).transpose(1, 2, 0),
        },
        do_compression=True,
    )
    return path

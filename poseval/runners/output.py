"""The output of a run: predictions in the benchmark's own format, and a provenance block beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from poseval.datasets.base import Dataset, Losses, Role, WriteOptions
from poseval.files.writing import write_atomically
from poseval.models.inference.suppression import oks_nms, soft_oks_nms
from poseval.models.weights.load import digest
from poseval.poses import Frames, Ints, Notice, Origin, People, PoseSet
from poseval.runners.journal import Found
from poseval.skeletons import Skeleton
from poseval.skeletons.joint_map import joint_map

SCHEMA = "poseval.run/1"
OKS_THRESHOLD = 0.9  # of the published programs
SUPPRESSORS = {"oks": oks_nms, "soft": soft_oks_nms}


def provenance_path(out: Path) -> Path:
    """`preds.json.run.json` beside `preds.json`; result lists hold nothing but results."""
    return out.with_name(out.name + ".run.json")


def suppress(found: Found, skeleton: Skeleton, method: str, threshold: float) -> tuple[Found, list[Notice]]:
    """Remove duplicate people, frame by frame, best first: by `oks`, `soft` or `none`."""
    if method == "none" or not len(found.frame):
        return found, []
    if skeleton.sigmas is None:
        text = f"no OKS NMS, because skeleton {skeleton.name} has no sigmas"
        return found, [Notice("N131", text)]
    keep: list[Ints] = []
    for frame in np.unique(found.frame):
        rows = np.flatnonzero(found.frame == frame)
        kept = SUPPRESSORS[method](
            found.xy[rows], found.score[rows], found.area[rows], skeleton.sigma_array, threshold
        )
        keep.append(np.sort(rows[kept]))
    rows = np.concatenate(keep)
    dropped = len(found.frame) - len(rows)
    notices = [Notice("N132", f"{dropped} duplicate people were left out by {method} NMS", dropped)]
    return found.take(rows), notices if dropped else []


def as_poses(
    found: Found, frames: Frames, sizes: Mapping[int, tuple[int, int]], source: Skeleton, target: Skeleton
) -> tuple[PoseSet, list[Notice]]:
    """Predictions with the joints of `target`; joints are matched by name."""
    size = np.array(frames.size)
    for row, (width, height) in sizes.items():
        size[row] = width, height
    seen = np.full(found.xy.shape[:2], 2, dtype=np.int8)
    xy, joint_score, notices = found.xy, found.joint_score, []
    if source.joints != target.joints:
        mapping = joint_map(source, target)
        xy, seen, joint_score = mapping.apply(xy, seen, joint_score)
        notices.append(Notice("N133", f"joints were mapped by name: {mapping}"))
    people = People(xy, found.frame, seen=seen, joint_score=joint_score, score=found.score, box=found.box)
    table = replace(frames, size=size)
    return PoseSet(target, table, people, origin=Origin(format="run", records=len(people))), notices


def write(poses: PoseSet, truth: PoseSet | None, out: Path, form: Dataset, force: bool) -> Losses:
    """Write the predictions in a format; what it cannot hold is counted.

    Boxes stay out, as in the results of the published programs: COCO's tool would take areas from them.
    """
    options = WriteOptions(role=Role.PREDICTIONS, force=force, truth=truth)
    unboxed = poses.people.with_columns(box=np.full((len(poses), 4), np.nan))
    return form.write(replace(poses, people=unboxed), out, options)


def write_provenance(node: Mapping[str, Any], out: Path) -> Path:
    """Write the provenance block beside the output, with the output's digest."""
    path = provenance_path(out)
    output = {"name": out.name, "sha256": digest(out) if os.path.isfile(out) else None}
    text = json.dumps({"schema": SCHEMA, **node, "output": output}, indent=1, allow_nan=False)
    write_atomically(path, (text + "\n").encode(), force=True)
    return path

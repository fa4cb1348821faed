"""Files of forms by name, and what their makers share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from poseval.poses import PoseSet
from poseval.poses.frame_names import named

Files = dict[str, bytes]


def people(poses: PoseSet) -> Iterator[tuple[int, str, list[int]]]:
    """Place, name and the people's rows of each frame."""
    for at, name in enumerate(named(poses.frames)):
        yield at, name, np.flatnonzero(poses.people.frame == at).tolist()


def flat(poses: PoseSet, row: int) -> list[float]:
    """x, y, confidence of each joint."""
    score = poses.people.joint_score[row]
    seen = poses.people.seen[row] > 0
    xy = np.where(seen[:, None], poses.people.xy[row], 0.0)
    return np.concatenate([xy, np.where(seen, score, 0.0)[:, None]], axis=1).ravel().tolist()


def json_bytes(node: Any) -> bytes:
    return json.dumps(node).encode()


def put(files: Files, folder: Path) -> Path:
    """The files below a folder; the one file where there is one."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / next(iter(files)) if len(files) == 1 else folder

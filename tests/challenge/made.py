"""A small challenge of synthetic people, and submissions to it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from poseval.challenge.description import Description
from poseval.challenge.starting import start
from poseval.datasets import Role, WriteOptions, get_format
from poseval.poses import PoseSet
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=1, images=12, people=3)


def write(
    poses: PoseSet, path: Path, role: Role = Role.PREDICTIONS, form: str = "coco", gt: PoseSet = TRUTH
) -> Path:
    get_format(form).write(poses, path, WriteOptions(role, force=True, truth=gt))
    return path


def predictions(seed: int = 0, jitter: float = 0.2) -> PoseSet:
    return perturb(TRUTH, seed=seed, jitter=jitter)


def make(folder: Path, **changes: object) -> Description:
    """A challenge in `folder/challenge`, whose only split is changed so."""
    truth = write(TRUTH, folder / "gt.json", Role.TRUTH)
    made = start(folder / "challenge", truth, "People", "coco-keypoints")
    limits = replace(made.limits, seconds=60)
    changed = replace(made, splits=(replace(made.splits[0], **changes),), limits=limits)  # type: ignore[arg-type]
    (made.folder / "challenge.toml").write_text(changed.to_toml())
    return changed


def records(path: Path) -> list[dict[str, object]]:
    """The results in a file, to be broken."""
    found: list[dict[str, object]] = json.loads(path.read_text())
    return found

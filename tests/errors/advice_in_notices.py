"""Advice of notices: a score that looks wrong for one reason, and the command in which that is mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.skeletons import get_skeleton
from poseval.synth import perturb, scene_set
from tests.datasets.test_same_score import truth_and_predictions
from tests.errors.advice import Argv, Case, add, edited, pair, write, written
from tests.hostile.made import results, truth

Results = list[dict[str, Any]]


def scene(change: Callable[[Results], None]) -> Callable[[Path], Argv]:
    """Good predictions of 40 images as COCO results, changed."""

    def make(folder: Path) -> Argv:
        gt = scene_set(seed=1, images=40, people=2)
        coco = datasets.get_format("coco")
        coco.write(gt, folder / "gt.json", WriteOptions(Role.TRUTH))
        coco.write(perturb(gt, 1), folder / "dt.json", WriteOptions(Role.PREDICTIONS, truth=gt))
        found = json.loads((folder / "dt.json").read_text())
        change(found)
        write(folder / "dt.json", found)
        return ["score", str(folder / "dt.json"), "--gt", str(folder / "gt.json")]

    return make


def joints(change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> Callable[[Results], None]:
    """A change to the joints [K, 3] of each result."""

    def apply(found: Results) -> None:
        for row in found:
            row["keypoints"] = change(np.reshape(row["keypoints"], (-1, 3))).ravel().tolist()

    return apply


def next_image(found: Results) -> None:
    ids = sorted({row["image_id"] for row in found})
    for row in found:
        row["image_id"] = ids[(ids.index(row["image_id"]) + 1) % len(ids)]


def previous_image(found: Results) -> None:
    ids = sorted({row["image_id"] for row in found})
    for row in found:
        row["image_id"] = ids[ids.index(row["image_id"]) - 1]


def unsure(confidence: float) -> Callable[[Results], None]:
    """Another confidence for all joints of every third result."""

    def apply(found: Results) -> None:
        for row in found[::3]:
            row["keypoints"][2::3] = [confidence] * 17

    return apply


def by_xtcocotools(folder: Path) -> Argv:
    return [*scene(unsure(0.0))(folder), "--benchmark", "humanart"]


def other_category(folder: Path) -> Argv:
    return pair(folder, None, [{**row, "category_id": 7} for row in results()])


def fractions(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return points / [640, 480, 1]


def corners(found: Results) -> None:
    for row in found:
        xy = np.reshape(row["keypoints"], (-1, 3))[:, :2]
        row["bbox"] = [*xy.min(axis=0).tolist(), *xy.max(axis=0).tolist()]


def truth_alone(change: Callable[[Results], None]) -> Callable[[Path], Argv]:
    """The ground truth of the same scene, changed."""

    def make(folder: Path) -> Argv:
        path = Path(scene(lambda found: None)(folder)[3])
        node = json.loads(path.read_text())
        change(node["annotations"])
        write(path, node)
        return ["validate", str(path)]

    return make


def converted(*options: str) -> Callable[[Path, Argv], Argv]:
    """The file after `poseval convert`."""

    def follow(folder: Path, argv: Argv) -> Argv:
        made = str(folder / "mended.json")
        assert invoke(["convert", argv[1], made, "--to", "coco", *options]) == 0
        return [argv[0], made]

    return follow


def sizeless_fractions(folder: Path) -> Argv:
    """Predictions whose format knows no sizes of images."""
    _, dt = truth_and_predictions()
    moved = replace(dt, people=dt.people.with_columns(xy=dt.people.xy / 640))
    return ["validate", str(written(folder, "alphapose", poses=moved)), "--role", "predictions"]


def id_zero(folder: Path) -> Argv:
    gt = truth()
    for at, person in enumerate(gt["annotations"]):
        person["id"] = at
    return pair(folder, gt)


FLIP = list(get_skeleton("coco17").flip)
IN_NOTICES = [
    Case("N460", "--transform left-right", scene(joints(lambda points: points[FLIP])),
         add("--transform", "left-right")),
    Case("N921", "--transform xy", scene(joints(lambda points: points[:, [1, 0, 2]])),
         add("--transform", "xy")),
    Case("N922", "poseval convert ... --transform normalised where", truth_alone(joints(fractions)),
         converted("--transform", "normalised")),
    Case("N922", "or poseval convert ... --transform scale=WIDTH,HEIGHT", truth_alone(joints(fractions)),
         converted("--transform", "scale=640,480")),
    Case("N922", "try: --transform normalised where", sizeless_fractions,
         add("--transform", "scale=640,640")),
    Case("N926", r"\(quirk .*try: --rules corrected", id_zero, add("--rules", "corrected")),
    Case("N926", "try: write confidences above 0", by_xtcocotools,
         edited("dt.json", unsure(0.5))),
    Case("N553", "write the ids or file names", scene(next_image), edited("dt.json", previous_image)),
    Case("N418", "write 1 as their category_id", other_category,
         edited("dt.json", lambda rows: [{**row, "category_id": 1} for row in rows])),
    Case("N925", "try: --transform boxes=corners", scene(corners), add("--transform", "boxes=corners")),
    Case("N925", "poseval convert ... --transform boxes=corners", truth_alone(corners),
         converted("--transform", "boxes=corners")),
]  # fmt: skip

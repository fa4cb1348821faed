"""Batches as a data loader gives them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.poses import PoseSet

Side = dict[str, Any]


def arrays(seed: int, images: int = 40, joints: int = 17) -> tuple[Side, Side]:
    """Predictions and ground truth of some images, some without people, as arguments of `from_arrays`."""
    rng = np.random.default_rng(seed)
    frames = np.arange(images) + 100
    frame = np.repeat(frames, rng.integers(0, 4, images))
    xy = rng.uniform(0, 100, (len(frame), joints, 2)) + rng.uniform(0, 400, (len(frame), 1, 2))
    flags = rng.integers(0, 3, (len(frame), joints, 1))
    truth = {
        "keypoints": np.concatenate([xy, flags], axis=2),
        "third": "visibility",
        "frame": frame,
        "area": rng.uniform(900, 20_000, len(frame)),
        "crowd": rng.random(len(frame)) < 0.05,
        "frames": frames,
    }
    rows = np.flatnonzero(rng.random(len(frame)) < 0.9)
    rows = np.sort(np.concatenate([rows, rows[::3]]))
    found = {
        "keypoints": xy[rows] + rng.normal(0, 5, (len(rows), joints, 2)),
        "frame": frame[rows],
        "score": np.round(rng.random(len(rows)), 1),  # which tie
    }
    return found, truth


def some(side: Side, frames: Collection[Any]) -> Side:
    """The part of a side that is on some frames."""
    keep = np.isin(side["frame"], list(frames))
    out: Side = {}
    for name, value in side.items():
        if isinstance(value, str):
            out[name] = value
        elif name == "frames":
            out[name] = value[np.isin(value, list(frames))]
        else:
            out[name] = value[keep]
    return out


def batches(found: Side, truth: Side, order: Any, size: int) -> Iterator[tuple[Side, Side]]:
    """Both sides in batches of some frames each."""
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        yield some(found, chosen), some(truth, chosen)


def pieces(predictions: PoseSet, truth: PoseSet, order: Any, size: int) -> Iterator[tuple[PoseSet, PoseSet]]:
    """Two sets over one table of frames, in batches of some frames each."""
    for start in range(0, len(order), size):
        rows = np.sort(order[start : start + size])
        yield predictions.take_frames(rows), truth.take_frames(rows)


def yolo_set(folder: Path, truth: PoseSet) -> None:
    """`gt.json`, and a data set of YOLO in `set` with pictures of noise; skips without torchvision."""
    image = pytest.importorskip("PIL.Image", reason="needs Pillow")
    try:
        import torchvision  # noqa: F401
    except Exception as error:  # of another build than PyTorch, it fails with a RuntimeError
        pytest.skip(f"needs a torchvision that fits PyTorch ({error})")
    poseval.write(truth, folder / "gt.json", "coco", force=True)
    poseval.write(truth, folder / "set", "yolo")
    rng = np.random.default_rng(0)
    for name, size in zip(truth.frames.path.tolist(), truth.frames.size.astype(int).tolist(), strict=True):
        place = folder / "set" / "images" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)).save(place)


def pycocotools_ap(folder: Path, truth: PoseSet, predictions: PoseSet) -> float:
    """AP that pycocotools gives on `gt.json` of a folder and these predictions; skips without pycocotools."""
    coco = pytest.importorskip("pycocotools.coco", reason="needs pycocotools")
    evaluation = pytest.importorskip("pycocotools.cocoeval", reason="needs pycocotools")
    poseval.write(predictions, folder / "dt.json", "coco", role="predictions", truth=truth, force=True)
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco.COCO(str(folder / "gt.json"))
        run = evaluation.COCOeval(known, known.loadRes(str(folder / "dt.json")), "keypoints")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[0])

"""Films through TrackEval itself: likeness of whole poses in plain loops, then its own metrics."""

from __future__ import annotations

import contextlib
import io
import math
from typing import Any

import numpy as np

from tests.kernels.tracking_scenes import Film, Frame, Person

GATE = 0.5  # head sizes


def pckh(truth: Person, prediction: Person) -> float:
    """Share of the truth's joints that lie within half a head."""
    labelled = [j for j in range(len(truth.present)) if truth.present[j]]
    near = 0
    for j in labelled:
        if prediction.present[j] and truth.head > 0:
            x, y = (float(a) for a in truth.xy[j] - prediction.xy[j])
            near += math.sqrt(x * x + y * y) / truth.head <= GATE
    return near / len(labelled) if labelled else 0.0


def joint(truth: Person, prediction: Person) -> float:
    """One minus the distance of the first joint in head sizes."""
    if not (truth.present[0] and prediction.present[0] and truth.head > 0):
        return 0.0
    x, y = (float(a) for a in truth.xy[0] - prediction.xy[0])
    return max(0.0, 1.0 - math.sqrt(x * x + y * y) / truth.head)


LIKENESS = {"pckh": pckh, "joint": joint}


def data_of(sequence: list[Frame], likeness: str) -> dict[str, Any]:
    """One sequence as TrackEval's metrics take it."""
    truth, predictions = ([getattr(f, side) for f in sequence] for side in ("truth", "predictions"))
    if likeness == "joint":
        truth, predictions = (
            [[p for p in people if p.present[0]] for people in side] for side in (truth, predictions)
        )
    ids = [sorted({p.track for people in side for p in people}) for side in (truth, predictions)]
    alike = LIKENESS[likeness]
    return {
        "num_timesteps": len(sequence),
        "num_gt_ids": len(ids[0]),
        "num_tracker_ids": len(ids[1]),
        "num_gt_dets": sum(map(len, truth)),
        "num_tracker_dets": sum(map(len, predictions)),
        "gt_ids": [np.array([ids[0].index(p.track) for p in people], dtype=int) for people in truth],
        "tracker_ids": [
            np.array([ids[1].index(p.track) for p in people], dtype=int) for people in predictions
        ],
        "similarity_scores": [
            np.array([[alike(g, p) for p in b] for g in a], dtype=float).reshape(len(a), len(b))
            for a, b in zip(truth, predictions, strict=True)
        ],
    }


def run(film: Film, likeness: str, metric: str, **config: Any) -> dict[str, Any]:
    """A metric of TrackEval (`HOTA`, `CLEAR`, `Identity`) over all sequences of a film."""
    from trackeval import metrics

    with contextlib.redirect_stdout(io.StringIO()):
        made = getattr(metrics, metric)({"PRINT_CONFIG": False, **config})
        parts = {str(k): made.eval_sequence(data_of(s, likeness)) for k, s in enumerate(film.sequences)}
        combined: dict[str, Any] = made.combine_sequences(parts)
    return combined

"""Plain NumPy and Python twins of the COCO kernels: slow, and written from the definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from poseval.kernels.coco import Cells, Curves, Detections, Floats, Ints, Ranked, Targets

EPS = np.spacing(1)


def oks(pose: Floats, targets: Targets, row: int, sigmas: Floats) -> float:
    variance = (sigmas * 2) ** 2
    x, y = pose[:, 0], pose[:, 1]
    labelled = targets.labelled[row]
    if labelled.any():
        dx, dy = x - targets.xy[row, :, 0], y - targets.xy[row, :, 1]
    else:
        left, top, width, height = targets.box[row]
        zero = np.zeros(len(x))
        dx = np.maximum(zero, (left - width) - x) + np.maximum(zero, x - (left + width * 2))
        dy = np.maximum(zero, (top - height) - y) + np.maximum(zero, y - (top + height * 2))
    error = (dx**2 + dy**2) / variance / (targets.area[row] + EPS) / 2
    if labelled.any():
        error = error[labelled]
    # The C library's exp on purpose: NumPy's vector routine may differ in the last place.
    return float(np.sum(np.asarray([math.exp(-e) for e in error])) / len(error))


def match(
    detections: Detections,
    pose_cells: Cells,
    targets: Targets,
    target_cells: Cells,
    sigmas: Floats,
    thresholds: Floats,
    ranges: Floats,
    max_dets: int,
) -> list[dict[str, Any]]:
    """One entry per cell: kept rows, `matched` and `skip` [A, T, D], `truth_skip` [A, G], `oks` [D, G]."""
    out = []
    for cell in range(len(pose_cells.start) - 1):
        dets = list(pose_cells.row[pose_cells.start[cell] : pose_cells.start[cell + 1]])
        dets = sorted(dets, key=lambda row: -detections.score[row])[:max_dets]
        people = list(target_cells.row[target_cells.start[cell] : target_cells.start[cell + 1]])
        table = np.array([[oks(detections.xy[d], targets, g, sigmas) for g in people] for d in dets])
        shape = (len(ranges), len(thresholds), len(dets))
        matched, skip = np.full(shape, -1), np.zeros(shape, dtype=bool)
        truth_skip = np.zeros((len(ranges), len(people)), dtype=bool)
        for a, (low, high) in enumerate(ranges):
            foreign = [not low <= targets.area[g] <= high for g in people]
            truth_skip[a] = [bool(targets.ignored[g]) or f for g, f in zip(people, foreign, strict=True)]
            turn = sorted(range(len(people)), key=lambda i: truth_skip[a, i])
            for t, threshold in enumerate(thresholds):
                taken: set[int] = set()
                for d, det in enumerate(dets):
                    best, held = min(threshold, 1 - 1e-10), -1
                    for i in turn:
                        if i in taken and not targets.crowd[people[i]]:
                            continue
                        if held >= 0 and not truth_skip[a, held] and truth_skip[a, i]:
                            break
                        if table[d, i] >= best:
                            best, held = table[d, i], i
                    read = held >= 0 and not targets.unseen[people[held]]
                    if held >= 0:
                        taken.add(held)
                        matched[a, t, d] = people[held]
                        skip[a, t, d] = truth_skip[a, held]
                    if not read and not low <= detections.area[det] <= high:
                        skip[a, t, d] = True
        out.append({"row": dets, "matched": matched, "skip": skip, "truth_skip": truth_skip, "oks": table})
    return out


def copies(ranked: Ranked, positives: Ints, weight: Ints) -> tuple[Ranked, Ints]:
    """The ranking with each unit physically repeated, copies beside their original."""
    rows, units = [], 0
    unit_of = []
    for original, times in enumerate(weight):
        for _ in range(times):
            mine = np.flatnonzero(ranked.unit == original)
            rows.append(mine)
            unit_of.append(np.full(len(mine), units))
            units += 1
    pick = np.concatenate([*rows, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    unit = np.concatenate([*unit_of, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    repeated = Ranked(ranked.score[pick], ranked.hit[pick], ranked.skip[pick], unit)
    return repeated, (positives * weight.reshape(-1, 1)).sum(axis=0)


def accumulate(ranked: Ranked, positives: Ints, thresholds: int, recalls: Floats) -> Curves:
    """Curves of unweighted rows, from cumulative sums."""
    ranges = ranked.hit.shape[1]
    precision = np.full((thresholds, len(recalls), ranges), np.nan)
    scores, recall = precision.copy(), np.full((thresholds, ranges), np.nan)
    order = np.argsort(-ranked.score, kind="mergesort")
    for a in range(ranges):
        if positives[a] == 0:
            continue
        for t in range(thresholds):
            bit = np.uint64(1 << t)
            hit = (ranked.hit[order, a] & bit) > 0
            counted = (ranked.skip[order, a] & bit) == 0
            tp, n = np.cumsum(hit).astype(float), np.cumsum(counted).astype(float)
            envelope = np.maximum.accumulate((tp / (n - tp + tp + EPS))[::-1])[::-1]
            place = np.searchsorted(tp / positives[a], recalls, side="left")
            reached = place < len(tp)
            precision[t, :, a] = scores[t, :, a] = 0.0
            precision[t, reached, a] = envelope[place[reached]]
            scores[t, reached, a] = ranked.score[order][place[reached]]
            recall[t, a] = tp[-1] / positives[a] if len(tp) else 0.0
    return Curves(precision, recall, scores)

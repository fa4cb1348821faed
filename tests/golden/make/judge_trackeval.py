"""What TrackEval says of each joint, at the distances that the poseval program computes."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

Numbers = dict[str, Any]
RADIUS = 0.5001  # head sizes at which a joint's similarity for HOTA is 0, as in the kit of PoseTrack21
# metric -> its options, the counts and the ratios that are recorded
METRICS: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]] = {
    "Identity": ({"THRESHOLD": 0.5}, ("IDTP", "IDFN", "IDFP"), ("IDF1", "IDR", "IDP")),
    "CLEAR": (
        {"THRESHOLD": 0.5},
        ("CLR_TP", "CLR_FN", "CLR_FP", "IDSW", "Frag", "MT", "PT", "ML"),
        ("MOTA", "MOTP", "CLR_Pr", "CLR_Re"),
    ),
    "HOTA": (
        {},
        ("HOTA_TP", "HOTA_FN", "HOTA_FP"),
        ("HOTA", "DetA", "AssA", "LocA", "DetRe", "DetPr", "AssRe", "AssPr"),
    ),
}


def trackeval(truth: list[Any], found: list[Any], per_frame: Mapping[int, Any]) -> Numbers:
    """Identity, CLEAR and HOTA of all sequences: lists over the joints, HOTA's counts [15, 19].

    Nothing where the videos hold what the program treats in a way of its own (see `_plain`).
    """
    if not _plain(truth, found):
        return {}
    sequences = np.array([frame["seq_id"] for frame in truth])
    out: Numbers = {name: {} for name in METRICS}
    for name, (options, counts, ratios) in METRICS.items():
        make = getattr(importlib.import_module("trackeval.metrics"), name)
        metric = make({**options, "PRINT_CONFIG": False}) if options else make()
        for joint in range(15):
            results = {}
            for sequence in np.unique(sequences):
                rows = [per_frame[f][joint] for f in np.flatnonzero(sequences == sequence)]
                results[str(sequence)] = metric.eval_sequence(_data(rows, name))
            joined = metric.combine_sequences(results)
            for field in counts:
                value = np.asarray(joined[field]).astype(int).tolist()
                out[name].setdefault(field, []).append(value)
            for field in ratios:
                out[name].setdefault(field, []).append(float(np.mean(joined[field])))
    return out


def _plain(truth: list[Any], found: list[Any]) -> bool:
    """Whether no frame was left out or lacks a side, no id repeats in a frame, and every head has a size."""
    numbers = [frame["imgnum"][0] for frame in truth]
    if any(later - number > 1 for number, later in itertools.pairwise(numbers)):
        return False
    for frame in truth + found:
        idents = [person["track_id"][0] for person in frame["annorect"]]
        if not idents or len(set(idents)) < len(idents):
            return False
    heads = [person for frame in truth for person in frame["annorect"]]
    return all(head["x1"] != head["x2"] or head["y1"] != head["y2"] for head in heads)


def _data(rows: list[Any], metric: str) -> Numbers:
    """One sequence and joint: ids from 0, similarity 0 where the program matches nothing."""
    truth_ids = sorted({ident for row in rows for ident in row["trackidxGT"]})
    found_ids = sorted({ident for row in rows for ident in row["trackidxPr"]})
    radius = RADIUS if metric == "HOTA" else 1
    data: Numbers = {"gt_ids": [], "tracker_ids": [], "similarity_scores": [], "num_timesteps": len(rows)}
    for row in rows:
        data["gt_ids"].append(np.array([truth_ids.index(i) for i in row["trackidxGT"]], dtype=int))
        data["tracker_ids"].append(np.array([found_ids.index(i) for i in row["trackidxPr"]], dtype=int))
        data["similarity_scores"].append(np.nan_to_num(1 - row["dist"] / radius, nan=0.0))
    data |= {"num_gt_ids": len(truth_ids), "num_tracker_ids": len(found_ids)}
    data["num_gt_dets"] = sum(map(len, data["gt_ids"]))
    data["num_tracker_dets"] = sum(map(len, data["tracker_ids"]))
    return data

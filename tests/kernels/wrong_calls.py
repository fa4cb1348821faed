"""Wrong calls of every function of the compiled module; each must raise, and none may end the process.

    python -m tests.kernels.wrong_calls average_precision

runs the table of one function. A call that reads or writes past the end may well kill its process, so the
tests start one.
"""

from __future__ import annotations

import sys

import numpy as np

from poseval.kernels import _kernels
from tests.kernels.wrong_json_calls import json_calls, other_calls
from tests.kernels.wrong_scene_calls import region_calls, scene_calls
from tests.kernels.wrong_values import HUGE, Call, changed, count, index, kinds, listed, offsets, poses, tied

REFUSALS = (ValueError, TypeError, IndexError, OverflowError, MemoryError, OSError)

RNG = np.random.default_rng(5)
XY = RNG.normal(size=(6, 3, 2))
TRUE_XY = RNG.normal(size=(4, 3, 2))
ROWS = np.arange(6)
ORDER = np.array([3, 0, 5, 1, 4, 2])
MASKS = RNG.integers(0, 8, (6, 2), dtype=np.uint64)


def pose_calls() -> dict[str, Call]:
    seen = np.ones((6, 3), dtype=np.int8)
    xy = [*kinds(XY), *(("narrow", XY[..., :1]), ("wide", np.zeros((6, 3, 3))))]
    rows = np.zeros((2**40, 0, 2))
    no_joints = ("rows without joints", rows)
    table = np.arange(12.0).reshape(6, 2)
    no_table = [
        ("objects", table.astype(object)),
        ("a scalar", np.asarray(1.0)),
        ("turned", table.T[:, ::-1]),
        ("None", None),
    ]
    fixed = table.copy()
    fixed.setflags(write=False)
    return {
        "pose_extent": Call(
            _kernels.pose_extent,
            {"xy": XY, "seen": seen},
            {"xy": [*xy, no_joints], "seen": [*tied(seen), ("rows", np.zeros((2**40, 0), dtype=np.int8))]},
        ),
        "pose_predicted": Call(
            _kernels.pose_predicted,
            {"xy": XY, "score": XY[..., 0]},
            {"xy": xy, "score": list(tied(XY[..., 0]))},
        ),
        "pose_review": Call(
            _kernels.pose_review,
            {"xy": XY, "frame": ROWS, "category": ROWS},
            {"xy": xy, **listed(frame=tied(ROWS), category=tied(ROWS))},
        ),
        "group_order": Call(
            _kernels.group_order, {"group": ROWS, "groups": 6}, listed(group=kinds(ROWS), groups=count())
        ),
        "take_rows": Call(
            _kernels.take_rows,
            {"table": table, "order": ORDER},
            {"table": no_table, "order": list(index(ORDER, 6, any_length=True))},
        ),
        "order_rows": Call(
            _kernels.order_rows,
            {"tables": [table.copy()], "order": ORDER},
            {
                "tables": [
                    *((what, [wrong]) for what, wrong in no_table),
                    *(("short", [table[:5].copy()]), ("fixed", [fixed]), ("no list", 3)),
                ],
                "order": [*index(ORDER, 6), ("a row twice", ROWS * 0 + 3)],
            },
        ),
    }


def image_calls() -> dict[str, Call]:
    image, back = np.arange(60, dtype=np.uint8).reshape(4, 5, 3), np.eye(2, 3, dtype=np.float32)
    crops, table = image[None], np.zeros((3, 256), dtype=np.float32)
    wide = ("65 channels", np.zeros((4, 5, 65), dtype=np.uint8))
    no_channel = ("no channel", image[..., :0])
    return {
        "image_warp": Call(
            _kernels.image_warp,
            {"image": image, "back": back, "height": 6, "width": 7},
            {
                "image": [*kinds(image), wide, no_channel],
                **listed(back=tied(back), height=count(), width=count()),
            },
        ),
        "image_blur": Call(
            _kernels.image_blur,
            {"maps": np.ones((2, 4, 5), dtype=np.float32), "taps": np.ones(3, dtype=np.float32)},
            {
                "maps": list(kinds(np.ones((2, 4, 5), dtype=np.float32))),
                "taps": [*kinds(np.ones(3, dtype=np.float32)), ("two", np.ones(2)), ("none", np.ones(0))],
            },
        ),
        "image_planes": Call(
            _kernels.image_planes,
            {"crops": crops, "table": table, "from_channel": np.array([2, 1, 0])},
            {
                "crops": [*kinds(crops), ("two channels", crops[..., :2])],
                **listed(table=tied(table), from_channel=index(np.array([2, 1, 0]), 3)),
            },
        ),
    }


def oks_calls() -> dict[str, Call]:
    labelled = np.ones((4, 3), dtype=bool)
    area, box, variance = np.ones(4), np.ones((4, 4)), np.ones(3)
    truth = {"truth_xy": TRUE_XY, "labelled": labelled, "area": area, "box": box}
    wrong = listed(
        pose_xy=poses(XY),
        truth_xy=poses(TRUE_XY),
        labelled=tied(labelled),
        area=tied(area),
        box=tied(box),
        variance=tied(variance),
    )
    wrong["pose_xy"] = [case for case in wrong["pose_xy"] if "row" not in case[0]]
    target_row = np.array([0, 1, 2, 3, 0, 1])
    pairs = Call(
        _kernels.oks_pairs,
        {"pose_xy": XY, **truth, "variance": variance, "pose_row": ROWS, "truth_row": target_row},
        {**wrong, **listed(pose_row=index(ROWS, 6), truth_row=index(target_row, 4))},
    )
    flags = np.zeros(4, dtype=bool)
    start, truth_start = np.array([0, 2, 6]), np.array([0, 3, 4])
    threshold, ranges = np.array([0.5, 0.9]), np.array([[0.0, 1e9]])
    score = np.arange(6.0)
    match = Call(
        _kernels.oks_match,
        {
            "pose_xy": XY,
            "score": score,
            "pose_area": np.ones(6),
            "pose_row": ROWS,
            "pose_start": start,
            **truth,
            "ignored": flags,
            "crowd": flags,
            "unseen": flags,
            "truth_row": np.arange(4),
            "truth_start": truth_start,
            "variance": variance,
            "threshold": threshold,
            "range": ranges,
            "max_dets": 2,
            "with_matched": True,
            "with_oks": True,
            "given": None,
        },
        {
            **wrong,
            **listed(
                pose_area=tied(score),
                pose_row=index(ROWS, 6),
                pose_start=offsets(start),
                ignored=tied(flags),
                crowd=tied(flags),
                unseen=tied(flags),
                truth_row=index(np.arange(4), 4),
                truth_start=offsets(truth_start),
                max_dets=iter([("-1", -1), ("huge", 2**70)]),
            ),
            "score": [*tied(score), ("NaN", changed(score, np.nan))],
            "threshold": [*kinds(threshold), ("none", threshold[:0]), ("65", np.full(65, 0.5))],
            "range": [*kinds(ranges), ("flat", ranges[0]), ("too many", np.zeros((5000, 2)))],
            "given": [("too short", np.zeros(1)), ("text", np.array(["a"])), ("deep", np.zeros((1, 8)))],
        },
    )
    return {"oks_pairs": pairs, "oks_match": match}


def curve_calls() -> dict[str, Call]:
    unit, weight, recalls = np.array([0, 0, 1, 1, 2, 2]), np.array([1, 2, 0]), np.linspace(0, 1, 5)
    positives = np.array([3, 2])
    ranked = {"score": np.arange(6.0), "hit": MASKS, "skip": MASKS * 0, "unit": unit, "order": ORDER}
    no_ranges = ("no area range", MASKS[:, :0])
    wrong = {
        "score": [*tied(ranked["score"]), ("NaN", changed(ranked["score"], np.nan))],
        **listed(unit=index(unit, 3), order=index(ORDER, 6, any_length=True)),
        "hit": [*tied(MASKS), no_ranges, ("endless ranges", np.zeros((0, 2**40), dtype=np.uint64))],
        "skip": [*tied(MASKS), no_ranges],
        "thresholds": [*count(0, 65)],
    }
    below, above = ("-1", changed(positives, -1)), ("too many", changed(positives, HUGE))
    accumulate = Call(
        _kernels.accumulate,
        {**ranked, "weight": weight, "positives": positives, "thresholds": 3, "recalls": recalls},
        {
            **wrong,
            "weight": [
                *kinds(weight),
                ("too short", weight[:1]),
                ("-1", changed(weight, -1)),
                ("huge", weight * HUGE),
            ],
            "positives": [*tied(positives), below, above],
            "recalls": list(kinds(recalls)),
        },
    )
    start, per_unit = np.array([0, 4, 6]), np.ones((3, 2, 2), dtype=np.int64)
    statistics = np.array([[0, -1, 0], [1, 2, 1]])
    weights = np.ones((4, 3), dtype=np.int64)
    no_statistics = [("flat", statistics[0]), ("narrow", statistics[:, :2])]
    for column, value in ((0, 2), (0, -1), (1, 3), (1, -2), (2, 2), (2, -1), (2, HUGE)):
        no_statistics.append((f"{value} in column {column}", changed(statistics, value, 3 + column)))
    resample = Call(
        _kernels.resample,
        {
            **ranked,
            "start": start,
            "positives": per_unit,
            "weight": weights,
            "thresholds": 3,
            "recalls": recalls,
            "statistics": statistics,
        },
        {
            **wrong,
            "start": [*offsets(start), ("no ranking", np.zeros(1, dtype=np.int64))],
            "positives": [*tied(per_unit), ("-1", changed(per_unit, -1)), ("too many", per_unit * HUGE)],
            "weight": [
                *kinds(weights),
                ("narrow", weights[:, :2]),
                ("-1", -weights),
                ("huge", weights * HUGE),
            ],
            "recalls": [
                *kinds(recalls),
                ("falling", recalls[::-1]),
                ("above 1", recalls * 1e300),
                ("NaN", changed(recalls, np.nan)),
            ],
            "statistics": [*kinds(statistics), *no_statistics],
        },
    )
    return {"accumulate": accumulate, "resample": resample}


def ranking_calls() -> dict[str, Call]:
    cell, score, start = np.array([0, 1, 0, 2, 1, 0]), np.arange(6.0), np.array([0, 3, 5, 6])
    hit, weight, positives = score > 2, np.ones(6, dtype=np.int64), np.ones(3)
    return {
        "descending": Call(_kernels.descending, {"score": score}, listed(score=kinds(score))),
        "rank_rows": Call(
            _kernels.rank_rows,
            {"cell": cell, "score": score, "cells": 3},
            {
                **listed(cell=index(cell, 3), cells=count(0, 2)),
                "score": [*tied(score), ("NaN", changed(score, np.nan))],
            },
        ),
        "regroup_rows": Call(
            _kernels.regroup_rows,
            {"order": ORDER, "cell": cell, "cells": 3},
            {
                **listed(cell=index(cell, 3), cells=count(0, 2)),
                "order": [*index(ORDER, 6), ("a row twice", ROWS * 0 + 3)],
            },
        ),
        "average_precision": Call(
            _kernels.average_precision,
            {
                "order": ORDER,
                "start": start,
                "score": score,
                "hit": hit,
                "weight": weight,
                "positives": positives,
                "ties": 1,
            },
            {
                **listed(
                    order=index(ORDER, 6), start=offsets(start), score=tied(score), positives=tied(positives)
                ),
                "hit": [*tied(hit), ("integers", hit.astype(int))],
                "weight": [*tied(weight), ("-1", changed(weight, -1)), ("huge", weight * HUGE)],
                "ties": [*count(3)],
            },
        ),
    }


def calls() -> dict[str, Call]:
    """Every function of the module, by name."""
    return {
        **pose_calls(),
        **image_calls(),
        **oks_calls(),
        **curve_calls(),
        **ranking_calls(),
        **scene_calls(),
        **region_calls(),
        **json_calls(),
        **other_calls(),
    }


def run_table(name: str) -> int:
    """Number of wrong calls that were not refused; the sound one must work before and after."""
    call = calls()[name]
    call.function(*call.sound.values())
    accepted = 0
    for what, arguments in call.with_one_wrong():
        print(what, end=" ... ", flush=True)  # the last line tells which call ended the process
        try:
            call.function(*arguments.values())
        except REFUSALS as error:
            print(type(error).__name__)
        else:
            print("ACCEPTED")
            accepted += 1
    call.function(*call.sound.values())
    return accepted


if __name__ == "__main__":
    sys.exit(run_table(sys.argv[1]))

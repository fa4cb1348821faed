"""The COCO kernels against their plain twins, on random scenes full of ties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseval.kernels import coco
from poseval.kernels.coco import Cells, Detections, Ranked, Targets
from tests.oracles import coco_matching as twin
from tests.shared import threads_of

RANGES = np.array([[0.0, 1e10], [1024.0, 9216.0], [9216.0, 1e10]])


def scene(seed: int, joints: int, cells: int) -> dict[str, Any]:
    """People on a coarse grid, so that scores, OKS and areas tie and meet thresholds and range ends."""
    rng = np.random.default_rng(seed)
    people, poses = int(rng.integers(0, 4 * cells)), int(rng.integers(0, 6 * cells))
    xy = rng.integers(0, 12, (people, joints, 2)).astype(float)
    labelled = rng.random((people, joints)) < rng.choice([0.0, 0.6, 1.0], (people, 1))
    crowd = rng.random(people) < 0.15
    targets = Targets(
        xy=xy,
        labelled=labelled,
        area=rng.choice([0.0, 900.0, 1024.0, 4000.0, 9216.0, 9217.0], people),
        box=rng.integers(0, 12, (people, 4)).astype(float),
        ignored=crowd | ~labelled.any(axis=1),
        crowd=crowd,
        unseen=rng.random(people) < 0.05,
    )
    near = xy[rng.integers(0, people, poses)] if people else rng.random((poses, joints, 2))
    detections = Detections(
        xy=near + rng.integers(-1, 2, near.shape) * rng.choice([0, 0, 5, 30], (poses, 1, 1)),
        score=rng.integers(-2, 4, poses) / 4,
        area=rng.choice([900.0, 1024.0, 9216.0, 20000.0], poses),
    )
    return {
        "detections": detections,
        "pose_cells": Cells.of(rng.integers(-1, cells, poses), cells),
        "targets": targets,
        "target_cells": Cells.of(rng.integers(0, cells, people), cells),
        "sigmas": rng.choice([0.025, 0.079, 0.107], joints),
        "thresholds": np.concatenate([np.linspace(0.5, 0.95, 10), [1.0]]),
        "ranges": RANGES,
        "max_dets": int(rng.choice([0, 1, 3, 20])),
    }


@pytest.mark.parametrize("count", [*range(1, 40), 127, 128, 129, 133, 136, 255, 256, 257, 300, 999])
def test_joint_terms_are_added_in_numpys_order(count: int) -> None:
    rng = np.random.default_rng(count)
    targets = Targets(
        xy=np.zeros((1, count, 2)),
        labelled=np.ones((1, count), dtype=bool),
        area=np.array([1234.5]),
        box=np.zeros((1, 4)),
        ignored=np.zeros(1, dtype=bool),
        crowd=np.zeros(1, dtype=bool),
        unseen=np.zeros(1, dtype=bool),
    )
    poses, sigmas = rng.normal(0, 3, (8, count, 2)), rng.uniform(0.02, 0.1, count)
    ours = coco.oks_pairs(poses, targets, sigmas, np.arange(8), np.zeros(8, dtype=np.int64))
    assert ours.tolist() == [twin.oks(pose, targets, 0, sigmas) for pose in poses]


def test_a_slice_of_joints_is_read_in_place() -> None:
    made = scene(5, 17, 4)
    targets, detections = made["targets"], made["detections"]
    part = Targets(**{**vars(targets), "xy": targets.xy[:, 3:9], "labelled": targets.labelled[:, 3:9]})
    copied = Targets(**{**vars(part), "xy": part.xy.copy()})
    pose_row, target_row = np.divmod(np.arange(len(detections.xy) * len(targets.xy)), len(targets.xy))
    arguments = (made["sigmas"][3:9], pose_row, target_row)
    ours = coco.oks_pairs(detections.xy[:, 3:9], part, *arguments)
    assert ours.tolist() == coco.oks_pairs(detections.xy[:, 3:9].copy(), copied, *arguments).tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 5, 7, 8, 14, 17]), st.sampled_from([1, 3]))
def test_matching_equals_plain_loops(seed: int, joints: int, cells: int) -> None:
    equals_plain_loops(scene(seed, joints, cells))


@pytest.mark.parametrize("count", [1, 63, 64])
def test_every_bit_of_a_word_is_a_threshold(count: int) -> None:
    equals_plain_loops({**scene(0, 5, 3), "thresholds": np.linspace(0.3, 0.99, count)})


def equals_plain_loops(made: dict[str, Any]) -> None:
    ours = coco.match(**made, with_matched=True, with_oks=True)
    bits = np.uint64(1) << np.arange(len(made["thresholds"]), dtype=np.uint64)
    for cell, wanted in enumerate(twin.match(**made)):
        rows = slice(ours.start[cell], ours.start[cell + 1])
        assert ours.row[rows].tolist() == wanted["row"]
        assert ours.rank[rows].tolist() == list(range(len(wanted["row"])))
        oks = ours.oks[ours.oks_start[cell] : ours.oks_start[cell + 1]]
        assert oks.tolist() == wanted["oks"].ravel().tolist()
        assert np.array_equal(ours.matched[rows].transpose(1, 2, 0), wanted["matched"])
        skip = (ours.skip[rows, :, None] & bits) > 0
        assert np.array_equal(skip.transpose(1, 2, 0), wanted["skip"])
        unseen = np.append(made["targets"].unseen, True)  # the last stands for -1, no match
        read = ~unseen[wanted["matched"]]
        hit = (ours.hit[rows, :, None] & bits) > 0
        assert np.array_equal(hit.transpose(1, 2, 0), read & ~wanted["skip"])
        people = slice(made["target_cells"].start[cell], made["target_cells"].start[cell + 1])
        assert np.array_equal(ours.truth_skip[people].T, wanted["truth_skip"])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_given_similarities_match_as_measured_ones(seed: int) -> None:
    made = scene(seed, 5, 6)
    wanted = coco.match(**made, with_oks=True)
    kept = coco.keep(made["detections"].score, made["pose_cells"], made["max_dets"])
    pose, target = coco.cell_pairs(kept, made["target_cells"])
    oks = coco.oks_pairs(made["detections"].xy, made["targets"], made["sigmas"], pose, target)
    assert oks.tolist() == wanted.oks.tolist()
    ours = coco.match(**{**made, "pose_cells": kept, "sigmas": made["sigmas"] * 9}, given=oks)
    for name in ("row", "rank", "start", "hit", "skip", "truth_skip"):
        assert np.array_equal(getattr(ours, name), getattr(wanted, name)), name


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 8, 17]))
def test_giving_up_hopeless_pairs_changes_no_match(seed: int, joints: int) -> None:
    made = scene(seed, joints, 3)
    exact, quick = coco.match(**made, with_oks=True, with_matched=True), coco.match(**made, with_matched=True)
    for name in ("row", "hit", "skip", "truth_skip", "matched"):
        assert np.array_equal(getattr(exact, name), getattr(quick, name)), name


def one_pair(off: np.ndarray, area: float = 1e4) -> tuple[Detections, Cells, Targets, Cells]:
    """A person whose joints lie at the origin, and a detection whose joints lie at `off` [K, 2]."""
    joints = len(off)
    targets = Targets(
        xy=np.zeros((1, joints, 2)),
        labelled=np.ones((1, joints), dtype=bool),
        area=np.array([area]),
        box=np.zeros((1, 4)),
        ignored=np.zeros(1, dtype=bool),
        crowd=np.zeros(1, dtype=bool),
        unseen=np.zeros(1, dtype=bool),
    )
    cells = Cells.of(np.zeros(1, dtype=np.int64), 1)
    return Detections(off[None], np.ones(1), np.full(1, area)), cells, targets, cells


@pytest.mark.parametrize("far", [0.9, 2.0, 7.9, 8.1, 9.0, 20.0])
@pytest.mark.parametrize("exact", [0, 1, 2])
def test_a_pair_is_given_up_only_where_its_far_joints_cannot_help(far: float, exact: int) -> None:
    """The first joints are exact, the others have the exponent `far`; thresholds lie on either side."""
    joints, sigma, area = 4, 0.1, 1e4
    off = np.zeros((joints, 2))
    off[exact:, 0] = np.sqrt(far * 2 * area * (2 * sigma) ** 2)
    oks = (exact + (joints - exact) * np.exp(-far)) / joints
    for threshold, hit in ((oks * (1 - 1e-6), 1), (oks * (1 + 1e-6), 0)):
        sigmas, thresholds = np.full(joints, sigma), np.array([threshold])
        found = coco.match(*one_pair(off, area), sigmas, thresholds, RANGES[:1], 5)
        assert found.hit.tolist() == [[hit]]


@pytest.mark.parametrize(("below", "hit"), [(0.0, 1), (5e-11, 1), (2e-10, 0)])
def test_a_threshold_of_one_is_met_up_to_rounding(below: float, hit: int) -> None:
    """As pycocotools has it, which takes the lesser of the threshold and 1 - 1e-10."""
    off = np.array([[np.sqrt(below * 2 * 1e4 * 0.2**2), 0.0]])
    found = coco.match(*one_pair(off), np.array([0.1]), np.array([1.0]), RANGES[:1], 5)
    assert found.hit.tolist() == [[hit]]


def test_threads_change_nothing() -> None:
    made = scene(11, 17, 2000)
    with threads_of("1"):
        alone = coco.match(**made, with_matched=True, with_oks=True)
    with threads_of("5"):
        shared = coco.match(**made, with_matched=True, with_oks=True)
    assert len(alone.row) > 1000
    for name, column in vars(alone).items():
        assert np.array_equal(column, getattr(shared, name)), name


def ranking(seed: int, rows: int, units: int, thresholds: int) -> tuple[Ranked, np.ndarray]:
    """Random rows with few distinct scores; hits never outnumber the people to be found."""
    rng = np.random.default_rng(seed)
    skip = rng.integers(0, 2**thresholds, (rows, 2), dtype=np.uint64)
    skip *= rng.integers(0, 2, (rows, 2), dtype=np.uint64)
    hit = rng.integers(0, 2**thresholds, (rows, 2), dtype=np.uint64) & ~skip
    hit *= rng.integers(0, 2, (rows, 2), dtype=np.uint64)
    unit = np.sort(rng.integers(0, units, rows))
    levels = rng.choice([3, 10**6])
    positives = np.zeros((units, 2), dtype=np.int64)
    np.add.at(positives, unit, (hit > 0).astype(np.int64))
    positives += rng.integers(0, 2, positives.shape) * rng.integers(0, 2)
    return Ranked(rng.integers(0, levels, rows) / levels, hit, skip, unit.astype(np.int64)), positives


def equal(a: Any, b: Any) -> bool:
    return np.array_equal(a, b, equal_nan=True)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(1, 12), st.sampled_from([1, 3, 64]))
def test_weights_equal_physical_copies(seed: int, rows: int, units: int, thresholds: int) -> None:
    ranked, positives = ranking(seed, rows, units, min(thresholds, 63))
    weight = np.random.default_rng(seed).integers(0, 4, units)
    ours = coco.accumulate(
        ranked, coco.descending(ranked.score), weight @ positives, min(thresholds, 63), weight
    )
    repeated, total = twin.copies(ranked, positives, weight)
    wanted = twin.accumulate(repeated, total, min(thresholds, 63), coco.RECALLS)
    assert equal(ours.precision, wanted.precision)
    assert equal(ours.recall, wanted.recall)
    assert equal(ours.scores, wanted.scores)


def test_without_weights_each_row_counts_once() -> None:
    ranked, positives = ranking(3, 200, 20, 10)
    ours = coco.accumulate(ranked, coco.descending(ranked.score), positives.sum(axis=0), 10)
    wanted = twin.accumulate(ranked, positives.sum(axis=0), 10, coco.RECALLS)
    assert equal(ours.precision, wanted.precision)
    assert equal(ours.scores, wanted.scores)
    assert equal(ours.recall, wanted.recall)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(1, 12), st.integers(1, 3), st.integers(1, 35))
def test_resampled_means_are_the_means_of_the_curves(
    seed: int, rows: int, units: int, categories: int, draws: int
) -> None:
    rng = np.random.default_rng(seed)
    ranked, _ = ranking(seed, rows, units, 10)
    category = rng.integers(0, categories, rows)
    positives = np.zeros((units, categories, 2), dtype=np.int64)
    np.add.at(positives, (ranked.unit, category), (ranked.hit > 0).astype(np.int64))
    weights = rng.integers(0, 4, (draws, units))
    statistics = [(0, -1, 0), (0, 3, 1), (1, -1, 1), (1, 9, 0)]
    orders = [
        coco.descending(ranked.score)[category[coco.descending(ranked.score)] == k] for k in range(categories)
    ]
    ours = coco.resample(ranked, orders, positives, weights, 10, statistics)
    for draw, weight in enumerate(weights):
        curves = [
            coco.accumulate(ranked, order, weight @ positives[:, k], 10, weight)
            for k, order in enumerate(orders)
        ]
        for s, (kind, threshold, a) in enumerate(statistics):
            parts = [(c.recall[:, None] if kind else c.precision)[:, :, a] for c in curves]
            values = np.stack(parts, axis=-1)[slice(None) if threshold < 0 else [threshold]]
            values = values[~np.isnan(values)]
            wanted = np.mean(values) if len(values) else np.nan
            assert equal(ours[draw, s], wanted), (draw, s)


def test_resampling_ignores_the_number_of_threads() -> None:
    ranked, positives = ranking(8, 500, 30, 10)
    weights = np.random.default_rng(0).integers(0, 3, (200, 30))
    order = [coco.descending(ranked.score)]
    results = []
    for count in ("1", "3"):
        with threads_of(count):
            results.append(coco.resample(ranked, order, positives[:, None], weights, 10, [(0, -1, 0)]))
    assert equal(results[0], results[1])
    assert len(np.unique(results[0])) > 100


def test_weights_beyond_32_bits_are_counted_in_64() -> None:
    ranked, positives = ranking(9, 50, 5, 4)
    order = [coco.descending(ranked.score)]
    single = np.ones((1, 5), dtype=np.int64)
    distinct = Ranked(np.arange(50) / 50.0, ranked.hit, ranked.skip, ranked.unit)
    order = [coco.descending(distinct.score)]
    ones = coco.resample(distinct, order, positives[:, None], single, 4, [(1, -1, 0)])
    huge = coco.resample(distinct, order, positives[:, None], single * 10**9, 4, [(1, -1, 0)])
    assert ones.tolist() == huge.tolist()


@pytest.mark.parametrize("rows", [0, 1, 2, 1023, 1024, 5000])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, rows: rng.random(rows),
        lambda rng, rows: np.round(rng.random(rows), 2),
        lambda rng, rows: np.zeros(rows),
        lambda rng, rows: rng.normal(size=rows) * 10.0 ** rng.integers(-300, 300, rows),
        lambda rng, rows: rng.choice([0.0, -0.0, np.nan, np.inf, -np.inf, 1, -1, 5e-324, -5e-324], rows),
    ],
)
def test_descending_is_numpys_stable_order(rows: int, draw: Callable[..., np.ndarray]) -> None:
    score = draw(np.random.default_rng(rows), rows)
    np.testing.assert_array_equal(coco.descending(score), np.argsort(-score, kind="stable"))


def test_negative_weights_and_foreign_rows_are_refused() -> None:
    ranked, positives = ranking(1, 10, 4, 3)
    order = coco.descending(ranked.score)
    with pytest.raises(ValueError, match="weight: wanted 0 or more"):
        coco.accumulate(ranked, order, positives.sum(axis=0), 3, np.array([1, -1, 1, 1]))
    with pytest.raises(ValueError, match="unit: out of range"):
        coco.accumulate(ranked, order, positives.sum(axis=0), 3, np.array([1]))
    with pytest.raises(ValueError, match="order: out of range"):
        coco.accumulate(ranked, order + 10, positives.sum(axis=0), 3)
    made = scene(2, 5, 2)
    made["target_cells"] = Cells(made["target_cells"].row + 1000, made["target_cells"].start)
    with pytest.raises(ValueError, match="truth_row: out of range"):
        coco.match(**made)


def test_cells_keep_the_order_of_the_table_and_leave_out_minus_one() -> None:
    cells = Cells.of(np.array([2, -1, 0, 2, 0]), 4)
    assert cells.row.tolist() == [2, 4, 0, 3]
    assert cells.start.tolist() == [0, 2, 2, 4, 4]
    assert cells.cell().tolist() == [0, 0, 2, 2]

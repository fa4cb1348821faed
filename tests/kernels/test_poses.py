"""Small passes over pose columns against their NumPy twins."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.kernels.poses import extent, predicted, put_in_order, review, take_rows

rng = np.random.default_rng(4)


def twin(xy: np.ndarray, seen: np.ndarray) -> np.ndarray:
    out = []
    for points, flags in zip(xy, seen, strict=True):
        chosen = points[flags > 0]
        out.append(float(np.prod(np.ptp(chosen, axis=0))) if len(chosen) else 0.0)
    return np.array(out)


@pytest.mark.parametrize(("people", "joints"), [(0, 17), (1, 1), (7, 3), (300, 17), (120_001, 5)])
def test_extent(people: int, joints: int) -> None:
    xy = rng.normal(size=(people, joints, 2)) * 100
    seen = rng.integers(0, 4, (people, joints)).astype(np.int8) - 1
    some = slice(0, 400)
    np.testing.assert_array_equal(extent(xy, seen)[some], twin(xy[some], seen[some]))
    np.testing.assert_array_equal(extent(xy)[some], twin(xy[some], np.ones_like(seen[some])))


def test_extent_of_a_slice_of_joints() -> None:
    xy = rng.normal(size=(9, 17, 2))
    np.testing.assert_array_equal(extent(xy[:, 3:9]), extent(np.ascontiguousarray(xy[:, 3:9])))


def test_extent_saturates_and_is_never_nan() -> None:
    xy = np.array([[[1e308, 5.0], [-1e308, 5.0]], [[1e308, 5.0], [-1e308, 6.0]]])
    assert extent(xy).tolist() == [0.0, np.inf]


def test_predicted() -> None:
    xy = rng.integers(0, 2, (500, 17, 2)).astype(float)
    score = rng.integers(0, 2, (500, 17)).astype(float)
    score[3, 3] = np.nan
    wanted = np.where((xy == 0).all(axis=2) & (score == 0), 0, 2)
    found = predicted(xy, score)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, wanted)


def test_shapes_are_checked() -> None:
    for call in (
        lambda: extent(np.zeros((2, 3))),
        lambda: extent(np.zeros((2, 3, 2)), np.zeros((2, 4), dtype=np.int8)),
        lambda: predicted(np.zeros((2, 3, 3)), np.zeros((2, 3))),
        lambda: predicted(np.zeros((2, 3, 2)), np.zeros((3, 3))),
    ):
        with pytest.raises(ValueError, match="do not fit together"):
            call()


def test_review_of_many_poses() -> None:
    xy = np.random.default_rng(3).normal(0, 100, (60_000, 17, 2))
    frame, category = np.zeros(len(xy), dtype=np.int64), np.ones(len(xy), dtype=np.int64)
    assert review(xy, frame, category) == (0, xy.min(), xy.max(), 0)
    assert review(xy[:0], frame[:0], category[:0]) == (0, np.inf, -np.inf, 0)
    xy[7, 3] = np.nan
    xy[11:13] = 5.0
    assert review(xy, frame, category) == (1, np.nanmin(xy), np.nanmax(xy), 2)
    with pytest.raises(ValueError, match="any, any, 2"):
        review(xy[:, :, 0], frame, category)
    with pytest.raises(ValueError, match="frame"):
        review(xy, frame[1:], category)


def test_copies_share_frame_category_and_every_bit() -> None:
    xy = np.random.default_rng(4).normal(0, 100, (8, 5, 2))
    frame = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    category = np.array([1, 1, 1, 2, 1, 1, 1, 1])
    xy[1:5] = xy[0]
    xy[6] = xy[5][:, ::-1]  # x and y exchanged
    xy[7] = xy[5][::-1]
    assert review(xy, frame, category).copies == 2


def test_rows_in_another_order() -> None:
    for shape, dtype in (((40, 17, 2), np.float64), ((40,), np.int64), ((40, 3), np.int8)):
        table = np.random.default_rng(5).integers(0, 100, shape).astype(dtype)
        order = np.random.default_rng(6).integers(0, 40, 90)
        assert np.array_equal(take_rows(table, order), table[order])
    with pytest.raises(ValueError, match="range"):
        take_rows(table, np.array([40]))


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 1000, 60_000])
def test_rows_are_put_in_order_in_place(rows: int) -> None:
    order = rng.permutation(rows)
    tables = {
        "xy": rng.normal(size=(rows, 3, 2)),
        "flag": rng.integers(0, 2, rows).astype(bool),
        "narrow": rng.normal(size=(rows, 2, 2))[:, :, 0],
        "nothing": np.zeros((rows, 0)),
    }
    tables["fixed"] = tables["xy"].copy()
    tables["fixed"].setflags(write=False)
    wanted = {name: table[order] for name, table in tables.items()}
    found = put_in_order(tables, order)
    assert list(found) == list(tables)
    for name, table in wanted.items():
        np.testing.assert_array_equal(found[name], table)
    assert found["xy"] is tables["xy"], "the large table was copied"
    assert not rows or not np.shares_memory(found["fixed"], tables["fixed"])


def test_tables_that_share_memory_are_put_in_order_once() -> None:
    table, order = np.arange(12.0).reshape(6, 2), np.array([3, 0, 5, 1, 4, 2])
    wanted = table[order]
    found = put_in_order({"a": table, "b": table, "c": table.reshape(6, 2, 1)}, order)
    np.testing.assert_array_equal(found["a"], wanted)
    np.testing.assert_array_equal(found["b"], wanted)
    np.testing.assert_array_equal(found["c"][:, :, 0], wanted)


def test_an_order_that_leaves_rows_out_copies() -> None:
    table = np.arange(5.0)
    np.testing.assert_array_equal(put_in_order({"a": table}, np.array([4, 0]))["a"], [4, 0])
    np.testing.assert_array_equal(table, np.arange(5.0))


@pytest.mark.parametrize("order", [[0, 0, 1], [0, 1, 3], [-1, 0, 1]])
def test_an_order_that_is_no_permutation_is_refused(order: list[int]) -> None:
    table = np.arange(3.0)
    with pytest.raises(ValueError, match="order"):
        put_in_order({"a": table}, np.array(order))
    np.testing.assert_array_equal(table, np.arange(3.0))

from __future__ import annotations

import numpy as np

from poseval.kernels.poses import extent
from poseval.poses.enclosing import enclosing_boxes


def test_boxes_by_hand() -> None:
    xy = np.array(
        [[[1, 5], [3, 2], [-9, 90]], [[4, 4], [0, 0], [0, 0]], [[1, 1], [2, 2], [3, 3]]], dtype=float
    )
    seen = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    np.testing.assert_array_equal(enclosing_boxes(xy, seen), [[1, 2, 3, 5], [4, 4, 4, 4], [np.nan] * 4])
    assert enclosing_boxes(np.zeros((0, 3, 2)), np.zeros((0, 3), dtype=bool)).shape == (0, 4)
    assert np.isnan(enclosing_boxes(np.zeros((2, 0, 2)), np.zeros((2, 0), dtype=bool))).all()


def test_the_area_of_the_box_is_the_compiled_extent() -> None:
    rng = np.random.default_rng(4)
    xy, seen = rng.normal(0, 100, (50, 7, 2)), rng.random((50, 7)) < 0.3
    box = enclosing_boxes(xy, seen)
    area = np.nan_to_num((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]), nan=0.0)
    np.testing.assert_array_equal(area, extent(xy, seen.astype(np.int8)))

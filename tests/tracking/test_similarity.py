"""Overlap and keypoint similarity against the recorded reference code and against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.skeletons import get_skeleton, skeleton_from_names
from poseval.tracking.similarity import (
    Likeness,
    Measure,
    box_iou,
    oks,
    sigmas_of,
    suppress_boxes,
)
from tests.shared import shared_path
from tests.tracking.scenes import COCO, clip


@pytest.fixture
def nms() -> dict[str, np.ndarray]:
    with np.load(shared_path("golden/models/pipeline/nms.npz")) as archive:
        return dict(archive)


def test_oks_of_the_reference_code(nms: dict[str, np.ndarray]) -> None:
    xy, area = nms["keypoints"][:, :, :2], nms["area"]
    np.testing.assert_allclose(oks(xy, xy, area, area, COCO.sigma_array), nms["oks_matrix"], rtol=1e-12)


@pytest.mark.parametrize("limit", [0.5, 0.9])
def test_the_published_suppression_follows_from_it(nms: dict[str, np.ndarray], limit: float) -> None:
    # The reference code's visibility rule looks at the second pose only.
    xy, area, use = nms["keypoints"][:, :, :2], nms["area"], nms["keypoints"][:, :, 2] > 0.2
    for alike, name in (
        (oks(xy, xy, area, area, COCO.sigma_array), f"oks_nms_{limit}"),
        (oks(xy, xy, area, area, COCO.sigma_array, None, use), f"oks_nms_{limit}_vis0.2"),
    ):
        kept: list[int] = []
        for row in np.argsort(-nms["score"]).tolist():
            if all(alike[other, row] <= limit for other in kept):
                kept.append(row)
        assert kept == nms[name].tolist()


@pytest.mark.parametrize("limit", [0.3, 0.5])
def test_box_suppression_of_the_reference_code(nms: dict[str, np.ndarray], limit: float) -> None:
    boxes = nms["boxes"]
    assert suppress_boxes(boxes[:, :4], boxes[:, 4], limit).tolist() == nms[f"box_nms_{limit}"].tolist()


def test_oks_counts_shared_joints_only() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.uniform(0, 50, (3, 17, 2)), rng.uniform(0, 50, (4, 17, 2))
    use_a, use_b = rng.random((3, 17)) < 0.6, rng.random((4, 17)) < 0.6
    use_a[0], use_b[0] = False, True
    area_a, area_b = rng.uniform(500, 900, 3), rng.uniform(500, 900, 4)
    found = oks(a, b, area_a, area_b, COCO.sigma_array, use_a, use_b)
    for i in range(3):
        for j in range(4):
            terms = [
                math.exp(
                    -((a[i, k] - b[j, k]) ** 2).sum()
                    / (2 * (area_a[i] + area_b[j]) / 2 * (2 * COCO.sigma_array[k]) ** 2)
                )
                for k in range(17)
                if use_a[i, k] and use_b[j, k]
            ]
            wanted = sum(terms) / len(terms) if terms else 0.0
            assert found[i, j] == pytest.approx(wanted, rel=1e-12)


def test_iou_of_touching_and_empty_boxes() -> None:
    a = np.array([[0.0, 0.0, 10.0, 10.0], [5.0, 5.0, 5.0, 5.0]])
    b = np.array([[10.0, 0.0, 20.0, 10.0], [0.0, 0.0, 10.0, 5.0], [5.0, 5.0, 5.0, 5.0]])
    np.testing.assert_allclose(box_iou(a, b), [[0.0, 0.5, 0.0], [0.0, 0.0, 0.0]])
    assert box_iou(a[:1], b[:1], pixel=1.0)[0, 0] == pytest.approx(11 / (2 * 121 - 11))


def test_sigmas_are_borrowed_by_joint_name() -> None:
    posetrack = get_skeleton("posetrack15_poseval")
    assert posetrack.sigmas is None
    sigmas = sigmas_of(posetrack)
    slots = get_skeleton("posetrack17slots")
    assert sigmas[posetrack.index("left_wrist")] == slots.sigma_array[slots.index("left_wrist")]
    assert np.array_equal(sigmas_of(COCO), COCO.sigma_array)


def test_unknown_joints_have_no_sigma_to_borrow() -> None:
    with pytest.raises(UsageError, match="left_antenna") as caught:
        sigmas_of(skeleton_from_names(["nose", "left_antenna"]))
    assert caught.value.code == "P112"


def test_both_is_the_weighted_mean() -> None:
    scene = clip([[(100.0, 300.0), (130.0, 300.0)]])
    bodies = scene.bodies(0)
    iou = Likeness(COCO, Measure.IOU)(bodies, bodies)
    pose = Likeness(COCO, Measure.OKS)(bodies, bodies)
    both = Likeness(COCO, Measure.BOTH, weight=0.25)(bodies, bodies)
    np.testing.assert_allclose(both, 0.25 * iou + 0.75 * pose, rtol=1e-12)
    assert 0 < iou[0, 1] < 1

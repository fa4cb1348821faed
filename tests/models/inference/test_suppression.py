"""Suppression against the official program's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.models.inference.suppression import box_nms, instance_scores, oks_matrix, oks_nms, soft_oks_nms
from poseval.skeletons import get_skeleton
from tests.shared import shared_path

SIGMAS = get_skeleton("coco17").sigma_array


@pytest.fixture
def stored() -> dict[str, np.ndarray]:
    with np.load(shared_path("golden/models/pipeline/nms.npz")) as file:
        return dict(file)


def test_oks_equals_the_official_one(stored: dict[str, np.ndarray]) -> None:
    ours = oks_matrix(stored["keypoints"][..., :2], stored["area"], SIGMAS)
    np.testing.assert_allclose(ours, stored["oks_matrix"], rtol=0, atol=1e-14)


@pytest.mark.parametrize("threshold", [0.5, 0.9])
def test_pose_suppression_keeps_the_official_poses(stored: dict[str, np.ndarray], threshold: float) -> None:
    poses = stored["keypoints"]
    given = (poses[..., :2], stored["score"], stored["area"], SIGMAS, threshold)
    np.testing.assert_array_equal(oks_nms(*given), stored[f"oks_nms_{threshold}"])
    np.testing.assert_array_equal(soft_oks_nms(*given), stored[f"soft_oks_nms_{threshold}"])
    visible = oks_nms(*given, joint_score=poses[..., 2], visible=0.2)
    np.testing.assert_array_equal(visible, stored[f"oks_nms_{threshold}_vis0.2"])


def test_visibility_of_the_first_pose_is_looked_at_only_when_asked() -> None:
    xy = np.zeros((2, 2, 2))
    xy[1, 1] = 100.0
    score = np.array([[0.9, 0.1], [0.9, 0.9]])
    given = (xy, np.array([100.0, 100.0]), np.array([0.1, 0.1]), score, 0.2)
    second, both = oks_matrix(*given), oks_matrix(*given, rule="both")
    assert second[0, 1] == pytest.approx(0.5)  # both joints of pose 1 count, one is far away
    assert second[1, 0] == pytest.approx(1.0)  # of pose 0 only the near one
    assert both[0, 1] == both[1, 0] == pytest.approx(1.0)


def test_no_visible_joint_gives_no_similarity() -> None:
    similar = oks_matrix(np.zeros((2, 3, 2)), np.ones(2), np.ones(3), np.zeros((2, 3)), 0.2)
    assert not similar.any()


@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_box_suppression_keeps_the_official_boxes(stored: dict[str, np.ndarray], threshold: float) -> None:
    kept = box_nms(stored["boxes"][:, :4], stored["boxes"][:, 4], threshold)
    np.testing.assert_array_equal(kept, stored[f"box_nms_{threshold}"])


def test_nothing_in_nothing_out() -> None:
    assert box_nms(np.zeros((0, 4)), [], 0.5).shape == (0,)
    assert oks_nms(np.zeros((0, 17, 2)), [], np.zeros(0), SIGMAS).shape == (0,)
    assert soft_oks_nms(np.zeros((0, 17, 2)), [], np.zeros(0), SIGMAS).shape == (0,)


def test_equal_scores_keep_their_order() -> None:
    boxes = [[0, 0, 10, 10], [100, 0, 110, 10], [200, 0, 210, 10]]
    assert box_nms(boxes, [0.5, 0.5, 0.5], 0.5).tolist() == [0, 1, 2]


def test_instance_score_counts_visible_joints_alone() -> None:
    scores = instance_scores([[0.9, 0.5, 0.2], [0.1, 0.1, 0.1]], [0.5, 1.0])
    np.testing.assert_allclose(scores, [0.35, 0.0])

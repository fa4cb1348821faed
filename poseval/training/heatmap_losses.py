"""Losses on heatmaps.

Predictions and targets are [N, K, H, W]; `weight` [N, K] or [N, K, 1] is 0 where a joint is not labelled.
Source: microsoft/human-pose-estimation.pytorch 49f3f44 and leoxiaobin/deep-high-resolution-net.pytorch
6f69e46, `lib/core/loss.py`.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

HARD_JOINTS = 8  # of 17, as published


def _by_joint(maps: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    """Half the mean squared difference of each map, [N, K]; the weight goes on both before the square."""
    if weight is not None:
        shape = (*maps.shape[:2], 1, 1)
        maps, target = maps * weight.reshape(shape), target * weight.reshape(shape)
    return 0.5 * (maps - target).square().mean((2, 3))


def joints_mse(maps: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean over people and joints of half the mean squared difference."""
    return _by_joint(maps, target, weight).mean()


def joints_ohkm(
    maps: Tensor, target: Tensor, weight: Tensor | None = None, hard: int = HARD_JOINTS
) -> Tensor:
    """Online hard keypoint mining: the mean over each person's `hard` worst joints.

    Source: Chen et al. 2018, "Cascaded Pyramid Network", section 3.2.
    """
    by_joint = _by_joint(maps, target, weight)
    return by_joint.topk(min(hard, by_joint.shape[1]), dim=1).values.mean()


def sigmoid_cross_entropy(maps: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean cross entropy of heatmaps as logits with targets in 0..1; joints of weight 0 do not count.

    Binary networks learn with it better than with squared differences. Source: Bulat and Tzimiropoulos 2017,
    "Binarized Convolutional Landmark Localizers", section 5.
    """
    each = functional.binary_cross_entropy_with_logits(maps, target, reduction="none").mean((2, 3))
    return each.mean() if weight is None else (each * weight.reshape(each.shape)).mean()

"""Recipe of PP-LCNet as a pose network."""

from __future__ import annotations

from poseval.models.augment import HRNET_COCO
from poseval.models.recipes import Recipe

RECIPES = (
    Recipe(
        ("pplcnet_x1_0_pose",),
        "none published for poses: HRNet's recipe; start from PaddleClas' classifier where you have "
        "it. The classifier itself was trained for 360 epochs of ImageNet: cosine from 0.8, warm-up "
        "5, L2 3e-5, labels smoothed by 0.1",
        HRNET_COCO,
        210,
        (170, 200),
        batch=128,
    ),
)

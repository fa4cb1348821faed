"""Recipes of TokenPose, dense and with sparsity."""

from __future__ import annotations

from poseval.training.augmentation import HRNET_COCO, HRNET_MPII
from poseval.training.recipes import Recipe

SOURCE = (
    "Li et al. 2021 and the experiment files of leeyegy/TokenPose ac939fa: Adam 1e-3, a tenth at 200 "
    "and 260 of 300 epochs, squared differences on Gaussians; augmentation of HRNet; 4 GPUs of 32 "
    "people (from memory). The sparse form (arXiv 2311.09653) is trained the same way, pruned products "
    "masked"
)

RECIPES = (
    Recipe(("tokenpose",), SOURCE, HRNET_COCO, 300, (200, 260), batch=128),
    Recipe(("tokenpose",), SOURCE, HRNET_MPII, 300, (200, 260), batch=128, skeletons=("mpii16",)),
)

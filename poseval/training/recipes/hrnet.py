"""Recipe of HRNet."""

from __future__ import annotations

from poseval.training.augmentation import HRNET_COCO, HRNET_MPII
from poseval.training.recipes import Recipe

SOURCE = (
    "Sun et al. 2019 and the experiment files of leoxiaobin/deep-high-resolution-net.pytorch 6f69e46: "
    "ImageNet weights, Adam 1e-3, a tenth at 170 and 200 of 210 epochs, 4 GPUs of 32 people"
)

RECIPES = (
    Recipe(("hrnet",), SOURCE, HRNET_COCO, 210, (170, 200), batch=128),
    Recipe(("hrnet",), SOURCE, HRNET_MPII, 210, (170, 200), batch=128, skeletons=("mpii16",)),
)

"""Recipes of PP-LCNet as a classifier and as a pose network."""

from __future__ import annotations

from poseval.training.augmentation import HRNET_COCO, MIRRORED
from poseval.training.recipes import CLASSES, Recipe

IMAGENET_STEP = 2048  # images of a step
WARM_UP = 5 * 1_281_167 // IMAGENET_STEP  # steps of five epochs of ImageNet

RECIPES = (
    Recipe(
        ("pplcnet",),
        "PaddleClas d178931, the experiment files of PPLCNet: 360 epochs of ImageNet, momentum 0.9, cosine "
        "from 0.8 at 2048 images per step (from memory), warm-up of 5 epochs, L2 3e-5, label smoothing "
        "of 0.1; random crops of images, mirrored. Nesterov momentum here",
        MIRRORED,
        360,
        rate=0.8,
        batch=IMAGENET_STEP,
        optimiser="sgd",
        schedule="cosine",
        warm_up=WARM_UP,
        decay=3e-5,
        task=CLASSES,
    ),
    Recipe(
        ("pplcnet_x1_0_pose",),
        "none published for poses: HRNet's recipe; start from PaddleClas' classifier where you have it",
        HRNET_COCO,
        210,
        (170, 200),
        batch=128,
    ),
)

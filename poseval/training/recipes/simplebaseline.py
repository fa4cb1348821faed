"""Recipe of Simple Baselines."""

from __future__ import annotations

from poseval.training.augmentation import SIMPLE_BASELINES, Augmentation
from poseval.training.recipes import Recipe

SOURCE = (
    "Xiao et al. 2018 and the experiment files of microsoft/human-pose-estimation.pytorch 49f3f44: "
    "ImageNet weights, Adam 1e-3, a tenth at 90 and 120 of 140 epochs, 4 GPUs of 32 people"
)

RECIPES = (
    Recipe(("simplebaseline",), SOURCE, SIMPLE_BASELINES, 140, (90, 120), batch=128),
    Recipe(
        ("simplebaseline",),
        SOURCE + "; for PoseTrack 20 epochs from COCO weights, Adam 1e-4, a tenth at 10 and 15",
        Augmentation(scale=0.3, rotation=40.0),
        20,
        (10, 15),
        rate=1e-4,
        batch=128,
        skeletons=("posetrack17slots", "posetrack15_poseval"),
    ),
)

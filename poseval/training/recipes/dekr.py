"""Recipes of DEKR."""

from __future__ import annotations

from poseval.training.augmentation import MIRRORED
from poseval.training.recipes import Recipe

SOURCE = (
    "Geng et al. 2021 and the experiment files of HRNet/DEKR 7a30313: Adam 1e-3, a tenth at {steps} "
    "of {epochs} epochs, 10 images per GPU, 4 GPUs (from memory); images rotated by up to 30 degrees, "
    "scaled 0.75 to 1.5, moved by up to 40, mirrored"
)
TASK = "centres"

RECIPES = (
    Recipe(
        ("dekr",),
        SOURCE.format(steps="90 and 120", epochs=140),
        MIRRORED,
        140,
        (90, 120),
        batch=40,
        task=TASK,
    ),
    Recipe(
        ("dekr",),
        SOURCE.format(steps="200 and 260", epochs=300),
        MIRRORED,
        300,
        (200, 260),
        batch=40,
        task=TASK,
        skeletons=("crowdpose14",),
    ),
)

"""Recipe of Dite-HRNet."""

from __future__ import annotations

from poseval.training.augmentation import HRNET_MPII
from poseval.training.recipes import Recipe

SOURCE = (
    "Li et al. 2022 and the configurations of ZiyiZhang27/Dite-HRNet c980e9d: Adam 2e-3, warm-up of "
    "500 steps, a tenth at 170 and 200 of {epochs} epochs (its README trains to 210), scale 0.25 and "
    "rotation 30; 32 people per GPU, 8 GPUs (from memory). Train again with the option fixed=true"
)

RECIPES = (
    Recipe(
        ("ditehrnet",),
        SOURCE.format(epochs=270),
        HRNET_MPII,
        270,
        (170, 200),
        rate=2e-3,
        batch=256,
        warm_up=500,
    ),
    Recipe(
        ("ditehrnet",),
        SOURCE.format(epochs=260),
        HRNET_MPII,
        260,
        (170, 200),
        rate=2e-3,
        batch=256,
        warm_up=500,
        skeletons=("mpii16",),
    ),
)

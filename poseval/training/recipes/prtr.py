"""Recipes of PRTR."""

from __future__ import annotations

from poseval.training.augmentation import MIRRORED, SIMPLE_BASELINES
from poseval.training.recipes import Recipe

SOURCE = (
    "Li et al. 2021 and the experiment files of mlpc-ucsd/PRTR 64970b8: AdamW 1e-4, decay 1e-4, "
    "gradients clipped at 0.1, halved at 120 and 140 of 200 epochs, scale 0.3, rotation 40; 64 people a "
    "step (from memory)"
)
SLOW_BACKBONE = "; a tenth of the rate for the ResNet, whose ImageNet weights are partly frozen"

RECIPES = (
    Recipe(
        ("prtr_w32",),
        SOURCE,
        SIMPLE_BASELINES,
        200,
        (120, 140),
        factor=0.5,
        rate=1e-4,
        batch=64,
        optimiser="adamw",
        decay=1e-4,
        clip=0.1,
        task="joint set",
    ),
    Recipe(
        ("prtr_r50", "prtr_r101", "prtr_r152"),
        SOURCE + SLOW_BACKBONE,
        SIMPLE_BASELINES,
        200,
        (120, 140),
        factor=0.5,
        rate=1e-4,
        batch=64,
        optimiser="adamw",
        decay=1e-4,
        clip=0.1,
        slower=(("backbone.", 0.1),),
        task="joint set",
    ),
    Recipe(
        ("prtr_sequential",),
        "none published: DETR's (Carion et al. 2020, section 4: AdamW 1e-4, backbone 1e-5, decay "
        "1e-4, gradients clipped at 0.1, a tenth at 200 of 300 epochs), images mirrored",
        MIRRORED,
        300,
        (200,),
        rate=1e-4,
        batch=16,
        optimiser="adamw",
        decay=1e-4,
        clip=0.1,
        slower=(("backbone.", 0.1),),
        task="people set",
    ),
)

"""Recipe of ViTPose."""

from __future__ import annotations

from poseval.training.augmentation import HRNET_COCO
from poseval.training.recipes import Recipe

SOURCE = (
    "Xu et al. 2022 and the configurations of ViTAE-Transformer/ViTPose (from memory): MAE's weights, "
    "AdamW 5e-4, decay 0.1, warm-up of 500 steps, a tenth at 170 and 200 of 210 "
    "epochs, gradients clipped at 1, 512 people a step. The rate that falls from layer to layer is left out"
)

RECIPES = (
    Recipe(
        ("vitpose",),
        SOURCE,
        HRNET_COCO,
        210,
        (170, 200),
        rate=5e-4,
        batch=512,
        optimiser="adamw",
        warm_up=500,
        decay=0.1,
        clip=1.0,
    ),
)

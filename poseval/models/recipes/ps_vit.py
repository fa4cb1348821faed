"""Recipe of PS-ViT as a pose network."""

from __future__ import annotations

from poseval.models.augment import HRNET_COCO
from poseval.models.recipes import Recipe

RECIPES = (
    Recipe(
        ("ps_vit_ti_14_pose",),
        "none published for poses: HRNet's epochs and augmentation with the optimiser of Yue et al. "
        "2021 (AdamW 5e-4, decay 0.05, cosine), whose classifiers were trained for 300 epochs of "
        "ImageNet",
        HRNET_COCO,
        210,
        rate=5e-4,
        batch=128,
        optimiser="adamw",
        schedule="cosine",
        warm_up=500,
        decay=0.05,
    ),
)

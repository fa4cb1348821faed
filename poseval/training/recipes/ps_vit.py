"""Recipes of PS-ViT as a classifier and as a pose network."""

from __future__ import annotations

from poseval.training.augmentation import HRNET_COCO, MIRRORED
from poseval.training.recipes import CLASSES, Recipe

IMAGENET_STEP = 512  # images of a step
WARM_UP = 5 * 1_281_167 // IMAGENET_STEP  # steps of five epochs of ImageNet
SOURCE = (
    "Yue et al. 2021 and yuexy/PS-ViT a63a397: 300 epochs of ImageNet, AdamW {rate}, decay {decay}, cosine, "
    "warm-up of 5 epochs, 512 images per step and label smoothing of 0.1 (from memory); random parts of "
    "images, mirrored. DeiT's mixing and erasing of images is left out"
)


def _classifier(models: tuple[str, ...], rate: float, decay: float) -> Recipe:
    return Recipe(
        models,
        SOURCE.format(rate=rate, decay=decay),
        MIRRORED,
        300,
        rate=rate,
        batch=IMAGENET_STEP,
        optimiser="adamw",
        schedule="cosine",
        warm_up=WARM_UP,
        decay=decay,
        task=CLASSES,
    )


RECIPES = (
    _classifier(("ps_vit_ti_14",), 1e-3, 0.03),
    _classifier(("ps_vit_b_14", "ps_vit_b_18"), 5e-4, 0.05),
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

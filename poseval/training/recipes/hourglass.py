"""Recipe of the stacked hourglass."""

from __future__ import annotations

from poseval.training.augmentation import Augmentation
from poseval.training.recipes import Recipe

RECIPES = (
    Recipe(
        ("hourglass",),
        "princeton-vl/pytorch_stacked_hourglass ceedc14: Adam 1e-3, 2e-4 after 100,000 steps of 16 people "
        "(about 70 of 200 epochs of MPII's 22,246 training people); augmentation of Newell et al. 2016, "
        "section 3.1: rotated by up to 30 degrees, scaled 0.75 to 1.25, mirrored. A crop at whole "
        "pixels cannot be rotated, so rotated people are cropped by an affine map",
        Augmentation(scale=0.25, rotation=15.0, rotated=1.0),
        200,
        (72,),
        factor=0.2,
        batch=16,
    ),
)

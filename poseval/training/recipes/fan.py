"""Recipes of FAN and of hierarchical blocks, real and binary."""

from __future__ import annotations

from poseval.training.augmentation import Augmentation
from poseval.training.recipes import Recipe

FACES = (
    'Bulat and Tzimiropoulos 2017, "How far are we", section 4.3 (from memory): RMSprop 1e-4, a tenth '
    "after 15 and 30 of 40 epochs, 10 faces per step, rotated by up to 50 degrees, scaled 0.8 to 1.2, "
    "mirrored"
)
BODIES = (
    'Bulat and Tzimiropoulos 2017, "Binarized Convolutional Landmark Localizers": rotated by up to 40 '
    "degrees, scaled 0.7 to 1.3, mirrored; RMSprop 2.5e-4 (from memory), a fifth every 15 of 60 epochs "
    "(ours)"
)
BINARY = (
    "; sigmoid cross entropy instead of squared differences, which the paper found better for binary networks"
)
FACE_VARIATION = Augmentation(scale=0.2, rotation=25.0, rotated=1.0)
BODY_VARIATION = Augmentation(scale=0.3, rotation=20.0, rotated=1.0)
SIGMOID = {"loss": "sigmoid"}

RECIPES = (
    Recipe(("fan",), FACES, FACE_VARIATION, 40, (15, 30), rate=1e-4, batch=10, optimiser="rmsprop"),
    Recipe(
        ("fan_1_binary",),
        FACES + BINARY,
        FACE_VARIATION,
        40,
        (15, 30),
        rate=1e-4,
        batch=10,
        optimiser="rmsprop",
        options=SIGMOID,
    ),
    Recipe(
        ("hpm_1",),
        BODIES,
        BODY_VARIATION,
        60,
        (15, 30, 45),
        factor=0.2,
        rate=2.5e-4,
        batch=8,
        optimiser="rmsprop",
    ),
    Recipe(
        ("hpm_1_binary",),
        BODIES + BINARY,
        BODY_VARIATION,
        60,
        (15, 30, 45),
        factor=0.2,
        rate=2.5e-4,
        batch=8,
        optimiser="rmsprop",
        options=SIGMOID,
    ),
)

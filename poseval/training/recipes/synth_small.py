"""Recipe of the demo's network."""

from __future__ import annotations

from poseval.training.augmentation import Augmentation
from poseval.training.recipes import Recipe

RECIPES = (
    Recipe(
        ("synth_small",),
        "poseval's own; docs/models.md says how the shipped weights were made",
        Augmentation(scale=0.2, rotation=15.0),
        24,
        rate=2e-3,
        batch=16,
        optimiser="adamw",
        schedule="cosine",
        warm_up=200,
        decay=1e-3,
        options={"target": "unbiased", "gain": 100.0},
    ),
)

"""Recipes of the demo's networks."""

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
    Recipe(
        ("synth_detector",),
        "poseval's own; docs/models.md says how the shipped weights were made",
        Augmentation(),
        12,
        rate=2e-3,
        batch=16,
        optimiser="adamw",
        schedule="cosine",
        warm_up=100,
        decay=1e-3,
        task="boxes",
    ),
)

"""Cards of ViTPose and ViTPose++."""

from __future__ import annotations

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Flag, OneOf, Option, Whole

OPTIONS = (
    Option("size", OneOf(("s", "b", "l", "h")), "b", "small, base, large or huge"),
    Option(
        "simple",
        Flag(),
        False,
        "head of an enlargement and one convolution, not of two transposed convolutions",
    ),
    Option(
        "data_set",
        Whole(0, 5),
        0,
        "expert and head of a ViTPose++ file: COCO, AIC, MPII, AP-10K, APT-36K, COCO-WholeBody",
    ),
    Option("width", Whole(8, 2048), None, "channels, by default those of the size", optional=True),
    Option("depth", Whole(1, 48), None, "layers, by default those of the size", optional=True),
    Option("heads", OneOf((1, 2, 4, 8, 12, 16)), None, "heads of attention, by default those of the size",
           optional=True),
)  # fmt: skip
STATED = {"s": 73.8, "b": 75.8, "l": 78.3, "h": 79.1}
NAMES = {"s": "small", "b": "base", "l": "large", "h": "huge"}

CARDS = tuple(
    ModelCard(
        name=f"vitpose_{size}",
        family="vitpose",
        kind="heatmap",
        builder="poseval.models.networks.vitpose:build",
        source="Xu et al. 2022; layout of ViTAE-Transformer/ViTPose",
        licence="Apache-2.0",
        weights="README of ViTAE-Transformer/ViTPose, or usyd-community/vitpose-* of Transformers",
        crop="udp",
        decode="udp",
        flip_shift=0,
        config={"size": size},
        options=OPTIONS,
        results=(
            Stated(
                STATED[size],
                "AP",
                f"COCO val2017, 256x192, {NAMES[size]}, classic head",
                "README",
                recalled=True,
            ),
        ),
        notes=(
            "keys of the original, of Transformers and of mmpose 1.x load, from .pth and .safetensors",
            "ViTPose++ loads with data_set and its joints: 17 (COCO), 14 (AIC), 16 (MPII) or 133 (body)",
        ),
    )
    for size in STATED
)

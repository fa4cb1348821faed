"""Cards of FAN and of the networks of HPM blocks, real and binary."""

from __future__ import annotations

from typing import Any

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Flag, OneOf, Option, Whole

FACE_SOURCE = "Bulat and Tzimiropoulos 2017 (face alignment); 1adrianb/face-alignment 6085054"
BODY_SOURCE = (
    "Bulat and Tzimiropoulos 2017 (binarized landmark localizers); 1adrianb/binary-networks-pytorch 51bdeee"
)
BINARY_README = "README of 1adrianb/binary-human-pose-estimation"
PLAIN = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)  # images are only divided by 255
# The face program's scale is (width + height) / 195 of 200 pixels: 400 / 195 of a square box's side.
FACE_CROP: dict[str, Any] = {"padding": 400 / 195, "raised": 0.12}
BODY_CROP: dict[str, Any] = {"padding": 1.0}
FACE_NOTE = "boxes come from a face detector; the crop is 2.05 times a square box, its centre 12% higher"
NONE_PUBLISHED = "none in this layout, so it must be trained"
BINARY_NOTES = (
    "first and last layers and 1x1 convolutions are real",
    "float32 simulation; save_packed writes one bit per binary weight and packed=True loads it",
)

RELU, POOL = OneOf(("before", "after", "none")), OneOf(("average", "max"))
SHARED = (
    Option("stacks", Whole(1, 16), 1, "hourglasses in a row", "1 and 8"),
    Option("width", Whole(16, 1024, 16), 256, "channels of an hourglass"),
    Option(
        "block",
        OneOf(("hpm", "bottleneck", "wide", "parallel", "parallel_3x3")),
        "hpm",
        "residual block; parallel has 1x1 convolutions, parallel_3x3 none (their widths are chosen here)",
        "MPII PCKh of one stack of hpm: binary 78.1, real 85.5",
    ),
)
SIGMOID = "heatmaps are probabilities, learnt by cross entropy; else by squared differences"
REAL = (
    *SHARED,
    Option("relu", RELU, "before", "place of the ReLU around a convolution"),
    Option("pool", POOL, "average", "kind of pooling"),
    Option("sigmoid", Flag(), False, SIGMOID),
)
BINARY = (
    *SHARED,
    Option("relu", RELU, "after", "place of the ReLU around a convolution", "after: 2 points more"),
    Option("pool", POOL, "max", "kind of pooling", "max: 4 points more"),
    Option("centred", Flag(), False, "subtract the mean of each filter before its sign"),
    Option("sigmoid", Flag(), True, SIGMOID, "better than squared differences"),
    Option("packed", Flag(), False, "load weights that `save_packed` wrote, one bit each", free=True),
)


def _card(name: str, source: str, weights: str, **rest: Any) -> ModelCard:
    return ModelCard(
        name=name,
        family="fan",
        source=source,
        licence="BSD-3-Clause",
        weights=weights,
        input_size=(256, 256),
        mean=PLAIN[0],
        std=PLAIN[1],
        crop="integer",
        flip_shift=0,
        sigma=1.0,
        options=BINARY if name.endswith("binary") else REAL,
        **rest,
    )


def _face(stacks: int) -> ModelCard:
    return _card(
        f"fan_{stacks}",
        FACE_SOURCE,
        "2DFAN4-*.zip and 3DFAN4-*.zip of the face-alignment package" if stacks == 4 else NONE_PUBLISHED,
        kind="landmark",
        builder="poseval.models.networks.fan:build",
        joints=68,
        skeleton="ibug68",
        config={"stacks": stacks},
        notes=(
            "68 points by default; joints=19 or 21 for AFLW, 34 for AFLW-PIFA, 16 for MPII bodies",
            FACE_NOTE,
        ),
        **FACE_CROP,
    )


CARDS = (
    _face(1),
    _face(4),
    _card(
        "fan_1_binary",
        BODY_SOURCE,
        NONE_PUBLISHED,
        kind="landmark",
        builder="poseval.models.networks.fan:build_binary",
        joints=68,
        skeleton="ibug68",
        notes=(*BINARY_NOTES, FACE_NOTE),
        **FACE_CROP,
    ),
    _card(
        "hpm_1",
        BODY_SOURCE,
        NONE_PUBLISHED,
        kind="heatmap",
        builder="poseval.models.networks.fan:build",
        joints=16,
        skeleton="mpii16",
        results=(Stated(85.5, "PCKh@0.5", "MPII", BINARY_README),),
        **BODY_CROP,
    ),
    _card(
        "hpm_1_binary",
        BODY_SOURCE,
        "a Torch7 file (.t7) linked from 1adrianb/binary-human-pose-estimation, which PyTorch cannot read",
        kind="heatmap",
        builder="poseval.models.networks.fan:build_binary",
        joints=16,
        skeleton="mpii16",
        results=(
            Stated(76.0, "PCKh@0.5", "MPII", BINARY_README),
            Stated(78.1, "PCKh@0.5", "MPII", "the paper"),
        ),
        notes=BINARY_NOTES,
        **BODY_CROP,
    ),
)

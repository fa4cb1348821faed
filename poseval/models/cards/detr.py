"""Card of DETR, a detector of people."""

from __future__ import annotations

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import OneOf, Option, Whole

CARDS = (
    ModelCard(
        name="detr_r50",
        family="detr",
        kind="detector",
        builder="poseval.models.networks.detr_people:build",
        source="Carion et al. 2020; layout of facebookresearch/detr",
        licence="Apache-2.0",
        weights="detr-r50-e632da11.pth of facebookresearch/detr, or facebook/detr-resnet-50 of Transformers",
        input_size=(800, 1333),
        joints=0,
        skeleton=None,
        crop="image",
        decode="detr",
        flip="none",
        flip_shift=0,
        stride=32,
        options=(
            Option("depth", OneOf((18, 34, 50, 101, 152)), 50, "layers of the ResNet"),
            Option("queries", Whole(1, 1000), 100, "queries, each of which is a person or nothing"),
            Option("layers", Whole(1, 24), 6, "layers of the encoder and of the decoder"),
            Option("hidden", Whole(1, 8192), 2048, "feed-forward width of the transformer"),
            Option("width", Whole(1, 256), 64, "channels of the ResNet's first stage"),
        ),
        results=(Stated(42.0, "box AP", "COCO val2017, all classes", "README of facebookresearch/detr"),),
        notes=(
            "finds boxes of people: --boxes detector:detr_r50 --detector-weights FILE",
            "keys of the original and of Transformers load, from .pth and .safetensors",
        ),
    ),
)

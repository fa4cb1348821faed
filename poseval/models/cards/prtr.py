"""Cards of PRTR, two stages and sequential."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Flag, OneOf, Option, Several, Whole

README = "README of mlpc-ucsd/PRTR"
VAL, TEST = "COCO val2017, detector boxes of DETR", "COCO test-dev2017, detector boxes of DETR"
ZOO = "model zoo linked from the repository's README"
NOTES = (
    "the last class stands for no object",
    "a ResNet's norms are frozen, its stem and first layer are not trained",
)

DEPTH = Option("depth", OneOf((18, 34, 50, 101, 152)), 50, "layers of the ResNet")
SHARED = (
    Option("queries", Whole(1, 1000), 100, "queries of the last decoder"),
    Option("layers", Whole(1, 24), 6, "layers of each encoder and decoder"),
    Option(
        "encoder_layers", Whole(1, 24), None, "layers of each encoder, by default `layers`", optional=True
    ),
    Option(
        "decoder_layers", Whole(1, 24), None, "layers of each decoder, by default `layers`", optional=True
    ),
    Option("hidden", Whole(1, 8192), 2048, "feed-forward width of the transformers"),
    Option(
        "frozen", Flag(), True, "a ResNet keeps its norms, stem and first layer", unless=("body", ("hrnet",))
    ),
    Option(
        "decoder_layer",
        Whole(0, 24),
        0,
        "layer of the decoder that answers, from 1; 0 is the last",
        "later layers refine what earlier ones answer",
        free=True,
    ),
)
BODY = Option(
    "body",
    OneOf(("resnet", "hrnet")),
    "resnet",
    "kind of backbone",
    "COCO val AP 68.2 with R50 at 384x288, 73.1 with HRNet-W32",
)
BACKBONE = (
    replace(DEPTH, unless=("body", ("hrnet",))),
    Option(
        "width",
        Whole(1, 256),
        None,
        "channels of the backbone's first stage, by default 64 or 32",
        optional=True,
    ),
)
TWO_STAGE = (
    BODY,
    *BACKBONE,
    Option(
        "background", Flag(), True, "the class of no object takes part in the softmax over joints", free=True
    ),
    *SHARED,
)
SEQUENTIAL = (
    replace(BODY, paper=""),
    *BACKBONE,
    Option(
        "levels",
        Several(Whole(0, 3), 1, 4),
        (1, 2, 3),
        "maps that a person's grid samples; one alone turns multi-level crops off",
    ),
    replace(SHARED[0], meaning="most people of an image"),
    Option("keypoint_queries", Whole(1, 1000), 100, "queries of the keypoint decoder"),
    *SHARED[1:],
)


def _two_stage(name: str, **rest: Any) -> ModelCard:
    return ModelCard(
        name=name,
        family="prtr",
        kind="regression",
        builder="poseval.models.networks.prtr:build",
        source="Li et al. 2021; mlpc-ucsd/PRTR 64970b8",
        licence="Apache-2.0",
        weights=ZOO,
        decode="matching",
        flip="coordinates",
        flip_shift=0,
        stride=32,
        options=TWO_STAGE,
        **rest,
    )


CARDS = (
    _two_stage(
        "prtr_r50",
        input_size=(384, 288),
        colour="bgr",
        config={"depth": 50},
        results=(
            Stated(68.2, "AP", f"{VAL}, 384x288", README),
            Stated(67.4, "AP", f"{TEST}, 384x288", README),
        ),
        notes=NOTES,
    ),
    _two_stage(
        "prtr_r101",
        input_size=(512, 384),
        colour="bgr",
        config={"depth": 101},
        results=(
            Stated(72.0, "AP", f"{VAL}, 512x384", README),
            Stated(70.6, "AP", f"{TEST}, 512x384", README),
        ),
        notes=NOTES,
    ),
    _two_stage(
        "prtr_r152",
        input_size=(384, 384),
        joints=16,
        skeleton="mpii16",
        colour="bgr",
        config={"depth": 152},
        notes=NOTES,
    ),
    _two_stage(
        "prtr_w32",
        input_size=(384, 288),
        config={"body": "hrnet", "width": 32},
        results=(
            Stated(73.1, "AP", f"{VAL}, 384x288", README),
            Stated(71.7, "AP", f"{TEST}, 384x288", README),
            Stated(88.58, "PCKh@0.5", "MPII val, 256x256", README),
            Stated(33.2, "PCKh@0.1", "MPII val, 256x256", README),
        ),
        notes=NOTES[:1],
    ),
    ModelCard(
        name="prtr_sequential",
        family="prtr",
        kind="regression",
        builder="poseval.models.networks.prtr_sequential:build",
        source="Li et al. 2021; mlpc-ucsd/PRTR 64970b8, annotated notebook",
        licence="Apache-2.0",
        weights="none published, so it must be trained",
        input_size=(512, 512),
        crop="image",
        decode="matching",
        flip="none",
        flip_shift=0,
        stride=32,
        config={"depth": 50},
        options=SEQUENTIAL,
        notes=(
            "finds people and their joints in one pass over the whole image",
            "the notebook's faults are fixed and its open sizes chosen (see docs/models.md)",
            "the last class stands for no object",
        ),
    ),
)

"""Cards of PRTR, two stages and sequential."""

from __future__ import annotations

from typing import Any

from poseval.models.registry import ModelCard, Stated

README = "README of mlpc-ucsd/PRTR"
VAL, TEST = "COCO val2017, detector boxes of DETR", "COCO test-dev2017, detector boxes of DETR"
ZOO = "model zoo linked from the repository's README"
NOTES = (
    "the last class stands for no object",
    "a ResNet's norms are frozen, its stem and first layer are not trained",
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
        notes=(
            "finds people and their joints in one pass over the whole image",
            "the notebook's faults are fixed and its open sizes chosen (see docs/models.md)",
            "the last class stands for no object",
        ),
    ),
)

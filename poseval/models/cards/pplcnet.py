"""Cards of PP-LCNet, in PaddleClas' layout, in timm's, and as a pose network."""

from __future__ import annotations

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Bits, Flag, Number, OneOf, Option, Whole

SOURCE = "Cui et al. 2021; PaddlePaddle/PaddleClas d178931"
TOP1 = {0.25: 51.86, 0.5: 63.14, 1.0: 71.32, 2.5: 76.60}
SCALES = (0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5)
TIMM_SCALES = (0.35, 0.5, 0.75, 1.0, 1.5)
IMAGENET = "ImageNet val"

HALF = "0.5x, ImageNet top-1 / ms: "
SCALE = Option(
    "scale",
    Number(0.05, 8),
    1.0,
    "factor on all widths",
    "ImageNet top-1 51.86, 63.14, 71.32, 76.60 with 0.25, 0.5, 1, 2.5",
)
PARTS = (
    Option(
        "activation",
        OneOf(("hswish", "relu")),
        "hswish",
        "activation",
        HALF + "step by step 55.58 / 1.61 with relu, 58.18 / 1.66 with hswish",
    ),
    Option(
        "se",
        Bits(13),
        "0000000000011",
        "blocks with a channel gate",
        HALF + "61.73 / 2.06 with 1100000000000, 62.17 / 2.03 with 0000001100000, 63.14 / 2.05 with "
        "0000000000011, 64.27 / 3.80 with all; step by step 59.09 / 1.70 without, 59.91 / 1.85 with",
    ),
    Option(
        "large_kernels",
        Bits(13),
        "0000001111111",
        "blocks with 5x5 instead of 3x3",
        HALF + "63.22 / 2.08 with all, 62.70 / 2.07 with 1111111000000, 63.14 / 2.05 with "
        "0000001111111; step by step 58.18 / 1.66 without, 59.09 / 1.70 with",
    ),
)
LAST = (
    Option(
        "last_conv",
        Flag(),
        True,
        "1x1 convolution to 1280 channels before the classifier",
        HALF + "59.91 / 1.85 without, 62.50 / 2.05 with it and no dropout",
    ),
    Option(
        "dropout",
        Flag(),
        True,
        "dropout of 0.2 before the classifier",
        HALF + "62.50 / 2.05 without, 63.14 / 2.05 with",
    ),
)
HEAD = Option("head_width", Whole(1, 2048), 256, "channels of the heatmap head")


def _name(scale: float) -> str:
    return "x" + f"{scale:g}".replace(".", "_") if scale % 1 else f"x{scale:.0f}_0"


def _results(scale: float) -> tuple[Stated, ...]:
    if scale not in TOP1:
        return ()
    return (Stated(TOP1[scale], "top-1", IMAGENET, "PaddleClas model zoo"),)


def _classifier(scale: float) -> ModelCard:
    return ModelCard(
        name=f"pplcnet_{_name(scale)}",
        family="pplcnet",
        kind="classifier",
        builder="poseval.models.networks.pplcnet:build",
        source=SOURCE,
        licence="Apache-2.0",
        weights=f"PaddleClas model zoo: PPLCNet_{_name(scale)}_pretrained.pdparams (read without Paddle)",
        input_size=(224, 224),
        joints=1000,
        skeleton=None,
        crop="image",
        decode="classes",
        flip="none",
        stride=32,
        results=_results(scale),
        config={"scale": scale},
        options=(SCALE, *PARTS, *LAST),
        notes=("the 1280 features are multiplied by 0.8 at inference, as Paddle's dropout does",),
    )


def _timm(scale: float) -> ModelCard:
    return ModelCard(
        name=f"lcnet_{round(100 * scale):03d}",
        family="pplcnet",
        kind="classifier",
        builder="poseval.models.networks.pplcnet:build_timm",
        source=f"{SOURCE}; layout of timm 1.0.31",
        licence="Apache-2.0",
        weights="timm's releases; another function than PaddleClas' (biased head, no factor 0.8)",
        input_size=(224, 224),
        joints=1000,
        skeleton=None,
        crop="image",
        decode="classes",
        flip="none",
        stride=32,
        config={"scale": scale},
        options=(SCALE,),
    )


POSE = ModelCard(
    name="pplcnet_x1_0_pose",
    family="pplcnet",
    kind="heatmap",
    builder="poseval.models.networks.pplcnet:build_pose",
    source=f"backbone: {SOURCE}; head: Xiao et al. 2018, section 2.1",
    licence="Apache-2.0",
    weights="none published, so it must be trained, from PaddleClas' classifier if you have it",
    config={"scale": 1.0},
    options=(SCALE, *PARTS, HEAD),
)

CARDS = (*(_classifier(scale) for scale in SCALES), *(_timm(scale) for scale in TIMM_SCALES), POSE)

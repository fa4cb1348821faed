"""Cards of PS-ViT, as classifiers and as a pose network."""

from __future__ import annotations

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Flag, Number, OneOf, Option, Whole

SOURCE = "Yue et al. 2021; yuexy/PS-ViT a63a397"
VARIANTS = {  # name: size, points a side, ImageNet top-1
    "ps_vit_ti_14": ("tiny", 14, 75.6),
    "ps_vit_b_14": ("base", 14, 81.7),
    "ps_vit_b_18": ("base", 18, 82.3),
}

SIZE = OneOf(("tiny", "base"))
SAMPLING = (
    Option("iterations", Whole(1, 8), 4, "times that points are sampled; further layers follow", "1 to 8"),
    Option("shared_position", Flag(), True, "one position layer for all iterations, or one for each"),
    Option("offset_scale", Number(0, 4), 1.0, "factor on learnt offsets", unless=("progressive", (False,))),
    Option("progressive", Flag(), True, "move the sampling points, or keep the regular grid"),
)
CLASSIFIER = (
    Option("size", SIZE, "base", "widths and depths", "ImageNet top-1 75.6 tiny, 81.7 base"),
    Option(
        "grid", Whole(1, 64), 14, "sampling points a side", "ImageNet top-1 81.7 with 14, 82.3 with 18 (base)"
    ),
    *SAMPLING,
)
POSE_OPTIONS = (
    Option("size", SIZE, "tiny", "widths and depths", "ImageNet top-1 75.6 tiny, 81.7 base"),
    Option("spacing", OneOf((8, 16, 32)), 16, "pixels between sampling points of the regular grid"),
    Option("head_width", Whole(1, 2048), 256, "channels of the heatmap head"),
    *SAMPLING,
)


def _classifier(name: str) -> ModelCard:
    size, grid, top1 = VARIANTS[name]
    return ModelCard(
        name=name,
        family="ps_vit",
        kind="classifier",
        builder="poseval.models.networks.ps_vit:build",
        source=SOURCE,
        licence="MIT",
        weights=f"linked from the repository's README: {name}",
        input_size=(224, 224),
        joints=1000,
        skeleton=None,
        crop="image",
        decode="classes",
        flip="none",
        results=(Stated(top1, "top-1", "ImageNet val", "README of yuexy/PS-ViT"),),
        config={"size": size, "grid": grid},
        options=CLASSIFIER,
        notes=("attention is scaled by head_dim ** -0.5, as the published B models were evaluated",),
    )


POSE = ModelCard(
    name="ps_vit_ti_14_pose",
    family="ps_vit",
    kind="heatmap",
    builder="poseval.models.networks.ps_vit:build_pose",
    source=f"backbone: {SOURCE}; head: Xiao et al. 2018, section 2.1",
    licence="MIT",
    weights="none published, so it must be trained",
    config={"size": "tiny"},
    options=POSE_OPTIONS,
    notes=("one sampling point per 16 x 16 pixels (spacing=16); tokens return to the grid by their index",),
)

CARDS = (*(_classifier(name) for name in VARIANTS), POSE)

"""Cards of Dite-HRNet."""

from __future__ import annotations

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Flag, Option, Several, Whole

README = "README of ZiyiZhang27/Dite-HRNet"
STATED = {  # modules; COCO val AP, its input and the targets' sigma there; MPII PCKh at 0.5 and 0.1
    18: ((2, 4, 2), 65.9, (256, 192), 2.0, 87.0, 31.1),
    30: ((3, 8, 3), 71.5, (384, 288), 3.0, 87.6, 31.7),
}

OPTIONS = (
    Option(
        "modules",
        Several(Whole(1, 32), 3, 3),
        (2, 4, 2),
        "exchange modules of each stage",
        "COCO val AP 65.9 with 2,4,2; 71.5 with 3,8,3",
    ),
    Option("fixed", Flag(), False, "fuse as the paper says, which published weights do not expect"),
    Option("split", Flag(), True, "depthwise convolutions of several sizes (DSC), or one of 3x3"),
    Option("dynamic", Flag(), True, "kernels mixed for every image (DKA), or plain convolutions"),
    Option("dense_context", Flag(), True, "the dense context gate (DCM), or nothing in its place"),
    Option("global_context", Flag(), True, "the global context gates (GCM), or nothing in their place"),
    Option(
        "groups",
        Several(Whole(1, 8), 4, 4),
        (1, 1, 2, 4),
        "groups of the split convolution by branch, which divide 20, 40, 80 and 160",
        unless=("split", (False,)),
    ),
    Option(
        "kernels",
        Several(Whole(1, 8), 4, 4),
        (4, 4, 2, 1),
        "kernels that are mixed by branch",
        unless=("dynamic", (False,)),
    ),
    Option(
        "reductions",
        Several(Whole(1, 16), 4, 4),
        (4, 4, 8, 8),
        "reductions of the global context gates by branch",
        unless=("global_context", (False,)),
    ),
    Option(
        "dense_reduction",
        Whole(1, 32),
        8,
        "reduction of the dense context gate",
        unless=("dense_context", (False,)),
    ),
)


def _card(depth: int) -> ModelCard:
    modules, coco, size, sigma, loose, tight = STATED[depth]
    return ModelCard(
        name=f"ditehrnet_{depth}",
        family="ditehrnet",
        kind="heatmap",
        builder="poseval.models.networks.ditehrnet:build",
        source="Li et al. 2022; ZiyiZhang27/Dite-HRNet c980e9d",
        licence="Apache-2.0",
        weights="linked from the repository's README; keys under `state_dict`",
        input_size=size,
        sigma=sigma,
        results=(
            Stated(coco, "AP", f"COCO val2017, {size[0]}x{size[1]}", README),
            Stated(loose, "PCKh@0.5", "MPII val, 256x256", README),
            Stated(tight, "PCKh@0.1", "MPII val, 256x256", README),
        ),
        config={"modules": modules},
        options=OPTIONS,
        notes=(
            "branches are fused in place as in the reference program",
            "the option fixed=True fuses as the paper says, for training anew",
        ),
    )


CARDS = tuple(_card(depth) for depth in STATED)

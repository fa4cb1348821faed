"""Cards of Simple Baselines."""

from __future__ import annotations

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Either, Flag, OneOf, Option, Several, Whole

README = "README of microsoft/human-pose-estimation.pytorch"
DETECTOR = "COCO val2017, detector boxes of human AP 56.4"
VAL = {  # depth: AP at 256x192, at 384x288
    50: (70.4, 72.2),
    101: (71.4, 73.6),
    152: (72.0, 74.3),
}
CAFFE = {50: 70.4, 101: 72.0, 152: 72.8}  # at 256x192
MPII = {50: (88.53, 89.07), 101: (89.13, 90.00), 152: (89.62, 90.20)}  # mean PCKh at 256x256, at 384x384

KERNEL = OneOf((4, 3, 2))
OPTIONS = (
    Option(
        "depth",
        OneOf((18, 34, 50, 101, 152)),
        50,
        "layers of the ResNet",
        "COCO val AP 70.4, 71.4 and 72.0 with 50, 101 and 152",
    ),
    Option(
        "caffe",
        Flag(),
        False,
        "stride on the first 1x1 convolution of a bottleneck, as in networks trained in Caffe",
        unless=("depth", (18, 34)),
    ),
    Option(
        "widths",
        Several(Whole(1, 2048), 1, 5),
        (256, 256, 256),
        "channels of each transposed convolution; each doubles the heatmap",
        "2 or 3 of them; 3 give COCO val AP 70.4 with R50",
    ),
    Option(
        "kernels",
        Either(KERNEL, Several(KERNEL, 1, 5)),
        4,
        "kernels of the transposed convolutions, one for all or one each",
        "2, 3 and 4; 4 gives COCO val AP 70.4 with R50",
    ),
)


def _results(depth: int, caffe: bool) -> tuple[Stated, ...]:
    if depth not in VAL:
        return ()
    if caffe:
        return (Stated(CAFFE[depth], "AP", f"{DETECTOR}, 256x192", README),)
    small, large = VAL[depth]
    face, wide = MPII[depth]
    return (
        Stated(small, "AP", f"{DETECTOR}, 256x192", README),
        Stated(large, "AP", f"{DETECTOR}, 384x288", README),
        Stated(face, "PCKh@0.5", "MPII val, 256x256", README),
        Stated(wide, "PCKh@0.5", "MPII val, 384x384", README),
    )


def _card(depth: int, caffe: bool = False) -> ModelCard:
    published = depth in VAL
    return ModelCard(
        name=f"simplebaseline_r{depth}" + ("_caffe" if caffe else ""),
        family="simplebaseline",
        kind="heatmap",
        builder="poseval.models.networks.simplebaseline:build",
        source="Xiao et al. 2018; microsoft/human-pose-estimation.pytorch 49f3f44",
        licence="MIT",
        weights=(
            f"model zoo linked from the repository's README: pose_resnet_{depth}_256x192.pth.tar and siblings"
            if published
            else "none published at this depth by the authors"
        ),
        colour="bgr",
        results=_results(depth, caffe),
        config={"depth": depth, "caffe": caffe, "widths": (256, 256, 256)},
        options=OPTIONS,
        doublings="widths",
        notes=(
            "channels are fed in OpenCV's order, blue first, with the RGB mean and deviation as they are",
        ),
    )


CARDS = tuple(_card(depth) for depth in (18, 34, 50, 101, 152)) + tuple(
    _card(depth, caffe=True) for depth in (50, 101, 152)
)

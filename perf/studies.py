"""What `perf/study.py` trains: small networks that differ in one switch of a paper, on synthetic people.

A study has arms, one network (or tracker) each, and claims about them. A claim is a weighted sum of the arms'
scores, which the paper expects to be above 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from poseval.synth import World


@dataclass(frozen=True)
class Data:
    """Frames of synthetic clips, far apart in time; training and validation images have their own seeds."""

    world: World
    people: int  # most people of an image
    skeleton: str
    form: str
    train: int = 800
    val: int = 150


ONE = Data(World(192, 144, smallest=100, largest=130, clutter=2, occluders=0.0), 1, "mpii16", "mpii-json")
CROWD = Data(World(160, 160, smallest=100, largest=150, clutter=3, occluders=0.0), 2, "crowdpose14", "coco")


@dataclass(frozen=True)
class Arm:
    """One network: a model with options, and what differs from the study's recipe."""

    model: str
    config: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper, as weights of arms; `number` is the score it speaks of, by default the first.

    With `equal` the paper expects no difference.
    """

    text: str
    weights: Mapping[str, float]
    number: str | None = None
    equal: bool = False


@dataclass(frozen=True)
class Study:
    """Arms that are treated alike, and what papers say of them.

    `title` and `note` go into the page. Without `epochs` arms are trackers, and a seed draws the clips.
    """

    title: str
    arms: Mapping[str, Arm]
    claims: tuple[Claim, ...]
    note: str
    data: Data = ONE
    size: tuple[int, int] = (64, 64)
    epochs: int = 0
    changes: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 3


UNTURNED = {f"augmentation.{name}": 0 for name in ("rotation", "rotated")}
POSE = {"optimiser": "adam", "schedule": "cosine", "warm_up": 20, "decay": 0, "batch": 4, **UNTURNED}
WIDE = {"options.target": "unbiased", "options.sigma": 2}


def _hpm(kind: str, block: str = "hpm", **config: Any) -> Arm:
    rate = {"rate": 5e-3 if kind == "hpm_1_binary" else 2e-3}
    return Arm(kind, {"width": 64, "block": block, **config}, rate)


def _blocks(other: str, size: str) -> tuple[Claim, Claim]:
    """What the paper says of HPM against another block of some size."""
    binary, real = {"binary, HPM": 1, f"binary, {other}": -1}, {"real, HPM": -1, f"real, {other}": 1}
    return (
        Claim(f"HPM is better than a bottleneck {size} in a binary network", binary),
        Claim(
            f"HPM gains more over a bottleneck {size} in a binary network than in a real one", binary | real
        ),
    )


BINARY = Study(
    "Binary networks: block, loss and pooling",
    {
        "binary, HPM": _hpm("hpm_1_binary"),
        "binary, bottleneck": _hpm("hpm_1_binary", "bottleneck"),
        "real, HPM": _hpm("hpm_1"),
        "real, bottleneck": _hpm("hpm_1", "bottleneck"),
        "binary, wider bottleneck": _hpm("hpm_1_binary", "bottleneck", width=144),
        "real, wider bottleneck": _hpm("hpm_1", "bottleneck", width=144),
        "binary, HPM, squared differences": _hpm("hpm_1_binary", sigmoid=False),
        "binary, HPM, average pooling": _hpm("hpm_1_binary", pool="average"),
    },
    (
        *_blocks("bottleneck", "of equal width"),
        *_blocks("wider bottleneck", "of as many parameters"),
        Claim(
            "sigmoid cross entropy is better than squared differences for a binary network",
            {"binary, HPM": 1, "binary, HPM, squared differences": -1},
        ),
        Claim(
            "max pooling is better than average pooling for a binary network",
            {"binary, HPM": 1, "binary, HPM, average pooling": -1},
        ),
    ),
    "Networks are 64 channels wide. The wider bottlenecks have 144 channels, the multiple of 16 that gives "
    "nearly as many parameters as HPM has.",
    epochs=12,
    changes={**POSE, **WIDE},
)

HRNET = {"width": 16, "modules": (1, 2, 2)}
EXCHANGE = Study(
    "HRNet: exchange between resolutions",
    {
        "exchange": Arm("hrnet_w32", HRNET),
        "within stages only": Arm("hrnet_w32", {**HRNET, "exchange_across": False}),
        "across stages only": Arm("hrnet_w32", {**HRNET, "exchange_within": False}),
        "none": Arm("hrnet_w32", {**HRNET, "exchange_within": False, "exchange_across": False}),
    },
    (
        Claim("exchange is better than none", {"exchange": 1, "none": -1}),
        Claim("exchange within stages alone is better than none", {"within stages only": 1, "none": -1}),
        Claim("exchange across stages alone is better than none", {"across stages only": 1, "none": -1}),
        Claim("both are better than within stages alone", {"exchange": 1, "within stages only": -1}),
        Claim("both are better than across stages alone", {"exchange": 1, "across stages only": -1}),
    ),
    "Width 16; stages 2, 3 and 4 have 1, 2 and 2 modules. The last module of a stage exchanges across "
    "stages, those before it within the stage. The last of the network always exchanges. "
    "Seeds 3 and 4 were added to all networks after the first three had been seen.",
    epochs=10,
    seeds=5,
    changes={**POSE, **WIDE, "rate": 1e-3},
)

DEKR = {"width": 8}
STEADY = {"smallest": 1, "largest": 1, "rotation": 0, "translation": 0}  # images as they are
REGRESSION = Study(
    "DEKR: adaptive convolutions and separate branches",
    {
        "adaptive, separate": Arm("dekr_w32", DEKR),
        "plain, separate": Arm("dekr_w32", {**DEKR, "convolution": "plain"}),
        "plain, one branch": Arm("dekr_w32", {**DEKR, "convolution": "plain", "separate": False}),
    },
    (
        Claim("both parts are better than none", {"adaptive, separate": 1, "plain, one branch": -1}),
        Claim(
            "adaptive convolutions are better than plain ones",
            {"adaptive, separate": 1, "plain, separate": -1},
        ),
        Claim("separate branches are better than one", {"plain, separate": 1, "plain, one branch": -1}),
    ),
    "Width 8.",
    data=CROWD,
    epochs=6,
    changes={
        "rate": 3e-3,
        "batch": 4,
        "schedule": "cosine",
        "warm_up": 20,
        **{f"options.{name}": value for name, value in STEADY.items()},
    },
)

TOKENS = {"patch": (2, 2), "depths": (4,), "tokens": "image", "graph_layers": 2}
PRUNING = Study(
    "TokenPose: pruned links",
    {
        "keep ratio 1": Arm("tokenpose_s_sparse", {**TOKENS, "keep_ratio": 1}),
        "keep ratio 0.6": Arm("tokenpose_s_sparse", {**TOKENS, "keep_ratio": 0.6}),
        "keep ratio 0.6, no joint mask": Arm(
            "tokenpose_s_sparse", {**TOKENS, "keep_ratio": 0.6, "joint_mask": False}
        ),
    },
    (
        Claim("a keep ratio of 0.6 is better than 1", {"keep ratio 0.6": 1, "keep ratio 1": -1}),
        Claim(
            "the joint mask is better than none", {"keep ratio 0.6": 1, "keep ratio 0.6, no joint mask": -1}
        ),
    ),
    "Four layers on patches of 2 x 2 cells, two graph layers. Trainings of this length end at the mean pose, "
    "PCKh@0.5 of 27 to 34, at rates of 3e-4 to 1e-3, from the image and from a convolutional stem; tokens "
    "of 64 channels in two or three layers end at 24 to 25 after four epochs, from the stem by patches "
    "of 1 x 1 and 2 x 2 cells and from an HRNet of width 8. On an HRNet that reached 54 with its heatmaps "
    "tokens reach 38 after two epochs and 33 after four. So nothing can show; it takes a longer training.",
    epochs=12,
    changes={**POSE, **WIDE, "rate": 1e-3},
)


def _lcnet(activation: str, large: str, se: str) -> Arm:
    config = {"scale": 0.5, "head_width": 64, "activation": activation, "large_kernels": large, "se": se}
    return Arm("pplcnet_x1_0_pose", config)


NOWHERE, LATE, LAST = "0" * 13, "0000001111111", "0000000000011"
STEPS = Study(
    "PP-LCNet: step by step",
    {
        "base, ReLU": _lcnet("relu", NOWHERE, NOWHERE),
        "+ h-swish": _lcnet("hswish", NOWHERE, NOWHERE),
        "+ 5x5 kernels": _lcnet("hswish", LATE, NOWHERE),
        "+ channel gates": _lcnet("hswish", LATE, LAST),
    },
    (
        Claim("h-swish is better than ReLU", {"+ h-swish": 1, "base, ReLU": -1}),
        Claim("large kernels in the second half help", {"+ 5x5 kernels": 1, "+ h-swish": -1}),
        Claim("channel gates in the last blocks help", {"+ channel gates": 1, "+ 5x5 kernels": -1}),
        Claim("all three together help", {"+ channel gates": 1, "base, ReLU": -1}),
    ),
    "For poses, at scale 0.5. The paper's last two steps, a 1x1 convolution and dropout, are of classifiers.",
    size=(128, 128),
    epochs=12,
    changes={**POSE, **WIDE, "rate": 3e-3},
)

TRACKING = Study(
    "Flow tracking: propagation and similarity",
    {
        "propagation, multi-flow": Arm("flow"),
        "propagation, flow": Arm("flow(similarity=flow)"),
        "propagation, pose": Arm("flow(similarity=pose)"),
        "propagation, box": Arm("flow(similarity=box)"),
        "none, pose": Arm("flow(similarity=pose,propagate=false)"),
        "none, box": Arm("flow(similarity=box,propagate=false)"),
    },
    (
        Claim("propagation raises MOTA", {"propagation, pose": 1, "none, pose": -1}, "MOTA"),
        Claim("propagation raises AP", {"propagation, pose": 1, "none, pose": -1}, "AP"),
        Claim("flow instead of boxes raises MOTA", {"propagation, flow": 1, "propagation, box": -1}, "MOTA"),
        Claim(
            "flow instead of boxes leaves AP as it is",
            {"propagation, flow": 1, "propagation, box": -1},
            "AP",
            equal=True,
        ),
    ),
    "Two clips of 24 frames and six people for each seed. Detections are jittered, without identities, and a "
    "tenth of the people is missed. Optical flow (DIS) is computed on the images.",
    seeds=5,
)

STUDIES: Mapping[str, Study] = {
    "binary": BINARY,
    "tracking": TRACKING,
    "steps": STEPS,
    "exchange": EXCHANGE,
    "pruning": PRUNING,
    "regression": REGRESSION,
}

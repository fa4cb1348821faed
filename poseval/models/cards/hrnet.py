"""Cards of HRNet."""

from __future__ import annotations

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Flag, OneOf, Option, Several, Whole

README = "README of leoxiaobin/deep-high-resolution-net.pytorch"
DETECTOR = "COCO val2017, detector boxes of human AP 56.4"
ZOO = "model zoo linked from the repository's README"
OPTIONS = (
    Option("width", Whole(1, 256), 32, "channels of the finest branch", "32 and 48"),
    Option("modules", Several(Whole(1, 16), 3, 3), (1, 4, 3), "exchange modules of stages 2, 3 and 4"),
    Option(
        "exchange_within",
        Flag(),
        True,
        "branches exchange in modules that are not the last of their stage",
        "without exchange about 2 to 3 AP less on COCO (recalled)",
    ),
    Option("exchange_across", Flag(), True, "branches exchange in the last module of stages 2 and 3"),
    Option("reads", Several(OneOf((4, 8, 16, 32)), 1, 4), (4,), "strides of the maps that the head reads"),
)


CARDS = (
    ModelCard(
        name="hrnet_w32",
        family="hrnet",
        kind="heatmap",
        builder="poseval.models.networks.hrnet:build",
        source="Sun et al. 2019; leoxiaobin/deep-high-resolution-net.pytorch 6f69e46",
        licence="MIT",
        weights=f"{ZOO}: pose_hrnet_w32_256x192.pth, pose_hrnet_w32_384x288.pth, pose_hrnet_w32_256x256.pth",
        results=(
            Stated(74.4, "AP", f"{DETECTOR}, 256x192", README),
            Stated(90.3, "PCKh@0.5", "MPII val, 256x256", README),
            Stated(37.7, "PCKh@0.1", "MPII val, 256x256", README),
        ),
        config={"width": 32},
        options=OPTIONS,
    ),
    ModelCard(
        name="hrnet_w48",
        family="hrnet",
        kind="heatmap",
        builder="poseval.models.networks.hrnet:build",
        source="Sun et al. 2019; leoxiaobin/deep-high-resolution-net.pytorch 6f69e46",
        licence="MIT",
        weights=f"{ZOO}: pose_hrnet_w48_256x192.pth, pose_hrnet_w48_384x288.pth",
        input_size=(384, 288),
        sigma=3.0,
        results=(
            Stated(76.3, "AP", f"{DETECTOR}, 384x288", README),
            Stated(75.5, "AP", "COCO test-dev2017, detector boxes of human AP 60.9, 384x288", README),
            Stated(77.0, "AP", "COCO test-dev2017, trained with AI Challenger too, 384x288", README),
        ),
        config={"width": 48},
        options=OPTIONS,
    ),
)

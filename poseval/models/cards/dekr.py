"""Cards of DEKR."""

from __future__ import annotations

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Flag, OneOf, Option, Whole

README = "README of HRNet/DEKR"
ZOO = "model zoo linked from the repository's README"
NOTES = (
    "published files of CrowdPose load with joints=14",
    "rescoring nets are separate files: final_rescore_coco_kpt.pth and final_rescore_crowd_pose_kpt.pth",
    "scales 0.5, 1 and 2 are the published multi-scale test",
)
RESULTS = {
    32: (
        Stated(68.0, "AP", "COCO val2017, one scale, flip test", README),
        Stated(70.7, "AP", "COCO val2017, multi-scale, flip test", README),
        Stated(67.3, "AP", "COCO test-dev2017, one scale, flip test", README),
        Stated(69.8, "AP", "COCO test-dev2017, multi-scale, flip test", README),
    ),
    48: (
        Stated(71.0, "AP", "COCO val2017, one scale, flip test", README),
        Stated(72.3, "AP", "COCO val2017, multi-scale, flip test", README),
        Stated(70.0, "AP", "COCO test-dev2017, one scale, flip test", README),
        Stated(71.0, "AP", "COCO test-dev2017, multi-scale, flip test", README),
        Stated(67.3, "AP", "CrowdPose test, one scale", README),
        Stated(68.0, "AP", "CrowdPose test, multi-scale", README),
    ),
}

OPTIONS = (
    Option("width", Whole(1, 256), 32, "channels of the finest branch", "32 and 48"),
    Option(
        "convolution",
        OneOf(("adaptive", "deformable", "plain")),
        "adaptive",
        "taps of the offset branches: an affine map of the grid, free ones, or a plain 3x3",
        "COCO val AP of W32: plain and one branch about 57 (recalled), both parts 68.0",
    ),
    Option("separate", Flag(), True, "a branch of offsets for each joint, or one for all"),
    Option("snap", Flag(), False, "move regressed joints to the nearest maxima of their heatmaps", free=True),
)


def _card(width: int, side: int) -> ModelCard:
    return ModelCard(
        name=f"dekr_w{width}",
        family="dekr",
        kind="bottom_up",
        builder="poseval.models.networks.dekr:build",
        source="Geng et al. 2021; HRNet/DEKR 7a30313",
        licence="MIT",
        weights=f"{ZOO}: pose_dekr_hrnetw{width}_coco.pth, pose_dekr_hrnetw{width}_crowdpose.pth",
        input_size=(side, side),
        crop="image",
        decode="grouping",
        flip="image",
        flip_shift=3,
        results=RESULTS[width],
        config={"width": width},
        options=OPTIONS,
        notes=NOTES,
    )


CARDS = (_card(32, 512), _card(48, 640))

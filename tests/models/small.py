"""Small configurations of every family that can be trained here."""

from __future__ import annotations

from typing import Any, NamedTuple


class Small(NamedTuple):
    """A small configuration of one family; `size` is HEIGHTxWIDTH as typed."""

    size: str
    config: dict[str, Any]


SMALL = {
    "dekr_w32": Small("64x64", {"width": 4}),
    "ditehrnet_18": Small("64x64", {"modules": [1, 1, 1]}),
    "fan_1": Small("64x64", {"width": 16}),
    "fan_1_binary": Small("64x64", {"width": 16}),
    "hourglass_2": Small("64x64", {"width": 8}),
    "hrnet_w32": Small("64x64", {"width": 4}),
    "pplcnet_x1_0_pose": Small("64x64", {"scale": 0.25, "head_width": 8}),
    "prtr_sequential": Small("64x64", {"queries": 4, "keypoint_queries": 20, "layers": 1}),
    "prtr_w32": Small("64x64", {"width": 4, "queries": 20, "layers": 1}),
    "ps_vit_ti_14_pose": Small("64x48", {"head_width": 8}),
    "simplebaseline_r18": Small("64x64", {"widths": [8, 8, 8]}),
    "synth_small": Small("64x48", {"widths": [8, 8, 8, 8]}),
    "vitpose_s": Small("64x48", {"width": 16, "depth": 2, "heads": 2}),
    "tokenpose_t": Small("64x48", {"patch": [2, 2], "depths": [2]}),
    "tokenpose_s_sparse": Small("64x48", {"patch": [2, 2], "depths": [2], "skeleton": "coco17"}),
}

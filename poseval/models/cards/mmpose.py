"""Cards of networks that mmpose trained: the same ones, with its keys and its order of colours."""

from __future__ import annotations

from typing import Any

from poseval.models.registry import ModelCard

NAMES = {
    "mmpose_simplebaseline_r50": ("simplebaseline", {"depth": 50}),
    "mmpose_simplebaseline_r101": ("simplebaseline", {"depth": 101}),
    "mmpose_simplebaseline_r152": ("simplebaseline", {"depth": 152}),
    "mmpose_hrnet_w32": ("hrnet", {"width": 32}),
    "mmpose_hrnet_w48": ("hrnet", {"width": 48}),
}


def _card(name: str, network: str, config: dict[str, Any]) -> ModelCard:
    return ModelCard(
        name=name,
        family="adapters",
        kind="heatmap",
        builder="poseval.models.adapters.mmpose:build",
        source="open-mmlab/mmpose 0.x and 1.x: top-down heatmaps, affine crops",
        licence="Apache-2.0",
        weights="the model zoo of open-mmlab/mmpose",
        options=(),
        config={"network": network, **config, **({"width": None} if "depth" in config else {"depth": None})},
        notes=(
            "colours are RGB, where the networks of the papers' own programs may be BGR",
            "takes keys that begin with backbone., and head. or keypoint_head.",
        ),
    )


CARDS = tuple(_card(name, *parts) for name, parts in NAMES.items())

"""Keys of ViTPose's checkpoints: the original's, Transformers' and mmpose 1.x's; experts put in place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

State = Mapping[str, "Tensor"]
HEADS = {"deconv1": "deconv_layers.0", "batchnorm1": "deconv_layers.1", "deconv2": "deconv_layers.3",
         "batchnorm2": "deconv_layers.4", "conv": "final_layer"}  # fmt: skip
TRANSFORMERS = (
    (r"^backbone\.embeddings\.position_embeddings$", "backbone.pos_embed"),
    (r"^backbone\.embeddings\.patch_embeddings\.projection\.", "backbone.patch_embed.proj."),
    (r"^backbone\.encoder\.layer\.(\d+)\.attention\.output\.dense\.", r"backbone.blocks.\1.attn.proj."),
    (r"^backbone\.encoder\.layer\.(\d+)\.layernorm_before\.", r"backbone.blocks.\1.norm1."),
    (r"^backbone\.encoder\.layer\.(\d+)\.layernorm_after\.", r"backbone.blocks.\1.norm2."),
    (r"^backbone\.encoder\.layer\.(\d+)\.mlp\.experts\.experts\.", r"backbone.blocks.\1.mlp.experts."),
    (r"^backbone\.encoder\.layer\.(\d+)\.", r"backbone.blocks.\1."),
    (r"^backbone\.layernorm\.", "backbone.last_norm."),
    (r"^head\.(deconv[12]|batchnorm[12]|conv)\.", lambda found: f"keypoint_head.{HEADS[found[1]]}."),
)
MMPOSE = (
    (r"^backbone\.patch_embed\.projection\.", "backbone.patch_embed.proj."),
    (r"^backbone\.layers\.(\d+)\.ln1\.", r"backbone.blocks.\1.norm1."),
    (r"^backbone\.layers\.(\d+)\.ln2\.", r"backbone.blocks.\1.norm2."),
    (r"^backbone\.layers\.(\d+)\.ffn\.layers\.0\.0\.", r"backbone.blocks.\1.mlp.fc1."),
    (r"^backbone\.layers\.(\d+)\.ffn\.layers\.1\.", r"backbone.blocks.\1.mlp.fc2."),
    (r"^backbone\.layers\.(\d+)\.", r"backbone.blocks.\1."),
    (r"^backbone\.ln1\.", "backbone.last_norm."),
    (r"^head\.", "keypoint_head."),
)
POSITIONS = "backbone.pos_embed"
EXPERT = re.compile(r"(.*\.mlp)\.experts\.(\d+)\.(weight|bias)$")
OTHER_HEAD = re.compile(r"^associate_keypoint_heads\.(\d+)\.")


def renamed(state: State, data_set: int) -> dict[str, Tensor]:
    """A checkpoint of any layout in the original's, with the expert and the head of one data set.

    Keys that belong to no layout stay as they are, so that the strict loading names them.
    """
    if any(key.startswith("backbone.embeddings.") for key in state):
        state = _joined({_by(TRANSFORMERS, key): value for key, value in state.items()})
    elif any(key.startswith("backbone.layers.") for key in state):
        state = {_by(MMPOSE, key): value for key, value in state.items()}
        place = state.get(POSITIONS)
        if place is not None:  # mmpose has no place for a class token
            state[POSITIONS] = torch.cat([torch.zeros_like(place[:, :1]), place], dim=1)
    return _of_data_set(dict(state), data_set)


def _by(rules: tuple[tuple[str, object], ...], key: str) -> str:
    for pattern, new in rules:
        found, count = re.subn(pattern, new, key)  # type: ignore[call-overload]
        if count:
            return str(found)
    return key


def _joined(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Query, key and value of Transformers in one projection."""
    out = {}
    for key, value in state.items():
        found = re.fullmatch(r"(.*)\.attention\.attention\.(query|key|value)\.(weight|bias)", key)
        if found is None:
            out[key] = value
        elif found[2] == "query":
            names = [
                f"{found[1]}.attention.attention.{part}.{found[3]}" for part in ("query", "key", "value")
            ]
            if all(name in state for name in names):
                out[f"{found[1]}.attn.qkv.{found[3]}"] = torch.cat([state[name] for name in names])
    return out


def _of_data_set(state: dict[str, Tensor], data_set: int) -> dict[str, Tensor]:
    """The shared part of each feed-forward net and the expert of one data set as one layer; its own head."""
    experts = {key: found for key in state if (found := EXPERT.fullmatch(key))}
    heads = {key: found for key in state if (found := OTHER_HEAD.match(key))}
    if not experts and not heads:
        return state
    out = {key: value for key, value in state.items() if key not in experts and key not in heads}
    for key, found in experts.items():
        whole = f"{found[1]}.fc2.{found[3]}"
        if int(found[2]) == data_set and whole in out:
            out[whole] = torch.cat([state[whole], state[key]])
    if data_set and heads:
        out = {key: value for key, value in out.items() if not key.startswith("keypoint_head.")}
        for key, found in heads.items():
            if int(found[1]) == data_set - 1:
                out["keypoint_head." + key[found.end() :]] = state[key]
    return out

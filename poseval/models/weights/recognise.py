"""Which model a checkpoint is of, from the names and shapes of its tensors; asked when it does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from poseval.errors import PosevalError
from poseval.models.registry import card, create_model, list_models

if TYPE_CHECKING:
    from torch import Tensor

SURE = 0.9  # fraction of the tensors of both that must agree; heads for other joints differ
MMPOSE = ("head.", "keypoint_head.")


def advice_for(state: Mapping[str, Tensor]) -> str | None:
    """What to load a checkpoint with: a model of ours that has its tensors, or mmpose's cards."""
    name = model_of(state)
    if name is not None:
        return f"these are weights of {name}; run that model"
    if any(key.startswith("backbone.") for key in state) and any(key.startswith(MMPOSE) for key in state):
        return "its keys are mmpose's, whose colours are RGB: use a model mmpose_... of `poseval models`"
    return None


def model_of(state: Mapping[str, Tensor]) -> str | None:
    """The model whose tensors, by name and shape, are those of a checkpoint; None where none's are.

    Shapes alone are made, no weights; that takes a few seconds, and only a file that is refused asks.
    """
    given = {(key, tuple(value.shape)) for key, value in state.items()}
    best, most = None, SURE
    for name in list_models():
        if card(name).family == "adapters":
            continue
        try:
            with torch.device("meta"):
                own = create_model(name).state_dict()
        except PosevalError:
            continue
        theirs = {(key, tuple(value.shape)) for key, value in own.items()}
        agreeing = len(given & theirs) / max(len(given | theirs), 1)
        if agreeing > most:
            best, most = name, agreeing
    return best

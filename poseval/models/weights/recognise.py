"""Which model a checkpoint is of, from the names and shapes of its tensors; asked when it does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import torch

from poseval.errors import PosevalError
from poseval.models.registry import card, create_model, list_models

if TYPE_CHECKING:
    from torch import Tensor

SURE = 0.9  # fraction of the tensors of both that must agree; heads for other joints differ
MMPOSE = ("head.", "keypoint_head.")

Tensors = frozenset[tuple[str, tuple[int, ...]]]  # names and shapes


def advice_for(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> str | None:
    """What to load a checkpoint with that is not of the network with these tensors, up to its head.

    A model of ours that has its tensors, or mmpose's cards.
    """
    given = tensors(state)
    if agreement(given, tensors(own)) > SURE:
        return None
    name = model_of(given)
    if name is not None:
        return f"these are weights of {name}; run that model"
    if any(key.startswith("backbone.") for key in state) and any(key.startswith(MMPOSE) for key in state):
        return "its keys are mmpose's, whose colours are RGB: use a model mmpose_... of `poseval models`"
    return None


def tensors(state: Mapping[str, Tensor]) -> Tensors:
    """What a network's tensors are called, and their shapes, without counters that exporters leave out."""
    return frozenset(
        (key, tuple(value.shape)) for key, value in state.items() if not key.endswith("num_batches_tracked")
    )


def agreement(one: Tensors, other: Tensors) -> float:
    """Fraction of the tensors of two networks that both have."""
    return len(one & other) / max(len(one | other), 1)


def model_of(given: Tensors) -> str | None:
    """The model whose tensors, by name and shape, are those of a checkpoint; None where none's are.

    Shapes alone are made, no weights; that takes a few seconds, and only a file that is refused asks.
    """
    best, most = None, SURE
    for name in list_models():
        agreeing = agreement(given, _tensors_of(name))
        if agreeing > most:
            best, most = name, agreeing
    return best


@cache
def _tensors_of(name: str) -> Tensors:
    """Those of a model as its card has it; none where its network is a file of the user's."""
    if card(name).family == "adapters":
        return frozenset()
    try:
        with torch.device("meta"):
            return tensors(create_model(name).state_dict())
    except PosevalError:
        return frozenset()

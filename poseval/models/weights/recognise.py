"""Which model a checkpoint is of; asked when it does not fit.

What `poseval train` wrote tells it. Others are known by the names and shapes of their tensors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import torch

from poseval.errors import PosevalError, shown
from poseval.models.registry import card, create_model, list_models

if TYPE_CHECKING:
    from torch import Tensor, nn

SURE = 0.9  # fraction of the tensors of both that must agree; heads for other joints differ
MMPOSE_BODY = "backbone.layer1."  # of a ResNet or an HRNet; other networks have parts of these names, too
MMPOSE_HEADS = ("head.", "keypoint_head.")

Tensors = frozenset[tuple[str, tuple[int, ...]]]  # names and shapes


def advice_for(states: Sequence[Mapping[str, Tensor]], model: nn.Module) -> str | None:
    """What to load a checkpoint with that does not fit a model; None where it fits up to its head.

    `states` are its tensors as the model renames them, and as they are. A model of ours that has them is
    named, or one with such names, or mmpose's cards.
    """
    own = tensors(model.state_dict())
    given = [tensors(state) for state in states]
    name = next(filter(None, map(model_of, given)), None)
    if name is not None:
        kind, theirs = _network_of(name)
        if type(model) is not kind or agreement(own, theirs) <= SURE:
            return f"these are weights of {name}; run that model"
    name = next(filter(None, map(_named_as, given)), None)
    if name is not None and name != _named_as(own):
        said = f"its tensors are named as those of {name}, and have other shapes"
        return f"{said}; run that model with the options that it was made with"
    keys = states[0].keys()
    if any(key.startswith(MMPOSE_BODY) for key in keys) and any(key.startswith(MMPOSE_HEADS) for key in keys):
        return "its keys are mmpose's, whose colours are RGB: use a model mmpose_... of `poseval models`"
    return None


def call_for(run: Mapping[str, Any]) -> str | None:
    """How Python makes the model of a training, where it differs from its card; None without its settings."""
    name, config, size = run.get("model"), run.get("config"), run.get("input_size")
    if name not in list_models() or not isinstance(config, dict) or not isinstance(size, list):
        return None
    usual = card(name).sized().config
    outputs = run.get("joints") or run.get("classes") or ()
    count = len(outputs) if isinstance(outputs, list) else 0
    given = {"joints": count or None, "input_size": tuple(size)}
    given |= {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    said = [f"{key}={value!r}" for key, value in given.items() if value != usual.get(key)]
    return shown(f"create_model({', '.join([repr(name), *said])})", 400)


def tensors(state: Mapping[str, Tensor]) -> Tensors:
    """What a network's tensors are called, and their shapes, without counters that exporters leave out."""
    return frozenset(
        (key, tuple(value.shape)) for key, value in state.items() if not key.endswith("num_batches_tracked")
    )


def agreement(one: frozenset[Any], other: frozenset[Any]) -> float:
    """Fraction of the tensors of two networks that both have."""
    return len(one & other) / max(len(one | other), 1)


def model_of(given: Tensors) -> str | None:
    """The model whose tensors, by name and shape, are those of a checkpoint; None where none's are.

    Shapes alone are made, no weights; that takes a few seconds, and only a file that is refused asks.
    """
    return _nearest({name: agreement(given, _network_of(name)[1]) for name in list_models()})


def _named_as(given: Tensors) -> str | None:
    """The first model whose tensors have these names, up to numbers and shapes; None where none's have."""
    parts = _parts(given)
    return _nearest({name: agreement(parts, _parts(_network_of(name)[1])) for name in list_models()})


def _nearest(alike: Mapping[str, float]) -> str | None:
    name = max(alike, key=lambda name: alike[name], default=None)
    return name if name is not None and alike[name] > SURE else None


def _parts(given: Tensors) -> frozenset[str]:
    """Names of tensors without the numbers of layers in them."""
    return frozenset(re.sub(r"\d+", "#", key) for key, _ in given)


@cache
def _network_of(name: str) -> tuple[type | None, Tensors]:
    """Class and tensors of a model as its card has it; none where its network is a file of the user's."""
    if card(name).family == "adapters":
        return None, frozenset()
    try:
        with torch.device("meta"):
            model = create_model(name)
    except PosevalError:
        return None, frozenset()
    return type(model), tensors(model.state_dict())

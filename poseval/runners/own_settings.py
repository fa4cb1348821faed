"""What is asked of a model, and what its checkpoint or its card says of it: the two must not contradict."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from poseval.errors import MismatchError, shown
from poseval.models.registry import ModelCard, card
from poseval.models.shipped import shipped_weights
from poseval.models.weights.trained import Trained, trained

INPUT_SIZE = "--input-size"


@dataclass(frozen=True)
class ModelOptions:
    """Which model runs, and how.

    What a checkpoint of `poseval train` was trained with holds: other joints, another `size` (height, width)
    and another `config` are refused, the latter two unless `override`. `skeleton` names the joints of other
    weights; without it they are the card's, or the ground truth's if their number agrees. `half` None: 16-bit
    arithmetic on a GPU, 32-bit on a CPU. `flip` and `decode` None: as the card says. `scales` and `rescore`
    (a file) are for bottom-up networks. `threads` None: as many as PyTorch takes. `compiled` and
    `channels_last` may make a network faster, and change the last digits. `overridden` says each setting
    that `override` changed; `with_own_settings` fills it.
    """

    name: str
    weights: Path | None = None
    joints: int | None = None
    size: tuple[int, int] | None = None
    skeleton: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    batch: int = 32
    device: str = "auto"
    half: bool | None = None
    flip: bool | None = None
    decode: str | None = None
    scales: tuple[float, ...] = (1.0,)
    rescore: Path | None = None
    threads: int | None = None
    override: bool = False
    compiled: bool = False
    channels_last: bool = False
    overridden: tuple[str, ...] = ()


def with_own_settings(options: ModelOptions, weights_flag: str = "--weights") -> tuple[ModelOptions, Trained]:
    """The options with the weights that come with the model or its card, and with what those tell.

    Raises:
        MismatchError: P452 a checkpoint of another model, or trained with other settings than were asked for;
            another input size or other weights than a card file says.
    """
    named = card(options.name)
    if named.family == "card":
        options = _held_to_card(options, named, weights_flag)
    if options.weights is None:
        bare = not options.config and options.joints is None
        own = shipped_weights(named.name) if bare and not named.file else named.file
        options = replace(options, weights=Path(own) if own else None)
    told = trained(options.weights) if options.weights and os.path.isfile(options.weights) else Trained()
    return _as_trained(options, named, told), told


def card_as_trained(name: str, weights: Path) -> ModelCard:
    """The card of a model with the settings that these weights were trained with.

    Raises:
        MismatchError: P452 as `with_own_settings`.
    """
    options, told = with_own_settings(ModelOptions(name, weights))
    return card(name).sized(told.outputs, options.size, options.config)


def _held_to_card(options: ModelOptions, entry: ModelCard, weights_flag: str) -> ModelOptions:
    """The options, compared with what the card file of a network says."""
    other: dict[str, tuple[Any, Any]] = {}
    if options.size is not None and options.size != entry.input_size:
        other[INPUT_SIZE] = (options.size, entry.input_size)
    if options.weights is not None and entry.file is not None and not _is_file(options.weights, entry.file):
        other[weights_flag] = (options.weights.name, os.path.basename(entry.file))
    return _refused_or_told(options, "card", shown(os.path.basename(options.name)), "says", other)


def _is_file(path: Path, other: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)


def _as_trained(options: ModelOptions, entry: ModelCard, told: Trained) -> ModelOptions:
    """The options with the settings that a checkpoint was trained with."""
    if told.model is None:
        return options
    name = shown(options.weights.name) if options.weights else ""
    if told.model != options.name:
        raise MismatchError(
            "P452",
            where=name,
            what=f"is a checkpoint of {shown(told.model)}, not of {options.name}",
            wanted=f"weights of {options.name}",
            hint=f"poseval run {shown(told.model)} --weights {name}",
        )
    known = {option.name: option for option in entry.options or ()}
    own = dict(told.config or {})
    before = {name: option.default for name, option in known.items()} | dict(entry.config) | own
    asked = {
        f"--option {key}": (value, before.get(key, value))
        for key, value in options.config.items()
        if key not in known or not known[key].free
    }
    if options.size is not None and told.size is not None:
        asked[INPUT_SIZE] = (options.size, told.size)
    other = {flag: values for flag, values in asked.items() if not _same(*values)}
    options = _refused_or_told(options, "checkpoint", name, "was trained with", other)
    return replace(options, config={**own, **options.config}, size=options.size or told.size)


def _refused_or_told(
    options: ModelOptions, teller: str, name: str, relation: str, other: Mapping[str, tuple[Any, Any]]
) -> ModelOptions:
    """Refuse, or with `override` write down, flags whose values (asked, own) differ."""
    if options.override:
        told = [
            f"{flag} is {_words(now, flag)}, and {name} {relation} {_words(was, flag)}"
            for flag, (now, was) in other.items()
        ]
        return replace(options, overridden=(*options.overridden, *told))
    if other:
        flags = ", ".join(other)
        said = ", ".join(f"{_words(was, flag)} for {flag}" for flag, (_, was) in other.items())
        raise MismatchError(
            "P452",
            where=name,
            what=f"{relation} {said}",
            wanted=f"the settings of the {teller}",
            hint=f"leave {flags} out, which the {teller} tells; or pass --override",
        )
    return options


def _same(asked: Any, was: Any) -> bool:
    """Whether two values of an option are the same, lists being tuples."""
    if isinstance(asked, list | tuple) and isinstance(was, list | tuple):
        return len(asked) == len(was) and all(map(_same, asked, was))
    return isinstance(asked, bool) is isinstance(was, bool) and bool(asked == was)


def _words(value: Any, flag: str) -> str:
    if flag == INPUT_SIZE:
        return f"{value[0]}x{value[1]}"
    return shown(json.dumps(value), 40)

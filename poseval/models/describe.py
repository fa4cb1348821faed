"""Cards and costs as text and as JSON, for people and programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from poseval.models.registry import WHOLE_IMAGE, ModelCard
from poseval.models.schema import Option, typed
from poseval.skeletons import load_skeleton

if TYPE_CHECKING:
    from poseval.models.cost import Cost

HEADER: tuple[str, ...] = ("name", "kind", "input", "joints", "licence", "source")


def table(cards: Iterable[ModelCard]) -> list[tuple[str, ...]]:
    """Text cells: a header, and one row per model."""
    rows = [HEADER]
    for card in cards:
        height, width = card.input_size
        rows.append((card.name, card.kind, f"{height}x{width}", str(card.joints), card.licence, card.source))
    return rows


def card_rows(card: ModelCard, cost: Cost | None, why: str | None = None) -> list[tuple[str, str]]:
    """A card as labels and texts; without a cost, `why` says what it would need."""
    rows = [("model", f"{card.name} ({card.family}, {card.kind})"), ("source", card.source)]
    rows += [("licence", card.licence), ("weights", card.weights), *_input_rows(card)]
    if card.kind not in ("classifier", "detector"):
        rows.append(("joints", f"{card.joints}" + (f" ({card.skeleton})" if card.skeleton else "")))
    rows += [("decode", card.decode), ("flip test", _flip(card))]
    if card.flip != "none":
        rows.append(("mirror", ", ".join(f"{a} - {b}" for a, b in flip_pairs(card)) or "not known"))
    rows += [("option", option_text(option.name, option, value)) for option, value in _values(card)]
    rows += _cost_rows(cost) if cost else [("cost", f"not measured: {why}")]
    rows += [("stated", str(result)) for result in card.results]
    return rows + [("note", note) for note in card.notes]


def _input_rows(card: ModelCard) -> list[tuple[str, str]]:
    height, width = card.input_size
    numbers = [", ".join(f"{value:g}" for value in triple) for triple in (card.mean, card.std)]
    crop = card.crop if card.crop in WHOLE_IMAGE else f"{card.crop}, box grown by {card.padding:g}"
    return [
        ("input", f"{height} x {width} (height x width), {card.colour.upper()} / {card.pixel_divisor:g}"),
        ("normalise", f"mean ({numbers[0]}), deviation ({numbers[1]})"),
        ("crop", crop),
    ]


def _flip(card: ModelCard) -> str:
    if card.flip == "none":
        return "none"
    moved = f", moved right by {card.flip_shift}" if card.flip_shift else ""
    return f"average of {card.flip}{moved}"


def flip_pairs(card: ModelCard) -> list[tuple[str, str]]:
    """Joints that a flip test exchanges; empty where the card's skeleton is not known."""
    if card.skeleton is None:
        return []
    skeleton = load_skeleton(card.skeleton)
    return [(skeleton.joints[a], skeleton.joints[b]) for a, b in enumerate(skeleton.flip) if a < b]


def _cost_rows(cost: Cost) -> list[tuple[str, str]]:
    shapes = " and ".join("x".join(map(str, shape)) for shape in cost.input_shapes)
    parameters = "not known: the network file does not tell them"
    if cost.parameters is not None:
        parameters = f"{cost.parameters / 1e6:.3f} M"
        if cost.trainable != cost.parameters:
            parameters += f" ({cost.trainable / 1e6:.3f} M trainable)"
    rows = [("parameters", parameters)]
    if cost.macs is None:
        rows.append(("MACs", "not known: another runtime than PyTorch computes this network"))
    else:
        rows += [("MACs", f"{cost.macs / 1e9:.3f} G at input {shapes}"), ("counted", cost.counted)]
    for name, value in cost.savings.items():
        rows.append(("saved", f"{name}: {value:,.0f}" if value >= 1000 else f"{name}: {value:.4g}"))
    return rows


def _values(card: ModelCard) -> list[tuple[Option, Any]]:
    """Options with the values that the card gives them."""
    return [
        (option, option.taken(card.config.get(option.name, option.default))) for option in card.options or ()
    ]


def option_text(name: str, option: Option, value: Any) -> str:
    """One option with its value, as it is typed, and what is known about it."""
    paper = f". Paper: {option.paper}" if option.paper else ""
    return f"{name}={typed(value)}  {option.meaning}; {option.allowed}{paper}"


def option_json(name: str, option: Option, value: Any) -> dict[str, Any]:
    """One option as plain data, with its value."""
    return {
        "name": name,
        "values": option.allowed,
        "default": value,
        "meaning": option.meaning,
        "paper": option.paper,
        "no_effect_with": None if option.unless is None else {option.unless[0]: list(option.unless[1])},
    }


def card_json(card: ModelCard, cost: Cost | None = None) -> Mapping[str, Any]:
    """A card as plain data, with `cost` null where it was not measured."""
    return {
        **asdict(replace(card, options=None)),
        "options": [
            {**option_json(option.name, option, value), "free_of_training": option.free}
            for option, value in _values(card)
        ],
        "flip_pairs": flip_pairs(card),
        "cost": None if cost is None else asdict(cost),
    }

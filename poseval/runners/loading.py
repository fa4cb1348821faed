"""A named model with its weights, joints and boxes, ready to run."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from poseval.errors import MissingFeature, UsageError, shown, unknown_name
from poseval.models.cost import InAFile, measure, parameters_of
from poseval.models.inference.bottom_up import load_rescoring
from poseval.models.inference.predictions import WholeImage
from poseval.models.inference.top_down import TopDown, decoding
from poseval.models.inference.whole_image import whole_image
from poseval.models.registry import WHOLE_IMAGE, ModelCard, build_model, card, check_shape, registry
from poseval.models.shipped import shipped_weights
from poseval.models.weights.load import Weights, load_weights, weights_of_code
from poseval.models.weights.states import advising
from poseval.models.weights.trained import Trained
from poseval.runners.estimators import CropEstimator, DetectingEstimator, Estimator, ImageEstimator
from poseval.runners.own_settings import ModelOptions, with_own_settings
from poseval.skeletons import Skeleton, load_skeleton, match_names, skeleton_from_names
from poseval.skeletons.agreement import agreed, contradiction

DEVICES = ("cpu", "cuda", "mps")
GIVE_POSES = ("heatmap", "regression", "landmark", "bottom_up")


@contextmanager
def processor_threads(count: int | None) -> Iterator[None]:
    """A context in which PyTorch uses this many processor threads; None changes nothing."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model ready to run.

    `cost` holds its parameters and MACs where they can be counted. `overridden` says each setting that is not
    that of the training.
    """

    estimator: Estimator
    card: ModelCard
    skeleton: Skeleton
    weights: Weights | None
    device: str
    half: bool
    cost: Mapping[str, Any]
    overridden: tuple[str, ...] = ()


def load(options: ModelOptions, truth: Skeleton | None) -> Loaded:
    """Load the model of these options.

    Raises:
        UsageError: P150 to P158 for names, sizes, devices and joints that do not exist or do not agree.
        FormatError, MismatchError: the weights cannot be read or belong to another model.
        MissingFeature: P601 for a package that is not installed, P603 without a GPU.
    """
    options, told = with_own_settings(options)
    named = card(options.name)
    if named.kind not in GIVE_POSES:
        raise UsageError(
            "P158",
            where=f"model {named.name}",
            what=f"is a {named.kind} and does not give poses",
            wanted=f"a model of kind {', '.join(GIVE_POSES)}",
        )
    check_shape(named, options.joints, options.size)
    entry, skeleton = _joints(options, told, truth)
    decoding(entry, options.decode)
    device = choose_device(options.device)
    model = build_model(named, entry.joints, options.size, **options.config)
    half = precision(model, entry, options, device)
    weights = fill(model, entry, options)
    cost = _cost(model.to(device), entry, device)  # before it is compiled: operators of graphs are not seen
    estimator = estimator_of(model, entry, options, skeleton.flip, device, half)
    return Loaded(estimator, entry, skeleton, weights, device, half, cost, options.overridden)


def estimator_of(
    model: nn.Module,
    entry: ModelCard,
    options: ModelOptions,
    mirror: Sequence[int],
    device: str,
    half: bool,
) -> Estimator:
    """A model with its pre- and post-processing.

    Raises:
        UsageError: P155 to P158 for options that the model has no use for.
    """
    _make_deterministic()
    hasten(model, options)
    if entry.crop in WHOLE_IMAGE:
        finder = whole_image(
            model,
            entry,
            flip_test=options.flip,
            mirror=mirror,
            scales=options.scales,
            rescore=load_rescoring(options.rescore, entry.joints) if options.rescore else None,
            device=device,
            autocast=half,
        )
        return ImageEstimator(finder, options.batch)
    if options.rescore or options.scales != (1.0,):
        raise UsageError(
            "P158", where=f"model {entry.name}", what="takes crops, so it has no scales and no rescoring"
        )
    top = TopDown(
        model,
        entry,
        flip_test=options.flip,
        mirror=mirror,
        method=options.decode,
        device=device,
        autocast=half,
    )
    return CropEstimator(top, options.batch)


def precision(model: nn.Module, entry: ModelCard, options: ModelOptions, device: str) -> bool:
    """Whether a model computes with 16 bits: as asked, else on a GPU.

    Raises:
        UsageError: P158 for what cannot be changed of a network in a file: it is computed as it was exported.
    """
    in_file = isinstance(model, InAFile) and not any(True for _ in model.children())
    elsewhere = isinstance(model, InAFile) and not model.counts_macs
    asked = {
        "--half": elsewhere and options.half,
        "--compile": in_file and options.compiled,
        "--channels-last": in_file and options.channels_last,
    }
    refused = ", ".join(name for name, wish in asked.items() if wish)
    if refused:
        raise UsageError(
            "P158",
            where=f"model {entry.name}: {refused}",
            what="does not apply to a network in a file, which is computed as it was exported",
            wanted="the command without it, or a network of PyTorch code",
        )
    return device == "cuda" and not elsewhere if options.half is None else options.half


def hasten(model: nn.Module, options: ModelOptions) -> None:
    """Lay a model's convolutions out with the channels last, and compile it, where that is asked for."""
    if options.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if options.compiled:
        model.compile()


def with_detector(
    loaded: Loaded, chosen: ModelOptions, least: float, overlap: float
) -> tuple[Loaded, Estimator, str]:
    """The top-down model on boxes of a detector, and what the provenance says of the detector.

    What is overridden of the detector is among that of the model.

    Raises:
        UsageError: P158 when the detector does not find people itself, or the model needs no boxes.
    """
    if not isinstance(loaded.estimator, CropEstimator):
        raise UsageError(
            "P158", where=f"model {loaded.card.name}", what="finds people itself, so it takes no boxes"
        )
    _finds_people(chosen.name)
    options, told = with_own_settings(chosen, "--detector-weights")
    entry = card(chosen.name).sized(told.outputs, options.size, options.config)
    if not _is_finder(entry):
        raise UsageError(
            "P158",
            where=f"detector {entry.name}",
            what="does not find people",
            wanted="a model of whole images, such as detr_r50 or dekr_w32",
        )
    model = build_model(card(chosen.name), told.outputs, options.size, **options.config)
    filled = fill(model, entry, options)
    finder = whole_image(model, entry, flip_test=False, device=loaded.device, autocast=loaded.half)
    said = f"detector {entry.name}" + (f" {filled}" if filled else "")
    estimator = DetectingEstimator(loaded.estimator, finder, least, overlap)
    return replace(loaded, overridden=(*loaded.overridden, *options.overridden)), estimator, said


def _finds_people(name: str) -> None:
    """Refuse a name that is no model's, with those of the models that find people.

    Raises:
        UsageError: P150.
    """
    if not name.endswith(".toml") and name not in registry().names():
        cards = {each: entry for each, entry in registry().table.items() if isinstance(entry, ModelCard)}
        finders = [each for each, entry in cards.items() if _is_finder(entry)]
        raise unknown_name("P150", "detector", name, finders, " or a card file (.toml)")


def _is_finder(entry: ModelCard) -> bool:
    """Whether a model finds people; a classifier takes a whole image, too, and finds none."""
    return entry.crop in WHOLE_IMAGE and entry.kind != "classifier"


def choose_device(name: str) -> str:
    """`cpu`, `cuda` or `mps`; `auto` takes a CUDA GPU where there is one.

    Raises:
        UsageError: P102 unknown device. MissingFeature: P603 no GPU that PyTorch can use.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name not in DEVICES:
        raise UsageError(
            "P102",
            where=f"device {shown(name)!r}",
            what="is not known",
            wanted=f"{', '.join(DEVICES)} or auto",
        )
    if name == "mps" and not torch.backends.mps.is_available():
        raise MissingFeature(
            "P603",
            where="--device mps",
            what=f"PyTorch {torch.__version__} finds no Apple GPU",
            wanted="a Mac with Apple silicon",
            hint="or pass --device cpu",
        )
    if name == "cuda" and not torch.cuda.is_available():
        raise MissingFeature(
            "P603",
            where="--device cuda",
            what=f"PyTorch {torch.__version__} finds no GPU",
            wanted="a GPU and a CUDA build of PyTorch",
            hint="or pass --device cpu",
        )
    return name


def device_name(device: str) -> str:
    """The processor's or the GPU's own name."""
    if device == "cuda":
        return str(torch.cuda.get_device_name())
    return platform.processor() or platform.machine()


def _joints(options: ModelOptions, told: Trained, truth: Skeleton | None) -> tuple[ModelCard, Skeleton]:
    """The card for the joints wanted, and the skeleton that the weights give."""
    entry = card(options.name)
    given = _given(options, told)
    joints = options.joints or (len(given) if given else None)
    if joints is None and truth is not None and not entry.fixed_joints and len(truth) != entry.joints:
        joints = len(truth)
    sized = entry.sized(joints, options.size, options.config)
    if given is None and sized.skeleton is not None:
        given = load_skeleton(sized.skeleton)
    if given is None and truth is not None and len(truth) == sized.joints:
        given = truth
    if given is None or len(given) != sized.joints:
        raise UsageError(
            "P157",
            where=f"model {entry.name}",
            what=f"gives {sized.joints} joints, and "
            + ("their skeleton is not known" if given is None else f"skeleton {given.name} has {len(given)}"),
            wanted="--skeleton NAME with the joints that the weights were trained on",
        )
    return sized, given


def _given(options: ModelOptions, told: Trained) -> Skeleton | None:
    """The skeleton that was asked for, on the joints that the checkpoint or the card file names.

    Raises:
        MismatchError: P407 where the two name different joints.
    """
    entry = card(options.name)
    own = _trained_on(told)
    if own is None and entry.family == "card" and entry.skeleton is not None:
        own = load_skeleton(entry.skeleton)
    if not options.skeleton:
        return own
    asked = load_skeleton(options.skeleton)
    if own is None:
        return asked
    found = agreed(own, asked)
    if found is None:
        where = shown(options.weights if told.joints else options.name)
        raise contradiction(own, asked, where, "poseval score --joints names maps what is written by name")
    return found


def _trained_on(told: Trained) -> Skeleton | None:
    """The skeleton that a checkpoint of `poseval train` names."""
    if not told.joints:
        return None
    return match_names(told.joints) or skeleton_from_names(told.joints, told.skeleton)


def fill(model: nn.Module, entry: ModelCard, options: ModelOptions) -> Weights | None:
    """Load the weights of a model; a network without any has none, and a user's function may fill its own.

    Raises:
        UsageError: P154 no weights. And what `load_weights` raises.
    """
    if options.weights is not None:
        told = "; ".join(options.overridden)
        with advising(f"leave --override out: {told}" if told else None):
            return load_weights(model, options.weights)
    function = entry.config["source"].get("entry") if entry.family == "card" else None
    if function is not None:
        return weights_of_code(model, function)
    if any(True for _ in model.parameters()) or hasattr(model, "read_weights"):
        shipped = (
            "leave --option and --joints out: the weights that come with poseval are for the usual values"
        )
        raise UsageError(
            "P154",
            where=f"model {entry.name}",
            what="has no weights",
            wanted="--weights FILE",
            hint=shipped if shipped_weights(entry.name) else f"published at: {entry.weights}",
        )
    return None


def _make_deterministic() -> None:
    """The same command gives the same numbers on the same machine."""
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def _cost(model: nn.Module, entry: ModelCard, device: str) -> dict[str, Any]:
    """Parameters, and MACs for one input of the card's size where they can be counted; None where not."""
    if isinstance(model, WholeImage) or (isinstance(model, InAFile) and not model.counts_macs):
        return {"parameters": parameters_of(model), "macs": None}
    cost = measure(model, torch.zeros((1, 3, *entry.input_size), device=device))
    return {"parameters": cost.parameters, "macs": cost.macs, "counted": cost.counted}

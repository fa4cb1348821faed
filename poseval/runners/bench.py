"""How long a model takes, a person and a frame, and how much of that its network alone takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from poseval.models.cost import parameters_of
from poseval.models.networks.layers import mixed
from poseval.models.registry import ModelCard, build_model, card
from poseval.runners.estimators import CropEstimator, Estimator, ImageEstimator, procedure
from poseval.runners.frames import Picture
from poseval.runners.loading import (
    choose_device,
    device_name,
    estimator_of,
    fill,
    hasten,
    precision,
    processor_threads,
)
from poseval.runners.memory import figures, taken, watch
from poseval.runners.own_settings import ModelOptions, with_own_settings
from poseval.skeletons import load_skeleton

WARM_UP = 3  # passes that are not counted
EDGE = 0.05  # of an image, around the people


@dataclass(frozen=True)
class BenchOptions:
    """A model, and what it is given: frames of (height, width) with `people` on each, `repeats` of them."""

    model: ModelOptions
    people: int = 4
    image_size: tuple[int, int] = (480, 640)
    repeats: int = 20


def bench(options: BenchOptions) -> dict[str, Any]:
    """Milliseconds of a model on noise, with its weights or random ones.

    Raises:
        UsageError: P150 to P158 as `run`. MissingFeature: P601, P603.
    """
    chosen, told = with_own_settings(options.model)
    named = card(chosen.name)
    joints = chosen.joints or told.outputs
    entry = named.sized(joints, chosen.size, chosen.config)
    device = choose_device(chosen.device)
    torch.manual_seed(0)
    before = watch(device)
    model = build_model(named, joints, chosen.size, **chosen.config)
    half = precision(model, entry, chosen, device)
    weights, flip = None, False
    if chosen.weights is not None or not any(True for _ in model.parameters()):
        weights = fill(model, entry, chosen)
    with processor_threads(chosen.threads):
        if entry.kind == "classifier":
            times = _of_classifier(model.to(device), entry, chosen, options.repeats)
            people = 1
        else:
            mirror = load_skeleton(entry.skeleton).flip if entry.skeleton else range(entry.joints)
            estimator = estimator_of(model, entry, chosen, mirror, device, half)
            flip = bool(getattr(procedure(estimator), "flip_test", False))
            times = _of_poses(estimator, _Bare(model, estimator, device, half), options)
            people = options.people
        return {
            "model": entry.name,
            "config": dict(entry.config),
            "overridden": list(chosen.overridden),
            "weights": {"name": weights.name, "sha256": weights.sha256} if weights else None,
            "input_size": list(entry.input_size),
            "flip": flip,
            "parameters": parameters_of(model),
            "device": device_name(device),
            "threads": torch.get_num_threads(),
            "half": half,
            "compiled": chosen.compiled,
            "channels_last": chosen.channels_last,
            "batch": 1 if entry.kind == "classifier" else chosen.batch,
            "people_of_a_frame": people,
            "repeats": options.repeats,
            "milliseconds": _summary(times, people),
            **figures(before, taken(device)),
            "torch": torch.__version__,
        }


class _Bare:
    """A bare loop over the inputs that a network was given for a frame."""

    def __init__(self, model: nn.Module, estimator: Estimator, device: str, half: bool) -> None:
        self.model, self.estimator, self.device, self.half = model, estimator, device, half
        self.calls: list[tuple[Any, ...]] = []
        if isinstance(estimator, ImageEstimator):
            model.register_forward_pre_hook(lambda _, inputs: self.calls.append(inputs))

    def run(self, prepared: Any) -> None:
        """The network on the crops of a frame, as often as a flip test asks, or on its whole image."""
        if isinstance(self.estimator, CropEstimator):
            top, batch = self.estimator.top, self.estimator.batch
            for first in range(0, len(prepared.tensor), batch):
                some = prepared.tensor[first : first + batch].to(self.device)
                top.outputs(some)
                if top.flip_test:
                    top.outputs(some.flip(3))
        else:
            calls, self.calls = self.calls, []
            with torch.inference_mode(), mixed(torch.device(self.device).type, self.half):
                for inputs in calls:
                    self.model(*inputs)
            self.calls = []
        _wait(self.device)


def _of_poses(estimator: Estimator, bare: _Bare, options: BenchOptions) -> dict[str, list[float]]:
    """Seconds of each frame: all of it, its crops, and the network alone on as many inputs.

    The network alone comes after a frame of its own, so that memory is as cold for it. Also `work` of a frame
    and `least` of the network: processor time where that is what computes them, which other programs of the
    machine disturb less.
    """
    watch_of = time.process_time if bare.device == "cpu" else time.perf_counter
    chance = np.random.default_rng(0)
    times: dict[str, list[float]] = {"frame": [], "prepare": [], "network": [], "work": [], "least": []}
    for turn in range(WARM_UP + options.repeats):
        frame = _frame(chance, options)
        start, begun = time.perf_counter(), watch_of()
        prepared = estimator.prepare(*frame)
        cut = time.perf_counter()
        estimator.answer([prepared])
        _wait(bare.device)
        end, done = time.perf_counter(), watch_of()
        prepared = estimator.prepare(*_frame(chance, options))
        start_alone, begun_alone = time.perf_counter(), watch_of()
        bare.run(prepared)
        if turn >= WARM_UP:
            times["network"].append(time.perf_counter() - start_alone)
            times["least"].append(watch_of() - begun_alone)
            times["frame"].append(end - start)
            times["prepare"].append(cut - start)
            times["work"].append(done - begun)
    return times


def _of_classifier(
    model: nn.Module, entry: ModelCard, options: ModelOptions, repeats: int
) -> dict[str, list[float]]:
    """Seconds of one image at a time, as tables of latency are measured."""
    hasten(model, options)
    image = torch.rand(1, 3, *entry.input_size).to(next(model.parameters()).device)
    times: list[float] = []
    for _ in range(WARM_UP + repeats):
        start = time.perf_counter()
        with torch.inference_mode():
            model(image)
        _wait(image.device.type)
        times.append(time.perf_counter() - start)
    return {"frame": times[WARM_UP:], "prepare": [], "network": times[WARM_UP:]}


def _frame(chance: np.random.Generator, options: BenchOptions) -> tuple[Picture, Any, Any]:
    """Noise, with boxes [P, 4] of half its height anywhere inside, and their scores."""
    (height, width), people = options.image_size, options.people
    picture: Picture = chance.integers(0, 256, (height, width, 3), dtype=np.uint8)
    tall, wide = height / 2, height / 5
    low = np.array([width, height]) * EDGE
    high = np.maximum(np.array([width - wide, height - tall]) - low, low + 1)
    first = chance.uniform(low, high, (people, 2))
    return picture, np.concatenate([first, first + np.array([wide, tall])], axis=1), np.ones(people)


def _summary(times: Mapping[str, Sequence[float]], people: int) -> dict[str, Any]:
    """p50 and p95 in milliseconds, of a frame and of a person, and quartiles of what a frame takes beside
    its network.
    """
    frame = np.asarray(times["frame"]) * 1000
    out: dict[str, Any] = {
        "frame": _quantiles(frame),
        "person": _quantiles(frame / max(people, 1)),
    }
    for part in ("prepare", "network"):
        out[part] = _quantiles(np.asarray(times[part]) * 1000) if len(times[part]) else None
    if times.get("least"):
        over = 100 * (np.asarray(times["work"]) / np.asarray(times["least"]) - 1)
        out["over_network_percent"] = {
            name: round(float(np.percentile(over, q)), 1)
            for name, q in (("p25", 25), ("p50", 50), ("p75", 75))
        }
    return out


def _quantiles(values: Any) -> dict[str, float]:
    return {name: round(float(np.percentile(values, q)), 3) for name, q in (("p50", 50), ("p95", 95))}


def _wait(device: str) -> None:
    """Until the device has done what it was given."""
    waits: dict[str, Callable[[], None]] = {"cuda": torch.cuda.synchronize, "mps": torch.mps.synchronize}
    if device in waits:
        waits[device]()

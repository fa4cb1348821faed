"""Parity fixtures: weights and inputs by formula, compared with what the official program computed.

A test of a family is mostly one call: `check(create_model(...), "hrnet_w32_coco_256x192")`. Tolerances are
the fixtures' own: 1e-9 of the largest output in float64, 1e-4 in float32.
"""

from __future__ import annotations

import copy
import json
import math
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.shared import shared_path

TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
TAP_SAMPLES = 16
KEPT_WHOLE, KEPT_SAMPLES = 4096, 1024
GRADIENT_FLOOR = 1e-3  # of the largest gradient norm; smaller ones are sums that cancel, and only that exact

torch.set_num_threads(1)


def seed_of(text: str) -> int:
    """CRC-32 of a name."""
    return zlib.crc32(text.encode("utf-8"))


def uniform(seed: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """float64 in [0, 1), C order."""
    return np.random.RandomState(seed).random_sample(math.prod(shape)).reshape(shape)


def sample_index(name: str, n: int, count: int) -> NDArray[np.int64]:
    """Sorted flat positions at which a tensor of `n` numbers was recorded."""
    if n <= count:
        return np.arange(n)
    return np.sort(np.random.RandomState(seed_of("sample:" + name)).choice(n, count, replace=False))


def formula_value(key: str, shape: tuple[int, ...], multipliers: Mapping[str, float]) -> NDArray[np.float32]:
    """Values of one state-dict entry."""
    u = uniform(seed_of(key), shape)
    last = key.rpartition(".")[2]
    if last == "running_mean":
        value = 0.2 * u - 0.1
    elif last == "running_var":
        value = 0.5 + u
    elif len(shape) == 3 and shape[0] == 1:
        value = 2 * u - 1
    elif len(shape) <= 1 and last.endswith("bias"):
        value = 0.2 * u - 0.1
    elif len(shape) <= 1:
        value = (0.25 + 0.5 * u) * multipliers.get("1d-weight", 1.0)
    else:
        fan = math.prod(shape[2:] if len(shape) == 5 else shape[1:])
        value = (2 * u - 1) * math.sqrt(3 / fan)
    for suffix, factor in multipliers.items():
        if suffix != "1d-weight" and key.endswith(suffix):
            value = value * factor
    return np.asarray(value, dtype=np.float32)


def formula_input(name: str, shape: tuple[int, ...]) -> Tensor:
    """The input of this name, float32 in [-2, 2)."""
    text = f"{name}:" + "x".join(map(str, shape))
    return torch.from_numpy((4 * uniform(seed_of(text), shape) - 2).astype(np.float32))


def fill_by_formula(model: nn.Module, multipliers: Mapping[str, float], kept: Collection[str] = ()) -> None:
    """Fill a model by the formula but for the constants `kept`, which it computes itself."""
    state = model.state_dict()
    for key, tensor in state.items():
        if key in kept:
            continue
        if key.endswith("num_batches_tracked"):
            tensor.zero_()
            continue
        value = formula_value(key, tuple(tensor.shape), multipliers)
        state[key] = torch.from_numpy(value).to(tensor.dtype)
    model.load_state_dict(state)


def state_counts(model: nn.Module) -> dict[str, int]:
    """Parameters, entries of the state dict, and the CRC-32 of its keys and shapes in order."""
    rows = [(key, tuple(tensor.shape)) for key, tensor in model.state_dict().items()]
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return {"keys": len(rows), "keys_crc32": seed_of(repr(rows)), "parameters": parameters}


@dataclass(frozen=True)
class Fixture:
    """One variant's folder."""

    folder: Path

    @classmethod
    def named(cls, variant: str) -> Fixture:
        """The fixture of a variant; skips the test where the shared data is absent."""
        return cls(shared_path(f"golden/models/{variant}"))

    @cached_property
    def meta(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "meta.json").read_text()))

    @cached_property
    def rows(self) -> list[list[Any]]:
        return list(json.loads((self.folder / "state_dict.json").read_text()))

    @cached_property
    def arrays(self) -> dict[str, NDArray[Any]]:
        with np.load(self.folder / "fixture.npz") as file:
            return dict(file)

    def fill(self, model: nn.Module) -> None:
        """Fill a model by the formula; constants that the model computes itself stay."""
        fill_by_formula(model, self.meta["weight_multipliers"], self.meta["kept"])

    def inputs(self, dtype: torch.dtype, train: bool = False) -> list[Tensor]:
        """The inputs in the order of `forward`."""
        source = self.meta["train"]["input"] if train else self.meta["input"]
        stored = self.folder / "inputs.npz"
        if stored.exists():
            with np.load(stored) as file:
                return [torch.from_numpy(file[name]).to(dtype) for name in source]
        kind = "_train" if train else ""
        return [formula_input(name + kind, tuple(shape)).to(dtype) for name, shape in source.items()]


@dataclass
class Agreement:
    """Largest difference over largest magnitude per compared part, e.g. `float64 out`."""

    worst: dict[str, float] = field(default_factory=dict)

    def compare(
        self, part: str, ours: Any, wanted: Any, tolerance: float, scale: float | None = None
    ) -> None:
        """Assert that the numbers agree and remember by how much they differ."""
        ours, wanted = np.asarray(ours, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
        assert ours.shape == wanted.shape, f"{part}: shape {ours.shape}, recorded {wanted.shape}"
        assert wanted.size, f"{part}: nothing recorded"
        scale = float(np.abs(wanted).max()) if scale is None else scale
        difference = float(np.abs(ours - wanted).max()) / (scale or 1.0)
        self.worst[part] = max(difference, self.worst.get(part, 0.0))
        assert difference <= tolerance, f"{part}: differs by {difference:.3g} of the largest value"


def flatten(out: Any, name: str = "out") -> dict[str, Tensor]:
    """Outputs by name: `out`, `out.0`, `out.key`, joined by dots when nested; None has no name."""
    if out is None:
        return {}
    if isinstance(out, Tensor):
        return {name: out}
    if not isinstance(out, Mapping | list | tuple):
        return {}
    pairs = out.items() if isinstance(out, Mapping) else enumerate(out)
    return {key: value for part, inner in pairs for key, value in flatten(inner, f"{name}.{part}").items()}


Call = Callable[[nn.Module, list[Tensor]], Any]


def forward(model: nn.Module, inputs: list[Tensor]) -> Any:
    """The plain call."""
    return model(*inputs)


def check(
    model: nn.Module,
    variant: str,
    *,
    dtypes: tuple[torch.dtype, ...] = (torch.float64, torch.float32),
    call: Call = forward,
    macs: bool = True,
) -> Agreement:
    """Everything a fixture records: keys, constants, cost, outputs, taps, gradients, training buffers.

    Gradients and the training pass are compared in float64 only. `macs=False` leaves the count to the test.
    """
    fixture = Fixture.named(variant)
    agreement = Agreement()
    check_keys(model, fixture)
    fixture.fill(model)
    check_weights(model, fixture, agreement)
    check_size(model, fixture)
    if macs and fixture.meta["macs"] is not None:
        check_macs(model, fixture)
    for dtype in dtypes:
        twin = copy.deepcopy(model).to(dtype).eval()
        check_outputs(twin, fixture, agreement, dtype, call)
        if dtype is torch.float64 and "train" in fixture.meta:
            check_training(twin, fixture, agreement, call)
    return agreement


def check_keys(model: nn.Module, fixture: Fixture) -> None:
    """State-dict keys in order, shapes, and which are parameters."""
    parameters = dict(model.named_parameters())  # a shared layer counts under its first name alone
    ours = [
        [key, list(tensor.shape), "p" if key in parameters else "b"]
        for key, tensor in model.state_dict().items()
    ]
    recorded = [row[:3] for row in fixture.rows]
    if any(row[2] not in ("p", "b") for row in recorded):  # other kinds: rows of the Paddle implementation
        ours, recorded = [row[:2] for row in ours], [row[:2] for row in recorded]
        ours, recorded = sorted(ours), sorted(recorded)
    assert ours == recorded


def check_weights(model: nn.Module, fixture: Fixture, agreement: Agreement) -> None:
    """The filling code against recorded samples, and constants that the model computes itself."""
    state = model.state_dict()
    for name, wanted in fixture.arrays.items():
        part, _, key = name.partition("/")
        if part == "weights":
            got = state[key].reshape(-1)[: len(wanted)].numpy()
            agreement.compare("formula", got, wanted, 0.0)
        elif part == "kept":
            flat = state[key].reshape(-1).numpy()
            index = (
                slice(None)
                if flat.size <= KEPT_WHOLE
                else sample_index("kept:" + key, flat.size, KEPT_SAMPLES)
            )
            agreement.compare("constants", flat[index], wanted.reshape(-1), 1e-6)


def check_size(model: nn.Module, fixture: Fixture) -> None:
    """Parameters, all and trainable, exactly."""
    total = sum(parameter.numel() for parameter in model.parameters())
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    assert (total, trainable) == (fixture.meta["params"], fixture.meta.get("trainable_params", total))


def check_macs(model: nn.Module, fixture: Fixture) -> None:
    """Multiply-adds to 0.5 %."""
    from poseval.models.cost import measure

    cost = measure(model, *fixture.inputs(torch.float32))
    assert cost.macs == _near(fixture.meta["macs"], 0.005)


def _near(value: float, share: float) -> Any:
    import pytest

    return pytest.approx(value, rel=share)


def check_outputs(
    model: nn.Module, fixture: Fixture, agreement: Agreement, dtype: torch.dtype, call: Call = forward
) -> None:
    """Outputs, arg-maxima and taps; gradient norms too in float64."""
    name = str(dtype).removeprefix("torch.")
    gradients = dtype is torch.float64 and "grad/l2" in fixture.arrays
    wanted_taps = {tap["name"]: tap for tap in fixture.meta["taps"]}
    taps, handles = _tap(model, wanted_taps)
    with torch.set_grad_enabled(gradients):
        outputs = flatten(call(model, fixture.inputs(dtype)))
    for handle in handles:
        handle.remove()
    assert set(taps) == set(wanted_taps), sorted(set(wanted_taps) - set(taps))[:8]
    recorded = [out["name"] for out in fixture.meta["outputs"]]
    assert sorted(outputs) == sorted(recorded)
    for out in recorded:
        _compare_output(agreement, f"{name} {out}", outputs[out], fixture, out, TOLERANCE[dtype], dtype)
    for key, tap in wanted_taps.items():
        values = fixture.arrays["taps/value"][tap["offset"] : tap["offset"] + tap["count"]]
        scale = max(abs(tap["min"]), abs(tap["max"]))
        assert key in taps, f"{key} was not called, or returns other parts"
        assert list(taps[key][0]) == tap["shape"], key
        agreement.compare(f"{name} taps", taps[key][1], values, TOLERANCE[dtype], scale)
    if gradients:
        _check_gradients(model, fixture, agreement, outputs)


def _compare_output(
    agreement: Agreement,
    part: str,
    ours: Tensor,
    fixture: Fixture,
    out: str,
    tolerance: float,
    dtype: torch.dtype,
) -> None:
    meta = next(row for row in fixture.meta["outputs"] if row["name"] == out)
    assert list(ours.shape) == meta["shape"]
    flat = ours.detach().reshape(-1).numpy()
    scale = max(abs(meta["min"]), abs(meta["max"]))
    index = fixture.arrays[f"{out}/index"]
    agreement.compare(part, flat[index], fixture.arrays[f"{out}/value"], tolerance, scale)
    if f"{out}/argmax" in fixture.arrays and dtype is torch.float64:
        assert np.array_equal(ours.flatten(2).argmax(2).numpy(), fixture.arrays[f"{out}/argmax"])


def _tap(model: nn.Module, names: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Record named outputs at a module's first call, before anything in place follows.

    A module that returns a tuple or a list is tapped under its name, a dot and the position.
    """
    taken: dict[str, Any] = {}

    def hook(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def take(module: nn.Module, inputs: Any, out: Any) -> None:
            for key, tensor in flatten(out, name).items():
                if key in names and key not in taken:
                    flat = tensor.detach().reshape(-1)
                    index = torch.from_numpy(sample_index(key, flat.numel(), TAP_SAMPLES))
                    taken[key] = (tensor.shape, flat[index].clone().numpy())

        return take

    return taken, [module.register_forward_hook(hook(name)) for name, module in model.named_modules()]


def _check_gradients(
    model: nn.Module, fixture: Fixture, agreement: Agreement, outputs: Mapping[str, Tensor]
) -> None:
    loss = torch.zeros((), dtype=torch.float64)
    for name, out in outputs.items():
        weight = 2 * np.random.RandomState(seed_of("grad:" + name)).random_sample(out.numel()) - 1
        loss = loss + (out * torch.from_numpy(weight).reshape(out.shape)).sum() / out.numel()
    agreement.compare(
        "gradient loss", loss.item(), fixture.meta["grad"]["loss"], TOLERANCE[torch.float64], 1.0
    )
    model.zero_grad(set_to_none=True)
    loss.backward()
    norms = np.array([np.nan if p.grad is None else p.grad.norm().item() for p in model.parameters()])
    wanted = fixture.arrays["grad/l2"]
    assert np.array_equal(np.isnan(norms), np.isnan(wanted)), "other parameters have no gradient"
    real = ~np.isnan(wanted)
    scale = np.maximum(wanted[real], GRADIENT_FLOOR * wanted[real].max())
    agreement.compare(
        "float64 gradients", norms[real] / scale, wanted[real] / scale, TOLERANCE[torch.float64], 1.0
    )


def check_training(model: nn.Module, fixture: Fixture, agreement: Agreement, call: Call = forward) -> None:
    """One forward pass of batch 2 in training mode: outputs and running buffers."""
    model.train()
    with torch.no_grad():
        outputs = flatten(call(model, fixture.inputs(torch.float64, train=True)))
    model.eval()
    for meta in fixture.meta["train"]["outputs"]:
        name = meta["name"]
        flat = outputs[name].reshape(-1).numpy()[fixture.arrays[f"train/{name}/index"]]
        wanted = fixture.arrays[f"train/{name}/value"]
        scale = max(abs(meta["min"]), abs(meta["max"]))
        agreement.compare(f"training {name}", flat, wanted, TOLERANCE[torch.float64], scale)
    norms = [
        tensor.norm().item()
        for key, tensor in model.state_dict().items()
        if key.endswith(("running_mean", "running_var"))
    ]
    wanted = fixture.arrays["train/buffer_l2"]
    agreement.compare(
        "training buffers", np.array(norms) / wanted, wanted / wanted, TOLERANCE[torch.float64], 1.0
    )

"""Parameters and multiply-adds of a model, counted while it runs once.

Counted are convolutions (a transposed one at its input size), matrix products and attention products, as
PyTorch's operators see them; norms, activations, sums, poolings and resizings are not. One multiply-add is
one MAC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from poseval.models.registry import ModelCard, build_model
from poseval.models.weights.load import load_weights

if TYPE_CHECKING:
    from torch import Tensor, nn

COUNTED = (
    "convolutions (transposed ones at their input size), matrix products, attention; no norms, no resizing"
)


@runtime_checkable
class InAFile(Protocol):
    """A network in a file that its modules do not show."""

    @property
    def parameter_count(self) -> int | None:
        """None where the file does not tell them."""

    @property
    def counts_macs(self) -> bool:
        """Whether PyTorch computes it."""


def parameters_of(model: nn.Module) -> int | None:
    """Numbers in a model's parameters; None for a network in a file that does not tell them."""
    if isinstance(model, InAFile):
        return model.parameter_count
    return sum(parameter.numel() for parameter in model.parameters())


@dataclass(frozen=True)
class Cost:
    """Size of a model and the price of one forward pass at `input_shapes`; None for what cannot be known.

    `macs` are multiply-adds; `by_operation` splits them by kind of operator. A model with a method
    `savings() -> Mapping[str, float]` adds what it really skipped or packed during that pass.
    """

    parameters: int | None
    trainable: int
    macs: int | None
    by_operation: Mapping[str, int]
    input_shapes: tuple[tuple[int, ...], ...]
    savings: Mapping[str, float]
    counted: str = COUNTED


def measure(model: nn.Module, *inputs: Tensor) -> Cost:
    """Run a model once in evaluation mode and count.

    Inputs as its `forward` takes them; published counts are for a batch of one.
    """
    training = model.training
    model.eval()
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(
        False
    )  # the fused encoder layer hides its products from the counter
    try:
        with torch.no_grad(), _Counter() as counter:
            model(*inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        model.train(training)
    savings = getattr(model, "savings", None)
    return Cost(
        parameters=parameters_of(model),
        trainable=sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        macs=sum(counter.macs.values()) if not isinstance(model, InAFile) or model.counts_macs else None,
        by_operation=dict(counter.macs),
        input_shapes=tuple(tuple(tensor.shape) for tensor in inputs),
        savings=dict(savings()) if callable(savings) else {},
    )


@runtime_checkable
class NamesInputs(Protocol):
    """A network whose input is not one image of the card's input size."""

    def example_inputs(self) -> tuple[Tensor, ...]:
        """Inputs of a batch of one, on the device that new tensors are made on."""


def cost_of(entry: ModelCard, weights: Path | None = None) -> Cost:
    """Cost of a card's model at the card's input size.

    Nothing is computed, only shapes go through, unless `weights` are given, in which some networks lie, or
    the card is a file.

    Raises:
        UsageError: P153 when the network lies in its weights and none are given.
        MissingFeature: P601 when the package that an adapter stands on is not installed.
    """
    file = weights or entry.file
    own = entry.family == "card"  # whose code may look at the numbers
    with torch.device("cpu" if file or own else "meta"):
        model = build_model(entry)
        if file:
            load_weights(model, file)
        if isinstance(model, NamesInputs):
            return measure(model, *model.example_inputs())
        return measure(model, torch.zeros(1, 3, *entry.input_size))


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the multiply-adds of every operator called inside."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in ("convolution", "_convolution"):
            self.macs["convolution"] += _convolution_macs(args, out)
        elif name in ("mm", "bmm"):
            self.macs["matrix product"] += args[0].numel() * args[1].shape[-1]
        elif name in ("addmm", "baddbmm"):
            self.macs["matrix product"] += args[1].numel() * args[2].shape[-1]
        elif name.startswith("_scaled_dot_product"):
            query, key, value = args[:3]
            links = prod(query.shape[:-1]) * key.shape[-2]
            self.macs["attention"] += links * (query.shape[-1] + value.shape[-1])
        return out


def _convolution_macs(args: Any, out: Tensor) -> int:
    image, weight, transposed = args[0], args[1], args[6]
    pixels: int = int((image if transposed else out).numel())
    taps: int = prod(weight.shape[1:])
    return pixels * taps

"""Binary convolutions: sign activations, sign weights with a scale, and weights packed into bits.

Source: Rastegari et al. 2016, "XNOR-Net"; Bulat and Tzimiropoulos 2017, "Binarized Convolutional Landmark
Localizers for Human Pose Estimation and Face Alignment with Limited Resources"; layout of
1adrianb/binary-networks-pytorch 51bdeee.

The simulation convolves signs with signs, which float32 adds up exactly, and scales afterwards. That is why a
packed network gives the simulation's numbers bit for bit.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.errors import ValueRangeError

KERNEL = 3


class _Sign(torch.autograd.Function):
    """Sign, 0 at 0; the gradient passes straight where the magnitude is at most 1."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.sign()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        x: Tensor = ctx.saved_tensors[0]
        return gradients[0] * (x.abs() <= 1)


def sign(x: Tensor) -> Tensor:
    """-1, 0 or 1, of the same shape; the gradient is that of a clipped identity."""
    out: Tensor = _Sign.apply(x)  # type: ignore[no-untyped-call]
    return out


class OutputScale(nn.Module):
    """A learnt factor per output channel, under the key that binary-networks-pytorch gives it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W] times the factor."""
        return x * self.alpha


class BinaryConv(nn.Module):
    """Convolution (3x3 by default) of signs: sign(x) * sign(w).

    It is multiplied by the mean of |w| per output and by a learnt scale.

    `centred` subtracts from each weight the mean over its input channels before the sign.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = KERNEL, centred: bool = False) -> None:
        super().__init__()
        self.padding = kernel // 2
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel))
        nn.init.kaiming_normal_(self.weight)
        with torch.no_grad():  # one draw in some millions is exactly 0 in float32 and would have no sign
            self.weight[self.weight == 0] = torch.finfo(self.weight.dtype).tiny
        self.activation_post_process = OutputScale(outputs)
        self.centred = centred

    def effective(self) -> Tensor:
        """The weights whose signs count [O, I, k, k]."""
        return self.weight - self.weight.mean(dim=1, keepdim=True) if self.centred else self.weight

    def scale(self) -> Tensor:
        """Mean magnitude of the weights of each output [1, O, 1, 1]."""
        return self.effective().abs().mean((1, 2, 3))[None, :, None, None]

    def forward(self, x: Tensor) -> Tensor:
        """x [B, I, H, W] of any sign -> [B, O, H, W]."""
        sums = functional.conv2d(sign(x), sign(self.effective()), padding=self.padding)
        out: Tensor = self.activation_post_process(sums * self.scale())
        return out


class PackedConv(nn.Module):
    """`BinaryConv` at inference: weights of one bit (1 is plus), eight to a byte, rows padded to bytes."""

    def __init__(self, inputs: int, outputs: int, kernel: int = KERNEL) -> None:
        super().__init__()
        self.inputs, self.kernel = inputs, kernel
        self.bits: Tensor
        self.scale: Tensor
        row = -(-inputs * kernel * kernel // 8)
        self.register_buffer("bits", torch.zeros(outputs, row, dtype=torch.uint8))
        self.register_buffer("scale", torch.zeros(1, outputs, 1, 1))
        self.activation_post_process = OutputScale(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, I, H, W] -> [B, O, H, W]; the bits become signs for the time of the product."""
        shift = torch.arange(7, -1, -1, device=x.device, dtype=torch.uint8)
        flat = (self.bits[..., None] >> shift & 1).flatten(1)[:, : self.inputs * self.kernel**2]
        weight = (2 * flat.to(x.dtype) - 1).reshape(-1, self.inputs, self.kernel, self.kernel)
        sums = functional.conv2d(x.sign(), weight, padding=self.kernel // 2)
        out: Tensor = self.activation_post_process(sums * self.scale)
        return out


def packed(model: nn.Module) -> nn.Module:
    """A copy of a model with every `BinaryConv` packed into bits, in evaluation mode.

    Raises:
        ValueRangeError: P351 when a weight is exactly zero, which has no sign.
    """
    twin = copy.deepcopy(model).eval()
    for name, module in list(twin.named_modules()):
        if isinstance(module, BinaryConv):
            parent, _, child = name.rpartition(".")
            setattr(twin.get_submodule(parent), child, _packed_conv(module, name))
    return twin


def _packed_conv(conv: BinaryConv, name: str) -> PackedConv:
    weight = conv.effective().detach()
    zeros = int((weight == 0).sum())
    if zeros:
        raise ValueRangeError(
            "P351",
            where=f"{name}.weight",
            what=f"has {zeros} weights that are exactly 0",
            wanted="weights other than 0, because a bit has only two values",
        )
    outputs, inputs, kernel = weight.shape[:3]
    out = PackedConv(inputs, outputs, kernel)
    out.bits = torch.from_numpy(np.packbits(weight.reshape(outputs, -1).cpu().numpy() > 0, axis=1))
    out.scale = conv.scale().detach().clone()
    out.activation_post_process = conv.activation_post_process
    return out


def save_packed(model: nn.Module, path: Path) -> int:
    """Write a binary model with packed weights; `load_weights` fills a model made with `packed=True` from it.

    Returns the size of the file in bytes.

    Raises:
        ValueRangeError: P351 when a weight is exactly zero.
    """
    torch.save(packed(model).state_dict(), path)
    return path.stat().st_size


def storage(model: nn.Module) -> dict[str, float]:
    """What packing saves: the fraction of one-bit weights, and the bytes of the state before and after.

    Empty for a model without binary convolutions.
    """
    weights = sum(parameter.numel() for parameter in model.parameters())
    binary = packed_bytes = 0
    for module in model.modules():
        if isinstance(module, BinaryConv):
            binary += module.weight.numel()
            outputs, inputs = module.weight.shape[:2]
            packed_bytes += outputs * (-(-inputs * KERNEL * KERNEL // 8) + 4)  # bits and one float32 scale
    if not binary:
        return {}
    whole = sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())
    return {
        "fraction of weights in one bit": binary / weights,
        "bytes as float32": whole,
        "bytes packed": whole - 4 * binary + packed_bytes,
    }

"""PP-LCNet: a CPU-friendly backbone of depthwise-separable blocks, as a classifier in two published layouts.

Source: Cui et al. 2021, "PP-LCNet: A Lightweight CPU Convolutional Neural Network"; reference program
PaddleClas `pp_lcnet.py` (d178931). timm publishes the same network under other keys (`lcnet_*`, 1.0.31).

The two are not the same function: Paddle multiplies the 1280 features by 0.8 at inference (its dropout scales
down when it predicts, instead of up when it trains), and timm's last convolution has a bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.models.networks.heatmap_head import WIDTH, BackbonePose
from poseval.models.networks.layers import check_divisible
from poseval.models.weights.load import read_checkpoint
from poseval.models.weights.paddle import read_paddle
from poseval.models.weights.states import check_state, strip_prefixes, unwrapped

STEM_WIDTH = 16
LAST_WIDTH = 1280
DROPOUT = 0.2
SE_REDUCTION = 4
SMALL, LARGE = 3, 5  # kernels of depthwise convolutions


def make_divisible(value: float) -> int:
    """Channel count near `value` that 8 divides, never more than 10 % below it (MobileNet's rule)."""
    near = max(8, int(value + 4) // 8 * 8)
    return near + 8 if near < 0.9 * value else near


class Block(NamedTuple):
    """One depthwise-separable block at width factor 1."""

    kernel: int
    inputs: int
    outputs: int
    stride: int
    squeeze: bool = False

    def widths(self, scale: float) -> tuple[int, int]:
        """Input and output channels at width factor `scale`."""
        return make_divisible(self.inputs * scale), make_divisible(self.outputs * scale)


# Table 2 of the paper. Every stage but the first halves the map in its first block.
STAGES: tuple[tuple[Block, ...], ...] = (
    (Block(3, 16, 32, 1),),
    (Block(3, 32, 64, 2), Block(3, 64, 64, 1)),
    (Block(3, 64, 128, 2), Block(3, 128, 128, 1)),
    (Block(3, 128, 256, 2), *(Block(5, 256, 256, 1),) * 5),
    (Block(5, 256, 512, 2, True), Block(5, 512, 512, 1, True)),
)


SE_BLOCKS = "0000000000011"  # of the 13 blocks
LARGE_KERNELS = "0000001111111"
Activation = Literal["hswish", "relu"]
ACTIVATIONS = {"hswish": functional.hardswish, "relu": functional.relu}


@dataclass(frozen=True)
class Parts:
    """What the paper switches: activation, blocks (a digit each) with a channel gate and with 5x5 kernels."""

    activation: Activation = "hswish"
    se: str = SE_BLOCKS
    large_kernels: str = LARGE_KERNELS

    def stages(self) -> list[list[Block]]:
        """The blocks of each stage."""
        digits = iter(zip(self.se, self.large_kernels, strict=True))
        return [
            [
                block._replace(squeeze=se == "1", kernel=LARGE if large == "1" else SMALL)
                for block, (se, large) in zip(stage, digits, strict=False)
            ]
            for stage in STAGES
        ]


class CountlessNorm(nn.Module):
    """Batch normalisation whose state has no step counter, as Paddle saves it.

    The counter serves only a cumulative average that no reference model uses; having it would make every
    published state dict look incomplete.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x [B, C, H, W] by the batch in training, by the running moments otherwise."""
        moments = (self.running_mean, self.running_var)
        return functional.batch_norm(x, *moments, self.weight, self.bias, self.training)


class ConvNorm(nn.Module):
    """Convolution without bias, norm, and h-swish or a ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: Activation = "hswish",
    ) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = CountlessNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W] -> [B, outputs, H / stride, W / stride]."""
        out: Tensor = self.activation(self.bn(self.conv(x)))
        return out


class SqueezeExcite(nn.Module):
    """Channel gate: mean over the map, two 1x1 convolutions (names differ by layout), hard sigmoid."""

    def __init__(self, channels: int, names: tuple[str, str]) -> None:
        super().__init__()
        middle = channels // SE_REDUCTION
        self.names = names
        self.add_module(names[0], nn.Conv2d(channels, middle, 1))
        self.add_module(names[1], nn.Conv2d(middle, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W] times its gate [B, C, 1, 1]."""
        squeezed = functional.relu(self.get_submodule(self.names[0])(x.mean((2, 3), keepdim=True)))
        return x * functional.hardsigmoid(self.get_submodule(self.names[1])(squeezed))


class SeparableBlock(nn.Module):
    """Depthwise convolution, optional channel gate, pointwise convolution."""

    def __init__(self, block: Block, inputs: int, outputs: int, activation: Activation = "hswish") -> None:
        super().__init__()
        kernel = block.kernel
        self.dw_conv = ConvNorm(inputs, inputs, kernel, block.stride, groups=inputs, activation=activation)
        if block.squeeze:
            self.se = SqueezeExcite(inputs, ("conv1", "conv2"))
        self.pw_conv = ConvNorm(inputs, outputs, 1, activation=activation)
        self.squeeze = block.squeeze

    def forward(self, x: Tensor) -> Tensor:
        """x [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]."""
        x = self.dw_conv(x)
        if self.squeeze:
            x = self.se(x)
        out: Tensor = self.pw_conv(x)
        return out


class PPLCNet(nn.Module):
    """PP-LCNet in PaddleClas' layout (`conv1`, `blocks2..6`, `last_conv`, `fc`).

    `scale` multiplies every width; widths are rounded to multiples of 8. `classes` None leaves the classifier
    away, and `forward` returns the stride-32 map. `last_conv` and `dropout` come before the classifier.
    """

    def __init__(
        self,
        scale: float = 1.0,
        classes: int | None = 1000,
        parts: Parts = Parts(),
        last_conv: bool = True,
        dropout: bool = True,
    ) -> None:
        super().__init__()
        act = parts.activation
        self.activation, self.dropout = ACTIVATIONS[act], dropout
        self.conv1 = ConvNorm(3, make_divisible(STEM_WIDTH * scale), 3, stride=2, activation=act)
        for index, stage in enumerate(parts.stages()):
            blocks = [SeparableBlock(block, *block.widths(scale), act) for block in stage]
            self.add_module(f"blocks{index + 2}", nn.Sequential(*blocks))
        self.width = make_divisible(STAGES[-1][-1].outputs * scale)
        self.classes = classes
        self.last_conv: nn.Conv2d | None = None
        if classes is not None and last_conv:
            self.last_conv = nn.Conv2d(self.width, LAST_WIDTH, 1, bias=False)
        if classes is not None:
            self.fc = nn.Linear(LAST_WIDTH if last_conv else self.width, classes)

    def features(self, x: Tensor) -> Tensor:
        """Images [B, 3, H, W] -> map [B, width, H / 32, W / 32]."""
        x = self.conv1(x)
        for index in range(len(STAGES)):
            x = self.get_submodule(f"blocks{index + 2}")(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Images [B, 3, H, W] -> logits [B, classes], or the stride-32 map where there is no classifier."""
        x = self.features(x)
        if self.classes is None:
            return x
        x = x.mean((2, 3), keepdim=True)
        if self.last_conv is not None:
            x = self.activation(self.last_conv(x))
        # Paddle's `downscale_in_infer`: training zeroes without scaling up, inference scales down.
        if self.dropout:
            keep = 1 - DROPOUT
            x = functional.dropout(x, DROPOUT) * keep if self.training else x * keep
        logits: Tensor = self.fc(x.flatten(1))
        return logits

    def read_weights(self, path: Path) -> int:
        """Fill the network from Paddle's `.pdparams` or from a PyTorch checkpoint; return how many tensors.

        Raises:
            FormatError: P250, P251, P252 when the file is neither.
            MismatchError: P450 when it is of another network.
        """
        content = None
        if path.suffix == ".pdparams":
            state = from_paddle({key: torch.from_numpy(value) for key, value in read_paddle(path).items()})
        else:
            content = read_checkpoint(path)
            state = strip_prefixes(unwrapped(content, path.name), self.state_dict())
        check_state(state, self, path.name, content)
        self.load_state_dict(state)
        return len(state)


def from_paddle(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Paddle's names and layouts as PyTorch's: the norm's moments are renamed, linear weights transposed."""
    renamed = {}
    for key, value in state.items():
        name = key.replace("._mean", ".running_mean").replace("._variance", ".running_var")
        renamed[name] = value.T if name == "fc.weight" else value
    return renamed


class TimmBlock(nn.Module):
    """`SeparableBlock` under timm's names."""

    def __init__(self, block: Block, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv_dw = nn.Conv2d(
            inputs, inputs, block.kernel, block.stride, block.kernel // 2, groups=inputs, bias=False
        )
        self.bn1 = NormSwish(inputs)
        if block.squeeze:
            self.se = SqueezeExcite(inputs, ("conv_reduce", "conv_expand"))
        self.conv_pw = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn2 = NormSwish(outputs)
        self.squeeze = block.squeeze

    def forward(self, x: Tensor) -> Tensor:
        """x [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]."""
        x = self.bn1(self.conv_dw(x))
        if self.squeeze:
            x = self.se(x)
        out: Tensor = self.bn2(self.conv_pw(x))
        return out


class NormSwish(nn.BatchNorm2d):
    """Batch normalisation followed by h-swish."""

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W], normalised and activated."""
        return functional.hardswish(super().forward(x))


class TimmLCNet(nn.Module):
    """PP-LCNet in timm's layout (`conv_stem`, `bn1`, `blocks.i.j`, `conv_head` with bias, `classifier`)."""

    def __init__(self, scale: float = 1.0, classes: int = 1000) -> None:
        super().__init__()
        stem = make_divisible(STEM_WIDTH * scale)
        self.conv_stem = nn.Conv2d(3, stem, 3, 2, 1, bias=False)
        self.bn1 = NormSwish(stem)
        # timm splits the fourth stage after its first 5x5 block.
        stages = (*STAGES[:3], STAGES[3][:2], STAGES[3][2:], STAGES[4])
        self.blocks = nn.Sequential(
            *(nn.Sequential(*(TimmBlock(block, *block.widths(scale)) for block in stage)) for stage in stages)
        )
        self.conv_head = nn.Conv2d(make_divisible(STAGES[-1][-1].outputs * scale), LAST_WIDTH, 1)
        self.classifier = nn.Linear(LAST_WIDTH, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images [B, 3, H, W] -> logits [B, classes]."""
        x = self.blocks(self.bn1(self.conv_stem(x)))
        x = functional.hardswish(self.conv_head(x.mean((2, 3), keepdim=True)))
        logits: Tensor = self.classifier(functional.dropout(x, DROPOUT, self.training).flatten(1))
        return logits


def build(
    joints: int,
    input_size: tuple[int, int],
    scale: float = 1.0,
    activation: Activation = "hswish",
    se: str = SE_BLOCKS,
    large_kernels: str = LARGE_KERNELS,
    last_conv: bool = True,
    dropout: bool = True,
) -> PPLCNet:
    """The classifier; `joints` is the number of classes.

    Raises:
        UsageError: P151 for a size not divisible by 32.
    """
    check_divisible("pplcnet", input_size, 32)
    return PPLCNet(scale, joints, Parts(activation, se, large_kernels), last_conv, dropout)


def build_timm(joints: int, input_size: tuple[int, int], scale: float = 1.0) -> TimmLCNet:
    """The classifier in timm's layout; `joints` is the number of classes.

    Raises:
        UsageError: P151 for a size not divisible by 32.
    """
    check_divisible("lcnet", input_size, 32)
    return TimmLCNet(scale, joints)


def build_pose(
    joints: int,
    input_size: tuple[int, int],
    scale: float = 1.0,
    head_width: int = WIDTH,
    activation: Activation = "hswish",
    se: str = SE_BLOCKS,
    large_kernels: str = LARGE_KERNELS,
) -> BackbonePose:
    """The backbone with a plain heatmap head of three doublings, `head_width` wide.

    Raises:
        UsageError: P151 for a size not divisible by 32.
    """
    check_divisible("pplcnet", input_size, 32)
    backbone = PPLCNet(scale, None, Parts(activation, se, large_kernels))
    return BackbonePose(backbone, backbone.width, joints, 3, head_width)

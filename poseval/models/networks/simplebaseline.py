"""Simple Baselines: a ResNet, three transposed convolutions and a 1x1 convolution to heatmaps.

Source: Xiao, Wu, Wei 2018, "Simple Baselines for Human Pose Estimation and Tracking", section 2.1;
microsoft/human-pose-estimation.pytorch 49f3f44, `lib/models/pose_resnet.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from poseval.errors import UsageError, number_of
from poseval.models.networks.layers import (
    BasicBlock,
    Block,
    Bottleneck,
    check_divisible,
    init_normal,
    residual_layer,
)

DEPTHS: dict[int, tuple[Block, tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}
KERNELS = {
    4: (1, 0),
    3: (1, 1),
    2: (0, 0),
}  # transposed kernel -> padding, output padding: all double the size


class SimpleBaseline(nn.Module):
    """Images [N, 3, H, W] to heatmaps [N, joints, H/4, W/4].

    `caffe` puts the stride of a bottleneck on its first 1x1 convolution, as the separately published weights
    have it. `widths` and `kernels` are those of the transposed convolutions.
    """

    def __init__(
        self,
        joints: int,
        depth: int = 50,
        caffe: bool = False,
        widths: Sequence[int] = (256, 256, 256),
        kernels: Sequence[int] = (4, 4, 4),
    ) -> None:
        super().__init__()
        block, blocks = DEPTHS[depth]
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = 64
        for stage, count in enumerate(blocks):
            width = 64 << stage
            layer = residual_layer(block, inputs, width, count, 1 if stage == 0 else 2, caffe=caffe)
            self.add_module(f"layer{stage + 1}", layer)
            inputs = width * block.expansion
        self.deconv_layers = upsampling(inputs, widths, kernels)
        self.final_layer = nn.Conv2d(widths[-1], joints, 1)
        init_normal(self.deconv_layers)
        init_normal(self.final_layer)

    def forward(self, images: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        for name in ("layer1", "layer2", "layer3", "layer4"):
            x = self.get_submodule(name)(x)
        maps: Tensor = self.final_layer(self.deconv_layers(x))
        return maps


def upsampling(inputs: int, widths: Sequence[int], kernels: Sequence[int]) -> nn.Sequential:
    """Transposed convolutions that each double the map, with norm and ReLU."""
    layers: list[nn.Module] = []
    for width, kernel in zip(widths, kernels, strict=True):
        padding, output_padding = KERNELS[kernel]
        layers += [
            nn.ConvTranspose2d(inputs, width, kernel, 2, padding, output_padding, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        inputs = width
    return nn.Sequential(*layers)


def build(
    joints: int,
    input_size: tuple[int, int],
    depth: int = 50,
    caffe: bool = False,
    widths: Sequence[int] = (256, 256, 256),
    kernels: int | Sequence[int] = 4,
) -> SimpleBaseline:
    """A Simple Baselines network; any input size divisible by 32 fits.

    `kernels` is one for all transposed convolutions, or one for each of `widths`.

    Raises:
        UsageError: P152 for another number of kernels than of widths, P151 for a size not divisible by 32.
    """
    check_divisible("simplebaseline", input_size, 32)
    each = (kernels,) * len(widths) if isinstance(kernels, int) else kernels
    if len(each) != len(widths):
        raise UsageError(
            "P152",
            where="model simplebaseline",
            what=f"has {number_of(len(each), 'kernel')} for {number_of(len(widths), 'width')}",
            wanted="one kernel, or one for each width",
        )
    return SimpleBaseline(joints, depth, caffe, widths, each)

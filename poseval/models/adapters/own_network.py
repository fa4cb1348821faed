"""A top-down network of one's own: heatmaps, SimCC or coordinates, from a file or a Python function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from poseval.errors import MismatchError, UsageError, number_of, shown
from poseval.models.adapters.entries import blamed, code_files, made_by
from poseval.models.adapters.network_files import (
    DEFAULT_PROVIDER,
    NetworkFile,
    check_runtime,
    in_batches,
    open_network,
    tensors_of,
)
from poseval.models.adapters.onnx_initializers import external_files
from poseval.models.inference.decoding import Decoded
from poseval.models.inference.predictions import check_finite
from poseval.models.weights.load import load_weights

MAPS = "one output [N, joints, height, width]"
WANTED = {
    "coordinates": "one output [N, joints, 2 or 3]",
    "simcc": "two outputs [N, joints, width * split] and [N, joints, height * split]",
}
TURNED_MAPS = "export the network with the height of its maps before their width"
TURNED = {"simcc": "name its outputs, x before y, as names under [output] of a card"}


@dataclass(frozen=True)
class Source:
    """What a network is: a file of a `format`, or what `entry` makes, for which the file holds weights.

    `entry` is `module:function`, called with `joints`, `input_size` and the options by name; its file may
    lie in `folder`. `names` are the outputs that are read, None for all; `layout` is that of the images.
    """

    format: str = "onnx"
    entry: str | None = None
    folder: str = "."
    options: Mapping[str, Any] = field(default_factory=dict)
    providers: Sequence[str] = (DEFAULT_PROVIDER,)
    names: Sequence[str] | None = None
    layout: str = "nchw"


class FromSource(nn.Module):
    """A network from its source; `read_weights` opens its file.

    Raises:
        MissingFeature: P601 without the runtime of its file. UsageError: P880 an entry that makes no network.
    """

    def __init__(self, source: Source, joints: int, input_size: tuple[int, int]) -> None:
        super().__init__()
        self.source, self.joints, self.input_size = source, joints, input_size
        self.own: nn.Module | None = None
        if source.entry is not None:
            self.own = made_by(source.entry, source.folder, joints, input_size, source.options)
        else:
            check_runtime(source.format)
        self.network: NetworkFile | None = None
        self.data_files: Mapping[str, Path] = {}
        self.name = "the network"

    def read_weights(self, path: Path) -> int:
        """Open the file; returns how many tensors, or outputs, it holds.

        Raises:
            FormatError: P250 not such a file.
            MismatchError: P451 another input size, number of outputs or of joints.
        """
        self.name = path.name
        if self.own is not None:
            return load_weights(self.own, path).tensors
        network = open_network(
            path, self.source.format, self.source.providers, self.source.names, self.source.layout
        )
        self.check_file(network)
        self.network = network
        if self.source.format == "onnx":
            self.data_files = {name: path.parent / name for name in external_files(path)}
        return len(network.gives or ())

    def further_files(self) -> Mapping[str, Path]:
        """Files by name that hold the code, or the numbers, of the network beside its own file."""
        if self.source.entry is not None:
            return code_files(self.source.entry, self.source.folder)
        return self.data_files

    def check_file(self, network: NetworkFile) -> None:
        """Compare what the file takes with the card.

        Raises:
            MismatchError: P451.
        """
        sides = (3, *self.input_size) if self.source.layout == "nchw" else (*self.input_size, 3)
        if network.takes is not None:
            _agree(self.name, network.takes, (None, *sides))

    @property
    def parameter_count(self) -> int | None:
        """Parameters of the module or of the file; None where the file does not tell them."""
        if self.own is not None:
            return sum(each.numel() for each in self.own.parameters())
        return self.network.parameters if self.network is not None else None

    @property
    def counts_macs(self) -> bool:
        """Whether PyTorch computes the network, so that its products can be counted."""
        return self.own is not None or self.source.format != "onnx"

    def run(self, images: Tensor) -> list[Tensor]:
        """Outputs for images [N, 3, h, w].

        Raises:
            UsageError: P153 before a file is loaded.
        """
        given = images if self.source.layout == "nchw" else images.permute(0, 2, 3, 1).contiguous()
        if self.own is not None:
            with blamed(self.name):
                return tensors_of(self.own(given), len(images), self.name)
        if self.network is None:
            raise UsageError(
                "P153", where="ONNX model", what="has no file yet", wanted="load_weights(model, PATH) first"
            )
        return in_batches(self.network, given)


class OwnNetwork(FromSource):
    """Inputs [N, 3, h, w] to what the card says: maps [N, K, H, W], two SimCC outputs, or coordinates."""

    def __init__(
        self, source: Source, joints: int, input_size: tuple[int, int], decode: str, units: str = "unit"
    ) -> None:
        super().__init__(source, joints, input_size)
        self.decoding, self.units = decode, units

    def check_file(self, network: NetworkFile) -> None:
        """Compare what the file takes and gives with the card.

        Raises:
            MismatchError: P451.
        """
        super().check_file(network)
        if network.gives is not None:
            self._check([tuple(shape) for shape in network.gives])

    def _check(self, shapes: Sequence[tuple[int | None, ...]]) -> None:
        """Refuse outputs other than the card's decoding reads.

        Raises:
            MismatchError: P451.
        """
        count = 2 if self.decoding == "simcc" else 1
        rank = 4 if self.decoding not in WANTED else 3
        fits = len(shapes) == count and all(
            len(shape) == rank and shape[1] in (None, self.joints) for shape in shapes
        )
        fits = fits and not (self.decoding == "coordinates" and shapes[0][2] not in (None, 2, 3))
        hint = "write the decode and the joints of the file in its card"
        wanted = f"{WANTED.get(self.decoding, MAPS)}, {self.joints} joints"
        if fits and self.decoding != "coordinates":
            sides = (shapes[1][2], shapes[0][2]) if self.decoding == "simcc" else shapes[0][2:]
            fits = _in_proportion(sides, self.input_size)
            turned = _in_proportion(sides[::-1], self.input_size)
            hint = (
                TURNED.get(self.decoding, TURNED_MAPS)
                if turned
                else "write the input size of the network in its card"
            )
            wanted += f", in proportion to the input {list(self.input_size)}"
        if not fits:
            given = " and ".join(str(["any" if side is None else side for side in shape]) for shape in shapes)
            raise MismatchError(
                "P451",
                where=shown(self.name),
                what=f"has {number_of(len(shapes), 'output')} {shown(given)}",
                wanted=wanted,
                hint=hint,
            )

    def forward(self, images: Tensor) -> Any:
        """Run the network on a batch.

        Raises:
            UsageError: P153 before a file is loaded.
            MismatchError: P451 for other outputs than the card says.
        """
        outputs = self.run(images)
        self._check([tuple(output.shape) for output in outputs])
        return tuple(outputs) if self.decoding == "simcc" else outputs[0]

    def decode(self, outputs: Tensor) -> Decoded:
        """Joints [N, K, 2] in 0..1 of the input, and scores [N, K], of coordinates [N, K, 2 or 3].

        Raises:
            ValueRangeError: P359 NaN or infinite ones.
        """
        answer = outputs.cpu().double().numpy()
        check_finite(self.name, answer)
        xy = answer[..., :2]
        if self.units == "pixels":
            xy = xy / [self.input_size[1], self.input_size[0]]
        score = answer[..., 2] if answer.shape[2] == 3 else torch.ones(answer.shape[:2]).double().numpy()
        return xy, score


def _in_proportion(sides: Sequence[int | None], size: tuple[int, int]) -> bool:
    """Whether sides (height, width) of outputs are the input's over one step, within less than a cell."""
    known = [(side, whole) for side, whole in zip(sides, size, strict=True) if side is not None]
    if any(side < 2 for side, _ in known):
        return False  # no place can be read from one cell
    least, most = [whole / (side + 1) for side, whole in known], [whole / (side - 1) for side, whole in known]
    return max(least, default=0) < min(most, default=1)


def _agree(name: str, given: Sequence[int | None], wanted: Sequence[int | None]) -> None:
    """Sizes that a file fixes must be those wanted; None is any size."""
    fits = len(given) == len(wanted) and all(
        None in (have, want) or have == want for have, want in zip(given, wanted, strict=True)
    )
    if not fits:
        shapes = [["any" if side is None else side for side in sides] for sides in (given, wanted)]
        raise MismatchError(
            "P451",
            where=shown(name),
            what=f"has input shape {shapes[0]}",
            wanted=f"{shapes[1]}",
            hint="give the input_size (height, width), the layout and the joints of the file",
        )


def build(
    joints: int, input_size: tuple[int, int], decode: str, source: Mapping[str, Any], units: str = "unit"
) -> OwnNetwork:
    """A network that a card names, `source` holding fields of `Source`; `load_weights` opens its file."""
    return OwnNetwork(Source(**source), joints, input_size, decode, units)


def build_onnx(
    joints: int, input_size: tuple[int, int], decode: str, provider: str = DEFAULT_PROVIDER
) -> OwnNetwork:
    """An ONNX network without a file; `load_weights` opens one."""
    return OwnNetwork(Source(providers=(provider,)), joints, input_size, decode)

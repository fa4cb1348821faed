"""A top-down network of one's own: heatmaps, SimCC or coordinates, from a file or a Python function."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from poseval.errors import MismatchError, PosevalError, UsageError, shown
from poseval.models.adapters.network_files import (
    DEFAULT_PROVIDER,
    NetworkFile,
    check_runtime,
    in_batches,
    open_network,
    tensors_of,
)
from poseval.models.inference.decoding import Decoded
from poseval.models.weights.load import load_weights
from poseval.plugins import load

WANTED = {
    "coordinates": "one output [N, joints, 2 or 3]",
    "simcc": "two outputs [N, joints, width * split] and [N, joints, height * split]",
}


class OwnNetwork(nn.Module):
    """Inputs [N, 3, h, w] to what the card says: maps [N, K, H, W], two SimCC outputs, or coordinates.

    The network is a file that `read_weights` opens, or `module`, for which the file holds weights.
    """

    def __init__(
        self,
        joints: int,
        input_size: tuple[int, int],
        decode: str,
        kind: str,
        *,
        module: nn.Module | None = None,
        providers: Sequence[str] = (DEFAULT_PROVIDER,),
        names: Sequence[str] | None = None,
        layout: str = "nchw",
        units: str = "unit",
    ) -> None:
        super().__init__()
        if module is None:
            check_runtime(kind)
        self.joints, self.input_size, self.decoding, self.kind = joints, input_size, decode, kind
        self.providers, self.names, self.layout, self.units = tuple(providers), names, layout, units
        self.own = module
        self.network: NetworkFile | None = None
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
        network = open_network(path, self.kind, self.providers, self.names)
        if network.takes is not None:
            sides: tuple[int | None, ...] = (3, *self.input_size)
            sides = sides if self.layout == "nchw" else (*self.input_size, 3)
            agree(path.name, "input", network.takes, (None, *sides))
        if network.gives is not None:
            self._check([tuple(shape) for shape in network.gives])
        self.network = network
        return len(network.gives or ())

    def _check(self, shapes: Sequence[tuple[int | None, ...]]) -> None:
        """Refuse outputs other than the card's decoding reads.

        Raises:
            MismatchError: P451.
        """
        wanted = WANTED.get(self.decoding, "one output [N, joints, height, width]")
        count = 2 if self.decoding == "simcc" else 1
        rank = 4 if self.decoding not in WANTED else 3
        fits = len(shapes) == count and all(
            len(shape) == rank and shape[1] in (None, self.joints) for shape in shapes
        )
        fits = fits and not (self.decoding == "coordinates" and shapes[0][2] not in (None, 2, 3))
        if not fits:
            given = " and ".join(str(["any" if side is None else side for side in shape]) for shape in shapes)
            raise MismatchError(
                "P451",
                where=shown(self.name),
                what=f"has {len(shapes)} output{'s' * (len(shapes) != 1)} {shown(given)}",
                wanted=f"{wanted}, {self.joints} joints",
                hint="write the decode and the joints of the file in its card",
            )

    def forward(self, images: Tensor) -> Any:
        """Run the network on a batch.

        Raises:
            UsageError: P153 before a file is loaded.
            MismatchError: P451 for other outputs than the card says.
        """
        given = images if self.layout == "nchw" else images.permute(0, 2, 3, 1).contiguous()
        if self.own is not None:
            with blamed(self.name):
                outputs = tensors_of(self.own(given), self.name)
        elif self.network is None:
            raise UsageError(
                "P153", where="ONNX model", what="has no file yet", wanted="load_weights(model, PATH) first"
            )
        else:
            outputs = in_batches(self.network, given)
        self._check([tuple(output.shape) for output in outputs])
        return tuple(outputs) if self.decoding == "simcc" else outputs[0]

    def decode(self, outputs: Tensor) -> Decoded:
        """Joints [N, K, 2] in 0..1 of the input, and scores [N, K], of coordinates [N, K, 2 or 3]."""
        answer = outputs.cpu().double().numpy()
        xy = answer[..., :2]
        if self.units == "pixels":
            xy = xy / [self.input_size[1], self.input_size[0]]
        score = answer[..., 2] if answer.shape[2] == 3 else torch.ones(answer.shape[:2]).double().numpy()
        return xy, score


def agree(name: str, part: str, given: Sequence[int | None], wanted: Sequence[int | None]) -> None:
    """Sizes that a file fixes must be those wanted; None is any size.

    Raises:
        MismatchError: P451.
    """
    fits = len(given) == len(wanted) and all(
        None in (have, want) or have == want for have, want in zip(given, wanted, strict=True)
    )
    if not fits:
        shapes = [["any" if side is None else side for side in sides] for sides in (given, wanted)]
        raise MismatchError(
            "P451",
            where=shown(name),
            what=f"has {part} shape {shapes[0]}",
            wanted=f"{shapes[1]}",
            hint="give the input_size (height, width), the layout and the joints of the file",
        )


@contextmanager
def blamed(name: str) -> Iterator[None]:
    """Turn an exception of a user's own code into an error that names it.

    Raises:
        UsageError: P880.
    """
    try:
        yield
    except PosevalError:
        raise
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        raise UsageError(
            "P880", where=shown(name), what=f"fails ({type(error).__name__}: {shown(first, 200)})"
        ) from error


def called(entry: str, folder: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The module that a function makes; its file may lie beside the card.

    Raises:
        UsageError: P880 when it cannot be imported, fails, or makes something else.
    """
    sys.path.insert(0, folder)
    try:
        with blamed(f"entry {entry}"):
            made = load(entry)(**arguments)
    finally:
        sys.path.remove(folder)
    if not isinstance(made, nn.Module):
        raise UsageError(
            "P880",
            where=f"entry {shown(entry)}",
            what=f"makes a {shown(type(made).__name__)}",
            wanted="a torch.nn.Module",
        )
    return made


def build(
    joints: int,
    input_size: tuple[int, int],
    decode: str,
    format: str = "onnx",
    entry: str | None = None,
    folder: str = ".",
    options: Mapping[str, Any] | None = None,
    providers: Sequence[str] = (DEFAULT_PROVIDER,),
    names: Sequence[str] | None = None,
    layout: str = "nchw",
    units: str = "unit",
) -> OwnNetwork:
    """A network that a card names; `load_weights` opens its file.

    `entry` is `module:function`, called with `joints`, `input_size` and `options`; it makes the network, and
    the file holds its weights.

    Raises:
        UsageError: P880 when the entry does not make a network.
    """
    module = None
    if entry is not None:
        module = called(entry, folder, {"joints": joints, "input_size": input_size, **(options or {})})
    return OwnNetwork(
        joints, input_size, decode, format, module=module, providers=providers, names=names, layout=layout,
        units=units,
    )  # fmt: skip


def build_heatmap(joints: int, input_size: tuple[int, int], provider: str = DEFAULT_PROVIDER) -> OwnNetwork:
    """An ONNX network of heatmaps without a file; `load_weights` opens one."""
    return OwnNetwork(joints, input_size, "quarter", "onnx", providers=[provider])


def build_simcc(joints: int, input_size: tuple[int, int], provider: str = DEFAULT_PROVIDER) -> OwnNetwork:
    """An ONNX network of SimCC without a file; `load_weights` opens one."""
    return OwnNetwork(joints, input_size, "simcc", "onnx", providers=[provider])

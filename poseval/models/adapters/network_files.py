"""Networks that come as one file: ONNX, TorchScript and `torch.export`, behind the same face.

A file states the shape and type of what it takes; images are cast to that type, and cut into batches of the
size that the file fixes.
"""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from poseval.errors import FormatError, MismatchError, UsageError, number_of, shown
from poseval.errors.optional import require
from poseval.models.adapters.onnx_initializers import count_initializers

Shape = tuple[int | None, ...]  # None: of any size
ONNX_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
DEFAULT_PROVIDER = "CPUExecutionProvider"
CAUSE = "RuntimeError: "  # how TorchScript begins the last line of what it says, after the places in the code


class NetworkFile(Protocol):
    """A network in a file: what it takes, gives and holds, where it says so, and one pass through it."""

    takes: Shape | None  # of the images
    gives: Sequence[Shape] | None
    parameters: int | None

    def run(self, images: Tensor) -> list[Tensor]:
        """Outputs for images [N, 3, h, w], or [N, h, w, 3], of as many as the file takes at once."""


class OnnxFile:
    """A session of onnxruntime; a second input of two whole numbers is the size of the image.

    Raises:
        MissingFeature: P601 without onnxruntime.
        UsageError: P152 a provider that this onnxruntime does not have, or an output that the file lacks.
        FormatError: P250 not an ONNX file.
        MismatchError: P451 an input that is not an image.
    """

    def __init__(
        self, path: Path, providers: Sequence[str], names: Sequence[str] | None, layout: str
    ) -> None:
        runtime: Any = require("onnxruntime", "ONNX models", None)
        there = runtime.get_available_providers()
        for provider in providers:
            if provider not in there:
                raise UsageError(
                    "P152",
                    where=f"provider {shown(provider)}",
                    what="is not in the installed onnxruntime",
                    wanted=f"one of {', '.join(map(shown, there))}",
                )
        try:
            self.session = runtime.InferenceSession(str(path), providers=list(providers))
        except Exception as error:  # onnxruntime's own classes differ between its versions
            raise FormatError(
                "P250",
                where=shown(path.name),
                what=f"cannot be opened by onnxruntime ({shown(error)})",
                wanted="an .onnx file of a pose network",
                hint="compare its size with the published one; it may be truncated",
            ) from error
        self.name, self.layout = path.name, layout
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        if not inputs:
            raise _other_input(path, "takes no input", "an image")
        kind = str(getattr(inputs[0], "type", "tensor(float)"))
        if kind not in ONNX_TYPES:
            raise _other_input(path, f"takes {shown(kind)}", f"images as {', '.join(ONNX_TYPES)}")
        self.type = ONNX_TYPES[kind]
        self.image, self.others = inputs[0], inputs[1:]
        if any(len(other.shape) != 2 or other.shape[1] not in (2, None) for other in self.others):
            raise _other_input(path, f"takes {len(inputs)} inputs", "an image, and at most its size")
        self.takes: Shape | None = _shape(self.image.shape)
        self.names = [output.name for output in outputs] if names is None else list(names)
        shapes = {output.name: _shape(output.shape) for output in outputs}
        lacking = [name for name in self.names if name not in shapes]
        if lacking:
            raise UsageError(
                "P152",
                where=f"{shown(path.name)}: output {shown(lacking[0])}",
                what="does not exist",
                wanted=f"an output of the file: {', '.join(map(shown, shapes))}",
            )
        self.gives: Sequence[Shape] | None = [shapes[name] for name in self.names]
        self.parameters = count_initializers(path)

    def run(self, images: Tensor) -> list[Tensor]:
        """Outputs for images [N, ...]."""
        pixels = images.cpu().numpy()
        pixels = np.rint(pixels) if self.type is np.uint8 else pixels
        feed = {self.image.name: pixels.astype(self.type)}
        height, width = pixels.shape[2:] if self.layout == "nchw" else pixels.shape[1:3]
        size = np.array([[width, height]] * len(pixels), dtype=np.int64)
        feed |= {other.name: size for other in self.others}
        try:
            outputs = self.session.run(self.names, feed)
        except Exception as error:  # as above
            raise _failed(self.name, images.shape, error) from error
        arrays = [isinstance(output, np.ndarray) and output.dtype.kind in "biuf" for output in outputs]
        return tensors_of(
            [
                torch.from_numpy(np.ascontiguousarray(output)) if plain else output
                for output, plain in zip(outputs, arrays, strict=True)
            ],
            len(images),
            self.name,
        )


class TorchFile:
    """A TorchScript file or one of `torch.export`, on the device that its images come on.

    Raises:
        FormatError: P250 not such a file.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.name = path.name
        self.takes: Shape | None = None
        self.gives: Sequence[Shape] | None = None
        self.module: Any
        try:
            if kind == "torchscript":
                self.module = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
            else:
                with _silent("torch.export"):  # it prints a traceback before it raises
                    program = torch.export.load(path)
                self.module = program.module()
                self.takes = _exported_shape(program)
        except Exception as error:  # both raise RuntimeError, ValueError, zipfile's and json's errors
            if kind == "torchscript" and _holds_tensors_alone(path):
                raise FormatError(
                    "P250",
                    where=shown(path.name),
                    what="holds tensors by name, and no network",
                    wanted="a file of torch.jit.save",
                    hint="name the function that makes the network as entry; this file holds its weights",
                ) from error
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise FormatError(
                "P250",
                where=shown(path.name),
                what=f"cannot be opened ({shown(first)})",
                wanted=f"a file of torch.{'jit.save' if kind == 'torchscript' else 'export.save'}",
                hint="compare its size with the published one; it may be truncated",
            ) from error
        tensors = [*self.module.parameters(), *self.module.buffers()]
        self.type = next((each.dtype for each in tensors if each.is_floating_point()), torch.float32)
        # A frozen TorchScript file holds constants of its code instead.
        self.parameters = sum(each.numel() for each in self.module.parameters()) or None

    def run(self, images: Tensor) -> list[Tensor]:
        """Outputs for images [N, ...]."""
        try:
            outputs = self.module.to(images.device)(images.to(self.type))
        except Exception as error:  # whatever the traced code raises
            raise _failed(self.name, images.shape, error) from error
        return tensors_of(outputs, len(images), self.name)


def check_runtime(kind: str) -> None:
    """Refuse to make a network of ONNX where its runtime is not installed.

    Raises:
        MissingFeature: P601.
    """
    if kind == "onnx":
        require("onnxruntime", "ONNX models", None)


def open_network(
    path: Path,
    kind: str,
    providers: Sequence[str] = (DEFAULT_PROVIDER,),
    names: Sequence[str] | None = None,
    layout: str = "nchw",
) -> NetworkFile:
    """The network in a file of kind `onnx`, `torchscript` or `export`."""
    return OnnxFile(path, providers, names, layout) if kind == "onnx" else TorchFile(path, kind)


def in_batches(network: NetworkFile, images: Tensor) -> list[Tensor]:
    """Outputs for any number of images; the last batch of a file with a fixed one is filled up.

    Raises:
        MismatchError: P451 when the file fails on its images.
    """
    fixed = network.takes[0] if network.takes else None
    if fixed is None or fixed == len(images):
        return network.run(images)
    parts: list[list[Tensor]] = []
    for first in range(0, len(images), fixed):
        some = images[first : first + fixed]
        filled = torch.cat([some, some[-1:].expand(fixed - len(some), *some.shape[1:])])
        parts.append([output[: len(some)] for output in network.run(filled)])
    return [torch.cat(outputs) for outputs in zip(*parts, strict=True)]


def tensors_of(outputs: Any, count: int, name: str) -> list[Tensor]:
    """A network's outputs for `count` images in one list, however it hands them out.

    Raises:
        MismatchError: P451 for outputs that are not tensors of real numbers, or not one row for each image.
    """
    values = list(outputs.values()) if isinstance(outputs, dict) else outputs
    values = list(values) if isinstance(values, list | tuple) else [values]
    what = None if values else "gives no output"
    for value in values:
        if not isinstance(value, Tensor):
            what = what or f"gives {_kind(value)}"
        elif value.is_complex():
            what = what or "gives complex numbers"
        elif value.shape[:1] != (count,):
            rows = " x ".join(map(str, value.shape)) or "1 number"
            what = what or f"gives {rows} for {number_of(count, 'image')}"
    if what is not None:
        raise MismatchError(
            "P451",
            where=shown(name),
            what=what,
            wanted="tensors of real numbers with one row for each image",
            hint="let the network return its outputs alone, with the images along their first axis",
        )
    return values


def _kind(value: Any) -> str:
    return "nothing" if value is None else shown(type(value).__name__)


def _shape(sides: Sequence[Any]) -> Shape:
    """Free sides of an ONNX file are names or None."""
    return tuple(side if isinstance(side, int) and side > 0 else None for side in sides)


def _exported_shape(program: Any) -> Shape | None:
    names = set(program.graph_signature.user_inputs)
    node = next((node for node in program.graph.nodes if node.name in names), None)
    value = node.meta.get("val") if node is not None else None
    return None if value is None else tuple(side if type(side) is int else None for side in value.shape)


def _other_input(path: Path, what: str, wanted: str) -> MismatchError:
    return MismatchError("P451", where=shown(path.name), what=what, wanted=wanted)


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """A context in which a logger of another package says nothing."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _failed(name: str, shape: Sequence[int], error: Exception) -> MismatchError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    cause = next((line for line in lines if line.startswith(CAUSE)), lines[0])
    return MismatchError(
        "P451",
        where=shown(name),
        what=f"fails on its input of {' x '.join(map(str, shape))} ({shown(cause.removeprefix(CAUSE), 200)})",
        wanted="a network that takes images of the card's size, layout and batch",
        hint="correct size and layout in the card, and ask for no other size; or export the network with a "
        "free batch, or for one image",
    )


def _holds_tensors_alone(path: Path) -> bool:
    """Whether it is a file of torch.save: like those of torch.jit.save a zip file, but without code."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = {name.rpartition("/")[2] for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return False
    return "data.pkl" in parts and "constants.pkl" not in parts

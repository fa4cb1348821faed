"""Published checkpoints into models: unwrapped, prefixes stripped, every disagreement in one message.

Files are read with `weights_only=True`, after their claims have been compared with their bytes: a checkpoint
is a pickle, and a pickle of unknown origin may run code.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from poseval.errors import (
    FormatError,
    LimitError,
    MismatchError,
    UsageError,
    shown,
)
from poseval.errors.optional import require
from poseval.files.pickle import ForeignNameError, stand_in
from poseval.files.reading import require_regular
from poseval.models.weights.safetensors import read_safetensors
from poseval.models.weights.states import check_state, listed, strip_prefixes, unwrapped
from poseval.models.weights.torch_files import a_network, check_claims

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = dict[str, Tensor]

MAGIC = (b"PK", b"\x80")  # a zip archive, or a bare pickle as PyTorch wrote before 1.6
CHUNK = 1 << 20


@dataclass(frozen=True)
class Weights:
    """What was loaded: file name, SHA-256 of the file (of the tensors, for a folder), number of tensors.

    `further` are the SHA-256 of other files that make the network: data of an ONNX file, code of a card.
    """

    name: str
    sha256: str
    tensors: int
    further: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The digests, for a provenance block."""
        further = {"further": dict(self.further)} if self.further else {}
        return {"name": self.name, "sha256": self.sha256, **further}

    def __str__(self) -> str:
        """The digests, for one line."""
        further = "".join(f", {name} sha256 {value}" for name, value in self.further.items())
        return f"sha256 {self.sha256}{further}"


@runtime_checkable
class ReadsOwnFile(Protocol):
    """A model whose published weights are not a PyTorch checkpoint."""

    def read_weights(self, path: Path) -> int:
        """Fill the model from a file or folder; return how many tensors were read."""


@runtime_checkable
class HasFurtherFiles(Protocol):
    """A model that not only the file of its weights makes."""

    def further_files(self) -> Mapping[str, Path]:
        """The other files, by name."""


@runtime_checkable
class RenamesKeys(Protocol):
    """A model that also takes checkpoints of another key layout."""

    def rename_keys(self, state: State) -> State:
        """The state dictionary in the model's own layout."""


def load_weights(model: nn.Module, path: str | Path) -> Weights:
    """Fill a model from a published checkpoint, strictly.

    Dictionaries around the weights (`state_dict`, `model`, `best...`) and prefixes (`module.`) are taken off.
    `num_batches_tracked` may be absent: PyTorch before 0.4.1 did not write it.

    Raises:
        UsageError: P154 when there is no such file, P135 a pipe or device.
        FormatError: P250 not a checkpoint or cut short, P251 holds pickled code, P252 holds no weights.
        LimitError: P501, P502, P504 larger than allowed, or than the bytes that are there.
        ValueRangeError: P350 a weight is NaN or infinite.
        MismatchError: P450 all missing, unexpected and mismatched keys at once.
    """
    path = Path(path)
    if not os.path.exists(path):
        raise UsageError("P154", where=shown(path), what="does not exist", wanted="a file of weights")
    if isinstance(model, ReadsOwnFile):
        if not os.path.isdir(path):
            require_regular(path, shown(path.name))
        count = model.read_weights(path)
        sha256 = digest(path) if os.path.isfile(path) else state_digest(model)
        return Weights(path.name, sha256, count, _further(model))
    if not os.path.isfile(path):
        raise UsageError("P154", where=shown(path), what="is not a file", wanted="a file of weights")
    content = read_checkpoint(path)
    own = model.state_dict()
    state = strip_prefixes(unwrapped(content, path.name), own)
    if isinstance(model, RenamesKeys):
        state = model.rename_keys(state)
    check_state(state, model, path.name, content)
    model.load_state_dict({**own, **state})
    return Weights(path.name, digest(path), len(state))


def weights_of_code(model: nn.Module, name: str) -> Weights:
    """What the function `name` made and filled itself: SHA-256 of its tensors, and of its code."""
    return Weights(name, state_digest(model), len(model.state_dict()), _further(model))


def _further(model: nn.Module) -> dict[str, str]:
    files = model.further_files() if isinstance(model, HasFurtherFiles) else {}
    return {name: digest(path) for name, path in files.items()}


def load_fitting(model: nn.Module, path: Path) -> tuple[int, int]:
    """Take every tensor of equal name and shape from a related network's checkpoint, to train on from there.

    Returns (tensors taken, tensors of the model).

    Raises:
        FormatError: P250, P251, P252 as `load_weights`.
        MismatchError: P450 when nothing fits.
    """
    own = model.state_dict()
    given = strip_prefixes(unwrapped(read_checkpoint(path), path.name), own)
    fitting = {key: value for key, value in given.items() if key in own and own[key].shape == value.shape}
    if not fitting:
        raise MismatchError(
            "P450",
            where=shown(path.name),
            what="has no tensor of the model's names and shapes",
            wanted=f"names such as {listed(list(own)[:3])}",
        )
    model.load_state_dict({**own, **fitting})
    return len(fitting), len(own)


def digest(path: Path) -> str:
    """SHA-256 of a file as hex."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def state_digest(model: nn.Module) -> str:
    """SHA-256 of a model's tensors with their names, types and shapes, whatever file they came from."""
    torch = require("torch", "digests of tensors", "models")
    sha = hashlib.sha256()
    for key, value in sorted(model.state_dict().items()):
        if not isinstance(value, torch.Tensor):  # a module's own state
            continue
        held = value.detach().cpu().contiguous()
        array = (held.view(torch.int16) if held.dtype == torch.bfloat16 else held).numpy()
        sha.update(f"{key}:{array.dtype}:{array.shape}:".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def read_checkpoint(path: Path) -> Any:
    """The object in a PyTorch file, tensors on the CPU, no code run; or the tensors of a safetensors file.

    Raises:
        FormatError: P250, P251.
        LimitError: P501, P502, P504 larger than allowed, or than its bytes.
    """
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    require_regular(path, shown(path.name))
    if path.suffix == ".pdparams":
        raise FormatError(
            "P250",
            where=shown(path.name),
            what="holds parameters of PaddlePaddle, which this model does not read",
            wanted="a PyTorch checkpoint (.pth, .pt or .tar) or a .safetensors file, or a model pplcnet_...",
        )
    torch = require("torch", shown(path.name), "models")
    with path.open("rb") as file:
        start = file.read(512)
    head = start.lstrip().lower()
    if not start:
        raise FormatError("P250", where=shown(path.name), what="is empty", wanted="a PyTorch checkpoint")
    if head.startswith((b"<!doctype", b"<html")):
        raise FormatError(
            "P250",
            where=shown(path.name),
            what="is a web page",
            wanted="a PyTorch checkpoint",
            hint="fetch the file itself, not the page that links to it",
        )
    if path.suffix == ".onnx":
        raise a_network(path, "an ONNX")
    if not start.startswith(MAGIC):
        raise FormatError(
            "P250",
            where=shown(path.name),
            what="is not a PyTorch checkpoint",
            wanted="a .pth, .pt or .tar file",
        )
    try:
        check_claims(path)
        with _plain_data_allowed(torch):
            return torch.load(path, map_location="cpu", weights_only=True)
    except (FormatError, LimitError):
        raise
    except ForeignNameError as error:
        raise _refused(path, str(error)) from error
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        raise (_refused(path, named[1]) if named else _torn(path, "its pickle is damaged")) from error
    except Exception as error:  # torch raises RuntimeError, OSError, EOFError, KeyError, ... for torn files
        said = isinstance(error, (RuntimeError, OSError, EOFError))  # others speak of the unpickler's inside
        raise _torn(path, _first_line(error) if said else "its content is damaged") from error


def _first_line(error: Exception) -> str:
    return shown((str(error).splitlines() or [type(error).__name__])[0])


def _plain_data_allowed(torch: Any) -> AbstractContextManager[Any]:
    """NumPy scalars and argparse name spaces are data; old checkpoints carry them beside the weights.

    Containers of our own answer for NumPy's names: its own builders trust what the file says.
    """
    import argparse

    names = [("numpy", "dtype"), ("_codecs", "encode")]
    names += [(f"numpy.{core}.multiarray", "scalar") for core in ("core", "_core")]
    allowed: list[Any] = [(stand_in(module, name), f"{module}.{name}") for module, name in names]
    context: AbstractContextManager[Any] = torch.serialization.safe_globals([*allowed, argparse.Namespace])
    return context


def _refused(path: Path, name: str) -> FormatError:
    return FormatError(
        "P251",
        where=shown(path.name),
        what=f"has a pickled {shown(name)}, which could run code when unpickled",
        wanted="only tensors, numbers and plain containers",
        hint="load it with torch, if you trust its origin, and save only its state dictionary",
    )


def _torn(path: Path, why: str) -> FormatError:
    return FormatError(
        "P250",
        where=shown(path.name),
        what=f"cannot be read as a PyTorch checkpoint ({why})",
        wanted="a complete .pth, .pt or .tar file",
        hint="compare its size with the published one; it may be truncated",
    )

"""Published checkpoints into models: unwrapped, prefixes stripped, every disagreement in one message.

Files are read with `weights_only=True`, after their claims have been compared with their bytes: a checkpoint
is a pickle, and a pickle of unknown origin may run code.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from poseval.errors import (
    Faults,
    FormatError,
    LimitError,
    MismatchError,
    UsageError,
    ValueRangeError,
    error_of,
    shown,
)
from poseval.errors.optional import require
from poseval.files.pickle import ForeignNameError, stand_in
from poseval.files.reading import require_regular
from poseval.models.weights.safetensors import read_safetensors
from poseval.models.weights.torch_files import a_network, check_claims
from poseval.models.weights.training_run import training_run

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = dict[str, Tensor]

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params", "ema")
MAGIC = (b"PK", b"\x80")  # a zip archive, or a bare pickle as PyTorch wrote before 1.6
PREFIXES = ("module.", "model.", "net.", "network.", "_orig_mod.")
CHUNK = 1 << 20
HEAD = 2  # tensors of a last layer, which differ where it is made for other joints
LISTED = 8  # keys named in one line; a wrong architecture differs in hundreds


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
            wanted=f"names such as {_listed(list(own)[:3])}",
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


def unwrapped(content: Any, name: str) -> State:
    """The dictionary of tensors inside a checkpoint.

    Raises:
        FormatError: P252 when there is none.
    """
    torch = require("torch", shown(name), "models")
    for _ in range(4):  # published files nest at most twice
        if not isinstance(content, Mapping):
            break
        if content and all(isinstance(value, torch.Tensor) for value in content.values()):
            return {str(key): value for key, value in content.items()}
        wrapper = next((key for key in _wrapper_keys(content) if isinstance(content[key], Mapping)), None)
        if wrapper is None:
            break
        content = content[wrapper]
    kept = sorted(map(str, content))[:LISTED] if isinstance(content, Mapping) else []
    raise FormatError(
        "P252",
        where=shown(name),
        what="holds no dictionary of weights"
        + (f" (it holds {', '.join(map(shown, kept))})" if kept else ""),
        wanted=f"tensors by name, bare or under {', '.join(WRAPPERS)} or best...",
    )


def _wrapper_keys(content: Mapping[Any, Any]) -> list[Any]:
    known = [key for key in WRAPPERS if key in content]
    return known + [key for key in content if isinstance(key, str) and key.startswith("best")]


def strip_prefixes(state: State, own: Mapping[str, Any]) -> State:
    """Take off prefixes that all keys share and the model's own keys do not have."""
    while state:
        prefix = next((prefix for prefix in PREFIXES if all(key.startswith(prefix) for key in state)), None)
        if prefix is None or any(key.startswith(prefix) for key in own):
            return state
        state = {key[len(prefix) :]: value for key, value in state.items()}
    return state


def check_state(state: State, model: nn.Module, name: str, content: Any = None) -> None:
    """Refuse weights that do not fit a model, naming all that differs; `content` is the file's, if PyTorch's.

    Raises:
        MismatchError: P450.
        ValueRangeError: P350.
    """
    faults = Faults()
    where = shown(name)
    own = model.state_dict()
    missing = [key for key in own if key not in state and not key.endswith("num_batches_tracked")]
    extra = [key for key in state if key not in own]
    other = [key for key in state if key in own and state[key].shape != own[key].shape]
    advice = _advice(state, model, name, content) if missing or extra or other else None
    if missing:
        faults.add(
            "P450",
            where=where,
            what=f"lacks {len(missing)} of the model's {len(own)} tensors: {_listed(missing)}",
            hint=None if extra else advice,
        )
    if extra:
        faults.add(
            "P450",
            where=where,
            what=f"holds {len(extra)} tensors that the model does not have: {_listed(extra)}",
            hint=advice,
        )
    if other:
        shapes = [f"{key} {_shape(state[key])}, model {_shape(own[key])}" for key in other]
        shape_advice = None if advice else _shape_hint([(state[key], own[key]) for key in other])
        faults.add(
            "P450",
            where=where,
            what=f"has {len(other)} tensors with another shape: {_listed(shapes)}",
            hint=shape_advice if missing or extra else advice or shape_advice,
        )
    faults.raise_if_any()
    wrong = [key for key, value in state.items() if value.is_floating_point() and not value.isfinite().all()]
    if wrong:
        raise ValueRangeError(
            "P350",
            where=where,
            what=f"has NaN or infinite weights in {_listed(wrong)}",
            wanted="finite numbers",
        )


@contextmanager
def advising(instead: str | None) -> Iterator[None]:
    """A context in which weights that do not fit are met with this advice; None leaves the usual one."""
    try:
        yield
    except MismatchError as error:
        if instead is None or error.code != "P450":
            raise
        *before, last = [replace(fault, hint=None) for fault in error.faults]
        raise error_of([*before, replace(last, hint=instead)]) from error


def _advice(state: State, model: nn.Module, name: str, content: Any) -> str | None:
    """What the file is of, where it is of another model or was trained with other settings."""
    from poseval.models.weights.recognise import advice_for, call_for

    call = call_for(training_run(content, name))
    if call:
        return f"it was trained with other settings: {call}"
    states = [state]
    if content is not None:  # as they are, not as the model renames them
        states.append(strip_prefixes(unwrapped(content, name), model.state_dict()))
    return advice_for(states, model)


def _listed(names: list[str]) -> str:
    text = ", ".join(shown(name) for name in names[:LISTED])
    return text if len(names) <= LISTED else f"{text} and {len(names) - LISTED} more"


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _shape_hint(pairs: list[tuple[Tensor, Tensor]]) -> str | None:
    """Another size in the first dimension only, one pair of numbers: a head made for other joints."""
    heads = {
        (given.shape[0], wanted.shape[0])
        for given, wanted in pairs
        if given.ndim and wanted.ndim and given.shape[1:] == wanted.shape[1:]
    }
    if len(heads) != 1 or len(pairs) > HEAD:
        return None
    given, wanted = heads.pop()
    said = f"its last layer gives {given} joints or classes, and the model {wanted}"
    return f"{said}; make it for {given}: --joints, or of a classifier as many folders of images or --gt LIST"

"""What a PyTorch file claims, compared with the bytes that are there, before PyTorch reads it.

PyTorch takes the lengths of storages from the pickle: a file of a kilobyte can ask for terabytes, and some of
its versions read behind the end of a shorter record. Nothing is built here: the pickle is walked with
stand-ins, and every storage that it names must have its bytes.
Source: `torch.serialization` (a zip of `data.pkl` and `data/<key>`; before 1.6 five pickles, then storages).
"""

from __future__ import annotations

import mmap
import pickle
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

from poseval.errors import FormatError, LimitError, shown
from poseval.files.pickle import ForeignNameError, Stream, stand_in, walk
from poseval.files.pickled_keys import require_simple
from poseval.limits import DEFAULT, MIB

MOST_BYTES = 4096 * MIB  # of a checkpoint; ViT-Huge with the state of its optimiser has 2.5 GB
PICKLE_BYTES = 64 * MIB  # names and shapes; real ones are below 1 MB
SIZES = {
    **dict.fromkeys(("Byte", "Char", "Bool", "QInt8", "QUInt8", "QUInt4x2", "QUInt2x4", "Untyped"), 1),
    **dict.fromkeys(("Short", "Half", "BFloat16"), 2),
    **dict.fromkeys(("Int", "Float", "QInt32"), 4),
    **dict.fromkeys(("Long", "Double", "ComplexFloat"), 8),
    "ComplexDouble": 16,
}
REBUILT = {
    *("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter", "_rebuild_parameter_with_state"),
    *("_rebuild_qtensor", "_rebuild_sparse_tensor"),
}
KEYED = {("builtins", "set"), ("__builtin__", "set"), ("collections", "Counter")}
# a member of the archive -> what writes it beside a network, and not beside weights
WHOLE = {
    "/constants.pkl": "a TorchScript",
    "/models/model.json": "a torch.export",
    "serialized_exported_program.json": "a torch.export",  # before PyTorch 2.8
}
PLAIN = {("torch", "Size"), ("torch", "device")}
PLAIN |= {("argparse", "Namespace"), ("torch.serialization", "_get_layout")}
MORE_OPCODES = frozenset({"BINPERSID", "NEWOBJ", "EMPTY_SET", "ADDITEMS", "FROZENSET"})


class _Storage:
    """A type of storage: how many bytes an item has."""

    def __init__(self, size: int) -> None:
        self.size = size


class _Made:
    """Whatever PyTorch would build: takes anything, keeps nothing."""

    def __init__(self, *values: Any, **named: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None: ...


class _Keyed(_Made):
    """A set or a counter of the keys that it is given."""

    def __init__(self, keys: Any = ()) -> None:
        require_simple(keys)


class _Ordered(OrderedDict[Any, Any]):
    """A map that is given its items as a list, as Python 2 does."""

    def __init__(self, pairs: Any = ()) -> None:
        require_simple(key for key, _ in pairs)
        super().__init__(pairs)


class _Claims(pickle.Unpickler):
    """Collects what each storage of a pickle claims to have, in bytes by key."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, encoding="latin-1")
        self.storages: dict[str, int] = {}

    def find_class(self, module: str, name: str) -> Any:
        kind = name.removesuffix("Storage")
        if module in ("torch", "torch.storage") and name != kind and kind in SIZES:
            return _Storage(SIZES[kind])
        if (module == "torch._utils" and name in REBUILT) or (module, name) in PLAIN:
            return _Made
        if module == "torch" and name.isidentifier() and name.islower():  # a dtype such as torch.float32
            return _Made
        if (module, name) == ("collections", "OrderedDict"):
            return _Ordered
        if (module, name) in KEYED:
            return _Keyed
        found = stand_in(module, name)
        if found is None:
            raise ForeignNameError(f"{module}.{name}")
        return found

    def persistent_load(self, pid: Any) -> Any:
        _, kind, key, _, count = pid[:5]
        if pid[0] != "storage" or not isinstance(kind, _Storage) or type(count) is not int or count < 0:
            raise ValueError("a storage of an unusual form")
        size = count * kind.size
        self.storages[str(key)] = max(size, self.storages.get(str(key), 0))
        return _Made()


def check_claims(path: Path) -> None:
    """Refuse a file that claims more than it has.

    Raises:
        FormatError: P252 a network of TorchScript or torch.export.
        LimitError: P501 larger than allowed, or storages without their bytes; P504 packed members.
        ForeignNameError: the pickle names what is neither a tensor nor plain data.
        Exception: of any kind, for a damaged file.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise LimitError("P501", where=shown(path.name), what=f"has {size:,} bytes", wanted="at most 4 GiB")
    if zipfile.is_zipfile(path):
        _check_zip(path)
    else:
        _check_legacy(path, size)


def a_network(path: Path, kind: str) -> FormatError:
    """The error for a network in a file where weights are asked for."""
    return FormatError(
        "P252",
        where=shown(path.name),
        what=f"is {kind} network, and no weights alone",
        wanted="a file of torch.save, or a card that describes the network (docs/cards.md)",
    )


def _check_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        for part, kind in WHOLE.items():
            if any(member.filename.endswith(part) for member in members):
                raise a_network(path, kind)
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise LimitError(
                "P504",
                where=shown(path.name),
                what="has compressed members",
                wanted="uncompressed members, as torch.save writes them",
            )
        twice = [name for name, count in Counter(m.filename for m in members).items() if count > 1]
        if twice or len(members) > DEFAULT.archive_members:
            raise ValueError("a member occurs twice" if twice else "too many members")
        sizes = {member.filename: member.file_size for member in members}
        found = next(name for name in sizes if name == "data.pkl" or name.endswith("/data.pkl"))
        if sizes[found] > PICKLE_BYTES:
            raise LimitError(
                "P501",
                where=shown(path.name),
                what=f"has names of {sizes[found]:,} bytes",
                wanted=f"at most {PICKLE_BYTES:,}",
                hint="save the tensors alone: torch.save(model.state_dict(), FILE)",
            )
        with archive.open(found) as stream:
            claimed = _claims(stream, path)
    base = found.removesuffix("data.pkl") + "data/"
    for key, size in claimed.items():
        if size > sizes.get(base + key, 0):
            raise _too_little(path, size, sizes.get(base + key, 0))


def _check_legacy(path: Path, size: int) -> None:
    """Five pickles (two numbers, the system, the content, the keys), then the storages."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stream:
        claimed: dict[str, int] = {}
        for _ in range(5):
            claimed.update(_claims(stream, path))
        if sum(claimed.values()) > size - stream.tell():
            raise _too_little(path, sum(claimed.values()), size - stream.tell())


def _claims(stream: Any, path: Path) -> dict[str, int]:
    start = stream.tell()
    walk(stream, shown(path.name), MORE_OPCODES)
    end = stream.tell()
    stream.seek(start)
    reader = _Claims(stream)
    reader.load()
    stream.seek(end)
    return reader.storages


def _too_little(path: Path, claimed: int, there: int) -> LimitError:
    return LimitError(
        "P501",
        where=shown(path.name),
        what=f"should have {claimed:,} bytes of tensors and has {there:,}",
        wanted="a complete checkpoint",
        hint="compare its size with the published one; it may be truncated",
    )

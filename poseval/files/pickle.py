"""Pickles of numbers, texts, lists, maps and NumPy arrays, read without running any of their code.

Nothing in a pickle is called: the few names that arrays need are replaced by containers of our own, which
become arrays only after their shape, type and bytes have been checked. Every other name is refused. The
containers are sealed: a pickle may set attributes of what it names, and ours outlive the file. The stream is
walked once before, so that no opcode can ask for more memory than the file has bytes; lists that hold one
another many times count as often as they are reached.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from poseval.errors import FormatError, LimitError, shown
from poseval.files.pickled_keys import Keys, require_simple
from poseval.limits import Limits, to_raise

# Opcodes that build values, and the two that call what `find_class` admits.
WORDS = (
    "PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 "
    "FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 "
    "BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 EMPTY_LIST APPEND APPENDS LIST EMPTY_TUPLE TUPLE "
    "TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT "
    "MEMOIZE GLOBAL STACK_GLOBAL REDUCE BUILD"
)
ALLOWED = frozenset(WORDS.split())
ARRAY_MODULES = (
    "numpy",
    "numpy.core.multiarray",
    "numpy._core.multiarray",
    "numpy.core.numeric",
    "numpy._core.numeric",
)
KINDS = "iufbUS"
MOST_OPCODES = 20_000_000  # numbers in plain lists take two or three each
MOST_VALUES = 20_000_000  # reached from the top; a list that occurs twice counts twice
ARRAYS = "save coordinates as arrays, not as lists of numbers"


class ForeignNameError(Exception):
    """A pickle names something other than numbers, texts, lists, maps and arrays; the message is the name."""


class _Sealed(type):
    """A class whose attributes stay what they are."""

    def __setattr__(cls, name: str, value: object) -> None:
        raise TypeError(f"attribute {name} of a class")


class _Function:
    """A function whose attributes stay what they are."""

    __slots__ = ("_run",)
    _run: Callable[..., Any]

    def __init__(self, run: Callable[..., Any]) -> None:
        object.__setattr__(self, "_run", run)

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError(f"attribute {name} of a function")

    def __call__(self, *values: Any) -> Any:
        return self._run(*values)


class _Type(metaclass=_Sealed):
    """A dtype in the making: its code, and the byte order that its state brings."""

    __slots__ = ("code", "order")

    def __init__(self, code: Any = None, *rest: Any) -> None:
        self.code, self.order = code, "|"

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) >= 2 and state[1] in ("<", ">", "|", "="):
            self.order = state[1]

    def dtype(self) -> np.dtype[Any]:
        """The type, refused unless it is of numbers or text."""
        code = self.code.decode("latin-1") if isinstance(self.code, bytes) else self.code
        if not isinstance(code, str) or len(code) > 12:
            raise ValueError("an array of a type that is not text")
        found = np.dtype(code)
        if found.kind not in KINDS or found.hasobject or found.subdtype is not None:
            raise ValueError(f"an array of {found}")
        if self.order == ">":
            return found.newbyteorder(">")
        return found.newbyteorder("<") if self.order == "<" else found


class _Array(metaclass=_Sealed):
    """An array in the making."""

    __slots__ = ("state",)

    def __init__(self, *rest: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def array(self) -> Any:
        """The array, after its bytes have been compared with its shape."""
        if not isinstance(self.state, tuple) or len(self.state) != 5:
            raise ValueError("an array without its content")
        _, shape, kind, fortran, raw = self.state
        if not isinstance(kind, _Type) or not isinstance(shape, tuple) or len(shape) > 8:
            raise ValueError("an array of an unusual form")
        if isinstance(raw, str):
            raw = raw.encode("latin-1")
        dtype = kind.dtype()
        if not isinstance(raw, bytes) or any(type(side) is not int or side < 0 for side in shape):
            raise ValueError("an array whose content is not bytes")
        if math.prod(shape) * dtype.itemsize != len(raw):
            raise ValueError(f"an array of shape {shape} with {len(raw)} bytes")
        flat = np.frombuffer(raw, dtype).astype(dtype.newbyteorder("="))
        return flat.reshape(shape, order="F" if fortran else "C")


class _Scalar(metaclass=_Sealed):
    """A NumPy number in the making."""

    __slots__ = ("kind", "raw")

    def __init__(self, kind: Any = None, raw: Any = b"") -> None:
        self.kind, self.raw = kind, raw

    def value(self) -> Any:
        """The number as Python's."""
        raw = self.raw.encode("latin-1") if isinstance(self.raw, str) else self.raw
        if not isinstance(self.kind, _Type) or not isinstance(raw, bytes):
            raise ValueError("a NumPy number of an unusual form")
        dtype = self.kind.dtype()
        if len(raw) != dtype.itemsize or not raw:
            raise ValueError(f"a NumPy number of {len(raw)} bytes")
        return np.frombuffer(raw, dtype)[0].item()


def _from_buffer(raw: Any = b"", kind: Any = None, shape: Any = (), order: Any = "C") -> _Array:
    """`numpy.core.numeric._frombuffer`, which protocol 5 writes."""
    out = _Array()
    out.state = (1, shape, kind, order == "F", bytes(raw) if isinstance(raw, bytearray) else raw)
    return out


def _encode(text: Any = "", encoding: Any = "latin1") -> bytes:
    """`_codecs.encode`, by which protocol 2 writes bytes."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise ValueError("bytes in an unusual encoding")
    return text.encode("latin-1")


def _no_bytes() -> bytes:
    """`bytes()`, by which protocol 2 writes the content of an empty array."""
    return b""


def _ordered(pairs: Any = ()) -> dict[Any, Any]:
    """`collections.OrderedDict`; Python 2 gives it its items as lists."""
    require_simple(key for key, _ in pairs)
    return dict(pairs)


# module and name as a pickle has them -> what answers; NumPy's names are those of any of its modules
NAMES: dict[str, Any] = {
    "_reconstruct": _Array,
    "ndarray": _Array,
    "dtype": _Type,
    "scalar": _Scalar,
    "_frombuffer": _Function(_from_buffer),
}
OTHERS: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _Function(_encode),
    ("__builtin__", "bytes"): _Function(_no_bytes),
    ("collections", "OrderedDict"): _Function(_ordered),
}


def stand_in(module: str, name: str) -> Any:
    """The container that replaces a name of NumPy's arrays, or of bytes; None for any other name."""
    return NAMES.get(name) if module in ARRAY_MODULES else OTHERS.get((module, name))


class _Reader(pickle.Unpickler):
    """Admits the names of arrays and of bytes, as our own containers."""

    def find_class(self, module: str, name: str) -> Any:
        found = stand_in(module, name)
        if found is not None:
            return found
        raise ForeignNameError(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("points to objects outside of the file")


def loads(data: bytes, where: str, limits: Limits) -> Any:
    """The content as plain values and arrays.

    Raises:
        FormatError: P217 a damaged pickle, or one that holds more than numbers, texts and arrays.
        LimitError: P501 larger than allowed, P502 more values than allowed.
    """
    try:
        return plain_content(data, where, limits)
    except LimitError:
        raise
    except Exception as error:  # a pickle can fail in any way at all; none of them is ours
        named = "names " if isinstance(error, ForeignNameError) else ""
        why = shown(error, 100) or type(error).__name__
        raise FormatError(
            "P217",
            where=where,
            what=f"is a pickle with unsupported content ({named}{why})",
            wanted="numbers, texts, lists, maps and NumPy arrays only",
            hint="save arrays instead; tensors and objects are never unpacked, because they could run code",
        ) from None


def plain_content(data: bytes, where: str, limits: Limits) -> Any:
    """As `loads`, for callers that raise their own error.

    Raises:
        LimitError: P501, P502.
        ForeignNameError: the pickle names something that is not data.
        Exception: of any kind, for a damaged pickle.
    """
    if len(data) > limits.file_bytes:
        raise LimitError(
            "P501",
            where=where,
            what=f"has {len(data):,} bytes",
            wanted=f"at most {limits.file_bytes:,}",
            hint=to_raise("bytes", len(data)),
        )
    walk(io.BytesIO(data), where)
    found = _Reader(io.BytesIO(data), encoding="latin-1").load()
    return _Values(limits, where).of(found, 0)[0]


class Stream(Protocol):
    """An open file, or bytes in memory."""

    def read(self, size: int = -1, /) -> bytes: ...

    def readline(self) -> bytes: ...


def walk(stream: Stream, where: str, more: frozenset[str] = frozenset()) -> None:
    """Refuse opcodes other than the allowed ones and `more`, memo indices and keys that no valid pickle has.

    The stream then stands behind the pickle.

    Raises:
        ValueError, IndexError, KeyError: such an opcode, place or key, or a damaged pickle.
        LimitError: P502 more values than allowed.
    """
    keys = Keys()
    for count, (opcode, argument, _) in enumerate(pickletools.genops(stream), start=1):  # type: ignore[arg-type]
        if opcode.name not in ALLOWED and opcode.name not in more:
            raise ValueError(f"opcode {opcode.name}")
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > count:
            raise ValueError("a memo index without content")
        keys.follow(opcode.name, argument)
        if count > MOST_OPCODES:
            raise LimitError(
                "P502",
                where=where,
                what="has more values than allowed",
                wanted=f"at most {MOST_OPCODES:,} values",
                hint=ARRAYS,
            )


class _Values:
    """Turns containers into arrays and numbers, each once; nesting and what is reached are bounded."""

    def __init__(self, limits: Limits, where: str) -> None:
        self.limits, self.where = limits, where
        self.done: dict[int, tuple[Any, int, int]] = {}

    def of(self, node: Any, depth: int) -> tuple[Any, int, int]:
        """The value, how many values are reached in it, and how deep it nests."""
        known = self.done.get(id(node))
        if known is None:
            known = self._made(node, depth)
            if isinstance(node, (dict, list, tuple, _Array)):
                self.done[id(node)] = known  # the nodes live as long as this does, so ids stay theirs
        if depth + known[2] > self.limits.depth:
            raise ValueError(f"is nested deeper than {self.limits.depth} levels")
        if known[1] > MOST_VALUES:
            raise LimitError(
                "P502",
                where=self.where,
                what="has more values than allowed",
                wanted=f"at most {MOST_VALUES:,} values",
                hint=ARRAYS,
            )
        return known

    def _made(self, node: Any, depth: int) -> tuple[Any, int, int]:
        if depth > self.limits.depth:
            raise ValueError(f"is nested deeper than {self.limits.depth} levels")
        if isinstance(node, _Array):
            array = node.array()
            return array, max(array.size, 1), 0
        if isinstance(node, _Scalar):
            return node.value(), 1, 0
        if isinstance(node, (dict, list, tuple)):
            items = [*node.keys(), *node.values()] if isinstance(node, dict) else node
            size, height, parts = 1, 0, []
            for item in items:
                value, reached, deep = self.of(item, depth + 1)
                size, height = size + reached, max(height, deep + 1)
                parts.append(value)
            if isinstance(node, dict):
                count = len(parts) // 2
                return dict(zip(parts[:count], parts[count:], strict=True)), size, height
            return parts if isinstance(node, list) else tuple(parts), size, height
        if node is None or isinstance(node, (str, bytes, bool, int, float)):
            return node, 1, 0
        raise ValueError(f"a value of type {type(node).__name__}")

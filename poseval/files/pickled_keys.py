"""Keys of maps in pickles, refused where hashing them would take for ever.

A tuple that holds another one twice, which holds another one twice, and so on, takes a step for each way
from its top to its ends: forty levels of a few bytes each are 10^12 steps. Whole numbers that differ by
2^61 - 1 have the same hash, and so have tuples of them: a map of n such keys takes n^2 steps. The stream is
followed with a stack of sizes in the place of values, before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MOST_IN_KEY = 1000  # values that are reached in a key
MOST_ALIKE = 1000  # keys of one stream that can be made to have the same hash
MODULUS = (1 << 61) - 1  # of Python's hashes of whole numbers
FAR_TOO_MANY = 1 << 40  # no need to count on
TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
# Opcodes that take so many values from the stack, and put one.
TAKES = {"STACK_GLOBAL": 2, "REDUCE": 2, "NEWOBJ": 2, "BINPERSID": 1}
KEEPS = {"APPEND": 1, "SETITEM": 2, "BUILD": 1}  # these take values and leave what stands below
MARKED = frozenset({"APPENDS", "SETITEMS", "ADDITEMS", "POP_MARK", "LIST", "DICT", "FROZENSET"})
HASHED = {"SETITEMS": 2, "DICT": 2, "ADDITEMS": 1, "FROZENSET": 1}  # every such of a slice is a key
MADE = frozenset({"LIST", "DICT", "FROZENSET"})
SILENT = frozenset({"PROTO", "FRAME", "STOP"})


class Keys:
    """Follows the opcodes of a pickle."""

    def __init__(self) -> None:
        self.stack: list[int] = []
        self.marks: list[int] = []
        self.memo: dict[int, int] = {}
        self.alike = 0

    def follow(self, name: str, argument: object) -> None:
        """Take one opcode.

        Raises:
            ValueError: a key of more than `MOST_IN_KEY` values, or more than `MOST_ALIKE` keys whose hash can
                be chosen.
            IndexError, KeyError: a damaged pickle.
        """
        stack = self.stack
        if name in TUPLES:
            self._tuple(len(stack) - TUPLES[name])
        elif name == "TUPLE":
            self._tuple(self.marks.pop())
        elif name == "MARK":
            self.marks.append(len(stack))
        elif name in GETS:
            stack.append(self.memo[int(str(argument))])
        elif name in PUTS:
            self.memo[int(str(argument))] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in KEEPS:
            if name == "SETITEM":
                self._key(stack[-2])
            del stack[-KEEPS[name] :]
        elif name in MARKED:
            self._slice(name)
        elif name in TAKES:
            stack[len(stack) - TAKES[name] :] = [2]
        elif name == "DUP":
            stack.append(stack[-1])
        elif name == "POP":
            self._pop()
        elif name not in SILENT:
            stack.append(2 if is_huge(argument) else 1)

    def _tuple(self, start: int) -> None:
        self.stack[start:] = [min(1 + sum(self.stack[start:]), FAR_TOO_MANY)]

    def _slice(self, name: str) -> None:
        start = self.marks.pop()
        if name in HASHED:
            for size in self.stack[start :: HASHED[name]]:
                self._key(size)
        made = 2 if name == "FROZENSET" else 1
        self.stack[start:] = [made] if name in MADE else []

    def _pop(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    def _key(self, size: int) -> None:
        if size > MOST_IN_KEY:
            raise ValueError(f"a key of more than {MOST_IN_KEY:,} values")
        self.alike += size > 1  # tuples, sets, what a call returns, and huge numbers, which count as two
        if self.alike > MOST_ALIKE:
            raise ValueError(f"more than {MOST_ALIKE:,} keys that are neither text nor small numbers")


def is_huge(key: object) -> bool:
    """Whether a key is a number whose hash is that of smaller ones."""
    return isinstance(key, (int, float)) and not -MODULUS < key < MODULUS


def require_simple(keys: Iterable[Any]) -> None:
    """Refuse keys that come in a list, not by opcodes, unless they are texts and small numbers.

    Raises:
        ValueError: another key. TypeError: not a list.
    """
    if any(not isinstance(key, (str, bytes, int, float)) or is_huge(key) for key in keys):
        raise ValueError("a key that is neither text nor a small number")

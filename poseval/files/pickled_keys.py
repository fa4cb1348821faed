"""Keys of maps in pickles, refused where hashing them would take for ever.

A tuple that holds another one twice, which holds another one twice, and so on, takes a step for each way
from its top to its ends: forty levels of a few bytes each are 10^12 steps. The stream is followed with a
stack of sizes in the place of values, before anything is made of it.
"""

from __future__ import annotations

MOST_IN_KEY = 1000  # values that are reached in a key
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

    def follow(self, name: str, argument: object) -> None:
        """Take one opcode.

        Raises:
            ValueError: a key of more than `MOST_IN_KEY` values. IndexError, KeyError: a damaged pickle.
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
            stack[len(stack) - TAKES[name] :] = [1]
        elif name == "DUP":
            stack.append(stack[-1])
        elif name == "POP":
            self._pop()
        elif name not in SILENT:
            stack.append(1)

    def _tuple(self, start: int) -> None:
        self.stack[start:] = [min(1 + sum(self.stack[start:]), FAR_TOO_MANY)]

    def _slice(self, name: str) -> None:
        start = self.marks.pop()
        if name in HASHED:
            for size in self.stack[start :: HASHED[name]]:
                self._key(size)
        self.stack[start:] = [1] if name in MADE else []

    def _pop(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    def _key(self, size: int) -> None:
        if size > MOST_IN_KEY:
            raise ValueError(f"a key of more than {MOST_IN_KEY:,} values")

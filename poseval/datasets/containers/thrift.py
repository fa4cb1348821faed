"""Structs of Thrift's compact protocol as maps of field numbers: what the footer of a Parquet file is.

PyArrow ends the process where the details of a column contradict each other, so that a footer of unknown
origin is looked at without it.

Source: Apache Thrift, compact protocol specification; apache/parquet-format, parquet.thrift.
"""

from __future__ import annotations

from typing import Any

TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
WHOLE = (4, 5, 6)  # whole numbers of 16, 32 and 64 bits
LONG = 15  # a length that stands behind the byte that would hold it
MOST_BITS = 63  # of a number


class Compact:
    """Reads values one after the other. Raises ValueError or IndexError where the bytes are none."""

    def __init__(self, data: bytes, depth: int) -> None:
        self.data, self.at, self.depth = data, 0, depth

    def struct(self, level: int = 0) -> dict[int, Any]:
        """The fields of a struct by their numbers; of a field that stands twice, the last."""
        if level > self.depth:
            raise ValueError("nested too deeply")
        out: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) & 15:
            number = number + (head >> 4) if head >> 4 else self._whole()
            kind = head & 15
            out[number] = kind == TRUE if kind in (TRUE, FALSE) else self._value(kind, level)
        return out

    def _value(self, kind: int, level: int) -> Any:
        if kind in WHOLE:
            return self._whole()
        if kind in (TRUE, FALSE, BYTE):
            return self._byte()
        if kind == DOUBLE:
            return self._bytes(8)
        if kind == BINARY:
            return self._bytes(self._plain())
        if kind in (LIST, SET):
            head = self._byte()
            count = self._plain() if head >> 4 == LONG else head >> 4
            return [self._value(head & 15, level + 1) for _ in range(self._fitting(count))]
        if kind == MAP:
            count = self._fitting(self._plain())
            kinds = self._byte() if count else 0
            return [
                (self._value(kinds >> 4, level + 1), self._value(kinds & 15, level + 1)) for _ in range(count)
            ]
        if kind == STRUCT:
            return self.struct(level + 1)
        raise ValueError(f"no value is of kind {kind}")

    def _fitting(self, count: int) -> int:
        """A number of values, each of which takes a byte at least."""
        if count > len(self.data) - self.at:
            raise ValueError("more values than bytes")
        return count

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _bytes(self, count: int) -> bytes:
        found = self.data[self.at : self.at + self._fitting(count)]
        self.at += count
        return found

    def _plain(self) -> int:
        """A number that is not negative, seven bits a byte, the lowest first."""
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & 127) << shift
            if byte < 128:
                return found
            shift += 7
            if shift > MOST_BITS:
                raise ValueError("a number of more than 64 bits")

    def _whole(self) -> int:
        """A number whose sign is its lowest bit."""
        found = self._plain()
        return found >> 1 ^ -(found & 1)

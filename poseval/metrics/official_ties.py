"""The order in which `numpy.argsort` leaves equal numbers, as every NumPy before 1.25 does on every machine.

Later releases sort with vector instructions where the processor has them, and leave equal numbers in another
order on each kind of processor; without such instructions they still sort like this.
"""

from __future__ import annotations

import numpy as np

from poseval.poses import Floats, Ints

SMALL = 16  # numbers that are sorted by insertion


def argsort(values: Floats) -> Ints:
    """Rows [R] by rising value [R]; of equal values in the order of an introspective sort.

    Quicksort by the median of the first, middle and last number; the smaller part first; parts of up to 16
    numbers by insertion; a part that was split too often as a heap. Values are finite.

    Source: NumPy 1.24, npysort/quicksort.cpp and heapsort.cpp (argsort of doubles).
    """
    v, rows = values.tolist(), list(range(len(values)))
    waiting = [(0, len(v) - 1, 2 * max(0, len(v).bit_length() - 1))]
    while waiting:
        low, high, splits = waiting.pop()
        if splits < 0:
            _as_heap(v, rows, low, high)
            continue
        while high - low >= SMALL:
            middle = _split(v, rows, low, high)
            splits -= 1
            if middle - low < high - middle:
                waiting.append((middle + 1, high, splits))
                high = middle - 1
            else:
                waiting.append((low, middle - 1, splits))
                low = middle + 1
        # Insertion leaves equal numbers in their order, as `sorted` does.
        rows[low : high + 1] = sorted(rows[low : high + 1], key=v.__getitem__)
    return np.asarray(rows, dtype=np.int64)


def _split(v: list[float], rows: list[int], low: int, high: int) -> int:
    """Part rows low..high around their median of three; the place where that ends up."""
    middle = low + (high - low) // 2
    for a, b in ((low, middle), (middle, high), (low, middle)):
        if v[rows[b]] < v[rows[a]]:
            rows[a], rows[b] = rows[b], rows[a]
    pivot = v[rows[middle]]
    left, right = low, high - 1
    rows[middle], rows[right] = rows[right], rows[middle]
    while True:
        left += 1
        while v[rows[left]] < pivot:
            left += 1
        right -= 1
        while pivot < v[rows[right]]:
            right -= 1
        if left >= right:
            break
        rows[left], rows[right] = rows[right], rows[left]
    rows[left], rows[high - 1] = rows[high - 1], rows[left]
    return left


def _as_heap(v: list[float], rows: list[int], low: int, high: int) -> None:
    """Sort rows low..high by a heap whose greatest number is first."""
    heap = rows[low : high + 1]

    def sink(at: int, size: int) -> None:
        row = heap[at]
        while (child := 2 * at + 1) < size:
            if child + 1 < size and v[heap[child]] < v[heap[child + 1]]:
                child += 1
            if not v[row] < v[heap[child]]:
                break
            heap[at] = heap[child]
            at = child
        heap[at] = row

    for at in range(len(heap) // 2 - 1, -1, -1):
        sink(at, len(heap))
    for last in range(len(heap) - 1, 0, -1):
        heap[0], heap[last] = heap[last], heap[0]
        sink(0, last)
    rows[low : high + 1] = heap

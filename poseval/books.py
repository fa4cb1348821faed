"""The same files under every rule book of their benchmark."""

from __future__ import annotations

import os
from collections.abc import Callable

from poseval import benchmarks, scoring
from poseval.errors import InputError, PosevalError
from poseval.report.result import Report
from poseval.skeletons import Skeleton


def books_of(
    truth: str | os.PathLike[str], benchmark: str | None = None, skeleton: Skeleton | None = None
) -> list[str]:
    """Names of the rule books of a benchmark, the reference first; the benchmark is guessed unless named."""
    if benchmark is not None:
        return [book.name for book in benchmarks.get_benchmark(benchmark).books]
    poses = scoring.read(truth, skeleton=skeleton, optional=frozenset({"area"}))
    return [book.name for book in benchmarks.recognise(poses).books]


def each_book(names: list[str], report: Callable[[str], Report]) -> dict[str, Report | PosevalError]:
    """The report of every book, or why the book refuses the files.

    Raises:
        InputError: what the first book found, when no book takes the files.
    """
    out: dict[str, Report | PosevalError] = {}
    for name in names:
        try:
            out[name] = report(name)
        except InputError as error:
            out[name] = error
    first = out[names[0]]
    if isinstance(first, PosevalError) and all(isinstance(found, PosevalError) for found in out.values()):
        raise first
    return out

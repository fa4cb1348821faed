"""Where the research data lies that tests may read but the project does not hold."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from poseval.kernels import _kernels
from poseval.threads import VARIABLE, thread_limit

ROOT = Path(__file__).resolve().parent.parent
# Built by tests/sanitise.sh: everything is slow, and no address space can be limited.
SANITISED = bool(os.environ.get("POSEVAL_SANITISED"))


def shared_root() -> Path:
    """Folder named by POSEVAL_SHARED, `../shared` beside the checkout by default."""
    given = os.environ.get("POSEVAL_SHARED", "../shared")
    return (ROOT / given).resolve()


def shared_path(part: str) -> Path:
    """A file or folder of the shared data; skips the test, saying so, where it is absent."""
    path = shared_root() / part
    if not path.exists():
        pytest.skip(_absent(part))
    return path


def _absent(part: str) -> str:
    return f"shared data absent: {part} (set POSEVAL_SHARED)"


def whole_module_needs(part: str) -> None:
    """Skip the module that calls this where a part of the shared data is absent: one skip, not one a test."""
    if not (shared_root() / part).exists():
        pytest.skip(_absent(part), allow_module_level=True)


def only_with(part: str, values: Sequence[Any]) -> list[Any]:
    """Values to parametrise over where a part of the shared data is there, else one skipped value.

    Values that are tuples stand for as many arguments.
    """
    if (shared_root() / part).exists():
        return list(values)
    first = values[0] if values else None
    width = len(first) if isinstance(first, tuple) else 1
    mark = pytest.mark.skip(reason=_absent(part))
    return [pytest.param(*[None] * width, marks=mark, id=f"without {part}")]


def shared_cases(part: str, pattern: str) -> list[Path]:
    """Sorted matches below a shared folder, for parametrisation; empty only where the data is absent."""
    root = shared_root() / part
    found = sorted(root.glob(pattern)) if root.is_dir() else []
    if root.is_dir() and not found:
        raise RuntimeError(f"no case matches {part}/{pattern}")
    return found


@contextmanager
def threads_of(number: str) -> Iterator[None]:
    """So many threads inside the block, above and below Python; the compiled module takes them only once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, number)
        _kernels.set_thread_limit(thread_limit())
        try:
            yield
        finally:
            patch.undo()
            _kernels.set_thread_limit(thread_limit())

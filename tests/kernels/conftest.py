"""JSON is read in blocks and without them, as on processors that have no vectors for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from poseval.kernels import _kernels


@pytest.fixture(scope="module", params=["in blocks", "byte by byte"])
def either_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of a module that uses it runs twice."""
    _kernels.read_in_blocks(request.param == "in blocks")
    yield
    _kernels.read_in_blocks(True)

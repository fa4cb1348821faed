from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.made import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A folder to write broken files into, and to read them from."""
    return Desk(tmp_path)

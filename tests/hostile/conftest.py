from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.made import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder to write broken files into, and to read them from."""
    return Folder(tmp_path)

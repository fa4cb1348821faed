"""The collector waits inside, and afterwards is as it was."""

from __future__ import annotations

import gc
from contextlib import suppress

import pytest

from poseval.datasets.files.collector import paused


@pytest.mark.parametrize("enabled", [True, False])
def test_it_is_as_before(enabled: bool) -> None:
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with suppress(KeyError), paused():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()

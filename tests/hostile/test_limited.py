"""What the limits of hostile tests measure is the program's own, however large the tests have become."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.hostile.limited import run_limited
from tests.shared import SANITISED

pytestmark = pytest.mark.skipif(SANITISED, reason="the sanitizers' own memory would be measured")
MIB = 1 << 20


@pytest.mark.parametrize(("held", "least", "most"), [(1, 1, 100), (300, 300, 400)])
def test_the_peak_is_that_of_the_program(held: int, least: int, most: int, tmp_path: Path) -> None:
    here = np.ones(500 * MIB // 8)
    ended = run_limited(["-c", f"x = b'1' * {held * MIB}; print('done')"], folder=tmp_path)
    assert (ended.status, ended.out) == (0, "done\n")
    assert least * MIB <= ended.peak < most * MIB
    assert len(here)


def test_a_program_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    ended = run_limited(["-c", "import time; time.sleep(60)"], folder=tmp_path, seconds=0.5)
    assert ended.status == -9
    assert ended.seconds < 20
    assert run_limited(["-c", "import os, signal; os.kill(os.getpid(), 15)"], folder=tmp_path).status == -15

"""Row 39, the summary of GitHub's job: refused before the gate does anything, and never waited for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import poseval as library
from poseval.scoring.saved_runs import save
from tests.hostile.limited import poseval, see_refused
from tests.hostile.made import results, truth, write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")


def make(place: str, folder: Path) -> Path:
    """What the variable may name."""
    path = folder / place
    if place == "folder":
        path.mkdir()
    elif place == "pipe":
        os.mkfifo(path)
    elif place == "loop":
        path.symlink_to(path)
    return path


@pytest.mark.parametrize("place", ["folder", "pipe", "loop", "none/summary", "n" * 300, "/dev/full"])
def test_39_a_summary_that_cannot_be_written(place: str, tmp_path: Path) -> None:
    gt, dt = write(tmp_path / "gt.json", truth()), write(tmp_path / "dt.json", results())
    save(library.evaluate(gt, dt), tmp_path / "before.poseval")
    shutil.copy(tmp_path / "before.poseval", tmp_path / "now.poseval")
    before = (tmp_path / "before.poseval").read_bytes()
    command = ["gate", "--run", "now.poseval", "--baseline", "before.poseval", "--github", "--accept", "why"]
    summary = make(place, tmp_path)
    ended = poseval(command, folder=tmp_path, seconds=60, GITHUB_STEP_SUMMARY=str(summary))
    see_refused(ended, "P506" if place == "/dev/full" else "P137")
    assert place[-200:] in ended.err
    assert "standard output" not in ended.err
    if place != "/dev/full":  # which opens like any file
        assert (tmp_path / "before.poseval").read_bytes() == before

"""The workflow that measures performance adds what it measured to the history on its branch."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shared import ROOT

yaml = pytest.importorskip("yaml")
HEADER = (ROOT / "perf" / "history.csv").read_text("utf-8").splitlines()[0]


@pytest.mark.skipif(shutil.which("git") is None or shutil.which("bash") is None, reason="needs git and bash")
def test_the_step_of_the_workflow_adds_lines_to_the_branch(tmp_path: Path) -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/performance.yml").read_text("utf-8"))
    (step,) = [one for one in workflow["jobs"]["history"]["steps"] if one.get("name") == "add"]
    origin, work = tmp_path / "origin", tmp_path / "work"
    git("init", "--quiet", "--bare", "-b", "main", str(origin), at=tmp_path)
    git("clone", "--quiet", str(origin), str(work), at=tmp_path)
    (work / "perf").mkdir()
    (work / "perf" / "history.csv").write_text(f"{HEADER}\n2026-01-01,begun\n", "utf-8")
    git("add", "--all", at=work)
    git("-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "-qm", "sources", at=work)
    git("push", "--quiet", "origin", "HEAD:main", at=work)
    for number in (1, 2):
        add(step["run"], number, HEADER, origin, tmp_path)
    lines = git("show", "history:history.csv", at=origin).splitlines()
    assert lines == [HEADER, "2026-01-01,begun", "2026-01-02,commit1", "2026-01-02,commit2"]
    assert git("ls-tree", "-r", "--name-only", "history", at=origin).split() == ["history.csv"]
    add(step["run"], 3, f"{HEADER},more", origin, tmp_path)
    lines = git("show", "history:history.csv", at=origin).splitlines()
    assert lines == [f"{HEADER},more", "2026-01-02,commit3"]


def add(step: str, number: int, header: str, origin: Path, folder: Path) -> None:
    """Run the step in a clone that measured one commit, with these columns."""
    place = folder / f"run{number}"
    git("clone", "--quiet", "--depth", "1", origin.as_uri(), str(place), at=folder)
    if header != HEADER:
        (place / "perf" / "history.csv").write_text(f"{header}\n", "utf-8")
    (place / "build").mkdir()
    (place / "build" / "measured.csv").write_text(f"{header}\n2026-01-02,commit{number}\n", "utf-8")
    words = ["bash", "-eo", "pipefail", "-c", step]
    env = os.environ | {"GITHUB_SHA": f"commit{number}"}
    done = subprocess.run(words, cwd=place, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def git(*words: str, at: Path) -> str:
    """What git says."""
    return subprocess.run(["git", *words], cwd=at, check=True, capture_output=True, text=True).stdout

"""The workflow that measures performance adds what it measured to the history on its branch."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.shared import ROOT

yaml = pytest.importorskip("yaml")
HEADER = (ROOT / "perf" / "history.csv").read_text("utf-8").splitlines()[0]


@pytest.fixture
def workflow() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/performance.yml").read_text("utf-8"))
    return found


@pytest.mark.skipif(shutil.which("git") is None or shutil.which("bash") is None, reason="needs git and bash")
def test_the_step_of_the_workflow_adds_lines_to_the_branch(workflow: dict[str, Any], tmp_path: Path) -> None:
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
    add(
        step["run"], 4, HEADER, origin, tmp_path, first=partial(add, step["run"], 3, HEADER, origin, tmp_path)
    )
    lines = git("show", "history:history.csv", at=origin).splitlines()
    assert lines[-3:] == ["2026-01-02,commit2", "2026-01-02,commit3", "2026-01-02,commit4"]
    add(step["run"], 5, f"{HEADER},more", origin, tmp_path)
    lines = git("show", "history:history.csv", at=origin).splitlines()
    assert lines == [f"{HEADER},more", "2026-01-02,commit5"]


def test_runs_do_not_queue(workflow: dict[str, Any]) -> None:
    """A run that waits in a queue is dropped when another one comes, and what it measured is lost."""
    assert not [job for job in (workflow, *workflow["jobs"].values()) if "concurrency" in job]


def test_a_push_is_measured_from_what_main_was_before(workflow: dict[str, Any]) -> None:
    assert "'push' && github.event.before ||" in workflow["jobs"]["ratios"]["env"]["BEFORE"]


def add(
    step: str, number: int, header: str, origin: Path, folder: Path, first: Callable[[], object] | None = None
) -> None:
    """Run the step in a clone that measured one commit, with these columns; `first` comes before its push."""
    place = folder / f"run{number}"
    git("clone", "--quiet", "--depth", "1", origin.as_uri(), str(place), at=folder)
    if header != HEADER:
        (place / "perf" / "history.csv").write_text(f"{header}\n", "utf-8")
    (place / "build").mkdir()
    (place / "build" / "measured.csv").write_text(f"{header}\n2026-01-02,commit{number}\n", "utf-8")
    words = ["bash", "-eo", "pipefail", "-c", step]
    env = os.environ | {"GITHUB_SHA": f"commit{number}"}
    go = folder / f"go{number}"
    if first is not None:
        wait = f"#!/bin/sh\ntouch {go}.waits; while [ ! -e {go} ]; do sleep 0.05; done\n"
        (place / ".git" / "hooks" / "pre-push").write_text(wait)
        (place / ".git" / "hooks" / "pre-push").chmod(0o755)
    with subprocess.Popen(words, cwd=place, env=env, stderr=subprocess.PIPE, text=True) as run:
        if first is not None:
            while run.poll() is None and not go.with_suffix(".waits").exists():
                time.sleep(0.05)
            first()
            go.touch()
        _, said = run.communicate(timeout=60)
    assert run.returncode == 0, said
    assert first is None or "rejected" in said


def git(*words: str, at: Path) -> str:
    """What git says."""
    return subprocess.run(["git", *words], cwd=at, check=True, capture_output=True, text=True).stdout

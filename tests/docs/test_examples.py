"""The programs in examples/ run as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.shared import ROOT

EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".sh"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    if name.endswith(".sh") and shutil.which("sh") is None:
        pytest.skip("no shell here")
    program = tmp_path / "poseval"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m poseval "$@"\n', "utf-8")
    program.chmod(0o755)
    words = [sys.executable if name.endswith(".py") else "sh", str(EXAMPLES / name)]
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "AP" in done.stdout


def test_the_workflow_uses_inputs_that_the_action_has() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    workflow = yaml.safe_load((EXAMPLES / "github_workflow.yml").read_text("utf-8"))
    (step,) = [one for one in workflow["jobs"]["gate"]["steps"] if "poseval@" in one.get("uses", "")]
    assert step["with"].keys() <= action["inputs"].keys()
    required = {name for name, row in action["inputs"].items() if row.get("required")}
    assert required <= step["with"].keys()

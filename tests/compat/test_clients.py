"""Programs that use pycocotools give the same numbers and prints with the patch, run as they are.

POSEVAL_CLIENTS names a folder with their checkouts: `torchvision`, `detr`, `detectron2`, `openpifpaf`, `dekr`
and `mmpose`, each as its repository has it. Nothing of them is part of this project.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval.synth import perturb, scene_set
from tests.compat.clients import PROGRAMS
from tests.shared import ROOT

pytest.importorskip("pycocotools", reason="needs pycocotools")
CLIENTS = os.environ.get("POSEVAL_CLIENTS", "")
UNTOUCHED = {"mmpose"}  # evaluates with xtcocotools, which the patch leaves alone


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("clients")
    truth = scene_set(seed=8, images=30, people=3)
    poseval.write(truth, made / "gt.json", "coco")
    found = perturb(truth, 8, jitter=0.5)
    poseval.write(found, made / "dt.json", "coco", role="predictions", truth=truth)
    return made


def said(name: str, folder: Path, how: str) -> Any:
    command = ["-m", "tests.compat.clients", name, CLIENTS, str(folder / "gt.json"), str(folder / "dt.json")]
    done = subprocess.run(
        [sys.executable, *command, how], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", PROGRAMS)
def test_numbers_and_prints_are_the_same(name: str, folder: Path) -> None:
    if not CLIENTS:
        pytest.skip("needs checkouts of the programs in POSEVAL_CLIENTS")
    plain = said(name, folder, "plain")
    if "absent" in plain:
        pytest.skip(f"needs {name}: {plain['absent'][:150]}")
    patched = said(name, folder, "patched")
    assert len(plain["numbers"]) >= 5
    assert 0.1 < plain["numbers"][0] < 100
    assert patched["numbers"] == plain["numbers"]
    assert patched["lines"] == plain["lines"]
    assert not plain["ours"]
    assert patched["ours"] == (name not in UNTOUCHED)

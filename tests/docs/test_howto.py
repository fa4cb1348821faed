"""Every command of the how-to pages and of the first page, run in the order in which it stands there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.synth import perturb, scene_set
from tests.datasets.mat_files import gt_valid
from tests.datasets.yolo.test_layout import data_set
from tests.differential.random_boxes import write_boxes
from tests.docs.example_files import make_example_files
from tests.shared import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*(DOCS / "howto").glob("*.md"), DOCS / "start.md"])


def commands(page: Path) -> list[str]:
    return re.findall(r"^    poseval (.+)$", page.read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("howto")
    make_example_files(folder)
    truth = scene_set(seed=5, images=30, people=3)
    poses = perturb(truth, 1)
    get_format("openpose").write(poses, folder / "openpose", WriteOptions(Role.PREDICTIONS, truth=truth))
    data_set(folder)
    shutil.copytree(folder / "labels" / "val", folder / "predicted")
    assert invoke(["demo", str(folder / "poseval-demo"), "-q"]) == 0
    make_parts(folder)
    make_mpii(folder)
    make_faces(folder)
    paths = write_boxes(1, folder)
    Path(paths[1]).rename(folder / "boxes.txt")
    return folder


def make_parts(folder: Path) -> None:
    """The COCO results in two files."""
    people = json.loads((folder / "preds.json").read_text("utf-8"))
    for at in range(2):
        (folder / f"part{at}.json").write_text(json.dumps(people[at::2]), "utf-8")


def make_mpii(folder: Path) -> None:
    """Ground truth of the kits, and predictions as an array in its order."""
    rng = np.random.default_rng(1)
    joints = rng.uniform(50, 400, (40, 16, 2))
    heads = np.stack([joints[:, 9] - 30, joints[:, 9] + 30], 1)
    gt_valid(folder / "gt_valid.mat", joints, np.zeros((40, 16)), heads)
    np.save(folder / "mpii_preds.npy", joints + rng.normal(0, 12, joints.shape))


def make_faces(folder: Path) -> None:
    """Faces of 68 points, as HRNet's kit lists them."""
    rng = np.random.default_rng(2)
    faces = rng.uniform(80, 180, (40, 68, 2))
    head = ["image_name", "scale", "center_w", "center_h"]
    head += [f"original_{at}_{axis}" for at in range(68) for axis in "xy"]
    for name, noise in (("gt", 0.0), ("pred", 3.0)):
        points = np.round(faces + rng.normal(0, noise, faces.shape), 3).reshape(40, -1)
        rows = [f"face{at}.jpg,1.0,130,130," + ",".join(map(str, row)) for at, row in enumerate(points)]
        (folder / f"faces_{name}.csv").write_text("\n".join([",".join(head), *rows, ""]), "utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_of_a_page_work(
    page: Path, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    found = commands(page)
    assert found
    for command in found:
        words = shlex.split(command)
        status = invoke(words)
        said = capsys.readouterr()
        assert status == 0, f"{command}\n{said.err}"

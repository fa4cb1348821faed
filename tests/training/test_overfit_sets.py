"""DEKR and both PRTRs learn sixteen synthetic pictures by heart, through `poseval train`, `run` and `score`.

Networks are small and start from nothing; samples, losses, matching and decoding are the families' own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from poseval.cli import invoke

pytestmark = [pytest.mark.models, pytest.mark.slow]

Record = Callable[[str, object], None]
COSINE = ("schedule=cosine", "warm_up=20")
PRTR = ("frozen=false", "depth=18", "width=16", "layers=1")


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`truth.json` and `images`: 16 square pictures of one person, larger than DEKR's least area.

    CrowdPose's joints: without the face they are learnt in half the time that COCO's take.
    """
    import torch

    from poseval.synth import World, scenes
    from poseval.synth.folder import write_world
    from poseval.training.dekr_losses import SMALLEST_AREA

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("portraits")
    world = World(width=160, height=160, smallest=110, largest=150, clutter=3, occluders=0.0)
    truth, _, _ = write_world(folder, list(scenes(5, 16, 1, world=world)), skeleton="crowdpose14")
    assert (truth.people.area >= SMALLEST_AREA).all()
    return folder


def _learn(
    name: str,
    folder: Path,
    out: Path,
    size: str,
    epochs: int,
    config: tuple[str, ...],
    changes: tuple[str, ...],
    record: Record,
) -> float:
    """AP on the pictures learnt; mirrored pictures are not learnt, so that there is no flip test."""
    truth = str(folder / "truth.json")
    data = ["--images", str(folder / "images"), "--input-size", size, "--device", "cpu", "-q"]
    data += [word for pair in config for word in ("--option", pair)]
    wanted = [word for pair in ("augmentation.mirrored=0", *changes) for word in ("--set", pair)]
    length = ["--epochs", str(epochs), "--loaders", "1"]
    assert invoke(["train", name, "--data", truth, "--out", str(out), *length, *data, *wanted]) == 0
    found = str(out / "predictions.json")
    weights = ["--weights", str(out / "best.pt")]
    flip = [] if name == "prtr_sequential" else ["--no-flip"]
    assert invoke(["run", name, "--gt", truth, "--out", found, *weights, *flip, *data]) == 0
    report = out / "report.json"
    assert invoke(["score", found, "--gt", truth, "--json", str(report)]) == 0
    node = json.loads(report.read_text())
    ap: float = node["summary"]["AP"]
    joints = node["benchmark"].removesuffix("-keypoints")
    record(f"learnt:{name}", f"AP {ap:.3f} (synthetic, {joints} joints, {epochs} epochs, {size})")
    return ap


def test_dekr(portraits: Path, tmp_path: Path, record_property: Record) -> None:
    still = ("smallest=1", "largest=1", "rotation=0", "translation=0")
    changes = ("rate=4e-3", "batch=16", *COSINE, *(f"options.{one}" for one in still))
    ap = _learn("dekr_w32", portraits, tmp_path, "64x64", 240, ("width=8",), changes, record_property)
    assert ap > 0.95


def test_prtr(sixteen: Path, tmp_path: Path, record_property: Record) -> None:
    config = (*PRTR, "queries=20", "hidden=256")
    still = ("augmentation.scale=0", "augmentation.rotation=0", "slower.backbone=1")
    changes = ("rate=1e-3", "batch=8", *still)
    ap = _learn("prtr_r50", sixteen, tmp_path, "64x64", 300, config, changes, record_property)
    assert ap > 0.95
    rows = json.loads((tmp_path / "history.json").read_text())
    assert rows[0]["class_error"] > 50
    assert rows[-1]["class_error"] == 0
    assert rows[-1]["cardinality_error"] < 1


def test_prtr_sequential(portraits: Path, tmp_path: Path, record_property: Record) -> None:
    config = (*PRTR, "queries=2", "keypoint_queries=17", "hidden=128")
    changes = ("rate=7e-4", "batch=8", "slower.backbone=1", *COSINE)
    ap = _learn("prtr_sequential", portraits, tmp_path, "96x96", 200, config, changes, record_property)
    assert ap > 0.95

"""Benchmarks beside the large ones: what tells them, and that their cross-check can fail."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.benchmarks import coco, jrdb, recognise
from poseval.benchmarks.rule_sets import RuleSet
from poseval.compat.crosscheck import crosscheck
from poseval.metrics import oks_scene, ospa, pck, tracking_scene
from poseval.metrics.oks_scene import AreaSource
from poseval.poses import PoseSet
from poseval.poses.aligned import Aligned
from tests.golden.committed import ROOT

CASES = ROOT / "neighbours"


def differs(name: str) -> bool:
    folder = CASES / name
    ending = "" if (folder / "gt").is_dir() else ".json"
    return not crosscheck(folder / f"gt{ending}", folder / f"pred{ending}").agrees


def other_sigmas(poses: PoseSet, sigma: float) -> np.ndarray:
    return 1.1 * poses.skeleton.sigma_array


def other_scale(aligned: Aligned, *given: object) -> np.ndarray:
    return np.full(len(aligned.truth), 200.0)


@pytest.mark.parametrize(
    ("name", "place", "attribute", "value"),
    [
        ("exlpose", oks_scene, "BOX_SHARE", 0.5),
        ("exlpose", oks_scene, "sigmas_of", other_sigmas),
        ("animalpose", oks_scene, "sigmas_of", other_sigmas),
        ("h36m_ordinary", pck, "scale", other_scale),
        ("h36m_on_the_threshold", RuleSet, "keeps", lambda rules, quirk: False),
        ("jrdb", RuleSet, "keeps", lambda rules, quirk: False),
        ("jrdb", jrdb, "SAME_BOX", 1.0),
        ("jrdb", jrdb, "SAME_PERSON", 2.0),
        ("jrdb", jrdb, "SEAM", 1e9),
        ("jrdb", tracking_scene, "sigmas_of", other_sigmas),
        ("jrdb", ospa, "pose_similarity", lambda *given: 0 * tracking_scene.pose_similarity(*given)),
    ],
)
def test_a_fault_would_show(
    name: str, place: object, attribute: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pycocotools")
    assert not differs(name)
    monkeypatch.setattr(place, attribute, value)
    assert differs(name)


def test_crowdpose_is_not_exlpose(tmp_path: Path) -> None:
    data = json.loads((CASES / "exlpose" / "gt.json").read_text())
    for number, image in enumerate(data["images"]):
        image["file_name"] = f"{number}.jpg"
    file = tmp_path / "gt.json"
    file.write_text(json.dumps(data))
    truth = poseval.read(file, optional=["area"])
    assert recognise(truth).name == "crowdpose"
    assert coco.EXLPOSE.metrics(coco.EXLPOSE.rule_sets[0], truth, False)[0].has(area=AreaSource.BOX)


@pytest.mark.parametrize("camera", ["A7M3", "RICOH3"])
def test_other_cameras_of_exlpose(camera: str, tmp_path: Path) -> None:
    data = json.loads((CASES / "exlpose" / "gt.json").read_text())
    for number, image in enumerate(data["images"]):
        image["file_name"] = f"PID_{camera}/0829_{number:05}.JPG"
    file = tmp_path / "gt.json"
    file.write_text(json.dumps(data))
    assert recognise(poseval.read(file, optional=["area"])).name == "exlpose"


def test_joints_of_human36m_go_by_place() -> None:
    truth = poseval.read(CASES / "h36m_ordinary" / "gt.json")
    assert truth.skeleton.name == "h36m17"
    assert truth.skeleton.joints[1] == "right_hip"

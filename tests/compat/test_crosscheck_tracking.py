"""Cross-check of the tracking metrics on files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from poseval.cli import invoke
from poseval.compat.crosscheck import REGISTRY, crosscheck
from poseval.compat.crosschecks.base import Case
from poseval.datasets import Role, WriteOptions, get_format
from poseval.metrics import parse
from poseval.poses.aligned import Aligned
from poseval.synth import perturb
from tests.datasets.posetrack_sets import random_set, without
from tests.properties import worlds

pytest.importorskip("motmetrics")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    truth = random_set(1, predictions=False)
    rows = np.arange(len(truth))
    truth = without(
        truth,
        track=rows,
        head=np.full(len(rows), 30.0),
        extra={},
        box=np.tile([3.0, 5.0, 90.0, 200.0], (len(rows), 1)),
    )
    predictions = perturb(truth, seed=2, jitter=0.2)
    get_format("posetrack18").write(truth, tmp_path / "gt", WriteOptions(role=Role.TRUTH))
    get_format("posetrack18").write(predictions, tmp_path / "pred", WriteOptions(role=Role.PREDICTIONS))
    return str(tmp_path / "gt"), str(tmp_path / "pred")


@pytest.mark.parametrize("rules", ["posetrack-2017", "posetrack-2020", "posetrack21", "corrected"])
def test_no_differences_on_files(files: tuple[str, str], rules: str) -> None:
    found = crosscheck(*files, "posetrack18", rules=rules)
    prefix = "poseval/" if rules == "posetrack21" else ""
    names = {item.name.partition(" ")[0] for item in found.differences}
    assert names >= {
        "AP",
        "MOTA",
        "IDF1",
        "HOTA",
        "hota:matched",
        f"{prefix}clear_mot:switches/nose",
    }
    assert found.agrees
    assert not found.unchecked
    programs = {item.program for item in found.differences}
    assert any(text.startswith("counts: py-motmetrics") for text in programs)
    assert any("transcription of" in text and "not the program" in text for text in programs)


BY_HEADS = ["hota(similarity=pckh)", "clear_mot(similarity=pckh)", "identity(similarity=pckh)"]
BY_OKS = [
    "hota(similarity=oks,area=box)",
    "clear_mot(similarity=oks,area=box,events=trackeval)",
    "identity(similarity=oks,area=box)",
]


def test_whole_poses_by_the_programs(files: tuple[str, str]) -> None:
    pytest.importorskip("trackeval")
    found = crosscheck(*files, "posetrack18", rules="corrected", metrics=BY_HEADS)
    assert not found.unchecked
    assert {item.name.partition("/")[0] for item in found.differences} == {"hota", "clear_mot", "identity"}
    assert {item.program.split()[0] for item in found.differences} == {"py-motmetrics", "TrackEval"}
    assert all(item.program.endswith("read separately") for item in found.differences)
    assert found.agrees


BY_BOXES = ["hota(similarity=iou)", "clear_mot(similarity=iou,events=trackeval)", "identity(similarity=iou)"]


def test_boxes_by_the_programs() -> None:
    pytest.importorskip("trackeval")
    sides = worlds.crowds(3).aligned()
    rng = np.random.default_rng(3)
    boxes = []
    for side in (sides.truth, sides.predictions):
        place = side.people.xy.mean(axis=1) + rng.normal(0, 3, (len(side), 2))
        boxes.append(without(side, box=np.concatenate([place - 40, place + 40], axis=1)))
    case = Case("", "", boxes[0], boxes[1])
    for name in BY_BOXES:
        metric = parse(name)
        tally = metric.tally(Aligned(*boxes))
        assert tally.sum("detections" if metric.name == "clear_mot" else "matched").sum() > 0
        assert all(item.agrees for item in REGISTRY.get(metric.name)(metric, tally, case)), name


def test_sigmas_of_the_user_are_those_of_no_program(files: tuple[str, str]) -> None:
    pytest.importorskip("trackeval")
    sigmas = [0.05 + place / 200 for place in range(15)]
    found = crosscheck(*files, "posetrack18", rules="corrected", metrics=BY_OKS, sigmas=sigmas)
    assert found.unchecked == ("posetrack18, official program: it does not support sigmas",)
    assert all(item.program.endswith("that poseval read") for item in found.differences)
    assert found.agrees


def test_what_no_program_has_is_named(files: tuple[str, str]) -> None:
    found = crosscheck(*files, "posetrack18", metrics=["hota(assignment=plain)", "identity"])
    assert [text.partition("(")[0] for text in found.unchecked] == ["hota"]
    assert found.agrees


def test_without_trackeval_its_numbers_are_not_checked(
    files: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trackeval", None)
    found = crosscheck(*files, "posetrack18", rules="trackeval")
    assert found.unchecked[0] == "tracks: TrackEval is not installed (extra `crosscheck`)"
    assert "HOTA: the other program does not print it" in found.unchecked
    assert found.agrees


def test_the_command_names_both_sides(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["crosscheck", files[1], "--gt", files[0]]) == 0
    out = capsys.readouterr().out
    assert "Other program: counts: py-motmetrics" in out
    assert "transcription of poseval 4258a15, evaluateAP.py, not the program" in out
    assert ", 0 different;" in out

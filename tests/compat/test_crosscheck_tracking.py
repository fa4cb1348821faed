"""Cross-check of the tracking metrics on files."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.compat.crosscheck import crosscheck
from poseval.datasets import Role, WriteOptions, get_format
from poseval.synth import perturb
from tests.datasets.posetrack_sets import random_set, without

pytest.importorskip("motmetrics")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    import numpy as np

    truth = random_set(1, predictions=False)
    rows = np.arange(len(truth))
    truth = without(truth, track=rows, head=np.full(len(rows), 30.0), extra={})
    predictions = perturb(truth, seed=2, jitter=0.2)
    get_format("posetrack18").write(truth, tmp_path / "gt", WriteOptions(role=Role.TRUTH))
    get_format("posetrack18").write(predictions, tmp_path / "pred", WriteOptions(role=Role.PREDICTIONS))
    return str(tmp_path / "gt"), str(tmp_path / "pred")


@pytest.mark.parametrize("rules", ["poseval-2017", "poseval-2020", "corrected"])
def test_no_differences_on_files(files: tuple[str, str], rules: str) -> None:
    found = crosscheck(*files, "posetrack18", rules=rules)
    joint_ap = {"AP", "precision", "recall"}
    assert {item.name.partition("/")[0] for item in found} == {"clear_mot", "identity"} | joint_ap
    assert max(item.largest for item in found) == 0
    assert any(item.ours > 0 for item in found)


def test_the_command_prints_zero(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["crosscheck", files[1], "--gt", files[0]]) == 0
    out = capsys.readouterr().out
    assert "clear_mot/switches" in out
    assert "largest difference: 0" in out

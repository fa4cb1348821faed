"""The demo's files are what the README promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval.errors import UsageError
from poseval.scoring.score import score
from poseval.synth.demo_files import make_demo


def test_files_are_seeded_and_score(tmp_path: Path) -> None:
    truth, predictions = make_demo(tmp_path / "a", 3, images=60)
    again = make_demo(tmp_path / "b", 3, images=60)
    assert truth.read_bytes() == again[0].read_bytes()
    assert predictions.read_bytes() == again[1].read_bytes()
    report = score(truth, predictions)
    assert report.benchmark == "coco-keypoints"
    assert 0.3 < report.summary["AP"] < report.summary["AP50"] < 1
    assert report.summary["AP_M"] > 0
    assert report.summary["AP_L"] > 0


def test_existing_files_are_kept(tmp_path: Path) -> None:
    make_demo(tmp_path, 1, images=2)
    with pytest.raises(UsageError) as caught:
        make_demo(tmp_path, 2, images=2)
    assert caught.value.code == "P131"
    make_demo(tmp_path, 2, images=2, force=True)

"""A network that was trained and saved runs without any flag, and gives what its validation saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from poseval.cli import invoke
from poseval.poses import PoseSet
from poseval.training import jobs
from poseval.training.jobs import TrainOptions
from poseval.training.loop import train
from tests.models.small import SMALL
from tests.runners.conftest import Bench, made

__all__ = ["made"]

pytestmark = [pytest.mark.models, pytest.mark.slow]  # each family is trained for an epoch
ROUNDED = 0.006  # pixels and hundredths that the written file may differ by


@pytest.mark.parametrize("name", SMALL)
def test_a_trained_network_runs_as_it_was_validated(
    made: Bench, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validated: list[PoseSet] = []
    real = jobs.predict

    def predict(*given: Any) -> PoseSet:
        validated.append(real(*given))
        return validated[-1]

    monkeypatch.setattr(jobs, "predict", predict)
    height, width = (int(side) for side in SMALL[name].size.split("x"))
    data = (made.truth, made.images)
    job = TrainOptions(
        name, *data, tmp_path / "net", *data, (height, width), SMALL[name].config, epochs=1, device="cpu",
        changes={"batch": 9},
    )  # fmt: skip
    result = train(job)
    out, report = tmp_path / "found.json", tmp_path / "report.json"
    command = ["run", name, "--weights", str(result.weights), "--gt", str(made.truth)]
    command += ["--images", str(made.images), "--out", str(out), "--json", str(report), "-q"]
    assert invoke(command) == 0
    rows = json.loads(out.read_text())
    people = validated[-1].people
    assert len(rows) == len(people)
    assert len(rows) or name == "dekr_w32"  # whose centres are faint after so few steps
    if rows:
        joints = np.array([row["keypoints"] for row in rows], dtype=np.float64).reshape(len(rows), -1, 3)
        assert np.abs(joints[..., :2] - people.xy).max() <= ROUNDED
    assert json.loads(report.read_text())["summary"]["AP"] == pytest.approx(result.best, abs=1e-9)

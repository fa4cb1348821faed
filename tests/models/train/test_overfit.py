"""Each trainable family learns sixteen synthetic people by heart, through `poseval train` and `run`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from poseval.cli import run

pytestmark = [pytest.mark.models, pytest.mark.slow]
STILL = ("augmentation.scale=0", "augmentation.rotation=0", "augmentation.halved=0", "batch=8")


@pytest.mark.parametrize(
    ("name", "config", "size", "changes"),
    [
        ("synth_small", (), "128x96", ("warm_up=10",)),
        ("simplebaseline_r18", ("widths=[64, 64, 64]",), "128x96", ("options.target=unbiased",)),
        ("hrnet_w32", ("width=8",), "128x96", ("options.target=unbiased",)),
        ("hourglass_2", ("width=64", "stacks=1"), "128x128", ("options.target=unbiased",)),
    ],
)
def test_sixteen_people_are_learnt(
    sixteen: Path, tmp_path: Path, name: str, config: tuple[str, ...], size: str, changes: tuple[str, ...]
) -> None:
    data = ["--images", str(sixteen / "images"), "--input-size", size, "--device", "cpu", "-q"]
    data += [word for pair in config for word in ("--option", pair)]
    wanted = [word for pair in (*STILL, *changes) for word in ("--set", pair)]
    truth = str(sixteen / "truth.json")
    out = str(tmp_path / "out")
    assert run(["train", name, "--data", truth, "--out", out, "--epochs", "150", *data, *wanted]) == 0
    results = str(tmp_path / "p.json")
    report = tmp_path / "report.json"
    weights = str(tmp_path / "out/best.pt")
    skeleton = ["--skeleton", "coco17", "--no-flip", "--decode", "dark"]
    found = ["run", name, "--weights", weights, "--gt", truth, "--out", results, "--json", str(report)]
    assert run([*found, *data, *skeleton]) == 0
    assert json.loads(report.read_text())["summary"]["AP"] > 0.95

"""Two processes with uneven shards: every rank has the report of one process, byte for byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import poseval
from tests.integrations.loaders import arrays, batches
from tests.shared import ROOT

pytest.importorskip("torch.distributed", reason="needs PyTorch")

# What a rank does; the cases differ in who has which frames.
RANK = """
import json, sys
from torch import distributed
import poseval
from tests.integrations.loaders import arrays, batches

rank, case, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
found, truth = arrays(1)
frames = truth["frames"]
shards = {
    "uneven": (frames[:11], frames[11:]),
    "interleaved": (frames[::2], frames[1::2]),
    "padded": (frames[:21], frames[19:]),
    "empty": (frames, frames[:0]),
    "settings": (frames[:11], frames[11:]),
}[case]
metric = poseval.PoseMetric("coco-keypoints", per_joint=case == "settings" and rank == 1)
for mine, theirs in batches(found, truth, shards[rank], 4):
    metric.update(mine, theirs)
try:
    text = metric.compute(sync=True).to_json(timings=False)
except poseval.PosevalError as error:
    text = json.dumps({"code": error.code, "text": str(error)})
open(f"{folder}/{rank}.json", "w").write(text)
assert len(metric) == len(shards[rank]), "gathering leaves a rank's own frames as they are"
distributed.destroy_process_group()
"""


def ranks(case: str, folder: Path) -> list[str]:
    """What each of two ranks found."""
    started = [
        subprocess.Popen([sys.executable, "-c", RANK, str(rank), case, str(folder)], cwd=ROOT)
        for rank in range(2)
    ]
    assert [process.wait(timeout=120) for process in started] == [0, 0]
    return [(folder / f"{rank}.json").read_text() for rank in range(2)]


def alone() -> poseval.PoseMetric:
    found, truth = arrays(1)
    metric = poseval.PoseMetric("coco-keypoints")
    for mine, theirs in batches(found, truth, truth["frames"], 4):
        metric.update(mine, theirs)
    return metric


@pytest.mark.parametrize("case", ["uneven", "interleaved", "empty"])
def test_every_rank_has_the_report_of_one_process(case: str, tmp_path: Path) -> None:
    one = alone().compute().to_json(timings=False)
    assert ranks(case, tmp_path) == [one, one]


def test_frames_of_a_padded_sampler_count_once(tmp_path: Path) -> None:
    found, again = (json.loads(text) for text in ranks("padded", tmp_path))
    assert found == again
    one: dict[str, Any] = alone().compute().to_dict(timings=False)
    assert found["notices"].pop()["code"] == "N596"
    assert found == json.loads(json.dumps(one))


def test_ranks_with_other_settings_all_say_so(tmp_path: Path) -> None:
    for text in ranks("settings", tmp_path):
        assert json.loads(text)["code"] == "P860"
        assert "per_joint" in text

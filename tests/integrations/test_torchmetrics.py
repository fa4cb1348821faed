"""torchmetrics' own use of a metric: forward, collections, moves, copies, pickles and two processes."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval.errors import PosevalError, UsageError
from tests.integrations.loaders import arrays, batches
from tests.shared import ROOT

torchmetrics = pytest.importorskip("torchmetrics", reason="needs torchmetrics: in an environment of its own")
torch = pytest.importorskip("torch", reason="needs PyTorch")

FOUND, TRUTH = arrays(1)
FRAMES = TRUTH["frames"]


def made(**asked: Any) -> Any:
    from poseval.integrations.torchmetrics import PoseMetric

    return PoseMetric("coco-keypoints", **asked)


def alone() -> poseval.Report:
    metric = poseval.PoseMetric("coco-keypoints")
    for found, truth in batches(FOUND, TRUTH, FRAMES, 9):
        metric.update(found, truth)
    return metric.compute()


def same(found: dict[str, Any]) -> None:
    expected = alone().summary
    assert found.keys() == expected.keys()
    for key, value in found.items():
        assert value.dtype == torch.float64
        assert value.item() == expected[key] or value.isnan()


def test_batches_give_the_report_of_all_frames() -> None:
    metric = made()
    for found, truth in batches(FOUND, TRUTH, FRAMES, 9):
        metric.update(found, truth)
    same(metric.compute())
    assert metric.report().to_json(timings=False) == alone().to_json(timings=False)
    metric.reset()
    with pytest.raises(UsageError, match="before any update"):
        metric.report()


def test_forward_gives_the_batch_and_keeps_all() -> None:
    metric = made()
    for found, truth in batches(FOUND, TRUTH, FRAMES, 9):
        one = poseval.PoseMetric("coco-keypoints")
        one.update(found, truth)
        assert metric(found, truth)["AP50"].item() == one.compute().summary["AP50"]
    same(metric.compute())


def test_a_collection_of_rules() -> None:
    both = torchmetrics.MetricCollection({"reference": made(), "corrected": made(rules="corrected")})
    for found, truth in batches(FOUND, TRUTH, FRAMES, 9):
        both.update(found, truth)
    found = both.compute()
    assert found["reference_AP"].item() == alone().summary["AP"]
    assert "corrected_AP" in found


def test_moves_copies_and_pickles() -> None:
    metric = made()
    loader = list(batches(FOUND, TRUTH, FRAMES, 9))
    for found, truth in loader[:2]:
        metric.update(found, truth)
    metric = pickle.loads(pickle.dumps(copy.deepcopy(metric)))
    metric = metric.to("cpu").half().double()
    metric.set_dtype(torch.float16)
    for found, truth in loader[2:]:
        metric.update(found, truth)
    same(metric.compute())
    assert metric.clone() is not metric
    if torch.cuda.is_available():
        same(metric.to("cuda").compute())


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(UsageError):
        made(rule="corrected")
    metric = made()
    metric.update(*next(iter(batches(FOUND, TRUTH, FRAMES, 3))))
    before = len(metric.batches)
    with pytest.raises(PosevalError):
        metric.update({"keypoints": [1]}, {})
    assert len(metric.batches) == before


RANK = """
import sys
from torch import distributed
from poseval.integrations.torchmetrics import PoseMetric
from tests.integrations.loaders import arrays, batches

rank, case, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
found, truth = arrays(1)
frames = truth["frames"]
shards = {"uneven": (frames[:11], frames[11:]), "empty": (frames, frames[:0])}[case]
metric = PoseMetric("coco-keypoints")
for mine, theirs in batches(found, truth, shards[rank], 4):
    metric.update(mine, theirs)
open(f"{folder}/{rank}.json", "w").write(metric.report().to_json(timings=False))
distributed.destroy_process_group()
"""


@pytest.mark.parametrize("case", ["uneven", "empty"])
def test_two_processes_have_the_report_of_one(case: str, tmp_path: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", RANK, str(rank), case, str(tmp_path)], cwd=ROOT)
        for rank in range(2)
    ]
    assert [process.wait(timeout=120) for process in started] == [0, 0]
    for rank in range(2):
        assert (tmp_path / f"{rank}.json").read_text() == alone().to_json(timings=False)
        assert json.loads((tmp_path / f"{rank}.json").read_text())["summary"]

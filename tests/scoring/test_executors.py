"""The same report from one process and several; addresses of executors."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Any

import pytest

from poseval import write
from poseval.cli import invoke
from poseval.errors import UsageError
from poseval.scoring.executors import pool
from poseval.scoring.score import score
from poseval.statistics.intervals import intervals
from poseval.synth import perturb, scene_set
from tests.docs.blocks import blocks
from tests.scoring.dask_clusters import free_port

TRUTH = scene_set(seed=1, images=60, people=3)
FOUND = perturb(TRUTH, seed=2)
ROOT = Path(__file__).resolve().parents[2]


def alone() -> str:
    return score(TRUTH, FOUND, "coco-keypoints", per_joint=True).to_json(timings=False)


@pytest.mark.parametrize("way", ["fork", "forkserver", "spawn"])
def test_processes_give_the_same_report_byte_by_byte(way: str) -> None:
    if way not in get_all_start_methods():
        pytest.skip(f"this system cannot {way}")
    with ProcessPoolExecutor(2, mp_context=get_context(way)) as executor:
        shared = score(TRUTH, FOUND, "coco-keypoints", per_joint=True, executor=executor, shards=8)
    assert shared.to_json(timings=False) == alone()


def test_without_an_address_there_is_nobody_to_ask() -> None:
    with pool() as found:
        assert found.executor is None
        assert not found.one_process


class Workers:
    """A cluster of one worker in this process, which notes what it is asked for."""

    workers, places = 1, 256

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def each(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        self.asked.add(getattr(work, "func", work).__name__)
        return [work(item) for item in items]


@pytest.mark.parametrize("rules", ["reference", "all"])
def test_tallies_and_resamples_of_the_command_are_sent_to_the_cluster(
    rules: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [str(tmp_path / "preds.json"), "--gt", str(tmp_path / "gt.json")]
    write(TRUTH, paths[2], format="coco", role="truth")
    write(FOUND, paths[0], format="coco", role="predictions", truth=TRUTH)
    command = ["score", *paths, "--rules", rules, "--ci", "95", "--ci-method", "percentile"]
    assert invoke(command) == 0
    alone = capsys.readouterr().out
    workers = Workers()
    monkeypatch.setattr("poseval.scoring.executors.connected", lambda address: nullcontext(workers))
    monkeypatch.setattr("poseval.scoring.late_executor.PAYING_SECONDS", 0.0)
    monkeypatch.setattr("poseval.scoring.late_executor.SENDING_SECONDS", 0.0)
    assert invoke([*command, "--executor", "dask:here"]) == 0
    assert workers.asked == {"tally", "_reduced"}
    assert capsys.readouterr().out == alone


def test_intervals_over_processes_are_the_same() -> None:
    from poseval.scoring.score import evaluate

    run = evaluate(TRUTH, FOUND, "coco-keypoints")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        shared = intervals(run, method="percentile", resamples=400, executor=executor)
    assert repr(shared) == repr(intervals(run, method="percentile", resamples=400))


@pytest.mark.parametrize("way", ["fork", "forkserver", "spawn"])
def test_the_recipe_of_the_page_works_however_processes_start(way: str, tmp_path: Path) -> None:
    if way not in get_all_start_methods():
        pytest.skip(f"this system cannot {way}")
    recipe = next(b.text for b in blocks(ROOT / "docs" / "scale.md") if "ProcessPoolExecutor" in b.text)
    start = f"import multiprocessing\nmultiprocessing.set_start_method('{way}', force=True)\n"
    (tmp_path / "recipe.py").write_text(start + recipe, "utf-8")
    write(TRUTH, tmp_path / "gt.json", format="coco", role="truth")
    wanted = {}
    for seed, name in enumerate(("a.json", "b.json")):
        found = perturb(TRUTH, seed)
        write(found, tmp_path / name, format="coco", role="predictions", truth=TRUTH)
        wanted[name] = score(str(tmp_path / "gt.json"), str(tmp_path / name)).summary["AP"]
    done = subprocess.run(
        [sys.executable, "recipe.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ast.literal_eval(done.stdout) == wanted, done.stderr


@pytest.mark.parametrize("address", ["spark:local", "dask", "dask:"])
def test_an_unknown_executor_is_refused(address: str) -> None:
    with pytest.raises(UsageError) as caught, pool(address):
        pass
    assert caught.value.code == "P181"


def test_nobody_at_the_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("poseval.scoring.dask_cluster.ANSWER_SECONDS", 1.0)
    with pytest.raises(UsageError) as caught, pool(f"dask:tcp://127.0.0.1:{free_port()}"):
        pass
    assert caught.value.code == "P182"

"""Pages of benchmarks beyond COCO's: what their cards, findings and drawings say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.diagnosis.diagnose import diagnose
from poseval.poses import Frames, People, PoseSet
from poseval.report.captions import meaning
from poseval.report.html import to_html
from poseval.report.page_findings import page_findings
from poseval.results.units import NumberStyle
from poseval.scoring.score import evaluate, prepare
from poseval.scoring.task import Task
from poseval.skeletons import get_skeleton
from poseval.synth import perturb, scene_set

MOUSE = ("nose", "neck", "tail")


def set_of(joints: int, skeleton: Any, count: int = 8) -> tuple[PoseSet, PoseSet]:
    """One person a frame, with neither area nor box nor head, and predictions that are a little off."""
    rng = np.random.default_rng(3)
    xy = rng.uniform(40, 200, (count, joints, 2))
    frames = Frames(np.array([f"{at:02d}.png" for at in range(count)]), size=np.full((count, 2), 240.0))
    truth = PoseSet(skeleton, frames, People(xy=xy, frame=np.arange(count)))
    near = People(
        xy=xy + rng.normal(0, 12, xy.shape), frame=np.arange(count), score=np.linspace(0.4, 0.9, count)
    )
    return truth, PoseSet(skeleton, frames, near)


def page_of(folder: Path, truth: PoseSet, found: PoseSet, *options: str) -> str:
    """The page that `poseval score --report` writes."""
    native = get_format("native")
    native.write(truth, folder / "gt.npz", WriteOptions(role=Role.TRUTH, force=True))
    native.write(found, folder / "preds.npz", WriteOptions(role=Role.PREDICTIONS, force=True))
    command = ["score", str(folder / "preds.npz"), "--gt", str(folder / "gt.npz"), "--quiet"]
    assert invoke([*command, *options, "--report", str(folder / "page.html")]) == 0
    return (folder / "page.html").read_text("utf-8")


def frames_of(page: str) -> list[Any]:
    found = re.search(r'<script type="application/json" id="frame-data">(.*?)</script>', page, re.DOTALL)
    assert found
    frames: list[Any] = json.loads(found[1])["frames"]
    return frames


def test_any_skeleton_has_findings_and_worst_frames(tmp_path: Path) -> None:
    base = get_skeleton("coco17")
    mouse = replace(base, name="mouse", joints=MOUSE, flip=(0, 1, 2), limbs=((0, 1), (1, 2)), sigmas=None)
    page = page_of(tmp_path, *set_of(3, mouse))
    assert "AP by OKS, which compares whole poses, is " in page
    assert "the worst joint is " in page
    assert len(frames_of(page)) > 0


def test_faces_have_worst_frames_and_the_page_says_by_what_scale(tmp_path: Path) -> None:
    page = page_of(tmp_path, *set_of(98, get_skeleton("wflw98")), "--benchmark", "wflw")
    assert len(frames_of(page)) > 0
    assert "they are measured by areas of boxes or of the labelled joints and a sigma of 0.1" in page
    assert "None: a diagnosis needs areas" in page


def test_the_deciding_number_comes_first_and_cards_that_are_left_out_are_counted() -> None:
    truth = scene_set(seed=5, images=6, people=2)
    rng = np.random.default_rng(0)
    whole = get_skeleton("coco_wholebody133")
    people = truth.people
    xy = np.repeat(people.xy, 8, axis=1)[:, :133] + rng.uniform(-9, 9, (len(truth), 133, 2))
    truth = PoseSet(whole, truth.frames, People(xy=xy, frame=people.frame, box=people.box, area=people.area))
    run = evaluate(truth, perturb(truth, 1), "coco-wholebody")
    page = to_html(run.report(), run)
    cards = re.findall(r'<li class="number[^"]*"><small>(.*?)</small>', page)
    assert cards[0] == "wholebody/AP"
    assert {"body/AP", "face/AP"} < set(cards[:6])
    assert len(cards) == 24
    assert f"{len(run.report().summary) - 24} more are in the" in page


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("EPE_p90", "percentile"),
        ("NME_median", "median"),
        ("NME_trimmed", "without a tenth"),
        ("AUC_mean", "plain mean"),
        ("PCKh@0.5", "head size"),
        ("AP_hard", "crowded"),
        ("body/AP75", "0.75"),
        ("AP_unheard", ""),
    ],
)
def test_a_number_means_what_its_card_says(key: str, words: str) -> None:
    assert words in meaning(key)
    assert bool(meaning(key)) == bool(words)


@pytest.mark.parametrize(
    ("area", "said"),
    [
        (None, ""),
        (900.0, "AP is {own} by the rules of coco-keypoints, smaller people included; what errors "),
    ],
)
def test_a_page_says_why_its_two_numbers_differ(area: float | None, said: str) -> None:
    truth = scene_set(seed=5, images=12, people=3)
    if area is not None:
        small = np.where(np.arange(len(truth)) % 2 == 0, area, truth.people.area)
        truth = replace(truth, people=truth.people.with_columns(area=small))
    found = perturb(truth, seed=6)
    report = evaluate(truth, found, "coco-keypoints").report()
    diagnosis = diagnose(prepare(truth, found, Task(benchmark="coco-keypoints")).aligned)
    style = NumberStyle(digits=1)
    lines = page_findings(diagnosis, report, style)
    own = style.number(report.summary["AP"])
    if said:
        assert lines[1].startswith(said.format(own=own))
    else:
        assert lines[1] == f"AP by OKS, which compares whole poses, is {own}"
        assert not any("coco-keypoints" in line for line in lines)


def test_a_page_of_a_benchmark_without_oks_names_its_own_number() -> None:
    truth = scene_set(seed=5, images=12, people=1, skeleton="mpii16")
    truth = replace(truth, people=truth.people.with_columns(area=np.full(len(truth), np.nan)))
    found = perturb(truth, seed=6, false_positives=0, duplicates=0, missed_people=0)
    report = evaluate(truth, found, "mpii-val").report()
    diagnosis = diagnose(prepare(truth, found, Task(benchmark="mpii-val")).aligned)
    opening, first, second, *_ = page_findings(diagnosis, report, NumberStyle(digits=1))
    assert opening.startswith("12 of 12 people were found; the worst joint is ")
    assert "with the size of a head as the scale of a person, is " in second
    value = 100 * report.summary["PCKh@0.5"]
    assert first.startswith(
        f"PCKh@0.5 is {value:.1f} by the rules of mpii-val; what errors cost is given below "
    )

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from poseval.diagnosis.diagnose import diagnose
from poseval.poses import Notice
from poseval.poses.images import images_of
from poseval.report.html import _tables, to_html
from poseval.report.overlay import frame_svg
from poseval.report.plots import figure_bytes, figures, save_figures
from poseval.results.values import Interval, Value, Values
from poseval.scoring.score import evaluate, prepare
from poseval.scoring.task import Task
from poseval.statistics.intervals import intervals
from poseval.synth import perturb, scene_set
from tests.browser import browser
from tests.results.test_report import report

TRUTH = scene_set(seed=5, images=12, people=3)
FOUND = perturb(TRUTH, seed=6)
RUN = evaluate(TRUTH, FOUND, "coco-keypoints", per_joint=True)
REPORT = replace(RUN.report(), intervals=intervals(RUN))
ALIGNED = prepare(TRUTH, FOUND, Task(benchmark="coco-keypoints")).aligned
DIAGNOSIS = diagnose(ALIGNED)
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def page(**changes: object) -> str:
    return to_html(replace(REPORT, **changes), RUN, DIAGNOSIS, ALIGNED)  # type: ignore[arg-type]


def test_the_same_run_gives_the_same_bytes() -> None:
    assert page() == page()
    name = "precision_recall"
    first, again = (figures(RUN, REPORT, DIAGNOSIS)[name] for _ in range(2))
    for style in ("png", "pdf"):
        assert figure_bytes(first, style) == figure_bytes(again, style), style


def test_every_figure_is_there_and_saved(tmp_path: Path) -> None:
    found = figures(RUN, REPORT, DIAGNOSIS)
    assert set(found) >= {
        "AP_over_threshold",
        "precision_recall",
        "scores",
        "AP_per_joint",
        "errors_per_joint",
        "gains",
    }
    paths = save_figures(found, tmp_path)
    assert all(Image.open(path).size[0] > 300 for path in paths)


def test_text_of_strangers_is_escaped() -> None:
    text = page(notices=(Notice("N1", EVIL),), deviations=(EVIL,))
    assert text.count("<script>") == 1
    assert "onerror=alert(1)>" not in text


def test_nothing_is_fetched() -> None:
    text = page()
    assert "default-src 'none'" in text
    assert not re.search(r'(?:src|href)="(?!data:)', text)


def test_the_worst_frames_are_drawn_over_their_images(tmp_path: Path) -> None:
    name = str(ALIGNED.truth.frames.path[0])
    width, height = (int(n) for n in ALIGNED.truth.frames.size[0])
    target = tmp_path / Path(name).name
    Image.fromarray(np.full((height, width, 3), 90, dtype=np.uint8)).save(target)
    images = images_of(ALIGNED.truth.frames, tmp_path)
    assert "data:image/jpeg" in frame_svg(ALIGNED, 0, images)
    assert "data:image/jpeg" not in frame_svg(ALIGNED, 0)
    target.write_bytes(b"no image")
    assert "data:image/jpeg" not in frame_svg(ALIGNED, 0, images)


@pytest.mark.browser
def test_a_browser_opens_the_page_and_sorts_its_tables(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text(page(notices=(Notice("N1", EVIL),)), encoding="utf-8")
    with browser() as session:
        session.open(target)
        assert session.console() == []
        joints = "table.sortable:first-of-type tbody tr td:first-child"
        before = session.texts(joints)[:17]
        assert before[0] == "nose"
        session.click("table.sortable th button", 0)
        assert session.texts(joints)[:17] == sorted(before)
        session.click("table.sortable th button", 1)
        numbers = session.texts("table.sortable:first-of-type tbody tr td:nth-child(2)")[:17]
        assert numbers == sorted(numbers, key=lambda text: float(text.split()[0]))
        assert session.console() == []


def test_counts_are_whole_numbers_and_joints_carry_their_intervals() -> None:
    rows = [
        Value("m", "AP", "nose", value=0.5),
        Value("m", "AP", "hip", value=1.0),
        Value("m", "misses", "nose", value=3.0),
        Value("m", "misses", "hip", value=0.0),
        Value("m", "perfect", "nose", value=1.0),
    ]
    made = report(values=Values(rows), intervals={"AP/nose": Interval(0.4, 0.6)})
    joints, _ = _tables(made)
    assert joints.header == ("joint", "AP", "misses", "perfect")
    cells = [[cell.text for cell in row] for row in joints.rows]
    assert cells == [["nose", "0.5000 [0.4000, 0.6000]", "3", "1.0000"], ["hip", "1.0000", "0", "n/a"]]

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from poseval.diagnosis.diagnose import diagnose
from poseval.poses import Notice
from poseval.poses.aligned import Aligned
from poseval.poses.images import images_of
from poseval.report.captions import caption, meaning
from poseval.report.html import to_html
from poseval.report.html_tables import metric_tables
from poseval.report.plots import figure_bytes, figures, save_figures
from poseval.report.worst_frames import worst_frames
from poseval.results.units import NumberStyle, Unit
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
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)


def test_nothing_in_the_data_of_frames_ends_the_script() -> None:
    joints = (EVIL, *ALIGNED.truth.skeleton.joints[1:])
    skeleton = replace(ALIGNED.truth.skeleton, joints=joints)
    evil = Aligned(replace(ALIGNED.truth, skeleton=skeleton), replace(ALIGNED.predictions, skeleton=skeleton))
    text = to_html(REPORT, RUN, DIAGNOSIS, evil)
    assert text.count("<script>") == 1
    assert data_of(text)["joints"][0] == EVIL


def data_of(text: str) -> Any:
    """What the page's script draws."""
    found = re.search(r'<script type="application/json" id="frame-data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_worst_frames_are_drawn_over_their_images(tmp_path: Path) -> None:
    row = next(at for at, key in enumerate(ALIGNED.truth.frames.key) if str(key) == DIAGNOSIS.worst[0].frame)
    width, height = (int(n) for n in ALIGNED.truth.frames.size[row])
    target = tmp_path / Path(str(ALIGNED.truth.frames.path[row])).name
    Image.fromarray(np.full((height, width, 3), 90, dtype=np.uint8)).save(target)
    images = images_of(ALIGNED.truth.frames, tmp_path)
    first, *others = worst_frames(DIAGNOSIS, ALIGNED, images)["frames"]
    assert first["name"] == str(ALIGNED.truth.frames.path[row])
    assert f"{DIAGNOSIS.worst[0].joints} wrong joints" in first["text"]
    image = first["image"]
    assert image["url"].startswith("data:image/jpeg;base64,")
    cut = Image.open(io.BytesIO(base64.b64decode(image["url"].partition(",")[2])))
    assert cut.size == (image["width"], image["height"])
    x0, _, _, y1 = first["win"]
    assert abs(image["x"] - x0) <= 1
    assert abs(image["y"] + image["height"] - y1) <= 1
    assert all(other["image"] is None for other in others)
    assert all("image" not in one for one in worst_frames(DIAGNOSIS, ALIGNED, None)["frames"])
    target.write_bytes(b"no image")
    assert worst_frames(DIAGNOSIS, ALIGNED, images)["frames"][0]["image"] is None


@pytest.mark.browser
def test_a_browser_opens_the_page_and_sorts_its_tables(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text(page(notices=(Notice("N1", EVIL),)), encoding="utf-8")
    with browser() as session:
        session.open(target)
        assert session.console() == []
        tables = session.texts("details.metric h3")
        assert tables[:2] == ["All joints", "By threshold"]
        place = tables.index("By joint")
        joints = f"[...document.querySelectorAll('table.sortable')][{place}]"
        cells = f"return [...{joints}.tBodies[0].rows].map((row) => row.cells[%d].textContent);"
        before = session.run(cells % 0)
        assert before[0] == "nose"
        session.run(f"{joints}.querySelectorAll('th button')[0].click();")
        assert session.run(cells % 0) == sorted(before)
        session.run(f"{joints}.querySelectorAll('th button')[1].click();")
        numbers = session.run(cells % 1)
        assert numbers == sorted(numbers, key=lambda text: float(text.split()[0]))
        assert session.console() == []


@pytest.mark.browser
def test_worst_frames_are_drawn_and_enlarged(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text(page(), encoding="utf-8")
    frames = data_of(page())["frames"]
    alone = [one["s"] for frame in frames for one in frame["p"][0] if "t" not in one]
    with browser() as session:
        session.look(400, 900, dark=True)
        session.open(target)
        assert session.run("return document.documentElement.scrollWidth;") <= 400
        assert len(session.texts(".card")) == len(frames) > 0
        assert session.run("return document.querySelectorAll('.card .ghost, .card .alone').length;") == 0
        session.click("[name=all]")
        drawn = session.run(
            "return ['ghost', 'alone'].map((one) => document.querySelectorAll('.card .' + one).length);"
        )
        least = data_of(page())["threshold"]
        above = sum(score >= least for score in alone)
        assert drawn == [len(alone) - above, above]
        session.click(".card")
        assert session.texts("dialog h2") == [f"{frames[0]['name']}: {frames[0]['text']}"]
        box = "return document.querySelector('dialog svg').getAttribute('viewBox');"
        home = session.run(box)
        session.keys("+")
        assert session.run(box) != home
        session.keys("0\ue014")  # the whole frame, and the next one
        assert session.texts("dialog h2") == [f"{frames[1]['name']}: {frames[1]['text']}"]
        assert session.console() == []


@pytest.mark.browser
def test_scores_that_are_no_fractions_have_a_slider_of_their_own(tmp_path: Path) -> None:
    """LRP recommends a score from 0 to 1, below which all logits are; none is faint at first."""
    people = ALIGNED.predictions.people
    logits = replace(ALIGNED.predictions, people=people.with_columns(score=people.score * 20 - 30))
    target = tmp_path / "report.html"
    target.write_text(to_html(REPORT, RUN, DIAGNOSIS, Aligned(ALIGNED.truth, logits)), encoding="utf-8")
    with browser() as session:
        session.open(target)
        session.click("[name=all]")
        assert session.run("return document.querySelectorAll('.card .ghost').length;") == 0
        assert session.run("return document.querySelectorAll('.card .alone').length;") > 0
        slider = "document.querySelector('[name=score]')"
        event = f"{slider}.dispatchEvent(new Event('input', {{bubbles: true}}));"
        session.run(f"{slider}.value = -1; {event}")
        assert session.run("return document.querySelectorAll('.card .ghost').length;") > 0


def test_tables_are_grouped_by_metric_in_the_units_of_their_numbers() -> None:
    rows = [
        Value("m(at=0.5)", "AP", value=0.75, n=4),
        Value("m(at=0.5)", "AP", "nose", value=0.5),
        Value("m(at=0.5)", "AP", "hip", value=1.0),
        Value("m(at=0.5)", "misses", "nose", value=3.0),
        Value("m(at=0.5)", "AP", threshold=0.5, value=0.25),
        Value("m(at=0.5)", "AP", "nose", "day", value=0.25),
        Value("other", "EPE", slice="day", value=3.25),
    ]
    made = report(
        values=Values(rows),
        intervals={"AP/nose": Interval(0.4, 0.6), "AP": Interval(0.7, 0.8)},
        units={"misses": Unit.COUNT, "EPE": Unit.PIXELS},
    )
    first, other = metric_tables(made, NumberStyle(digits=1))
    assert (first.name, first.parameters, first.values) == ("m", "(at=0.5)", 6)
    texts = {table.title: [[cell.text for cell in row] for row in table.rows] for table in first.tables}
    assert texts == {
        "All joints": [["AP", "75.0 [70.0, 80.0]", "4", ""]],
        "By threshold": [["0.5", "25.0"]],
        "By joint": [["nose", "50.0 [40.0, 60.0]", "3"], ["hip", "100.0", ""]],
        "Others": [["AP", "nose", "day", "", "25.0", "0", ""]],
    }
    assert [table.title for table in other.tables] == ["By slice"]
    assert [cell.text for cell in other.tables[0].rows[0]] == ["day", "3.2"]
    fractions = metric_tables(made, NumberStyle("fraction", digits=1))[0].tables[0]
    assert fractions.rows[0][1].text == "0.750 [0.700, 0.800]"


def test_every_number_of_a_summary_says_what_it_means() -> None:
    text = page()
    for key in ("AP", "AP50", "AR_L"):
        assert meaning(key)
        assert meaning(key) in text
    assert meaning("body/AP75") == meaning("AP75") != meaning("AP")
    assert meaning("PCKh@0.5").endswith("head size")
    assert meaning("unheard") == ""
    for name in figures(RUN, REPORT, DIAGNOSIS):
        assert caption(name)[1], name


def test_cards_leave_slices_to_their_table_and_figure() -> None:
    from tests.metrics.oks_people import crowded

    given = crowded(3, frames=12)
    run = evaluate(given.truth, given.predictions, "oks", slices=["size"], metrics=["oks_ap", "calibration"])
    page = to_html(run.report(), run)
    cards = page[: page.index("<h2")]
    assert "size=" not in cards
    assert "size=large" in page
    for name in ("reliability", "slice_size"):
        title, text = caption(name)
        assert title in page
        assert text

"""What a notebook shows: short, escaped, in the colours of the page; figures and drawings from a report."""

from __future__ import annotations

import pickle
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval.errors import UsageError
from poseval.poses import Notice
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=11, images=12, people=2)
FOUND, OTHER = (perturb(TRUTH, seed, jitter=jitter) for seed, jitter in ((1, 0.45), (3, 0.8)))
BAD = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def report() -> poseval.Report:
    return poseval.score(TRUTH, FOUND, "coco-keypoints")


class Tags(HTMLParser):
    """Every tag opened and closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag not in ("circle", "line", "rect", "image"):
            self.open.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("circle", "line", "rect", "image"):
            return
        assert self.open.pop() == tag


def values(report: poseval.Report) -> dict[str, Any]:
    return {
        "report": report,
        "comparison": poseval.compare({BAD: FOUND, "b": OTHER}, gt=TRUTH, benchmark="coco-keypoints"),  # type: ignore[call-arg]
        "diagnosis": poseval.diagnose(TRUTH, FOUND, "coco-keypoints"),
        "truth": TRUTH,
        "predictions": FOUND,
    }


@pytest.mark.parametrize("name", ["report", "comparison", "diagnosis", "truth", "predictions"])
def test_html_is_short_escaped_and_of_the_colours_of_the_page(name: str, report: poseval.Report) -> None:
    text = values(report)[name]._repr_html_()
    assert Tags(text).seen >= {"div", "table"}
    assert len(text) < 12_000
    assert "script" not in Tags(text).seen
    for word in ("#fff", "#000", "white", "black", "background:#"):
        assert word not in text


def test_what_comes_from_outside_is_escaped(report: poseval.Report) -> None:
    notices = tuple(Notice(f"N{number}", BAD) for number in range(900, 910))
    odd = replace(report, notices=notices, benchmark=BAD)
    assert BAD not in odd._repr_html_()
    assert "&lt;script&gt;" in odd._repr_html_()
    assert "and 5 notices more" in odd._repr_html_()
    named = replace(TRUTH, origin=replace(TRUTH.origin, path=BAD))
    assert BAD not in named._repr_html_()
    assert "3.1 %" not in odd._repr_html_()


def test_reprs_fit_a_line(report: poseval.Report) -> None:
    everything = [
        *values(report).values(),
        TRUTH.frames,
        TRUTH.people,
        TRUTH.skeleton,
        TRUTH.ignore,
        poseval.gate(FOUND, poseval.evaluate(TRUTH, FOUND, "coco-keypoints"), TRUTH),
        poseval.leaderboard({"a": report}),
    ]
    for value in everything:
        assert len(repr(value)) < 110, repr(value)
    assert repr(report).startswith("Report(coco-keypoints, AP 0.")
    assert repr(TRUTH).startswith("PoseSet(coco17, ")


def test_results_are_tables_of_pandas(report: poseval.Report) -> None:
    pytest.importorskip("pandas", reason="needs pandas")
    run = poseval.evaluate(TRUTH, FOUND, "coco-keypoints")
    compared = poseval.compare({"a": FOUND, "b": OTHER}, truth=TRUTH, benchmark="coco-keypoints")
    assert {"key", "difference", "verdict"} <= set(compared.to_pandas().columns)
    assert set(poseval.gate(FOUND, run, TRUTH).to_pandas()["state"]) == {"keeps up"}
    assert poseval.leaderboard({"a": report}).to_pandas()["values.AP"].tolist() == [report.summary["AP"]]
    table = poseval.diagnose(TRUTH, FOUND, "coco-keypoints").to_pandas()
    assert {"size", "joint", "good", "jitter"} <= set(table.columns)
    assert len(table) % 17 == 0
    assert len(poseval.validate({"a": 1}, role="predictions").to_pandas()) == 1


def test_a_figure_of_a_report(report: poseval.Report) -> None:
    figure_type = pytest.importorskip("matplotlib.figure", reason="needs matplotlib").Figure
    assert isinstance(report.plot("precision_recall"), figure_type)
    assert isinstance(report.plot("errors_per_joint"), figure_type)
    with pytest.raises(UsageError, match="precision_recall") as caught:
        report.plot("precision")
    assert caught.value.code == "P102"


def test_the_worst_frames_of_a_report(report: poseval.Report, tmp_path: Path) -> None:
    drawings = report.worst(3)
    assert len(drawings) == 3
    assert list(drawings.frames) == [one.frame for one in poseval.diagnose(TRUTH, FOUND, worst=3).worst]
    assert drawings._repr_html_().count("<svg") == 3
    Tags(drawings._repr_html_())
    assert repr(drawings).startswith("Drawings of ")
    for wrong in (0, "5", None):
        with pytest.raises(UsageError, match="P103"):
            report.worst(wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="P114"):
        report.worst(images=tmp_path / "nowhere")
    image = pytest.importorskip("PIL.Image", reason="needs Pillow")
    for name in TRUTH.frames.path.tolist():
        image.new("RGB", (320, 240)).save(tmp_path / name)
    assert "data:image" in report.worst(2, images=tmp_path)._repr_html_()


def test_a_report_that_was_read_says_that_it_has_no_people(report: poseval.Report) -> None:
    again = poseval.Report.from_json(report.to_json())
    assert again == report or again.summary.keys() == report.summary.keys()
    for other in (again, pickle.loads(pickle.dumps(report))):
        for call in (other.plot, other.worst):
            with pytest.raises(UsageError, match="P863"):
                call()
    assert again._repr_html_() == report._repr_html_()


def test_a_metric_gives_figures_and_frames_too() -> None:
    metric = poseval.PoseMetric("coco-keypoints")
    metric.update(FOUND, TRUTH)
    assert len(metric.compute().worst(2)) == 2

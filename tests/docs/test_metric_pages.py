"""The pages of docs/metrics are what their metrics declare."""

from __future__ import annotations

import re

import pytest

from poseval import metrics
from poseval.metrics.base import Metric
from tests.docs.scripts import DOCS, script


@pytest.mark.parametrize("metric", metrics.registered(), ids=lambda metric: metric.name)
def test_the_page_is_current(metric: Metric) -> None:
    text = (DOCS / "metrics" / f"{metric.name}.md").read_text("utf-8")
    assert text == script("metric_pages").page(metric, text), "run python docs/metric_pages.py"
    assert re.match(rf"# {metric.name}\b", text)


@pytest.mark.parametrize("metric", metrics.registered(), ids=lambda metric: metric.name)
def test_every_metric_declares_its_formula_and_where_it_is_undefined(metric: Metric) -> None:
    assert metric.formula
    assert metric.undefined
    assert metric.source


def test_no_page_is_left_of_a_metric_that_is_gone() -> None:
    assert {path.stem for path in (DOCS / "metrics").glob("*.md")} - {"index"} == set(metrics.names())


def test_what_is_written_by_hand_stays() -> None:
    pages = script("metric_pages")
    metric = metrics.parse("epe")
    text = pages.page(metric, f"# epe\n\nBy hand.\n\n{pages.MARK}\n\nold")
    assert text.startswith(f"# epe\n\nBy hand.\n\n{pages.MARK}\n\n## Declaration\n")
    assert "old" not in text


def test_comments_become_meanings() -> None:
    page = script("metric_pages").page(metrics.parse("pdj"))
    assert "| `at` | 0.1/0.2/0.3/0.4/0.5 | thresholds in scale units |" in page
    assert "`minus_one`: the joint counts as -1 (mmpose, quirk M05)" in page

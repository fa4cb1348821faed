"""docs/benchmarks.md is what the code says, and its links lead to paragraphs."""

from __future__ import annotations

import re

from poseval import benchmarks
from tests.docs.scripts import script


def test_the_page_is_current() -> None:
    pages = script("benchmark_pages")
    assert pages.PAGE.read_text("utf-8") == pages.render(), "run python docs/benchmark_pages.py"


def test_every_benchmark_and_every_quirk_of_its_rules_is_there() -> None:
    pages = script("benchmark_pages")
    text = pages.PAGE.read_text("utf-8")
    assert re.findall(r"^## (\S+)$", text, re.MULTILINE) == benchmarks.REGISTRY.names()
    kept = {
        quirk
        for name in benchmarks.REGISTRY.names()
        for rules in benchmarks.get_benchmark(name).rule_sets
        for quirk in (*rules.quirks, *re.findall(r"\b[A-Z]\d\d\b", rules.title))
    }
    assert kept == set(re.findall(r"\[(\w+)\]\(quirks\.md#", text))

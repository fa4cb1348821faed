"""Writes docs/benchmarks.md: each benchmark as its table has it.

    python docs/benchmark_pages.py

A test compares the page with what this makes.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from poseval import benchmarks
from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.rule_sets import RuleSet
from poseval.synth import scene_set

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "benchmarks.md"
WIDTH = 120
HEAD = """# Benchmarks

Generated from the code by `python docs/benchmark_pages.py`; a test fails when it is not current.

The benchmark is recognised from the ground truth and said; `--benchmark NAME` names it. The first rule set
is the default, and `reference` is another name of it: it gives the digits of the program that it names.
`corrected` fixes the faults of the programs. Each letter with a number is such a fault, and leads to what
it does ([quirks](quirks.md)). *Counted by* is the unit that intervals and tests resample; where *together*
names something, units that share it are resampled together. Metrics are those of the first rule set, as
their [pages](metrics/index.md) explain them.
"""


def render() -> str:
    """The whole page."""
    anchors = quirk_anchors()
    parts = [HEAD]
    for name in benchmarks.REGISTRY.names():
        parts += ["\n".join(_section(benchmarks.get_benchmark(name), anchors)), ""]
    return "\n".join(parts).rstrip() + "\n"


def quirk_anchors() -> dict[str, str]:
    """Quirk -> the address of its paragraph, as the site makes it from the heading."""
    found = {}
    for title in re.findall(r"^### (.*)$", (DOCS / "quirks.md").read_text("utf-8"), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        found.setdefault(title.partition(":")[0], f"quirks.md#{slug}")
    return found


def _section(benchmark: Benchmark, anchors: dict[str, str]) -> Iterator[str]:
    yield from (f"## {benchmark.name}", "", f"{benchmark.title}.", "")
    if benchmark.incomparable:
        yield from _item("note", f"{benchmark.incomparable}.")
    rules = benchmark.rule_sets[0]
    metrics = benchmark.metrics(rules, scene_set(seed=1, images=1, people=1), False)
    yield from _item("source", benchmark.source)
    yield from _item("joints", ", ".join(map(_code, benchmark.skeletons)) or "those of the file")
    yield from _item("ground truth", ", ".join(map(_code, benchmark.truth_formats)) or "any format")
    yield from _item("predictions", ", ".join(map(_code, benchmark.prediction_formats)) or "any format")
    yield from _item("metrics", ", ".join(_code(str(metric)) for metric in metrics))
    if benchmark.primary:
        yield from _item("decides", _code(benchmark.primary))
    together = f", those of one {benchmark.cluster} together" if benchmark.cluster else ""
    yield from _item("counted by", f"{benchmark.unit}{together}")
    if benchmark.sizes:
        sizes = [f"{size:,} people ({name})" for size, name in benchmark.sizes.items()]
        yield from _item("published sets", ", ".join(sizes))
    for one in benchmark.rule_sets:
        yield from _item(f"rules `{one.name}`", _rules(one, anchors))


def _rules(rules: RuleSet, anchors: dict[str, str]) -> str:
    kept = ", ".join(f"[{quirk}]({anchors[quirk]})" for quirk in sorted(rules.quirks))
    title = re.sub(r"\b[A-Z]\d\d\b", lambda m: f"[{m.group()}]({anchors[m.group()]})", rules.title)
    return "; ".join(filter(None, (title, f"keeps {kept}" if kept else ""))) or "as the source says"


def _item(name: str, text: str) -> list[str]:
    item = f"- **{name}**: {text}" if "`" not in name else f"- {name}: {text}"
    return textwrap.wrap(item, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _code(text: str) -> str:
    return f"`{text}`"


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")

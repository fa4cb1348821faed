"""Writes docs/formats.md from what the formats declare and what their modules say of them.

    python docs/format_pages.py

A test compares the page with what this makes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from poseval import datasets
from poseval.datasets.base import Dataset, Role
from poseval.datasets.capabilities import FACTS

PAGE = Path(__file__).resolve().parent / "formats.md"
HEAD = """# Formats

Generated from the code by `python docs/format_pages.py`; a test fails when it is not current.

`poseval convert SOURCE TARGET --to FORMAT` goes from any format that is read to any that is written; what
the target cannot hold is counted as dropped. A folder that is one set (OpenPose, YOLO, PoseTrack) is read as
one; a folder of files that are sets of their own becomes a folder of converted files.

Formats are recognised by content, whatever a file is called. Two that fit equally well are refused with both
names (P202), one that fits less well is mentioned, and `--format-in` names one: Detectron2's own coordinates,
for instance, cannot be told from COCO's. Predictions find their frames by key, file name, stem and number, in
this order; the way is said, and where two ways disagree the names are refused until `--align` names one.

COCO files, with every code of what may be wrong in them, have [a page of their own](formats/coco.md).
"""
HELD = """## What each format holds

T as truth, P as predictions: what survives writing and reading. Small letters: what reading gives of a format
that is not written in this role. Between two formats survives what both hold; a test writes random pose sets
through every pair and compares.
"""
TRAPS = """## Formats and their traps

Coordinates are pixels with (0, 0) at the centre of the first pixel; what counts otherwise is shifted when it
is read and written, and a notice says so. A file with faults is refused with all of them.
"""
MARKS = ((Role.TRUTH, "T", "t"), (Role.PREDICTIONS, "P", "p"))


def render() -> str:
    """The page as Markdown."""
    rows = ["| format | what | reads | writes | folder |", "| --- | --- | --- | --- | --- |"]
    held = [f"| format | {' | '.join(FACTS)} |", "| --- |" + " --- |" * len(FACTS)]
    for name in datasets.names():
        one = datasets.get_format(name)
        reads, writes = (
            ", ".join(sorted(r.value for r in roles)) or "-" for roles in (one.reads, one.writes)
        )
        folder = "yes" if datasets.get_row(name).is_folder else "no"
        rows.append(f"| {name} | {one.title} | {reads} | {writes} | {folder} |")
        held.append(f"| {name} | {' | '.join(_cell(one, fact) for fact in FACTS)} |")
    return "\n".join([HEAD, *rows, "", HELD, *held, "", TRAPS, *_sections()])


def _cell(one: Dataset, fact: str) -> str:
    """The letters of the roles in which a format holds a fact."""
    out = ""
    for role, written, read in MARKS:
        if role in one.reads and fact in one.holds_as(role):
            out += written if role in one.writes else read
    return out


def _sections() -> Iterator[str]:
    """What each module says of its formats."""
    modules: dict[str, list[str]] = {}
    for name in datasets.names():
        modules.setdefault(type(datasets.get_format(name)).__module__, []).append(name)
    for module, names in modules.items():
        yield f"### {', '.join(names)}\n"
        yield (sys.modules[module].__doc__ or "").strip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")

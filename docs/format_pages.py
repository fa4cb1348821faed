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

`poseval convert SOURCE TARGET --to FORMAT` converts any format that can be read to any that can be written.
What the target cannot hold is counted as dropped. A folder that is one data set (OpenPose, YOLO, PoseTrack)
is read as one. Otherwise each file of the folder is converted by itself, into a folder.

Formats are recognised by content, not by file name. Two that fit equally well are refused with both names
(P202), and one that fits less well is mentioned. `--format-in` chooses one: Detectron2's own coordinates,
for example, cannot be distinguished from COCO's. Predictions find their frames by key, file name, stem, base
name, end of the path and number, in this order; a notice says which way was used. Where two ways disagree,
files are refused until `--align` names one. Predictions of a whole video are scored on the frames that were
labelled, where 90% of these have predictions; the others are counted (N940). Where not all have some, the
others must be as many as the labelled ones, or lie among them in number (else P402: numbers from 0 and from
1, for example). Frames that nobody labelled are not scored (N941): an unlabelled frame is not a frame without
people.

What a reader does not carry is counted, key by key, after "not read:"; "nothing dropped" is said only where
everything in the file was carried.

With `--gt`, the other file holds the predictions, whatever its form: a whole COCO file whose annotations have
scores, an object around the list of results, JSON lines, or several files (a folder, an archive, or several
PREDICTIONS) by process, image or sequence. Of a file alone the role is recognised; a notice says so where
both fit, and `--role` names it. `--category` reads one category of a file with several.

A file may be packed by gzip, xz, bzip2, zip or Zstandard (extra `zstd`). `-` is standard input, for one of
the files; pipes (`<(zcat preds.json.gz)`) are read once; `https://`, `s3://` and other addresses of single
files are opened by fsspec (extra `remote`). The same limits hold for all (`poseval list limits`); they are
changed by `--limit bytes=2GiB`, by `POSEVAL_LIMITS=bytes=2GiB,people=5000000` in the environment, or by
`limits=` in Python.

`poseval convert preds.json again.json --gt gt.json --worst 50 --to label-studio` writes the 50 frames with
the most errors as pre-annotations, to be labelled again; `--to cvat`, `--to fiftyone` and `--to rerun` work
in the same way. Label Studio wants the labelling configuration that is written beside the tasks
(`again.config.xml`), and the images as its local files.

COCO files, with every code of what may be wrong in them, have [a page of their own](formats/coco.md).
"""
HELD = """## What each format holds

T as ground truth, P as predictions: what survives writing and reading. Small letters: what reading gives of
a format that is not written in this role. What both formats hold survives between them; a test writes random
pose sets through every pair and compares.
"""
TRAPS = """## Formats and their pitfalls

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
            ", ".join(sorted(r.words for r in roles)) or "-" for roles in (one.reads, one.writes)
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

"""A new challenge: a folder with its description, its ground truth, and pages to be edited."""

from __future__ import annotations

import datetime as dt
import math
import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from poseval import benchmarks
from poseval._version import __version__
from poseval.challenge.description import (
    COLUMN_TITLE,
    FILE,
    Column,
    Description,
    Page,
    Question,
    Ranking,
    Split,
    check,
    read_description,
)
from poseval.challenge.judge import perfect_report
from poseval.datasets import Role, WriteOptions, get_format
from poseval.errors import Faults, FormatError, InputError, UsageError, shown
from poseval.files.neighbours import neighbour_of
from poseval.files.writing import unwritable
from poseval.poses import PoseSet
from poseval.report.text import layout_of
from poseval.results.report import Report
from poseval.results.values import Direction
from poseval.scoring.reading import is_image_list, read_truth
from poseval.scoring.task import Task

MOST_COLUMNS = 12
TRIAL = dt.timedelta(days=60)  # of the public split, before the hidden one opens
PAGES = {
    "overview": "# {title}\n\nSubmissions are scored by poseval, "
    "benchmark `{benchmark}`, rules `{rules}`.\n\nDescribe the task, the images and where to get them.\n",
    "evaluation": "# Evaluation\n\nSend predictions for every image, as one file, plain or packed by gzip "
    "or zip. Before you do, run `poseval validate PREDICTIONS`: the server says the same about a file.\n\n"
    "A submission that is refused or fails does not count.\n",
    "terms": "# Terms\n\nWrite here what participants agree to.\n",
}


def start(
    folder: Path, truth: Path, title: str, benchmark: str | None = None, validation: Path | None = None
) -> Description:
    """Make the folder of a challenge with a hidden set, and a public one to try if `validation` is given.

    Raises:
        UsageError: P892 the folder holds something already, P137 it cannot be written.
        InputError: the ground truth is wrong. P208 a title that no page can show.
    """
    _require_new(folder)
    task = Task.of(benchmark=benchmark)
    poses = read_truth(truth, task)
    found = benchmarks.recognise(poses) if benchmark is None else benchmarks.get_benchmark(benchmark)
    columns, by = _columns(poses, replace(task, benchmark=found), found.primary)
    sets = [("test", truth)] if validation is None else [("validation", validation), ("test", truth)]
    description = Description(
        title=title,
        benchmark=found.name,
        image="logo.png",
        terms="pages/terms.md",
        container=f"poseval-challenge:{__version__}",
        ranking=Ranking(by=by),
        columns=columns,
        splits=tuple(_splits(sets, _public(poses))),
        questions=(
            Question(key="team", title="Team", required=True),
            Question(key="method", title="Method, in one sentence"),
            Question(key="paper", title="Paper or code"),
            Question(key="extra_data", title="Was other data used for training?", choices=("no", "yes")),
        ),
        pages=(
            Page(title="Overview", file="pages/overview.md"),
            Page(title="Evaluation", file="pages/evaluation.md"),
        ),
        folder=folder,
    )
    faults = Faults()
    check(description, FILE, faults)
    faults.raise_if_any()
    return _write(description, [path for _, path in sets])


def start_like(folder: Path, ready: Path, truth: Path, title: str | None = None) -> Description:
    """Make the folder of a challenge from a ready description with one split, whose ground truth is given.

    Raises:
        UsageError: P892 the folder holds something already, P137 it cannot be written.
        FormatError: P208 the description is wrong. InputError: the ground truth is wrong.
    """
    _require_new(folder)
    found = read_description(ready, whole=False)
    if len(found.splits) > 1:
        what = f"has {len(found.splits)} splits, and one ground truth is given"
        raise FormatError("P208", where=shown(ready.name), what=what, wanted="a description of one split")
    split = replace(found.splits[0], truth=f"data/{found.splits[0].name}/{truth.name}")
    made = replace(found, title=title or found.title, splits=(split,), folder=folder)
    faults = Faults()
    check(made, FILE, faults)
    faults.raise_if_any()
    return _write(made, [truth])


def _require_new(folder: Path) -> None:
    if os.path.exists(folder) and (not os.path.isdir(folder) or any(folder.iterdir())):
        raise UsageError(
            "P892",
            where=shown(folder),
            what="exists and is not empty",
            wanted="a new folder",
            hint="give another name",
        )


def _public(truth: PoseSet) -> str:
    """What participants must know to predict: each person, where there is one in each frame."""
    return "people" if len(truth) == len(truth.frames) and len(truth) else "frames"


def _splits(sets: list[tuple[str, Path]], public: str) -> Iterator[Split]:
    today = dt.datetime.now(dt.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    first = len(sets) > 1
    for name, path in sets:
        if name == "validation":
            yield Split(
                name=name,
                title="Validation",
                truth=f"data/{name}/{path.name}",
                public="everything",
                detail="report",
                start=today,
                end=today + TRIAL,
                per_day=50,
                total=1000,
            )
        else:
            begin = today + TRIAL + dt.timedelta(days=1) if first else today
            yield Split(name=name, title="Test", truth=f"data/{name}/{path.name}", public=public, start=begin)


def _columns(truth: PoseSet, task: Task, primary: str) -> tuple[tuple[Column, ...], str]:
    """The columns of the benchmark's own table, and the one that decides."""
    if is_image_list(truth):
        from poseval.benchmarks.coco import HEADER

        return tuple(Column(key=key, title=key, better="higher") for key in HEADER), HEADER[0]
    report = perfect_report(truth, task)
    layout = layout_of(report)
    rows = [
        [key for key in row if not math.isnan(report.summary.get(key, math.nan))] for _, row in layout.rows
    ]
    keys = [key for row in rows for key in row] or list(report.summary)
    if len(keys) > MOST_COLUMNS:
        joints = {value.joint for value in report.values}
        keys = [key for key in keys if key.rpartition("/")[2] not in joints or "/" not in key]
    if len(keys) > MOST_COLUMNS:
        keys = [row[0] for row in rows if row]  # the first number of each part of the body
    by = report.primary or primary or keys[0]
    keys = list(dict.fromkeys([by, *keys]))[:MOST_COLUMNS]
    return tuple(_column(report, key, layout.digits) for key in keys), by


def _column(report: Report, key: str, digits: int) -> Column:
    better = report.better.get(key, Direction.HIGHER.value)
    return Column(key=key, title=key[-COLUMN_TITLE:], better=better, digits=digits)


def _write(description: Description, truths: list[Path]) -> Description:
    """Everything into a neighbour, which is renamed: a folder is there whole or not at all.

    Returns the description with the files of ground truth that are there now.
    """
    folder = Path(os.path.realpath(description.folder))
    neighbour = neighbour_of(folder)
    try:
        (neighbour / "pages").mkdir(parents=True)
        splits = []
        for split, source in zip(description.splits, truths, strict=True):
            place = _put(source, neighbour / split.truth, description.task())
            splits.append(replace(split, truth=place.relative_to(neighbour).as_posix()))
        description = replace(description, splits=tuple(splits))
        for name, text in PAGES.items():
            (neighbour / "pages" / f"{name}.md").write_text(
                text.format(
                    title=description.title, benchmark=description.benchmark, rules=description.rules
                ),
                "utf-8",
            )
        (neighbour / description.image).write_bytes(logo())
        (neighbour / FILE).write_text(description.to_toml(), "utf-8")
        if os.path.exists(folder):
            folder.rmdir()
        neighbour.rename(folder)
    except OSError as error:
        raise unwritable(shown(description.folder, 400), error) from error
    finally:
        shutil.rmtree(neighbour, ignore_errors=True)
    return description


def _put(source: Path, place: Path, task: Task) -> Path:
    """Put ground truth at a place as it is, or in poseval's own form where files around it belong to it.

    JRDB's boxes, for example, lie beside the folder of its poses: a copy of that is scored otherwise.
    """
    truth = read_truth(source, task)
    place.parent.mkdir(parents=True)
    if os.path.isdir(source):
        shutil.copytree(source, place)
    else:
        shutil.copyfile(source, place)
    if _is_same(truth, place, task):
        return place
    shutil.rmtree(place) if os.path.isdir(source) else place.unlink()
    own = place.with_name(f"{place.name}.npz")
    get_format("native").write(truth, own, WriteOptions(Role.TRUTH))
    return own


def _is_same(truth: PoseSet, place: Path, task: Task) -> bool:
    """Whether a copy of ground truth says the same without the files around it."""
    try:
        copy = read_truth(place, task)
    except InputError:
        return False
    if len(copy) != len(truth) or copy.frames.key.tolist() != truth.frames.key.tolist():
        return False
    ours, theirs = truth.people, copy.people
    columns = [(truth.frames.size, copy.frames.size), (ours.xy, theirs.xy), (ours.area, theirs.area)]
    columns += [(ours.box, theirs.box), (ours.head, theirs.head)]
    return (
        all(np.array_equal(a, b, equal_nan=True) for a, b in columns)
        and ours.extra.keys() == theirs.extra.keys()
    )


def logo(size: int = 128) -> bytes:
    """A plain PNG of a stick figure, to be replaced."""
    rows = []
    for y in range(size):
        row = bytearray(b"\0")
        for x in range(size):
            row += b"\xff\xff\xff" if _is_figure(x / size, y / size) else b"\x20\x60\xa0"
        rows.append(bytes(row))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


LIMBS = ((0.5, 0.3, 0.5, 0.6), (0.25, 0.35, 0.75, 0.35), (0.5, 0.6, 0.3, 0.88), (0.5, 0.6, 0.7, 0.88))


def _is_figure(x: float, y: float) -> bool:
    """Whether a place of the unit square is on a limb or the head."""
    if math.hypot(x - 0.5, y - 0.18) < 0.09:
        return True
    for x0, y0, x1, y1 in LIMBS:
        along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2)
        along = min(max(along, 0.0), 1.0)
        if math.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)) < 0.03:
            return True
    return False

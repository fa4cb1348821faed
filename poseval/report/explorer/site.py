"""Write a site: a page, its scripts and styles, the index, the frames in chunks, and thumbnails."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from poseval.errors import UsageError, number_of, shown
from poseval.files.earlier import is_earlier_output
from poseval.files.writing import unwritable, write_atomically
from poseval.poses.images import FrameImages
from poseval.report.explorer.frames import frame_value
from poseval.report.explorer.index import CHUNK, System, index_value
from poseval.report.explorer.scripts import environment, source, to_script
from poseval.report.explorer.thumbnails import Progress, Thumbnail, thumbnails
from poseval.report.page_findings import page_findings
from poseval.report.text import style_of
from poseval.results.report import Report
from poseval.results.units import PERCENT

STYLES = ("page.css", "drawing.css", "explorer.css")
SCRIPTS = ("draw.js", "zoom.js", "store.js", "panels.js", "cards.js", "detail.js")
LAST = "main.js"  # runs when the index is there
OURS = re.compile(r"frames-\d{5}\.js|index\.js")
MOST_NUMBERS = 10  # of the summary that the page shows


def check_site(out: Path, force: bool) -> None:
    """Refuse a folder that holds anything but an earlier site.

    Raises:
        UsageError: P131 it is not empty and not a site, P137 it cannot be a folder.
    """
    where = f"--out {shown(out, limit=400)}"
    if os.path.exists(out) and not os.path.isdir(out):
        raise UsageError("P137", where=where, what="is a file", wanted="a folder")
    if not os.path.isdir(out.parent):
        raise UsageError(
            "P137", where=where, what="cannot be written (no such folder)", wanted="a folder that exists"
        )
    page = out / "index.html"
    earlier = os.path.isfile(page) and is_earlier_output(page)
    if os.path.isdir(out) and any(out.iterdir()) and not earlier and not force:
        raise UsageError(
            "P131",
            where=where,
            what="is not empty, and holds no earlier site",
            wanted="a new folder",
            hint="pass --force to write into it",
        )


def write_site(
    out: Path, systems: Sequence[System], images: FrameImages | None, progress: Progress, unit: str = PERCENT
) -> str:
    """Write the site of one or two systems into a folder, and return what was written, in words.

    Raises:
        UsageError: P137 a folder that cannot be written to.
    """
    try:
        out.mkdir(exist_ok=True)
        (out / "data").mkdir(exist_ok=True)
        for old in (out / "data").iterdir():
            if OURS.fullmatch(old.name):
                old.unlink()
    except OSError as error:
        raise unwritable(shown(out), error) from error
    count = len(systems[0].pairs.aligned.truth.frames)
    small: list[Thumbnail | None] = [None] * count if images is None else thumbnails(images, out, progress)
    for name in (*STYLES, *SCRIPTS, LAST):
        _write(out / name, source(name))
    _write(out / "data" / "index.js", f"poseval.set_index({to_script(index_value(systems, small))});\n")
    _write_chunks(out / "data", systems, progress)
    _write(out / "index.html", _page(systems, unit))
    drawn = sum(one is not None for one in small)
    return f"wrote {out / 'index.html'}: {number_of(count, 'frame')}, {number_of(drawn, 'image')}"


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode(), force=True)


def _write_chunks(folder: Path, systems: Sequence[System], progress: Progress) -> None:
    pairs = [system.pairs for system in systems]
    count = len(pairs[0].aligned.truth.frames)
    for first in range(0, count, CHUNK):
        values = [frame_value(pairs, row) for row in range(first, min(first + CHUNK, count))]
        number = first // CHUNK
        text = f"poseval.set_chunk({number},{to_script(values)});\n"
        _write(folder / f"frames-{number:05d}.js", text)
        progress(min(first + CHUNK, count), count)


def _page(systems: Sequence[System], unit: str) -> str:
    from markupsafe import Markup

    report = systems[0].report
    style = style_of(report, unit)
    keys = _headline(report)
    shown_systems = [
        {
            "name": system.name,
            "numbers": [_number(system.report, key, style) for key in keys],
            "findings": page_findings(system.diagnosis, system.report, style),
        }
        for system in systems
    ]
    inputs = [item.path or "in memory" for item in report.inputs]
    inputs += [item.path for one in systems[1:] for item in one.report.inputs if item.role == "predictions"]
    return (
        environment()
        .from_string(source("index.html.j2"))
        .render(
            title=f"{report.benchmark}: {' and '.join(system.name for system in systems)}",
            rules=report.rules,
            caption=style.caption(report.unit_of(key) for key in keys),
            inputs=inputs,
            systems=shown_systems,
            keys=keys,
            primary=report.primary,
            scale_by=systems[0].pairs.scale_by,
            legend=Markup(source("legend.html.j2")),
            styles=STYLES,
            scripts=(*SCRIPTS, "data/index.js", LAST),
        )
    )


def _headline(report: Report) -> list[str]:
    """The first numbers over all joints, the deciding one among them."""
    joints = {row.joint for row in report.values if row.joint}
    keys = [key for key in report.summary if key.rpartition("/")[2] not in joints] or list(report.summary)
    first = [report.primary] if report.primary in report.summary else []
    return [*first, *(key for key in keys if key not in first)][:MOST_NUMBERS]


def _number(report: Report, key: str, style: Any) -> str:
    text: str = style.number(report.summary.get(key, float("nan")), report.unit_of(key))
    return text

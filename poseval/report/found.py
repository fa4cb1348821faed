"""A page of what a model found on images that have no ground truth: a drawing of each."""

from __future__ import annotations

import html
from dataclasses import replace
from pathlib import Path

import numpy as np

from poseval.errors import number_of, shown
from poseval.files.writing import write_atomically
from poseval.poses import PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.images import images_of
from poseval.report.overlay import frame_svg

MOST_SHOWN = 60  # images on one page
SURE = 0.2  # joints of lower confidence are not drawn
STYLE = (
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem}"
    "ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1.2rem;padding:0}"
    "li{list-style:none}svg{width:100%;border-radius:.5rem}"
)


def write_found_page(path: Path, title: str, poses: PoseSet, images: Path) -> None:
    """Write a page of the first images of a set [N people] below a folder, with its people drawn on them."""
    people = poses.people
    sure = people.with_columns(seen=np.where(people.joint_score >= SURE, people.seen, 0).astype(np.int8))
    aligned = Aligned(
        replace(poses, people=sure.take(np.zeros(0, dtype=np.int64))), replace(poses, people=sure)
    )
    files = images_of(poses.frames, images)
    rows = range(min(MOST_SHOWN, len(poses.frames)))
    names = [html.escape(shown(poses.frames.path[row], 120)) for row in rows]
    drawn = [f"<li>{frame_svg(aligned, row, files)}<div>{names[row]}</div></li>" for row in rows]
    said = f"{number_of(len(people), 'person', 'people')} in {number_of(len(poses.frames), 'image')}"
    said += f", of which the first {MOST_SHOWN} are shown" if len(poses.frames) > MOST_SHOWN else ""
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{html.escape(shown(title))}</title><style>{STYLE}</style></head><body>"
        f"<h1>{html.escape(shown(title))}</h1>"
        f"<p>{said}. Joints of confidence below {SURE:g} are left out.</p>"
        f"<ul>{''.join(drawn)}</ul></body></html>"
    )
    write_atomically(path, page.encode(), force=True)

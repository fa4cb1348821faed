"""The images of README.md, made from what poseval prints and writes.

    python docs/readme_images.py             # docs/images/terminal.svg
    python docs/readme_images.py --report    # and report.png, with a headless Chromium

A test makes the terminal again and compares it. Of the report it compares the page that was photographed.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from html import escape
from pathlib import Path

from poseval.cli import invoke
from poseval.synth.demo_files import make_demo

HERE = Path(__file__).resolve().parent / "images"
COMMANDS = (
    "poseval score predictions.json --gt truth.json --ci 95",
    "poseval score exported.json --gt truth.json",
)
WIDTH, LINE, CHARACTER, MARGIN = 110, 17, 7.25, 18  # columns of the terminal; pixels of the image
FONT = 'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12"'
WINDOW = (1280, 1250)


def make_files(folder: Path) -> None:
    """Ground truth, predictions, and the same predictions with x and y exchanged."""
    _, predictions = make_demo(folder)
    people = json.loads(predictions.read_text("utf-8"))
    for person in people:
        points = person["keypoints"]
        points[0::3], points[1::3] = points[1::3], points[0::3]
    (folder / "exported.json").write_text(json.dumps(people), "utf-8")


@contextmanager
def inside(folder: str | Path) -> Iterator[None]:
    """The folder as the current one."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def printed() -> Iterator[str]:
    """The commands with what they print, line by line; commands begin with `$`."""
    with tempfile.TemporaryDirectory() as place, inside(place):
        make_files(Path(place))
        for command in COMMANDS:
            yield f"$ {command}"
            text = io.StringIO()
            with redirect_stdout(text), redirect_stderr(text):
                status = invoke(command.split()[1:])
            assert status == 0, text.getvalue()
            yield from text.getvalue().splitlines()
            yield ""


def terminal() -> str:
    """The terminal as SVG."""
    rows = [line[at : at + WIDTH] for line in printed() for at in range(0, max(len(line), 1), WIDTH)]
    height = len(rows) * LINE + 3 * MARGIN
    width = round(WIDTH * CHARACTER) + 2 * MARGIN
    size = f'width="{width}" height="{height}"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" {FONT}>',
        '<rect width="100%" height="100%" rx="8" fill="#16181d"/>',
        *(
            f'<circle cx="{MARGIN + 16 * at}" cy="{MARGIN}" r="5" fill="{colour}"/>'
            for at, colour in enumerate(("#e0605e", "#e0a93e", "#5bb05b"))
        ),
    ]
    for at, row in enumerate(rows):
        y = 2 * MARGIN + (at + 1) * LINE
        out.append(f'<text x="{MARGIN}" y="{y}" xml:space="preserve" {style_of(row)}>{escape(row)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def style_of(row: str) -> str:
    """The colour of a line: commands and advice stand out, the signature steps back."""
    if row.startswith("$ "):
        return 'fill="#8fd18f" font-weight="bold"'
    if "; try: " in row:
        return 'fill="#f0c66b"'
    if row.startswith("notice: ") or "|bench:" in row:
        return 'fill="#8a90a0"'
    return 'fill="#d7dae0"'


def page(folder: Path) -> Path:
    """The report of the first command, as a page."""
    with inside(folder), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        make_files(folder)
        words = [*COMMANDS[0].split()[1:], "--report", "report.html"]
        assert invoke(words) == 0
    return folder / "report.html"


def digest(path: Path) -> str:
    """What the image shows, without figures, which differ by version of Matplotlib."""
    text = re.sub(r'<svg.*?</svg>|data:image/[^"]+', "", path.read_text("utf-8"), flags=re.DOTALL)
    return hashlib.sha256(text.encode()).hexdigest()


def photograph() -> None:
    """Write report.png, and the digest of the page beside it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser is not None, "a Chromium is needed for --report"
    with tempfile.TemporaryDirectory() as place:
        shown = page(Path(place))
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
        subprocess.run(
            [
                browser,
                *options,
                f"--user-data-dir={place}/profile",
                f"--window-size={WINDOW[0]},{WINDOW[1]}",
                f"--screenshot={HERE / 'report.png'}",
                shown.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        (HERE / "report.sha256").write_text(digest(shown) + "\n", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--report", action="store_true", help="photograph the report, too")
    asked = parser.parse_args()
    os.environ["NO_COLOR"] = "1"
    (HERE / "terminal.svg").write_text(terminal(), "utf-8")
    if asked.report:
        photograph()

"""The explorer of 5,000 images in a headless Chromium: time to paint, time of a filter, memory.

    python -m perf.explorer FOLDER

Times are processor time of the page's main thread. The set is made once, which takes minutes.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import poseval
from poseval.cli import invoke
from poseval.synth import perturb
from tests.browser import Browser, browser

IMAGES, PEOPLE, ALONE = 5000, 6, 12.0  # images, most people of one, predictions of nobody in each
FILTERS = (("kind", "3"), ("joint", "9"), ("kind", ""), ("joint", ""), ("name", "0012"), ("name", ""),
           ("slice", "p2"), ("slice", ""), ("score", "0.6"), ("score", "0"), ("sort", "change"))  # fmt: skip
SHOWN = "[...document.querySelectorAll('.card')].every((one) => one.querySelector('.truth, .pair'))"
PAUSE = 1.5  # seconds in which a page has drawn what was asked for


def make(folder: Path) -> Path:
    """The images, two systems, and their site."""
    truth = folder / "truth.json"
    if not truth.exists():
        words = f"--images {IMAGES} --people {PEOPLE} --smallest 50 --quiet"
        assert invoke(["synth", str(folder), *words.split()]) == 0
    systems = [str(folder / "a.json"), str(folder / "b.json")]
    for seed, target in enumerate(systems, start=1):
        if not os.path.exists(target):
            poses = poseval.read(truth)
            found = perturb(poses, seed, jitter=0.15 + 0.15 * seed, false_positives=ALONE)
            poseval.write(found, target, "coco", role="predictions", truth=poses)
    options = ["--gt", str(truth), "--images", str(folder / "images"), "--quiet"]
    for again in ("", " again"):
        started = time.process_time()
        assert invoke(["explore", *systems, *options, "--out", str(folder / "site")]) == 0
        print(f"explore{again}: {time.process_time() - started:.1f} s of processor time")
    return folder / "site" / "index.html"


def metrics(session: Browser) -> dict[str, float]:
    """Chromium's own counts of the page: seconds, and bytes."""
    found: Any = session.chrome("Performance.getMetrics", {})["metrics"]
    return {one["name"]: one["value"] for one in found}


def spent(session: Browser, script: str) -> str:
    """The processor time of the page after a script."""
    before = metrics(session)
    session.run(script)
    time.sleep(PAUSE)
    after = metrics(session)
    took = {name: 1000 * (after[name] - before[name]) for name in ("ScriptDuration", "TaskDuration")}
    return f"{took['ScriptDuration']:.0f} ms of script, {took['TaskDuration']:.0f} ms with drawing"


def memory(session: Browser) -> str:
    """What the page's scripts hold."""
    session.chrome("HeapProfiler.collectGarbage", {})
    return f"{metrics(session)['JSHeapUsedSize'] / 1e6:.0f} MB"


def measure(session: Browser, page: Path) -> None:
    """Open the page, filter, and walk through all of its pages."""
    session.look(1600, 1000)
    session.chrome("Performance.enable", {"timeDomain": "threadTicks"})
    session.open(page)
    while not session.run(f"return {SHOWN};"):
        time.sleep(0.1)
    paint = session.run("return performance.getEntriesByType('paint')[0].startTime;")
    print(f"opened: {metrics(session)['TaskDuration']:.2f} s; first paint after {paint:.0f} ms by the clock")
    print(f"memory: {memory(session)}")
    for name, value in FILTERS:
        field = f"document.querySelector('form [name={name}]')"
        event = "new Event('input', {bubbles: true})"
        print(
            f"{name} {value!r}:",
            spent(session, f"{field}.value = '{value}'; {field}.dispatchEvent({event});"),
        )
    last = "[...document.querySelectorAll('#pages button')].pop()"
    while session.run(f"const next = {last}; next.click(); return !{last}.disabled;"):
        time.sleep(0.1)
    print(f"memory after all pages: {memory(session)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="for the set and its site")
    asked = parser.parse_args()
    made = make(asked.folder)
    with browser() as session:
        measure(session, made)

"""The figures of the page gallery.md, drawn while the site is built: docs/images/gallery/."""

from __future__ import annotations

import os
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from poseval.cli import invoke
from poseval.synth import perturb, scene_set
from poseval.synth.demo_files import write_pair

FOLDER = Path(__file__).resolve().parent / "images" / "gallery"
# The commands stand on the page as they are here; a test compares.
COMMANDS = (
    "score preds.json --gt gt.json --save a.poseval",
    "score other.json --gt gt.json --save b.poseval",
    "plot preds.json --gt gt.json --out figures/",
    "plot a.poseval b.poseval --out both/",
    "compare a.poseval b.poseval --figure differences.png",
)
FIGURES = (
    "figures/precision_recall.png",
    "figures/AP_over_threshold.png",
    "figures/gains.png",
    "figures/errors_per_joint.png",
    "figures/scores.png",
    "both/precision_recall.png",
    "both/summary.png",
    "differences.png",
)


def draw() -> None:
    """Run the commands on synthetic people and keep their figures."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        try:
            _make_files()
            for command in COMMANDS:
                text = StringIO()
                with redirect_stdout(text), redirect_stderr(text):
                    status = invoke(command.split())
                assert status == 0, text.getvalue()
            FOLDER.mkdir(parents=True, exist_ok=True)
            for figure in FIGURES:
                (FOLDER / figure.replace("/", "_")).write_bytes(Path(figure).read_bytes())
        finally:
            os.chdir(before)


def _make_files() -> None:
    truth = scene_set(0, 200, 3)
    for name, jitter in (("other", 0.29), ("preds", 0.25)):
        gt, predictions = write_pair(Path(), truth, perturb(truth, 0, jitter=jitter), force=True)
        predictions.rename(f"{name}.json")
    gt.rename("gt.json")

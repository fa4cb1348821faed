"""The demo: synthetic clips, a small detector and pose network, a tracker, the scores, and a report.

Without PyTorch the predictions that the shipped networks made are scored; they are recorded in the package,
and the demo says so.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from poseval.errors import MissingFeature, UsageError, number_of, shown
from poseval.files.writing import make_folder, write_atomically
from poseval.poses.images import images_of
from poseval.results.report import Report
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.score import evaluate, prepare
from poseval.scoring.task import Task
from poseval.synth.folder import write_world
from poseval.synth.scene import World, scenes

MODEL: Final = "synth_small"
REAL_MODEL: Final = "movenet_thunder"  # of the package that `weights` is
DETECTOR: Final = "synth_detector"
BOX_SCORE: Final = 0.2  # least score of a box that is looked at
TRACKER: Final = "sort"
SKELETON: Final = "posetrack17slots"
FORMAT: Final = "posetrack18"
CLIPS: Final = World(width=384, height=288, smallest=100.0, largest=230.0, occluders=0.25, sequence_length=24)
FRAMES: Final = 48
PEOPLE: Final = 4  # of each clip
RECORDED_SEED: Final = 0
RECORDED: Final = "recorded"  # folder of the package beside the synthetic world

Say = Callable[[str], None]


def run_demo(
    folder: Path,
    seed: int = RECORDED_SEED,
    *,
    weights: Path | None = None,
    photographs: Path | None = None,
    force: bool = False,
    say: Say = lambda text: None,
) -> Report:
    """Everything from drawing to the report, in a folder.

    Writes `images/`, `truth/`, `predictions/` (PoseTrack18 files, one per clip) and `report.html`. With the
    `weights` of MoveNet, the npm package or its folder, that network finds the joints; with a folder of
    `photographs` of one person each, or one, it also writes `photographs.json` (COCO results) and
    `photographs.html`.

    Raises:
        UsageError: P131 when the folder holds a demo and `force` is not set, P127 photographs without
            weights, P154 weights that are not there.
        FormatError, LimitError, MismatchError: weights that cannot be read.
        MissingFeature: P601 without PyTorch for a seed whose predictions are not recorded, or with weights.
    """
    if photographs is not None and weights is None:
        raise UsageError(
            "P127",
            where="--images",
            what="needs --weights, because the demo's own network knows drawn people alone",
            wanted=f"--weights with the package of {REAL_MODEL}",
            hint=f"poseval models {REAL_MODEL} says where it is published",
        )
    predictions = folder / "predictions"
    if os.path.exists(predictions) and not force:
        raise UsageError(
            "P131", where=shown(predictions), what="exists", wanted="a new folder", hint="pass --force"
        )
    with_torch = find_spec("torch") is not None
    if not with_torch and seed != RECORDED_SEED:
        raise MissingFeature(
            "P601",
            where=f"demo with seed {seed}",
            what="needs PyTorch, which is not installed",
            wanted=f"seed {RECORDED_SEED}, whose predictions are recorded in the package",
            hint="pip install 'poseval[models]'",
        )
    if weights is not None:
        _check_weights(weights)
    drawn = list(scenes(seed, FRAMES, PEOPLE, video=True, world=CLIPS))
    poses, truth, _ = write_world(folder, drawn, skeleton=SKELETON, form=FORMAT, force=True)
    say(
        f"drew {len(poses.frames)} frames with {len(poses)} people, seed {seed}: {folder / 'images'}, {truth}"
    )
    if with_torch:
        say(_predict(folder, truth, predictions, weights))
    else:
        _recall(predictions)
        say(f"PyTorch is not installed: {predictions} holds recorded predictions of {MODEL}")
    say(f"scoring as `poseval score {predictions} --gt {truth}` does")
    evaluation = evaluate(truth, predictions)
    report = evaluation.report()
    say(_page(folder, truth, predictions, report, evaluation))
    if photographs is not None and weights is not None:
        say(_on_photographs(folder, photographs, weights))
    return report


def _check_weights(path: Path) -> None:
    """Refuse weights that cannot be read before anything is drawn."""
    from poseval.errors.optional import require

    require("torch", f"model {REAL_MODEL}", "models")
    from poseval.runners.loading import load
    from poseval.runners.own_settings import ModelOptions

    load(ModelOptions(REAL_MODEL, path, device="cpu"), None)


def _predict(folder: Path, truth: Path, predictions: Path, weights: Path | None) -> str:
    """Run the shipped detector, a pose network on its boxes, and the tracker behind them."""
    from poseval.runners.own_settings import ModelOptions
    from poseval.runners.run import RunOptions, run
    from poseval.runners.with_tracker import Following

    # The network is small: more threads gain little, and wait for each other where the machine is busy.
    name = MODEL if weights is None else REAL_MODEL
    model = ModelOptions(name, weights, device="cpu", threads=1)
    job = RunOptions(
        model,
        predictions,
        truth,
        folder / "images",
        boxes=f"detector:{DETECTOR}",
        box_score=BOX_SCORE,
        following=Following(TRACKER),
        force=True,
    )
    node = run(job).provenance
    return (
        f"ran {name} on the boxes of {DETECTOR} ({node['people_per_second']:g} people per second), "
        f"then {TRACKER}: {predictions}"
    )


def _on_photographs(folder: Path, images: Path, weights: Path) -> str:
    """Run MoveNet on photographs of one person each, and draw what it found."""
    from poseval.report.found import write_found_page
    from poseval.runners.own_settings import ModelOptions
    from poseval.runners.run import RunOptions, run

    found, page = folder / "photographs.json", folder / "photographs.html"
    model = ModelOptions(REAL_MODEL, weights, device="cpu")
    poses = run(RunOptions(model, found, images=images, boxes="image", fresh=True, force=True)).poses
    root = images if os.path.isdir(images) else images.parent
    write_found_page(page, f"{REAL_MODEL} on {images.name}", poses, root)
    count = number_of(len(poses.frames), "photograph")
    return f"ran {REAL_MODEL} on {count}, taken to show one person each: {page}"


def recorded_files() -> dict[str, bytes]:
    """Recorded predictions by file name."""
    folder = files("poseval.synth").joinpath(RECORDED)
    return {
        entry.name.removesuffix(".gz"): gzip.decompress(entry.read_bytes())
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".json.gz")
    }


def _recall(predictions: Path) -> None:
    make_folder(predictions)
    for name, content in recorded_files().items():
        write_atomically(predictions / name, content, force=True)


def _page(folder: Path, truth: Path, predictions: Path, report: Report, evaluation: Evaluation) -> str:
    from poseval.report.page import write_page

    page = folder / "report.html"
    aligned = prepare(truth, predictions, Task()).aligned
    write_page(page, report, evaluation, aligned, images_of(aligned.truth.frames, folder / "images"))
    return f"wrote {page}"

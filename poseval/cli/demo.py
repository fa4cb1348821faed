"""`poseval demo`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import QUIET, SEED_OPTION, InputPath, show, talk, use_color
from poseval.errors import UsageError

if TYPE_CHECKING:
    from poseval.results.report import Report


@click.command()
@click.argument("folder", type=InputPath(), default=Path("poseval-demo"))
@SEED_OPTION
@click.option(
    "--plain",
    is_flag=True,
    help="Make COCO files with predictions derived from the ground truth; use no network.",
)
@click.option(
    "--weights", type=InputPath(), help="Package of MoveNet (.tgz) or its folder: run MoveNet instead."
)
@click.option(
    "--images",
    "photographs",
    type=InputPath(),
    help="With --weights: photographs of one person each to run MoveNet on, too.",
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@QUIET
def demo(
    folder: Path,
    seed: int,
    plain: bool,
    weights: Path | None,
    photographs: Path | None,
    force: bool,
    quiet: bool,
) -> None:
    """Draw videos into FOLDER, run the network that comes with poseval, track, score and report.

    FOLDER is `poseval-demo` unless given.

    Without PyTorch, recorded predictions of that network are scored.
    """
    say = talk(quiet)
    if not plain:
        from poseval.synth.demo import run_demo

        report = run_demo(folder, seed, weights=weights, photographs=photographs, force=force, say=say)
        _show(report, quiet)
        return
    if weights is not None or photographs is not None:
        raise UsageError(
            "P127", where="--plain", what="uses no network", wanted="no --weights and no --images with it"
        )
    from poseval.scoring.score import score
    from poseval.synth.demo_files import make_demo

    truth, predictions = make_demo(folder, seed, force=force)
    say(f"wrote {truth} and {predictions}: synthetic people, seed {seed}")
    say(f"scoring them, as `poseval score {predictions} --gt {truth}` does:")
    _show(score(truth, predictions), quiet)


def _show(report: Report, quiet: bool) -> None:
    printed = replace(report, notices=()) if quiet else report
    show(lambda: printed.to_text(color=use_color()))

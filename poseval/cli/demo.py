"""`poseval demo`."""

from __future__ import annotations

from pathlib import Path

import click

from poseval.cli.options import QUIET, InputPath, emit, talk, use_color


@click.command()
@click.argument("folder", type=InputPath(), default=Path("poseval-demo"))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--plain", is_flag=True, help="COCO files with predictions made from the truth; no network.")
@click.option("--force", is_flag=True, help="Overwrite the demo's files.")
@QUIET
def demo(folder: Path, seed: int, plain: bool, force: bool, quiet: bool) -> None:
    """Draw clips into FOLDER (default poseval-demo), run the shipped network, track, score, report.

    Without PyTorch the recorded predictions of that network are scored.
    """
    say = talk(quiet)
    if not plain:
        from poseval.synth.demo import run_demo

        emit(run_demo(folder, seed, force=force, say=say).to_text(color=use_color()), None)
        return
    from poseval.scoring.score import score
    from poseval.synth.demo_files import make_demo

    truth, predictions = make_demo(folder, seed, force=force)
    say(f"wrote {truth} and {predictions}: synthetic people, seed {seed}")
    say(f"scoring them as `poseval score {predictions} --gt {truth}` does:")
    emit(score(truth, predictions).to_text(color=use_color()), None)

"""`poseval demo`."""

from __future__ import annotations

from pathlib import Path

import click

from poseval.cli.options import QUIET, SEED_OPTION, InputPath, show, talk, use_color


@click.command()
@click.argument("folder", type=InputPath(), default=Path("poseval-demo"))
@SEED_OPTION
@click.option(
    "--plain",
    is_flag=True,
    help="Make COCO files with predictions derived from the ground truth; use no network.",
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@QUIET
def demo(folder: Path, seed: int, plain: bool, force: bool, quiet: bool) -> None:
    """Draw videos into FOLDER, run the network that comes with poseval, track, score and report.

    FOLDER is `poseval-demo` unless given.

    Without PyTorch, recorded predictions of that network are scored.
    """
    say = talk(quiet)
    if not plain:
        from poseval.synth.demo import run_demo

        report = run_demo(folder, seed, force=force, say=say)
        show(lambda: report.to_text(color=use_color()))
        return
    from poseval.scoring.score import score
    from poseval.synth.demo_files import make_demo

    truth, predictions = make_demo(folder, seed, force=force)
    say(f"wrote {truth} and {predictions}: synthetic people, seed {seed}")
    say(f"scoring them, as `poseval score {predictions} --gt {truth}` does:")
    report = score(truth, predictions)
    show(lambda: report.to_text(color=use_color()))

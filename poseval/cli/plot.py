"""`poseval plot`."""

from __future__ import annotations

from pathlib import Path

import click

from poseval.cli.options import QUIET, InputPath, talk


@click.command()
@click.argument("run", type=InputPath())
@click.option("--out", type=click.Path(path_type=Path), default=Path("figures"), show_default=True)
@click.option("--format", "style", type=click.Choice(["png", "svg", "pdf"]), default="png", show_default=True)
@QUIET
def plot(run: Path, out: Path, style: str, quiet: bool) -> None:
    """Draw the figures of a saved RUN (score --save)."""
    from poseval.report.plots import figures, save_figures
    from poseval.scoring import saved_runs

    evaluation = saved_runs.load(run)
    for path in save_figures(figures(evaluation, evaluation.report()), out, style):
        talk(quiet)(str(path))

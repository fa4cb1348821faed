"""`poseval explain`."""

from __future__ import annotations

from pathlib import Path

import click

from poseval.cli.options import InputPath


@click.command()
@click.argument("first", type=InputPath())
@click.argument("second", type=InputPath())
def explain(first: Path, second: Path) -> None:
    """Say in words how the signatures of two JSON reports or saved runs differ."""
    from poseval.report.explain import explain_reports
    from poseval.scoring.saved_runs import load_report

    click.echo(explain_reports(load_report(first), load_report(second)))

"""`poseval gate`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import QUIET, InputPath, emit, talk, task_options, tell

if TYPE_CHECKING:
    from poseval.scoring.task import Task


@click.command()
@click.argument("predictions", type=InputPath())
@click.option(
    "--gt", "truth", type=InputPath(), help="Ground truth; not needed when PREDICTIONS is a saved run."
)
@click.option("--baseline", type=InputPath(), required=True, help="Saved run to hold against (score --save).")
@click.option(
    "--max-drop",
    "drops",
    multiple=True,
    metavar="KEY=AMOUNT[%]",
    help="Allowed drop of a number, absolute or in percent of the baseline; KEY may be a pattern.",
)
@click.option("--significant", is_flag=True, help="Fail only when noise does not explain the drop.")
@click.option("--level", default=0.95, show_default=True, help="Confidence level of --significant.")
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(2))
@click.option("--seed", default=0, show_default=True)
@task_options
@click.option("--json", "json_to", metavar="FILE|-", help="Write the verdict as JSON.")
@click.option("--junit", "junit_to", metavar="FILE|-", help="Write the verdict as JUnit XML.")
@click.option("--github", is_flag=True, help="Print a GitHub annotation and write the job summary.")
@click.option(
    "--update-baseline", is_flag=True, help="Replace the baseline by this run when the gate passes."
)
@QUIET
def gate(
    predictions: Path,
    truth: Path | None,
    baseline: Path,
    drops: tuple[str, ...],
    significant: bool,
    level: float,
    resamples: int,
    seed: int,
    task: Task,
    json_to: str | None,
    junit_to: str | None,
    github: bool,
    update_baseline: bool,
    quiet: bool,
) -> int:
    """Fail (exit 1) when PREDICTIONS score worse than the baseline allows."""
    from poseval.api import gate
    from poseval.report import gate as gate_output

    verdict = gate(
        predictions,
        baseline,
        truth,
        max_drop=drops,
        significant=significant,
        level=level,
        resamples=resamples,
        seed=seed,
        update_baseline=update_baseline,
        task=task,
    )
    tell(verdict.notices, talk(quiet))
    if json_to:
        emit(verdict.to_json() + "\n", json_to)
    if junit_to:
        emit(gate_output.to_junit(verdict), junit_to)
    if "-" not in (json_to, junit_to):
        emit(verdict.to_text(), None)
    if github:
        click.echo(gate_output.to_annotation(verdict), nl=False)
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            with open(summary, "a", encoding="utf-8") as stream:
                stream.write(gate_output.to_job_summary(verdict))
    if update_baseline and verdict.passed:
        talk(quiet)(f"baseline replaced: {baseline}")
    return 0 if verdict.passed else 1

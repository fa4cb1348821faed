"""`poseval gate`."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from poseval.cli.options import (
    QUIET,
    UNIT,
    Choice,
    InputPath,
    emit,
    show,
    talk,
    task_options,
    tell,
    testing_options,
)
from poseval.cli.outputs import OUTPUT, WritingCommand
from poseval.cli.progress import working
from poseval.cli.terminal import say
from poseval.errors import UsageError, shown


class GateCommand(WritingCommand):
    """Lets `--run FILES --baseline FILES` take every file behind them, as a shell's pattern gives them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments after each option has been put before each of its files."""
        if "--run" in args:
            args = _spread(_spread(args, "--run"), "--baseline")
        elif "--baseline" in args:
            # Files in front of the option are predictions; without any, the file behind its own is one.
            before = self.make_parser(ctx).parse_args(args[: args.index("--baseline")])[0].get("predictions")
            if isinstance(before, tuple) and before:
                args = _spread(args, "--baseline")
        return super().parse_args(ctx, args)


def _spread(args: list[str], option: str) -> list[str]:
    """Arguments with an option before each of the files that stand behind its first place."""
    if option not in args:
        return args
    place = args.index(option)
    end = place + 1
    while end < len(args) and not args[end].startswith("-"):
        end += 1
    named = [text for path in args[place + 1 : end] for text in (option, path)]
    return [*args[:place], *named, *args[end:]]


@click.command(cls=GateCommand)
@click.argument("predictions", nargs=-1, type=InputPath())
@click.option("--gt", "truth", type=InputPath(), help="Ground truth of PREDICTIONS.")
@click.option(
    "--run",
    "saved",
    multiple=True,
    type=InputPath(),
    help="Saved run (`score --save`), taken as it is in place of PREDICTIONS. Several trainings may follow.",
)
@click.option(
    "--baseline",
    "baselines",
    type=InputPath(),
    required=True,
    multiple=True,
    help="Saved run to compare with (`score --save`), or several trainings of it.",
)
@click.option(
    "--max-drop",
    "drops",
    multiple=True,
    metavar="KEY=AMOUNT[pt|rel%]",
    help="Allowed drop: AP=0.5 as shown (points), AP=2rel% of the baseline. KEY may be a pattern.",
)
@click.option(
    "--guard",
    multiple=True,
    metavar="KEY,...",
    help="Numbers that decide, or patterns. By default those of --max-drop, else the primary number.",
)
@click.option(
    "--significant", is_flag=True, help="Bound each drop statistically instead of comparing numbers."
)
@click.option("--require", type=Choice(["keep-up"]), help="Also fail when a number is not shown to keep up.")
@testing_options
@click.option(
    "--ledger",
    type=InputPath(),
    help="File that counts how often the gate was run. Each run gets a part of alpha.",
)
@task_options
@click.option("--json", "json_to", type=OUTPUT, metavar="FILE|-", help="Write the verdict as JSON.")
@click.option("--junit", "junit_to", type=OUTPUT, metavar="FILE|-", help="Write the verdict as JUnit XML.")
@click.option("--github", is_flag=True, help="Print a GitHub annotation and write the job summary.")
@click.option(
    "--update-baseline", is_flag=True, help="Replace the baseline by a run that is shown to keep up."
)
@click.option(
    "--accept", metavar="REASON", help="Accept this run in any case, and replace baseline and anchor."
)
@UNIT
@QUIET
def gate(
    predictions: tuple[Path, ...],
    saved: tuple[Path, ...],
    truth: Path | None,
    baselines: tuple[Path, ...],
    drops: tuple[str, ...],
    json_to: str | None,
    junit_to: str | None,
    github: bool,
    quiet: bool,
    **asked: Any,
) -> int:
    """Fail (exit 1) when PREDICTIONS, of one or several trainings, score worse than the baseline allows."""
    from poseval.api.gate import gate
    from poseval.report import gate as gate_output

    runs = _runs(predictions, saved, truth)
    before = baselines[0] if len(baselines) == 1 else baselines
    with _job_summary(github) as summarise:  # refused, if it must be, before a baseline is replaced
        with working("scoring and comparing", quiet):
            verdict = gate(runs[0] if len(runs) == 1 else runs, before, truth, max_drop=drops, **asked)
        tell(verdict.notices, talk(quiet))
        if json_to:
            emit(verdict.to_json() + "\n", json_to)
        if junit_to:
            emit(gate_output.to_junit(verdict), junit_to)
        if "-" not in (json_to, junit_to):
            show(verdict.to_text)
        if github:
            click.echo(gate_output.to_annotation(verdict), nl=False)
            summarise(gate_output.to_job_summary(verdict).encode("utf-8", "backslashreplace"))
    if asked["update_baseline"] or asked["accept"] is not None:
        # What became of the baseline is a result, which --quiet does not hide.
        tell_it = say if verdict.replaced else talk(quiet)
        tell_it(f"baseline {gate_output.replacement(verdict)}: {baselines[0]}")
    return 0 if verdict.passed else 1


def _job_summary(github: bool) -> AbstractContextManager[Callable[[bytes], None]]:
    """What adds to the summary of GitHub's job; nothing does where there is none."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY") if github else None
    if not summary:
        return nullcontext(lambda content: None)
    from poseval.files.writing import appending

    return appending(summary)


def _runs(predictions: tuple[Path, ...], saved: tuple[Path, ...], truth: Path | None) -> tuple[Path, ...]:
    """Predictions, which are always scored here, or saved runs, which are only taken by their option.

    Raises:
        UsageError: P822 a saved run among the predictions, P823 both or neither, P824 not a saved run.
    """
    from poseval.decisions.keeping import scored_before
    from poseval.scoring.saved_runs import saved_in

    if saved and (predictions or truth is not None):
        other = "PREDICTIONS" if predictions else "--gt"
        raise UsageError(
            "P823",
            where="--run",
            what=f"does not go with {other}: a saved run is not scored again",
            wanted="saved runs, or predictions with --gt",
            hint=f"leave {'--run' if predictions else other} out",
        )
    if not saved and not predictions:
        raise UsageError(
            "P823", where="gate", what="is given no run", wanted="PREDICTIONS with --gt, or --run FILE"
        )
    for path in predictions:
        if saved_in(path):
            raise scored_before(Path(path).name)
    for path in saved:
        if os.path.exists(path) and not saved_in(path):
            raise UsageError(
                "P824",
                where=f"--run {shown(Path(path).name)}",
                what="is not a saved run",
                wanted="a file that `poseval score --save` wrote",
                hint="give it as PREDICTIONS, with --gt and without --run",
            )
    return saved or predictions

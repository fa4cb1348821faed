"""`poseval diagnose`."""

from __future__ import annotations

from pathlib import Path

import click

from poseval.cli.options import (
    BENCHMARK,
    QUIET,
    RULES,
    SIGMAS,
    SKELETON,
    TRUTH,
    InputPath,
    emit,
    skeleton_option,
    talk,
)


@click.command()
@click.argument("predictions", type=InputPath())
@TRUTH
@BENCHMARK
@SKELETON
@SIGMAS
@RULES
@click.option(
    "--scale", type=click.Choice(["area", "head"]), help="Unit of distances; default what the truth has."
)
@click.option("--worst", default=20, show_default=True, type=click.IntRange(0), help="Worst frames to list.")
@click.option("--json", "json_to", metavar="FILE|-", help="Write the diagnosis as JSON.")
@click.option("--report", "page_to", type=InputPath(), help="Write an HTML report (extra html).")
@click.option("--images", type=InputPath(), help="Folder of images to draw the worst frames over.")
@QUIET
def diagnose(
    predictions: Path,
    truth: Path,
    benchmark: str | None,
    skeleton: str | None,
    sigmas: Path | None,
    rules: str,
    scale: str | None,
    worst: int,
    json_to: str | None,
    page_to: Path | None,
    images: Path | None,
    quiet: bool,
) -> None:
    """Say what failed in PREDICTIONS: jitter, inversions, swaps, misses, scores, background, identities."""
    import json

    from poseval import scoring
    from poseval.diagnosis.diagnose import diagnose
    from poseval.diagnosis.taxonomy import Scale

    aligned, found = scoring.align_files(
        truth, predictions, benchmark, rules, skeleton_option(skeleton, sigmas)
    )
    talk(quiet)(f"benchmark: {found.name}")
    result = diagnose(
        aligned, scale=Scale(scale) if scale else None, corrected=rules == "corrected", worst=worst
    )
    if page_to is not None:
        from poseval.report.page import write_page

        evaluation = scoring.evaluate(aligned.truth, aligned.predictions, found, rules=rules, per_joint=True)
        write_page(page_to, evaluation.report(), evaluation, aligned, images)
    if json_to:
        emit(json.dumps(result.to_dict(), indent=1) + "\n", json_to)
    if json_to != "-":
        emit(result.to_text(), None)

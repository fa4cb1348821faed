"""`poseval sigmas`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from poseval.cli.names import names_of
from poseval.cli.options import ALIGN, COUNT, LEVEL, SEED_OPTION, SKELETON, InputPath, emit, show
from poseval.cli.outputs import OUTPUT, OutputPath, WritingCommand


@click.command(cls=WritingCommand)
@click.argument("annotations", nargs=-1, required=True, type=InputPath())
@SKELETON
@ALIGN
@click.option(
    "--gt-format",
    "truth_format",
    metavar="FORMAT",
    shell_complete=names_of("formats"),
    help="Format of the files.",
)
@click.option(
    "--level",
    type=LEVEL,
    default="95",
    show_default=True,
    help="Confidence level. 95, 95% and 0.95 are the same.",
)
@click.option("--resamples", type=COUNT, default=1000, show_default=True, help="Bootstrap samples of frames.")
@SEED_OPTION
@click.option("--out", "target", type=OutputPath(), help="Write the sigmas to a file for --sigmas.")
@click.option("--json", "json_to", type=OUTPUT, metavar="FILE|-", help="Write the estimate as JSON.")
def sigmas(
    annotations: tuple[Path, ...],
    skeleton: str | None,
    align_by: str | None,
    truth_format: str | None,
    level: float,
    resamples: int,
    seed: int,
    target: Path | None,
    json_to: str | None,
) -> None:
    """Estimate the sigmas of OKS from ANNOTATIONS: files of the same images by several annotators."""
    from poseval.api.estimate_sigmas import estimate_sigmas
    from poseval.scoring.task import Task
    from poseval.skeletons.sigmas import SCHEMA

    task = Task.of(skeleton=skeleton, align_by=align_by, truth_format=truth_format)
    found = estimate_sigmas(annotations, level=level, resamples=resamples, seed=seed, task=task)
    if target is not None:
        node = {"schema": SCHEMA, "sigmas": found.by_name()}
        emit(json.dumps(node, indent=1, ensure_ascii=False) + "\n", str(target))
    if json_to:
        emit(found.to_json() + "\n", json_to)
    if json_to != "-":
        show(found.to_text)

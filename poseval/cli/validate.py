"""`poseval validate`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from poseval.cli.options import ALIGN, BENCHMARK, SKELETON, InputPath, emit

INVALID = 3  # the exit of a wrong file


@click.command()
@click.argument("file", type=InputPath())
@click.option("--gt", "truth", type=InputPath(), help="Ground truth that FILE's predictions belong to.")
@BENCHMARK
@SKELETON
@click.option(
    "--role", type=click.Choice(["truth", "predictions"]), help="What FILE is; recognised otherwise."
)
@click.option("--format-in", "format_in", metavar="FORMAT", help="Format of FILE; recognised otherwise.")
@ALIGN
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def validate(
    file: Path,
    truth: Path | None,
    benchmark: str | None,
    skeleton: str | None,
    role: str | None,
    format_in: str | None,
    align_by: str | None,
    as_json: bool,
) -> int:
    """Say everything that is wrong or odd with FILE; exit 0 when nothing is wrong, else 3."""
    from poseval import benchmarks, validation
    from poseval.datasets import Role
    from poseval.skeletons import load_skeleton

    if benchmark is not None:
        benchmarks.get_benchmark(benchmark)
    found = validation.validate(
        file,
        truth=truth,
        benchmark=benchmark,
        role=Role(role) if role else None,
        format=format_in,
        skeleton=load_skeleton(skeleton) if skeleton else None,
        align_by=align_by,
    )
    emit(json.dumps(found.to_dict(), indent=1) if as_json else "\n".join(found.lines()), None)
    return 0 if found.ok else INVALID

"""`poseval crosscheck`."""

from __future__ import annotations

import math
from pathlib import Path

import click

from poseval.cli.options import BENCHMARK, RULES, TRUTH, InputPath


@click.command()
@click.argument("predictions", type=InputPath())
@TRUTH
@BENCHMARK
@click.option("--metric", "metrics", multiple=True, metavar="NAME(...)", help="Replaces the benchmark's.")
@RULES
def crosscheck(
    predictions: Path, truth: Path, benchmark: str | None, metrics: tuple[str, ...], rules: str
) -> int:
    """Run the tools that poseval must agree with on the same files; exit 1 on any difference."""
    from poseval.compat.crosscheck import crosscheck
    from poseval.errors import shown
    from poseval.report.diagnosis_text import grid

    found = crosscheck(truth, predictions, benchmark, metrics=metrics, rules=rules)
    rows = [["", "poseval", "reference", "largest difference"]]
    for item in found:
        rows.append([shown(item.name), _number(item.ours), _number(item.theirs), f"{item.largest:.3g}"])
    largest = max((item.largest for item in found), default=0.0)
    click.echo("\n".join(grid(rows)))
    click.echo(f"\nlargest difference: {largest:.3g}")
    return 0 if largest == 0 and found else 1


def _number(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.6f}"

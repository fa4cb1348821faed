"""`poseval compare`."""

from __future__ import annotations

from pathlib import Path

import click

from poseval.cli.options import BENCHMARK, RULES, SIGMAS, SKELETON, InputPath, emit, skeleton_option


@click.command()
@click.argument("systems", nargs=-1, required=True, type=InputPath())
@click.option("--gt", "truth", type=InputPath(), help="Ground truth; not needed for saved runs.")
@click.option(
    "--key", "keys", multiple=True, help="Number of the summary to compare; repeatable; default all."
)
@click.option("--level", default=0.95, show_default=True, help="Confidence level.")
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(2))
@click.option("--seed", default=0, show_default=True)
@BENCHMARK
@SKELETON
@SIGMAS
@RULES
@click.option("--per-joint", is_flag=True, help="Compare the numbers of each joint, too.")
@click.option("--json", "json_to", metavar="FILE|-", help="Write the comparison as JSON.")
def compare(
    systems: tuple[Path, ...],
    truth: Path | None,
    keys: tuple[str, ...],
    level: float,
    resamples: int,
    seed: int,
    benchmark: str | None,
    skeleton: str | None,
    sigmas: Path | None,
    rules: str,
    per_joint: bool,
    json_to: str | None,
) -> None:
    """Say which differences between SYSTEMS (predictions or saved runs) noise does not explain."""
    import json

    from poseval import comparison, scoring
    from poseval.poses import PoseSet
    from poseval.saved import run_of

    chosen = skeleton_option(skeleton, sigmas)
    gt: Path | PoseSet | None = truth
    if truth is not None:
        # The truth is read once, however many systems there are.
        gt = scoring.read(truth, skeleton=chosen, rules=rules, optional=frozenset({"area"}))
    names = [path.name for path in systems]
    labels = names if len(set(names)) == len(names) else [str(path) for path in systems]
    runs = {
        label: run_of(path, gt, benchmark, rules, chosen, per_joint=per_joint)
        for label, path in zip(labels, systems, strict=True)
    }
    found = comparison.compare(runs, keys=keys, level=level, resamples=resamples, seed=seed)
    if json_to:
        emit(json.dumps(found.to_dict(), indent=1) + "\n", json_to)
    if json_to != "-":
        emit(found.to_text(), None)

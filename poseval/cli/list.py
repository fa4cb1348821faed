"""`poseval list`."""

from __future__ import annotations

import click

KINDS = ("benchmarks", "metrics", "formats", "skeletons", "trackers", "limits")


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS))
def listing(kind: str) -> None:
    """List benchmarks, metrics, formats, skeletons, trackers or limits."""
    rows = {
        "benchmarks": _benchmarks,
        "metrics": _metrics,
        "formats": _formats,
        "skeletons": _skeletons,
        "trackers": _trackers,
        "limits": _limits,
    }[kind]()
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        click.echo(f"{name.ljust(width)}  {text}")


def _benchmarks() -> list[tuple[str, str]]:
    from poseval import benchmarks

    found = [benchmarks.get_benchmark(name) for name in benchmarks.names()]
    return [
        (b.name, f"{b.title} (rules: {', '.join(rule_set.name for rule_set in b.rule_sets)})") for b in found
    ]


def _metrics() -> list[tuple[str, str]]:
    from poseval import metrics

    return [(str(m), (type(m).__doc__ or "").strip().splitlines()[0]) for m in metrics.registered()]


def _formats() -> list[tuple[str, str]]:
    from poseval import datasets

    rows = []
    for name in datasets.names():
        dataset = datasets.get_format(name)
        reads = "/".join(sorted(role.value for role in dataset.reads)) or "-"
        writes = "/".join(sorted(role.value for role in dataset.writes)) or "-"
        rows.append((name, f"{dataset.title} (reads {reads}; writes {writes})"))
    return rows


def _skeletons() -> list[tuple[str, str]]:
    from poseval import skeletons

    found = [skeletons.get_skeleton(name) for name in skeletons.names()]
    return [(s.name, f"{len(s)} joints, {'with' if s.sigmas else 'no'} sigmas: {s.source}") for s in found]


def _trackers() -> list[tuple[str, str]]:
    from poseval import tracking

    kinds = [tracking.get_tracker(name) for name in tracking.names()]
    return [(str(kind()), f"{kind.summary} ({kind.source})") for kind in kinds]


def _limits() -> list[tuple[str, str]]:
    from poseval.limits import describe

    return [(name, f"{value:>12,}  {reason}") for name, value, reason in describe()]

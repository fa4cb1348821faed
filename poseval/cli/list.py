"""`poseval list`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from poseval.cli.options import Choice
from poseval.cli.terminal import say, say_table
from poseval.errors import shown

if TYPE_CHECKING:
    from poseval.benchmarks.base import Benchmark
    from poseval.datasets import Format
    from poseval.metrics.base import Metric
    from poseval.plugins import Registry

KINDS = ("benchmarks", "metrics", "formats", "skeletons", "trackers", "limits")


@click.command("list")
@click.argument("kind", type=Choice(KINDS))
def listing(kind: str) -> None:
    """List benchmarks, metrics, formats, skeletons, trackers or limits."""
    listed: dict[str, Callable[[], Sequence[tuple[str, ...]]]] = {
        "benchmarks": _benchmarks,
        "metrics": _metrics,
        "formats": _formats,
        "skeletons": _skeletons,
        "trackers": _trackers,
        "limits": _limits,
    }
    say_table(listed[kind]())


def _rows(registry: Registry[Any], row: Callable[[Any], tuple[str, str]]) -> list[tuple[str, str]]:
    """One row per item of a kind. Items of other packages that cannot be used are reported on stderr."""
    made, faults = registry.each(registry.names(), row)
    packages = {plugin.name: f" [{shown(plugin.package)}]" for plugin in registry.plugins()}
    for error in faults:
        say(f"poseval: {error}")
    for plugin in registry.passed_over():
        what = f"{registry.kind} {shown(plugin.name)!r} of the package {shown(plugin.package)}"
        say(f"poseval: {what} is not used: poseval has a {registry.kind} of this name")
    return [(title, text + packages.get(name, "")) for name, (title, text) in made.items()]


def _benchmarks() -> list[tuple[str, str]]:
    from poseval import benchmarks
    from poseval.cli.classify import IMAGENET

    def row(one: Benchmark) -> tuple[str, str]:
        rules = ", ".join(rule_set.name for rule_set in one.rule_sets)
        return one.name, f"{one.title} (rules: {rules})"

    classes = IMAGENET, "answers of classifiers, also of other programs: top-1 and top-5"
    return [*_rows(benchmarks.REGISTRY, row), classes]


def _metrics() -> list[tuple[str, str]]:
    from poseval import metrics

    def row(kind: type[Metric]) -> tuple[str, str]:
        return str(kind()), (kind.__doc__ or "").strip().partition("\n")[0]

    return sorted(_rows(metrics.REGISTRY, row))


def _formats() -> list[tuple[str, str]]:
    from poseval import datasets
    from poseval.datasets.registry import REGISTRY

    def row(entry: Format) -> tuple[str, str]:
        dataset = datasets.get_format(entry.name)
        reads = "/".join(sorted(role.value for role in dataset.reads)) or "-"
        writes = "/".join(sorted(role.value for role in dataset.writes)) or "-"
        return entry.name, f"{dataset.title} (reads {reads}; writes {writes})"

    return _rows(REGISTRY, row)


def _skeletons() -> list[tuple[str, str]]:
    from poseval import skeletons

    found = [skeletons.get_skeleton(name) for name in skeletons.names()]
    return [(s.name, f"{len(s)} joints, {'with' if s.sigmas else 'no'} sigmas: {s.source}") for s in found]


def _trackers() -> list[tuple[str, str]]:
    from poseval import tracking

    def row(kind: Any) -> tuple[str, str]:
        return kind().name, f"{kind.summary} ({kind.source}): {kind()}"

    return _rows(tracking.REGISTRY, row)


def _limits() -> list[tuple[str, str, str]]:
    from poseval.limits import describe

    return [(name, f"{value:,}", reason) for name, value, reason in describe()]

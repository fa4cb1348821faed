"""Names that shells complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

ACTIONS = ("add", "list", "export", "remove")  # with the store of `leaderboard`


def names_of(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """For the argument `shell_complete` of an option: the names of a kind (see `poseval list`), or models."""

    def matching(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
        from poseval import benchmarks, metrics, models, skeletons, tracking
        from poseval.datasets.registry import REGISTRY as FORMATS

        listed = {
            "benchmarks": benchmarks.REGISTRY.names,
            "formats": FORMATS.names,
            "metrics": metrics.REGISTRY.names,
            "models": models.list_models,
            "skeletons": skeletons.names,
            "trackers": tracking.REGISTRY.names,
        }[kind]()
        return [name for name in listed if name.startswith(typed)]

    return matching


def commands(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """Commands, for the argument of `help`: those of the group that stands before."""
    group: click.Command | None = context.find_root().command
    for word in context.params.get("words") or ():
        group = group.get_command(context, word) if isinstance(group, click.Group) else None
    listed = group.list_commands(context) if isinstance(group, click.Group) else []
    return [name for name in listed if name.startswith(typed)]


def rules(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """Rule sets of the benchmark that stands before, else those of all benchmarks."""
    from poseval import benchmarks

    registry = benchmarks.REGISTRY
    asked = context.params.get("benchmark")
    chosen = [asked] if asked in registry.names() else registry.names()
    sets = [one.name for name in chosen for one in benchmarks.get_benchmark(name).rule_sets]
    listed = dict.fromkeys(["reference", *sets, *(["all"] if context.info_name == "score" else [])])
    return [name for name in listed if name.startswith(typed)]


def slices(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """What every ground truth can be cut by, and files."""
    from poseval.metrics.person_groups import ATTRIBUTES
    from poseval.scoring.groups import SEQUENCE

    return _or_file([SEQUENCE, *ATTRIBUTES], typed)


def codes(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Codes of errors and notices, and files."""
    from poseval.errors.codes import entries

    return _or_file(entries(), typed)


def actions(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """What can be done with a store as the first argument of `leaderboard`, and files."""
    begins = context.params.get("store") is not None and not context.params.get("runs")
    return _or_file(ACTIONS if begins else (), typed)


def _or_file(listed: Iterable[str], typed: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    names = [CompletionItem(name) for name in listed if name.startswith(typed)]
    return [*names, CompletionItem(typed, type="file")]

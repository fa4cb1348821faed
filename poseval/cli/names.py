"""Names that shells complete."""

from __future__ import annotations

from collections.abc import Callable

import click


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

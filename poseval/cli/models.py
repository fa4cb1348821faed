"""`poseval models`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.names import names_of
from poseval.cli.options import InputPath
from poseval.cli.terminal import say, say_table
from poseval.errors import MissingFeature, UsageError

if TYPE_CHECKING:
    from poseval.models.cost import Cost
    from poseval.models.registry import ModelCard


@click.command()
@click.argument("pattern", metavar="[NAME|PATTERN]", default="*", shell_complete=names_of("models"))
@click.option(
    "--weights", type=InputPath(), help="Weights, for models whose network is stored in the weights file."
)
@click.option("--json", "as_json", is_flag=True, help="Print the models as JSON.")
def models(pattern: str, weights: Path | None, as_json: bool) -> None:
    """List reference models, or print one with its parameters and multiply-adds.

    A pattern such as 'hrnet*' lists the models that match. Nothing is downloaded: each entry says where the
    authors publish the weights.
    """
    from poseval.models.describe import card_json, card_rows, table
    from poseval.models.registry import card, list_models, registry

    if any(sign in pattern for sign in "*?["):
        by_name, faults = registry().each(list_models(pattern), lambda entry: entry)
        found = list(by_name.values())
        for fault in faults:
            say(f"poseval: {fault}")
        if as_json:
            say(json.dumps([card_json(entry) for entry in found], indent=2), err=False)
        else:
            say_table(table(found))
        return
    entry = card(pattern)
    cost, why = _cost(entry, weights)
    if as_json:
        say(json.dumps(card_json(entry, cost), indent=2), err=False)
    else:
        say_table(card_rows(entry, cost, why))


def _cost(entry: ModelCard, weights: Path | None) -> tuple[Cost | None, str | None]:
    """The measured cost, or the reason why there is none."""
    from poseval.errors.optional import require

    try:
        require("torch", f"model {entry.name}", "models")
        from poseval.models.cost import cost_of

        return cost_of(entry, weights), None
    except MissingFeature as error:
        return None, str(error)
    except UsageError as error:
        if error.code != "P153":
            raise
        return None, f"{error.fault.what}; pass --weights PATH"

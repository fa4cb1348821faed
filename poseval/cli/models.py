"""`poseval models`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poseval.cli.names import names_of
from poseval.cli.options import InputPath
from poseval.cli.terminal import say, say_table
from poseval.errors import MissingFeature, UsageError, shown

if TYPE_CHECKING:
    from poseval.models.cost import Cost
    from poseval.models.registry import ModelCard

CHECK = "check"
CHECK_CALL = "poseval models check CARD, a card file or the name of a model"
FOUND = 1  # the exit when something looks wrong
UNKNOWN = """the network does not find these people, so nothing else could be compared
  try: check size, crop, decode and joints, or give other people with --gt and --images"""
DRAWN = (7, 24, 2)  # seed, images, and most people on each


@click.command()
@click.argument(
    "pattern", metavar="[NAME|PATTERN|CARD|check]", default="*", shell_complete=names_of("models")
)
@click.argument("card", metavar="[CARD]", required=False, shell_complete=names_of("models"))
@click.option("--weights", type=InputPath(), help="Weights, where the card or the model names none.")
@click.option("--gt", "truth", type=InputPath(), help="With check: ground truth whose people are looked at.")
@click.option(
    "--images", type=InputPath(), help="With check: folder of images. Without --gt, of one person each."
)
@click.option("--json", "as_json", is_flag=True, help="Print the models as JSON.")
def models(
    pattern: str,
    card: str | None,
    weights: Path | None,
    truth: Path | None,
    images: Path | None,
    as_json: bool,
) -> None:
    """List reference models, or print one with its parameters and multiply-adds.

    A pattern such as 'hrnet*' lists the models that match. Nothing is downloaded: each entry says where the
    authors publish the weights. `poseval models check CARD` runs a network on people and says what looks
    wrong in its card; without --gt and --images it draws people.
    """
    from poseval.models.describe import card_json, card_rows
    from poseval.models.registry import card as card_of

    if pattern == CHECK and card is not None:
        _check(card, weights, truth, images, as_json)
        return
    if pattern == CHECK:
        raise UsageError("P127", where="poseval models check", what="needs a CARD", wanted=CHECK_CALL)
    if card is not None or truth is not None or images is not None:
        extra = shown(card) if card is not None else "--gt or --images"
        raise UsageError(
            "P127", where=extra, what="has no meaning here", wanted="poseval models check CARD, or one name"
        )
    if any(sign in pattern for sign in "*?["):
        _list(pattern, as_json)
        return
    entry = card_of(pattern)
    entry, cost, why = _measured(entry, pattern, weights)
    if as_json:
        say(json.dumps({**card_json(entry, cost), "recipe": _recipe_json(entry)}, indent=2), err=False)
    else:
        say_table([*card_rows(entry, cost, why), *_recipe_rows(entry)])


def _recipe_rows(entry: ModelCard) -> list[tuple[str, str]]:
    """Where the model's recipe of training comes from, and what `poseval train --set` changes in it."""
    from poseval.models.describe import option_text
    from poseval.training.recipes import recipe_of

    recipe = recipe_of(entry)
    if recipe is None:
        return []
    return [("recipe", recipe.source), *(("--set", option_text(*row)) for row in recipe.settings(entry))]


def _recipe_json(entry: ModelCard) -> dict[str, Any] | None:
    from poseval.models.describe import option_json
    from poseval.training.recipes import recipe_of

    recipe = recipe_of(entry)
    if recipe is None:
        return None
    rows = [option_json(*row) for row in recipe.settings(entry)]
    return {"source": recipe.source, "task": recipe.task, "set": rows}


def _list(pattern: str, as_json: bool) -> None:
    from poseval.models.describe import card_json, table
    from poseval.models.registry import list_models, registry

    by_name, faults = registry().each(list_models(pattern), lambda entry: entry)
    found = list(by_name.values())
    for fault in faults:
        say(f"poseval: {fault}")
    if as_json:
        say(json.dumps([card_json(entry) for entry in found], indent=2), err=False)
    else:
        say_table(table(found))


def _check(name: str, weights: Path | None, truth: Path | None, images: Path | None, as_json: bool) -> None:
    """Print what was measured and what looks wrong.

    Exit with 1 where something does, or where people of one's own are not found; a network of photographs
    may not recognise those that are drawn.
    """
    from tempfile import TemporaryDirectory

    from poseval.errors.optional import require

    require("torch", f"model {shown(name)}", "models")
    from poseval.models.registry import card as card_of
    from poseval.runners.check_samples import check_model

    card_of(name)  # what is wrong with it is said before people are drawn
    drawn = truth is None and images is None
    if truth is None and images is None:
        from poseval.poses import Notice
        from poseval.synth import scenes
        from poseval.synth.folder import write_world

        text = "the people are drawn; photographs with --gt or --images say more of a network"
        say(f"notice: {Notice('N142', text)}")
        with TemporaryDirectory() as folder:
            _, made, _ = write_world(Path(folder), list(scenes(*DRAWN)))
            found = check_model(name, weights, made, Path(folder) / "images")
    else:
        found = check_model(name, weights, truth, images)
    if as_json:
        node = {
            "measured": dict(found.measured),
            "findings": [vars(finding) for finding in found.findings],
            "found": found.found,
        }
        say(json.dumps(node, indent=2), err=False)
    else:
        say_table(list(found.measured))
        for finding in found.findings:
            say(f"{finding.part}: {finding.what}\n  try: {finding.advice}", err=False)
        if not found.findings:
            say("nothing looks wrong" if found.found else UNKNOWN, err=False)
    if found.findings or not (found.found or drawn):
        raise click.exceptions.Exit(FOUND)


def _measured(entry: ModelCard, name: str, weights: Path | None) -> tuple[ModelCard, Cost | None, str | None]:
    """The card as its weights were trained, with the measured cost or the reason why there is none."""
    from poseval.errors.optional import require

    try:
        require("torch", f"model {entry.name}", "models")
        from poseval.models.cost import cost_of
        from poseval.runners.own_settings import card_as_trained

        entry = entry if weights is None else card_as_trained(name, weights)
        return entry, cost_of(entry, weights), None
    except MissingFeature as error:
        return entry, None, str(error)
    except UsageError as error:
        if error.code != "P153":
            raise
        return entry, None, f"{error.fault.what}; pass --weights PATH"

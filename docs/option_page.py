"""docs/model_options.md, generated from the models' cards.

python docs/option_page.py > docs/model_options.md
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from poseval.models.registry import ModelCard, card, list_models
from poseval.models.schema import Option, typed
from poseval.training.recipe_fields import OF_TASKS, fields_of
from poseval.training.recipes import Recipe, recipe_of, recipes

HEAD = """# Options of the models

Generated from the cards by `python docs/option_page.py`; a test fails when it is not current.
`poseval models NAME` prints the options of one model with its own defaults.

An option is typed as `--option NAME=VALUE` in `poseval run` and `poseval train`; brackets around a list
may be typed or left out. In Python it is an argument of `create_model`. Unknown names, other values, and
a change that has no effect in the network are refused (P152). A checkpoint of `poseval train` holds all
options it was trained with. Those marked *free* may differ when it runs; others are refused (P452) unless
`--override` is given.

Defaults are the published networks. The last column is what the paper states about the option.
What a training varies is [below](#what-poseval-train-set-changes).
"""
TRAINING = """# What `poseval train --set` changes

A recipe is data: `--set NAME=VALUE` changes one of its fields, in Python `TrainOptions(changes={...})` does.
Unknown fields, other values and a change without effect are refused (P159). `poseval models NAME` prints the
fields of a model's own recipe with their values, as the last tables do here; where no skeleton is named, the
recipe is for all others.
"""
TASKS = {
    "heatmaps": "Networks of heatmaps",
    "joint set": "PRTR",
    "centres": "DEKR",
    "people set": "PRTR, sequential",
    "boxes": "The detector of the demo",
    "classes": "Classifiers",
}
SHARED = "fields of all recipes"


def _row(option: Option, entries: Sequence[ModelCard]) -> str:
    defaults = dict.fromkeys(typed(entry.sized().config[option.name]) for entry in entries)
    name = f"`{option.name}`" + (" *(free)*" if option.free else "")
    return _cells(
        name, option.allowed, " or ".join(defaults), option.meaning + _no_effect(option), option.paper
    )


def _no_effect(option: Option) -> str:
    if option.unless is None:
        return ""
    other, values = option.unless
    return f"; no effect with {other}={' or '.join(map(typed, values))}"


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _fields() -> list[str]:
    """Tables of the fields: those of all recipes, then those of each task."""
    common = {name for name in fields_of("heatmaps") if all(name in fields_of(task) for task in OF_TASKS)}
    lines: list[str] = []
    groups = [(SHARED, "heatmaps", common)]
    groups += [(title, task, fields_of(task).keys() - common) for task, title in TASKS.items()]
    for title, task, names in groups:
        lines += [f"## {title[0].upper()}{title[1:]}", ""]
        lines += ["| field | values | meaning | the paper |", "| --- | --- | --- | --- |"]
        lines += [
            _cells(f"`{name}`", option.allowed, option.meaning + _no_effect(option), option.paper)
            for name, option in fields_of(task).items()
            if name in names
        ]
        lines.append("")
    return lines


def _defaults() -> list[str]:
    """Tables of the values that the recipes give, one for each task."""
    lines: list[str] = []
    for task, title in TASKS.items():
        rows = [(recipe, _example(recipe)) for recipe in recipes() if recipe.task == task]
        known = fields_of(task)
        names = [name for name in known if name not in ("augmentation", "slower.PREFIX")]
        lines += [f"## Values of recipes: {title}", ""]
        lines += [_cells("recipe of", "skeletons", *(f"`{name}`" for name in names), "slower parts")]
        lines += ["| --- " * (len(names) + 3) + "|"]
        for recipe, entry in rows:
            values = {name: typed(value) for name, _, value in recipe.settings(entry)}
            slower = ", ".join(
                f"`slower.{prefix.rstrip('.')}`={factor:g}" for prefix, factor in recipe.slower
            )
            models = ", ".join(recipe.models)
            lines.append(
                _cells(models, ", ".join(recipe.skeletons), *(values[name] for name in names), slower)
            )
        lines.append("")
    return lines


def _example(recipe: Recipe) -> ModelCard:
    """A model of the recipe, whose card gives what the recipe leaves open."""
    return next(
        entry
        for entry in map(card, list_models())
        if {entry.name, entry.family} & set(recipe.models) and recipe_of(entry) is not None
    )


def render() -> str:
    """The page as Markdown: one table for each set of models that share their options."""
    groups: dict[tuple[str, tuple[Option, ...]], list[ModelCard]] = {}
    for name in list_models():
        entry = card(name)
        if entry.builder.startswith("poseval.") and entry.options:
            groups.setdefault((entry.family, entry.options), []).append(entry)
    lines = [HEAD]
    for (_, options), entries in groups.items():
        lines += ["## " + ", ".join(entry.name for entry in entries), ""]
        lines += ["| option | values | default | meaning | the paper |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(option, entries) for option in options]
        lines.append("")
    return "\n".join([*lines, TRAINING, *_fields(), *_defaults()])


if __name__ == "__main__":
    sys.stdout.write(render())

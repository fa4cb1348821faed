"""What `poseval train --set` changes, as data: name, values, meaning, and what papers say of it.

The recipes, the tasks, `poseval models NAME` and the documentation read it from here. Nothing here imports
PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from poseval.errors import UsageError, did_you_mean, shown
from poseval.models.schema import Flag, Number, OneOf, Option, Several, Whole, typed

if TYPE_CHECKING:
    from poseval.models.registry import ModelCard

BACKGROUND = 0.1  # DEKR: weight of a heatmap's cells far from every joint
OFFSET_FACTOR = 0.03  # DEKR: weight of offsets in the loss
BACKGROUND_WEIGHT = 0.1  # PRTR: weight of the class of no object

WITH_STEPS = ("schedule", ("cosine", "constant"))
WITHOUT = ("augmentation", (False,))
FIELDS = (
    Option("epochs", Whole(1, 1_000_000), None, "passes over the data; --epochs moves the milestones, too"),
    Option("rate", Number(0, 10, above=True), 1e-3, "learning rate of one step"),
    Option("batch", Whole(1, 65536), 32, "samples of a step"),
    Option("optimiser", OneOf(("adam", "adamw", "sgd", "rmsprop")), "adam", "what makes steps of gradients"),
    Option(
        "schedule",
        OneOf(("steps", "cosine", "constant")),
        "steps",
        "how the rate falls: at the milestones, along half a cosine, or not at all",
    ),
    Option(
        "milestones",
        Several(Number(0, 1_000_000), 0, 20, rising=True),
        (),
        "epochs at which the rate is multiplied by `factor`",
        unless=WITH_STEPS,
    ),
    Option("factor", Number(0, 1), 0.1, "what the rate is multiplied by at a milestone", unless=WITH_STEPS),
    Option("warm_up", Whole(0, 1_000_000), 0, "steps in which the rate grows from 0"),
    Option("decay", Number(0, 1), 0.0, "weight decay"),
    Option("clip", Number(0, 1e6), 0.0, "largest norm of the gradients; 0 cuts none"),
)
SLOWER = Option(
    "slower.PREFIX",
    Number(0, 100),
    1.0,
    "factor on the rate of parameters whose names begin with PREFIX, such as slower.backbone; the longest "
    "prefix of a name counts",
)
AUGMENTED = Option(
    "augmentation",
    Flag(),
    True,
    "false turns all of `augmentation.NAME` off",
    "binary networks: with and without are compared",
)
MIRRORED = Option("mirrored", Number(0, 1), 0.5, "fraction of samples that are mirrored")
AUGMENTATION = (
    Option(
        "scale",
        Number(0, 0.9),
        0.3,
        "deviation of the factor on a person's size about 1, and its largest distance from it",
    ),
    Option("rotation", Number(0, 90), 40.0, "deviation of the angle in degrees, which is cut at twice it"),
    Option("rotated", Number(0, 1), 0.6, "fraction of people that are turned"),
    MIRRORED,
    Option("halved", Number(0, 1), 0.0, "fraction of people that are cut to half a body"),
    Option("halved_from", Whole(1, 1000), 8, "labelled joints that a person has more of before it is halved"),
)


def _crops(smallest: float, largest: float, rotation: float) -> tuple[Option, ...]:
    """The part of a whole image that is learnt."""
    return (
        Option("smallest", Number(0.01, 10), smallest, "least side of a crop, in parts of the short side"),
        Option("largest", Number(0.01, 10), largest, "greatest side of a crop, in parts of the short side"),
        Option("rotation", Number(0, 180), rotation, "greatest angle to each side, in degrees"),
        Option("translation", Number(0, 200), 40.0, "greatest way of a crop, in pixels of a crop of 200"),
    )


OF_TASKS: Mapping[str, tuple[Option, ...]] = {
    "heatmaps": (
        Option(
            "target",
            OneOf(("gaussian", "udp", "unbiased")),
            None,
            "form of the heatmap; by default gaussian, or udp where the card's crop is",
        ),
        Option("sigma", Number(0.1, 100), None, "its deviation in cells; by default the card's"),
        Option(
            "loss",
            OneOf(("mse", "ohkm", "sigmoid")),
            "mse",
            "squared differences, those of the hardest joints, or cross entropy of sigmoids",
            "binary networks: sigmoid is better than squared differences",
        ),
        Option("gain", Number(0, 1e6, above=True), 1.0, "factor on the loss"),
    ),
    "centres": (
        *_crops(0.75, 1.5, 30.0),
        Option("offset_factor", Number(0, 1000), OFFSET_FACTOR, "weight of the offsets in the loss", "0.03"),
        Option("background", Number(0, 1), BACKGROUND, "weight of cells far from every joint", "0.1"),
    ),
    "boxes": (
        *_crops(0.75, 1.25, 0.0),
        Option("distances", Number(0, 1000), 1.0, "weight of the boxes' sides in the loss"),
    ),
    "classes": (
        Option("smallest", Number(0.001, 1), 0.08, "least part of an image's area that is seen"),
        Option("stretch", Number(1, 10), 4 / 3, "how much wider or narrower than the input it may be"),
        Option("smoothing", Number(0, 1), 0.1, "smoothing of the labels"),
    ),
    **dict.fromkeys(
        ("joint set", "people set"),
        (
            Option(
                "background",
                Number(0, 1),
                BACKGROUND_WEIGHT,
                "weight of the class of no object in the cross entropy",
                "0.1",
            ),
        ),
    ),
}
VARIED = ("heatmaps", "joint set")  # tasks of crops; others take only the mirroring from the augmentation


def fields_of(task: str) -> dict[str, Option]:
    """What `--set` changes in a recipe of this task, by the name that is typed."""
    varied = AUGMENTATION if task in VARIED else (MIRRORED,)
    return {
        **{option.name: option for option in (*FIELDS, SLOWER, AUGMENTED)},
        **{f"augmentation.{option.name}": replace(option, unless=WITHOUT) for option in varied},
        **{f"options.{option.name}": option for option in OF_TASKS[task]},
    }


def value_of(name: str, value: Any, task: str) -> Any:
    """A value for a field of a recipe, in the field's type; texts are read.

    Raises:
        UsageError: P159 an unknown field, or a value that it may not have.
    """
    known = fields_of(task)
    head, dot, prefix = name.partition(".")
    option = SLOWER if head == "slower" and prefix else known.get(name)
    if option is None or name == SLOWER.name:
        raise UsageError(
            "P159",
            where=f"recipe: {shown(name)}",
            what="is no field of this recipe" + _elsewhere(head, dot, task),
            wanted=f"one of {', '.join(known)}",
            hint=did_you_mean(name, list(known), 1),
        )
    if isinstance(option.kind, Several) and isinstance(value, int | float):
        value = [value]  # a list of one, as it is typed
    try:
        return option.read(value) if isinstance(value, str) else option.taken(value)
    except ValueError:
        raise UsageError(
            "P159",
            where=f"recipe: {shown(name)}",
            what=f"is {shown(value)}",
            wanted=option.allowed,
            hint=f"leave {shown(name)} out for the recipe's own",
        ) from None


def _elsewhere(head: str, dot: str, task: str) -> str:
    if head == "augmentation" and dot and task not in VARIED:
        return ", whose images are only mirrored by the augmentation"
    return ""


def options_of_task(task: str, given: Mapping[str, Any], card: ModelCard) -> dict[str, Any]:
    """All settings of a task: the defaults, those of the card, and those of a recipe.

    Raises:
        UsageError: P159 a setting that the task has not, a value it may not have, or a smallest crop above
            the largest.
    """
    own = {"target": "udp" if card.crop == "udp" else "gaussian", "sigma": card.sigma}
    found: dict[str, Any] = {
        option.name: own.get(option.name, option.default) if option.default is None else option.default
        for option in OF_TASKS[task]
    }
    found |= {name: value_of(f"options.{name}", value, task) for name, value in given.items()}
    if "largest" in found and found["smallest"] > found["largest"]:
        raise UsageError(
            "P159",
            where="recipe: options.smallest",
            what=f"is {typed(found['smallest'])}, above options.largest={typed(found['largest'])}",
            wanted="a smallest crop that is not larger than the largest",
            hint="set both",
        )
    return found

"""`poseval train`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from poseval.cli.names import names_of
from poseval.cli.numbers import MOST_ITEMS, MOST_PROCESSES, Number
from poseval.cli.options import QUIET, SEED_OPTION, Choice, InputPath, emit, talk
from poseval.cli.progress import ProgressLine
from poseval.cli.run import InputSize, config_of, options_of
from poseval.errors import UsageError, shown


@click.command()
@click.argument("model", shell_complete=names_of("models"))
@click.option(
    "--data",
    "truth",
    type=InputPath(),
    required=True,
    help="Ground truth to train on. For classifiers a folder with a sub-folder of images per class.",
)
@click.option(
    "--images", type=InputPath(), help="Folder of the training images. Not needed for classifiers and sgcn."
)
@click.option("--val", "val_truth", type=InputPath(), help="Ground truth to validate on.")
@click.option("--val-images", type=InputPath(), help="Folder of the validation images.")
@click.option("--out", type=InputPath(), required=True, help="Folder for checkpoints.")
@click.option(
    "--epochs",
    type=Number(1, MOST_ITEMS),
    help="Number of epochs instead of the recipe's. The learning rate schedule is scaled with it.",
)
@click.option(
    "--set", "changes", multiple=True, metavar="FIELD=VALUE", help="Change a value of the recipe. Repeatable."
)
@click.option("--start-from", type=InputPath(), help="Checkpoint of a related network to start from.")
@click.option(
    "--input-size", "size", type=InputSize(), help="Height and width of the input. By default as published."
)
@click.option(
    "--option", "config", multiple=True, metavar="KEY=VALUE", help="Option of the model. Repeatable."
)
@click.option(
    "--benchmark",
    metavar="NAME",
    shell_complete=names_of("benchmarks"),
    help="Benchmark of the validation. By default recognised from the ground truth.",
)
@click.option(
    "--validate-every",
    type=Number(1, MOST_ITEMS),
    default=1,
    show_default=True,
    metavar="EPOCHS",
    help="Number of epochs from one validation to the next.",
)
@SEED_OPTION
@click.option(
    "--device",
    type=Choice(("auto", "cpu", "cuda")),
    default="auto",
    show_default=True,
    help="Device to compute on.",
)
@click.option("--half/--full", default=None, help="Use 16-bit or full precision. By default 16-bit on a GPU.")
@click.option(
    "--loaders",
    type=Number(1, MOST_PROCESSES),
    default=2,
    show_default=True,
    help="Number of images read in parallel.",
)
@click.option(
    "--cache",
    type=Number(0, MOST_ITEMS),
    default=512,
    show_default=True,
    metavar="MIB",
    help="Memory for decoded images.",
)
@click.option(
    "--channels-last",
    is_flag=True,
    help="Store channels last, which suits some processors. It changes the last digits.",
)
@click.option("--fresh", is_flag=True, help="Start over instead of continuing from a checkpoint.")
@QUIET
def train(
    model: str, changes: tuple[str, ...], config: tuple[str, ...], cache: int, quiet: bool, **options: Any
) -> None:
    """Train MODEL by the published recipe of its family.

    MODEL `sgcn` is LightTrack's matching network. For classifiers, --data and --val are folders that hold one
    folder of images per class.

    An interrupted training continues where it stopped when the same command is given again.
    """
    from poseval.errors.optional import require

    require("torch", f"model {shown(model)}", "models")
    from poseval.training.jobs import TrainOptions
    from poseval.training.loop import train as train_model

    say = talk(quiet)
    if model == "sgcn":
        emit(str(_graph_network(config_of(changes), config_of(config), options, say)), None)
        return
    job = TrainOptions(
        model, changes=config_of(changes), config=options_of(model, config), cache=cache << 20, **options
    )
    with ProgressLine("steps", quiet) as line:

        def say_above(text: str) -> None:
            line.clear()
            say(text)

        result = train_model(job, say_above, line)
    if result.number:
        say(f"best {result.number} {result.best:.4f}")
    emit(str(result.weights), None)


def _graph_network(
    changes: dict[str, Any], config: dict[str, Any], options: dict[str, Any], say: Callable[[str], None]
) -> Path:
    """Train LightTrack's network, which learns from tracks alone. Options about images are refused."""
    from poseval.training.pose_graphs import train_graph_network

    foreign = ("images", "val_images", "start_from", "size", "benchmark", "half")
    given = [name for name in foreign if options[name] is not None] + ["option"] * bool(config)
    given += ["channels-last"] * options["channels_last"]
    if given:
        flags = ", ".join("--" + name.replace("_", "-") for name in given)
        raise UsageError(
            "P127",
            where="train sgcn",
            what=f"does not use {flags}",
            wanted="only options about tracks",
            hint=f"leave out {flags}",
        )
    return train_graph_network(
        options["truth"],
        options["out"],
        val=options["val_truth"],
        epochs=options["epochs"],
        changes=changes,
        seed=options["seed"],
        fresh=options["fresh"],
        say=say,
    )

"""`poseval bench`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from poseval.cli.names import names_of
from poseval.cli.numbers import Number
from poseval.cli.options import InputPath, tell
from poseval.cli.run import OVERRIDE, InputSize, computing_options, options_of
from poseval.cli.terminal import say
from poseval.errors import shown


@click.command()
@click.argument("model", shell_complete=names_of("models"))
@click.option("--weights", type=InputPath(), help="Checkpoint of the model. By default random weights.")
@click.option("--people", type=Number(1, 1000), default=4, show_default=True, help="People on each frame.")
@click.option("--image-size", type=InputSize(), default="480x640", show_default=True, help="Size of frames.")
@click.option(
    "--repeats", type=Number(1, 10_000), default=20, show_default=True, help="Number of frames measured."
)
@computing_options
@click.option("--joints", type=Number(1, 1000), help="Number of joints. By default as published.")
@click.option("--input-size", "size", type=InputSize(), help="Height and width of the input.")
@click.option(
    "--option", "config", multiple=True, metavar="KEY=VALUE", help="Option of the model. Repeatable."
)
@OVERRIDE
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def bench(
    model: str,
    weights: Path | None,
    people: int,
    image_size: tuple[int, int],
    repeats: int,
    config: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Measure how long MODEL takes, a frame and a person.

    Frames are noise, with boxes of people where the model needs them. The network alone is measured in a
    bare loop on as many inputs; quartiles say what a frame takes above it. Classifiers are given one image
    at a time.

    Peak memory is the most that the process had resident (on a GPU: allocated) while the model was built and
    ran. Added memory is that without what was taken before.
    """
    from poseval.errors.optional import require

    require("torch", f"model {shown(model)}", "models")
    from poseval.poses import Notice
    from poseval.runners.bench import BenchOptions
    from poseval.runners.bench import bench as measure
    from poseval.runners.own_settings import ModelOptions

    chosen = ModelOptions(model, weights, config=options_of(model, config), **options)
    node = measure(BenchOptions(chosen, people, image_size, repeats))
    tell([Notice("N138", f"--override: {setting}") for setting in node["overridden"]], say)
    if as_json:
        say(json.dumps(node, indent=2), err=False)
        return
    times = node.pop("milliseconds")
    del node["overridden"]  # told above
    node["weights"] = node["weights"] or "random"
    for name, value in node.items():
        if value != {}:
            say(f"{name.replace('_', ' ')}: {_words(value)}", err=False)
    for name in ("frame", "person", "prepare", "network"):
        if times[name]:
            say(f"{name}: {times[name]['p50']:g} ms (p50), {times[name]['p95']:g} ms (p95)", err=False)
    if over := times.get("over_network_percent"):
        say(f"above the network alone: {_above(over)}", err=False)


def _above(over: dict[str, float]) -> str:
    """The median and the quartiles in words; around 0 they are noise."""
    text = f"{over['p50']:g} % (quartiles {over['p25']:g} to {over['p75']:g} %)"
    return f"{text}, within the noise of this measurement" if over["p25"] <= 0 else text


def _words(value: Any) -> str:
    if isinstance(value, list):
        return " x ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    return "not known" if value is None else str(value)

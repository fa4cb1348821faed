"""Classifiers in `poseval run`, which writes their answers, and in `poseval score`: how many are right."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from poseval.cli.options import emit, talk, tell
from poseval.cli.progress import ProgressLine
from poseval.errors import UsageError, shown

# Options of `poseval run` that a classifier takes; what else is typed has no meaning for it.
TAKEN = ("model", "weights", "truth", "images", "out", "batch", "device", "threads", "input_size", "config",
         "override", "force", "json_to", "quiet", "explain")  # fmt: skip
IMAGENET = "imagenet"  # the benchmark of `poseval score` by which answers of a classifier are scored
TAKEN_BY_SCORE = ("predictions", "truth", "benchmark", "json_to", "level", "quiet")
LEVEL = 0.95
BEGINNING = 256  # bytes


def classify(model: str, config: Mapping[str, Any], options: Mapping[str, Any], quiet: bool) -> None:
    """Run a classifier on images of known classes; write its answers and print top-1 and top-5.

    Raises:
        UsageError: P127 options that only poses have, or no images; P131 the output exists.
    """
    from poseval.poses import Notice
    from poseval.runners.own_settings import ModelOptions
    from poseval.training.class_scores import ClassOptions, class_scores

    _refuse_others(f"classifier {model}", TAKEN)
    if options["images"] is None:
        raise UsageError(
            "P127",
            where=f"classifier {model}",
            what="has no images",
            wanted="--images with a folder for each class, or with --gt LIST of images and classes",
        )
    out: Path = options["out"]
    if os.path.exists(out) and not options["force"]:
        raise UsageError("P131", where=shown(out), what="exists", wanted="a new name", hint="or pass --force")
    chosen = ModelOptions(
        model,
        options["weights"],
        size=options["input_size"],
        config=config,
        **{name: options[name] for name in ("batch", "device", "threads", "override")},
    )
    job = ClassOptions(chosen, options["images"], options["truth"], explain=options["explain"])
    with ProgressLine("images", quiet) as line:
        scores = class_scores(job, line)
    say = talk(quiet)
    tell([Notice("N138", f"--override: {setting}") for setting in scores.model["overridden"]], say)
    emit(json.dumps(scores.plain(job.level), indent=1) + "\n", str(out))
    emit(scores.said(job.level) + "\n", None)
    say(f"wrote {shown(out)}; intervals are Wilson's at {100 * job.level:g}%")


def score_classes(
    answers: Sequence[Path], truth: Path, level: float | None, json_to: str | None, quiet: bool
) -> None:
    """Score the answers of a classifier against a folder of classes, or a list of images and classes.

    Raises:
        UsageError: P127 options that only poses have, or several files of answers.
    """
    from poseval.runners.class_answers import scored

    where = f"--benchmark {IMAGENET}"
    _refuse_others(where, TAKEN_BY_SCORE)
    if len(answers) > 1:
        raise UsageError("P127", where=where, what=f"has {len(answers)} files of answers", wanted="one file")
    level = level or LEVEL
    scores = scored(answers[0], truth)
    if json_to != "-":
        emit(scores.said(level) + "\n", None)
        talk(quiet)(f"intervals are Wilson's at {100 * level:g}%")
    if json_to:
        emit(json.dumps(scores.plain(level), indent=1) + "\n", json_to)


def refuse_answers(predictions: Sequence[Path]) -> None:
    """Refuse answers of a classifier where poses are scored: `poseval run` writes their schema first.

    Raises:
        UsageError: P127.
    """
    from poseval.runners.class_answers import SCHEMA

    for path in predictions:
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            beginning = file.read(BEGINNING)
        if f'"{SCHEMA}"'.encode() in beginning:
            raise UsageError(
                "P127",
                where=shown(path.name),
                what="holds answers of a classifier, which are not poses",
                wanted=f"--benchmark {IMAGENET}",
            )


def _refuse_others(where: str, taken: Collection[str]) -> None:
    """Refuse options that were typed and that a classifier does not take."""
    context = click.get_current_context()
    typed = [name for name in context.params if _is_typed(context, name) and name not in taken]
    if typed:
        spelt = {name: each.opts[0] for each in context.command.params if (name := each.name)}
        flags = ", ".join(spelt[name] for name in typed)
        raise UsageError("P127", where=where, what=f"does not use {flags}", hint="leave it out")


def _is_typed(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE

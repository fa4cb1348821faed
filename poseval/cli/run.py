"""`poseval run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from poseval.cli.options import BENCHMARK, QUIET, InputPath, emit, talk, use_color
from poseval.cli.progress import ProgressLine
from poseval.errors import UsageError, shown


class InputSize(click.ParamType[tuple[int, int]]):
    """`256x192`: height x width."""

    name = "HxW"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The two numbers."""
        if isinstance(value, tuple):
            return value
        parts = str(value).lower().split("x")
        if len(parts) != 2 or not all(part.isdigit() for part in parts):
            self.fail(f"{value!r} is not HEIGHTxWIDTH, such as 256x192", param, ctx)
        return int(parts[0]), int(parts[1])


def config_of(pairs: tuple[str, ...]) -> dict[str, Any]:
    """`key=value` pairs with JSON values; a bare word is text.

    Raises:
        UsageError: P152 for a pair without `=`.
    """
    import json

    out: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise UsageError("P152", where=f"--option {shown(pair)}", what="has no value", wanted="key=value")
        try:
            out[key] = json.loads(text)
        except ValueError:
            out[key] = text
    return out


def scales_of(text: str) -> tuple[float, ...]:
    """Numbers between commas.

    Raises:
        UsageError: P127 for anything else.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError("P127", where="--scales", what=f"is {shown(text)}", wanted="0.5,1,2") from None


@click.command()
@click.argument("model")
@click.option("--weights", type=InputPath(), help="Checkpoint file (or folder) of the model.")
@click.option("--gt", "truth", type=InputPath(), help="Truth file whose images are run.")
@click.option("--images", type=InputPath(), help="Folder of images, or one image.")
@click.option("--video", type=InputPath(), help="Video file (extra `video`).")
@click.option(
    "--boxes",
    metavar="truth|image|FILE|detector:NAME",
    help="Where boxes come from; default the truth's, without a truth the whole image.",
)
@click.option("--detector-weights", type=InputPath(), help="Checkpoint of detector:NAME.")
@click.option("--box-score", type=float, default=0.0, show_default=True, help="Least score of a box.")
@click.option("--box-nms", type=float, default=0.6, show_default=True, help="IoU of a detector's box NMS.")
@click.option("--out", type=InputPath(), required=True, help="Predictions to write.")
@click.option("--format", "form", metavar="NAME", help="Format; default the benchmark's, else coco.")
@click.option("--batch", type=click.IntRange(1), default=32, show_default=True, help="People of a batch.")
@click.option("--device", type=click.Choice(("auto", "cpu", "cuda")), default="auto", show_default=True)
@click.option("--half/--full", default=None, help="16-bit arithmetic; default on a GPU.")
@click.option("--threads", type=click.IntRange(1), help="Of the processor; default PyTorch's choice.")
@click.option("--flip/--no-flip", default=None, help="Flip test; default as the card says.")
@click.option("--decode", metavar="METHOD", help="argmax, quarter, dark or udp; default as the card says.")
@click.option("--scales", metavar="S,S,...", default="1", show_default=True, help="Of bottom-up models.")
@click.option("--rescore", type=InputPath(), help="Weights of a bottom-up model's rescoring net.")
@click.option("--nms", type=click.Choice(("oks", "soft", "none")), help="Default oks for models on boxes.")
@click.option("--nms-threshold", type=float, default=0.9, show_default=True)
@click.option("--joints", type=click.IntRange(1), help="Joints of the weights, where not the card's.")
@click.option("--input-size", type=InputSize(), help="Height and width, where not the card's.")
@click.option("--skeleton", metavar="NAME|FILE", help="Joints that the weights give.")
@click.option("--option", "config", multiple=True, metavar="KEY=VALUE", help="Option of the model.")
@click.option("--loaders", type=click.IntRange(1), default=4, show_default=True, help="Images read at once.")
@click.option("--skip-unreadable", is_flag=True, help="Go on without pictures that cannot be read.")
@click.option("--tracker", metavar="NAME(...)", help="Track what was found: `poseval list trackers`.")
@click.option("--flow", default="dis", show_default=True, metavar="KIND|FOLDER", help="Flow of the tracker.")
@click.option("--sgcn", type=InputPath(), help="Weights for lighttrack(matching=sgcn).")
@click.option("--fresh", is_flag=True, help="Forget an unfinished run.")
@click.option("--force", is_flag=True, help="Overwrite the output.")
@click.option("--score", "then_score", is_flag=True, help="Score the predictions at once (needs --gt).")
@click.option("--json", "json_to", metavar="FILE", help="With --score: write the report, too.")
@BENCHMARK
@QUIET
def run(
    model: str,
    truth: Path | None,
    out: Path,
    config: tuple[str, ...],
    then_score: bool,
    json_to: str | None,
    benchmark: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Run MODEL over images and write its predictions in the benchmark's own format.

    An interrupted run goes on where it stopped when the same command is given again.
    """
    from poseval.errors.optional import require

    require("torch", f"model {shown(model)}", "models")
    from poseval.runners.loading import ModelOptions
    from poseval.runners.run import RunOptions
    from poseval.runners.run import run as run_model
    from poseval.runners.with_tracker import Following

    if (then_score or json_to) and truth is None:
        raise UsageError("P127", where="--score", what="needs a truth", wanted="--gt TRUTH")
    say = talk(quiet)
    taken = ("weights", "joints", "skeleton", "batch", "device", "half", "rescore", "threads")
    named = {key: options.pop(key) for key in taken}
    chosen = ModelOptions(
        name=model,
        size=options.pop("input_size"),
        flip=options.pop("flip"),
        decode=options.pop("decode"),
        config=config_of(config),
        scales=scales_of(options.pop("scales")),
        **named,
    )
    followed = (options.pop("tracker"), options.pop("flow"), options.pop("sgcn"))
    following = Following(*followed) if followed[0] else None
    job = RunOptions(
        chosen, out, truth=truth, box_overlap=options.pop("box_nms"), following=following, **options
    )
    try:
        with ProgressLine("images", quiet) as line:
            result = run_model(job, line)
    except KeyboardInterrupt:
        say(f"poseval: interrupted; what is done is kept in {shown(out.name)}.part; run the same again")
        raise
    for notice in result.notices:
        say(f"notice: {notice}")
    node = result.provenance
    rate = node["people_per_second"]
    say(
        f"{node['people']} people in {node['frames']} images"
        + (f", {rate:g} people a second" if rate else "")
        + f"; wrote {shown(out)} and {shown(out.name)}.run.json"
    )
    if then_score or json_to:
        _score(truth, out, benchmark, json_to, say)


def _score(truth: Path | None, out: Path, benchmark: str | None, json_to: str | None, say: Any) -> None:
    """Score what was written; the provenance goes beside the report, where the leaderboard finds it."""
    import shutil

    from poseval.runners.output import provenance_path
    from poseval.scoring import score as scoring

    report = scoring.score(str(truth), out, benchmark)
    if benchmark is None:
        say(f"benchmark: {report.benchmark} (guessed; name it with --benchmark)")
    if json_to:
        emit(report.to_json() + "\n", json_to)
        shutil.copyfile(provenance_path(out), provenance_path(Path(json_to)))
    emit(report.to_text(color=use_color()), None)

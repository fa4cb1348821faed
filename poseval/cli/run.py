"""`poseval run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poseval.cli.names import names_of
from poseval.cli.numbers import MOST_PROCESSES, Number
from poseval.cli.options import BENCHMARK, QUIET, Choice, InputPath, emit, show, talk, use_color
from poseval.cli.progress import ProgressLine
from poseval.errors import UsageError, number_of, shown
from poseval.limits import DEFAULT

if TYPE_CHECKING:
    from poseval.runners.own_settings import ModelOptions

MOST_SCALES = 32  # an image is run through the network once for each
SIDE = Number(1, 16_384)  # pixels of a network's input


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
        if len(parts) != 2:
            self.fail(f"{shown(value, 40)!r} is not HEIGHTxWIDTH, such as 256x192", param, ctx)
        height, width = (SIDE.convert(part, param, ctx) for part in parts)
        return height, width


def config_of(pairs: tuple[str, ...]) -> dict[str, Any]:
    """`key=value` pairs with JSON values; a bare word is text, and so is what is no JSON that we read.

    Raises:
        UsageError: P152 for a pair without `=`, or a key that stands twice.
    """
    from poseval.files.reading import parse_json

    out: dict[str, Any] = {}
    for key, text in _texts(pairs).items():
        try:
            out[key] = parse_json(text, key)
        except ValueError:
            out[key] = text
    return out


def options_of(model: str, pairs: tuple[str, ...]) -> dict[str, Any]:
    """`name=value` pairs as options of a model, in the types that its card gives.

    Raises:
        UsageError: P150 an unknown model, P152 an unknown option, one given twice, or a value that it may not
            have.
    """
    from poseval.models.registry import card
    from poseval.models.schema import read_options

    known = card(model).options
    if known is None:
        return config_of(pairs)
    return read_options(model, known, _texts(pairs))


def _texts(pairs: tuple[str, ...]) -> dict[str, str]:
    """The texts of `key=value` pairs by key, each of which may stand once."""
    out: dict[str, str] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise UsageError("P152", where=f"option {shown(pair)!r}", what="has no value", wanted="key=value")
        if key in out:
            both = f"{shown(out[key], 40)} and {shown(text, 40)}"
            raise UsageError(
                "P152", where=f"option {shown(key)}", what=f"is given twice: {both}", wanted="one value"
            )
        out[key] = text
    return out


def scales_of(text: str) -> tuple[float, ...]:
    """Numbers between commas.

    Raises:
        UsageError: P103 for anything else.
    """
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or len(found) > MOST_SCALES or not all(0.01 <= scale <= 100 for scale in found):
        raise UsageError(
            "P103",
            where="--scales",
            what=f"cannot be read: {shown(text)!r}",
            wanted=f"at most {MOST_SCALES} numbers from 0.01 to 100 between commas, such as 0.5,1,2",
        )
    return found


OVERRIDE = click.option(
    "--override",
    is_flag=True,
    help="Run with other settings than those of the checkpoint's training, or of the card file.",
)
COMPUTING = (
    click.option("--batch", type=Number(1, 65_536), default=32, show_default=True, help="People per batch."),
    click.option(
        "--device",
        type=Choice(("auto", "cpu", "cuda", "mps")),
        default="auto",
        show_default=True,
        help="Device to compute on.",
    ),
    click.option(
        "--half/--full", default=None, help="Use 16-bit or full precision. By default 16-bit on a GPU."
    ),
    click.option("--compile", "compiled", is_flag=True, help="Compile the network with torch.compile."),
    click.option("--channels-last", is_flag=True, help="Store channels last, which suits some processors."),
    click.option("--threads", type=Number(1, 1024), help="Processor threads. By default PyTorch's choice."),
    click.option(
        "--flip/--no-flip", default=None, help="Average with the mirrored image. By default as published."
    ),
)


def computing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where and how a network is computed: options of every command that runs one."""
    for option in reversed(COMPUTING):
        command = option(command)
    return command


@click.command()
@click.argument("model", shell_complete=names_of("models"))
@click.option("--weights", type=InputPath(), help="Checkpoint of the model, a file or folder.")
@click.option("--gt", "truth", type=InputPath(), help="Ground truth whose images are used.")
@click.option("--images", type=InputPath(), help="Folder of images, or a single image.")
@click.option("--video", type=InputPath(), help="Video file (needs the extra `video`).")
@click.option(
    "--boxes",
    metavar="truth|image|FILE|detector:NAME",
    help="Source of the person boxes of a top-down model. By default the ground truth's.",
)
@click.option("--whole-image", is_flag=True, help="Each image shows one person: no boxes are needed.")
@click.option(
    "--detector-weights", type=InputPath(), help="Checkpoint of the detector in --boxes detector:NAME."
)
@click.option(
    "--box-score",
    type=Number(-1e6, 1e6, fraction=True),
    default=0.0,
    show_default=True,
    help="Minimum box score.",
)
@click.option(
    "--box-nms",
    type=Number(0, 1, fraction=True),
    default=0.6,
    show_default=True,
    help="IoU threshold of the detector's box NMS.",
)
@click.option("--out", type=InputPath(), required=True, help="File or folder for the predictions.")
@click.option(
    "--format",
    "form",
    metavar="NAME",
    shell_complete=names_of("formats"),
    help="Format to write. By default the benchmark's, else coco.",
)
@computing_options
@click.option(
    "--decode",
    metavar="METHOD",
    help="Decoding of heatmaps: argmax, quarter, dark or udp. By default as published.",
)
@click.option(
    "--scales", metavar="S,S,...", default="1", show_default=True, help="Image scales of bottom-up models."
)
@click.option("--rescore", type=InputPath(), help="Weights of the rescoring network of a bottom-up model.")
@click.option(
    "--nms",
    type=Choice(("oks", "soft", "none")),
    help="Suppression of duplicate people. By default oks for top-down models.",
)
@click.option(
    "--nms-threshold",
    type=Number(0, 1, fraction=True),
    default=0.9,
    show_default=True,
    help="OKS threshold of --nms.",
)
@click.option(
    "--joints",
    type=Number(1, DEFAULT.joints),
    help="Number of joints of the weights. By default as published.",
)
@click.option(
    "--input-size",
    type=InputSize(),
    help="Height and width of the input. By default as trained or published.",
)
@click.option(
    "--skeleton",
    metavar="NAME|FILE",
    shell_complete=names_of("skeletons"),
    help="Skeleton that the weights predict.",
)
@click.option(
    "--option", "config", multiple=True, metavar="KEY=VALUE", help="Option of the model. Repeatable."
)
@click.option(
    "--decoder-layer",
    type=Number(0, 24),
    help="Layer of the decoder that answers, from 1; 0 is the last (PRTR).",
)
@OVERRIDE
@click.option(
    "--loaders",
    type=Number(1, MOST_PROCESSES),
    default=4,
    show_default=True,
    help="Number of images read in parallel.",
)
@click.option("--skip-unreadable", is_flag=True, help="Skip images that cannot be read.")
@click.option(
    "--tracker",
    metavar="NAME(...)",
    shell_complete=names_of("trackers"),
    help="Track the people found (see `poseval list trackers`).",
)
@click.option(
    "--flow",
    default="dis",
    show_default=True,
    metavar="KIND|FOLDER",
    help="Optical flow of the tracker: a method, or a folder of .flo files.",
)
@click.option("--sgcn", type=InputPath(), help="Weights of the tracker lighttrack(matching=sgcn).")
@click.option(
    "--drop-untracked",
    is_flag=True,
    help="Leave out people without a track, as the published trackers do.",
)
@click.option(
    "--explain",
    type=InputPath(),
    metavar="DIR",
    help="Draw what the network looks at (TokenPose, DEKR, PS-ViT) for the first 16 people or images.",
)
@click.option("--fresh", is_flag=True, help="Start over instead of continuing an unfinished run.")
@click.option("--force", is_flag=True, help="Overwrite an existing output.")
@click.option("--score", "then_score", is_flag=True, help="Score the predictions afterwards (needs --gt).")
@click.option("--json", "json_to", metavar="FILE", help="With --score, write the report as JSON.")
@BENCHMARK
@QUIET
def run(
    model: str,
    truth: Path | None,
    out: Path,
    config: tuple[str, ...],
    decoder_layer: int | None,
    then_score: bool,
    json_to: str | None,
    benchmark: str | None,
    quiet: bool,
    whole_image: bool,
    **options: Any,
) -> None:
    """Run MODEL on images and write its predictions in the benchmark's own format.

    An interrupted run continues where it stopped when the same command is given again.

    A classifier is scored at once: --images has a folder for each class, or --gt is a list of images and
    classes.
    """
    from poseval.errors.optional import require

    require("torch", f"model {shown(model)}", "models")
    from poseval.models.registry import card

    if decoder_layer is not None:
        config = (*config, f"decoder_layer={decoder_layer}")
    if card(model).kind == "classifier":
        from poseval.cli.classify import classify

        classify(model, options_of(model, config), {"truth": truth, "out": out, **options}, quiet)
        return
    from poseval.runners.run import RunOptions
    from poseval.runners.run import run as run_model
    from poseval.runners.with_tracker import Following

    if (then_score or json_to) and truth is None:
        raise UsageError("P127", where="--score", what="needs ground truth", wanted="--gt with its path")
    if whole_image:
        options["boxes"] = _whole_image(options["boxes"])
    say = talk(quiet)
    chosen = _model_options(model, options_of(model, config), options)
    followed = [options.pop(key) for key in ("tracker", "flow", "sgcn", "drop_untracked")]
    following = Following(*followed) if followed[0] else None
    job = RunOptions(
        chosen, out, truth=truth, box_overlap=options.pop("box_nms"), following=following, **options
    )
    try:
        with ProgressLine("images", quiet) as line:
            result = run_model(job, line)
    except KeyboardInterrupt:
        say(
            f"poseval: interrupted. Finished images are kept in {shown(out.name)}.part."
            " Repeat the command to continue."
        )
        raise
    for notice in result.notices:
        say(f"notice: {notice}")
    node = result.provenance
    rate = node["people_per_second"]
    say(
        f"{number_of(node['people'], 'person', 'people')} in {number_of(node['frames'], 'image')}"
        + (f", {rate:g} people per second" if rate else "")
        + f"; wrote {shown(out)} and {shown(out.name)}.run.json"
    )
    if then_score or json_to:
        _score(truth, out, benchmark, json_to, say)


def _whole_image(boxes: str | None) -> str:
    if boxes not in (None, "image"):
        raise UsageError(
            "P127",
            where="--whole-image",
            what=f"contradicts --boxes {shown(boxes)}",
            wanted="one of them",
        )
    return "image"


def _model_options(model: str, config: Mapping[str, Any], options: dict[str, Any]) -> ModelOptions:
    """The settings of the model, which are taken out of the command's options."""
    from poseval.runners.own_settings import ModelOptions

    taken = ("weights", "joints", "skeleton", "batch", "device", "half", "rescore", "threads", "override",
             "compiled", "channels_last")  # fmt: skip
    named = {key: options.pop(key) for key in taken}
    return ModelOptions(
        name=model,
        size=options.pop("input_size"),
        flip=options.pop("flip"),
        decode=options.pop("decode"),
        config=config,
        scales=scales_of(options.pop("scales")),
        **named,
    )


def _score(truth: Path | None, out: Path, benchmark: str | None, json_to: str | None, say: Any) -> None:
    """Score what was written. The facts of the run go beside the report, where the leaderboard finds them."""
    import shutil

    from poseval.runners.output import provenance_path
    from poseval.scoring import score as scoring

    report = scoring.score(str(truth), out, benchmark)
    if benchmark is None:
        say(f"benchmark: {report.benchmark} (recognised from the ground truth; name it with --benchmark)")
    if json_to:
        emit(report.to_json() + "\n", json_to)
        shutil.copyfile(provenance_path(out), provenance_path(Path(json_to)))
    show(lambda: report.to_text(color=use_color()))

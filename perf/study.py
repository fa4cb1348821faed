"""Train small networks on synthetic people and ask whether the orderings of the papers show.

    python perf/study.py                          every study, in order
    python perf/study.py binary exchange          some of them
    python perf/study.py --page docs/study.md     write the tables and curves from the records
    python perf/study.py --claims docs/models.md  write the table of all claims from the records

Every finished training is a line in `perf/study/NAME.jsonl`. What is there is not trained again, and one that
was stopped goes on from its last epoch. `perf/studies.py` says what is trained.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from sections import write_section
from studies import STUDIES, Claim, Data, Study

from poseval.skeletons import get_skeleton
from poseval.statistics.formulas import t_quantile

ROOT = Path(__file__).resolve().parent
RECORDS = ROOT / "study"
LEVEL = 0.95
NARROW = 0.5  # points: a difference that nobody would report
TRAIN_SEED, VAL_SEED, CLIPS_SEED = 11, 12, 100  # of the images; a seed of the study is added to the last
APART = 6  # frames of a clip from one image to the next: 0.45 of a step
CHECKS = 4  # validations along a training, for the curves

Record = dict[str, Any]


def records(folder: Path, name: str) -> list[Record]:
    """Finished trainings of a study."""
    path = folder / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []


def missing(study: Study, done: Sequence[Record]) -> list[tuple[str, int]]:
    """(arm, seed) still to be trained: a whole round of arms before the next seed."""
    there = {(record["arm"], record["seed"]) for record in done}
    return [(arm, seed) for seed in range(study.seeds) for arm in study.arms if (arm, seed) not in there]


def drawn(data: Data, work: Path) -> dict[str, Path]:
    """Truth files of the training and the validation images, drawn where they are not there yet."""
    from poseval.synth import scenes
    from poseval.synth.folder import write_world

    found = {}
    for part, seed, count in (("train", TRAIN_SEED, data.train), ("val", VAL_SEED, data.val)):
        folder = work / f"{data.skeleton}-{data.world.width}-{data.people}-{part}-{count}"
        found[part] = folder / "truth.json"
        if not found[part].is_file():
            frames = scenes(seed, APART * count, data.people, video=True, world=data.world)
            source = list(islice(frames, 0, None, APART))
            write_world(folder, source, skeleton=data.skeleton, form=data.form)
    return found


def trained(study: Study, arm: str, seed: int, work: Path) -> Record:
    """Train one arm with one seed; the score is that of the last epoch, in per cent."""
    import torch

    from poseval.models.cost import measure
    from poseval.models.registry import create_model
    from poseval.training.jobs import TrainOptions
    from poseval.training.loop import train

    torch.set_num_threads(1)
    chosen, truth = study.arms[arm], drawn(study.data, work)
    options = TrainOptions(
        chosen.model,
        truth["train"],
        truth["train"].parent / "images",
        work / arm.replace(" ", "-").replace(",", "") / str(seed),
        truth["val"],
        truth["val"].parent / "images",
        size=study.size,
        config=chosen.config,
        epochs=study.epochs,
        changes={**study.changes, **chosen.changes},
        validate_every=max(1, study.epochs // CHECKS),
        seed=seed,
        device="cpu",
        loaders=1,
    )
    began = time.process_time()
    result = train(options)
    seconds = time.process_time() - began
    joints = len(get_skeleton(study.data.skeleton))
    model = create_model(chosen.model, joints, study.size, **chosen.config)
    cost = measure(model, torch.zeros(1, 3, *study.size))
    number = str(result.number)
    curve = [[int(row["epoch"]), round(100 * row[number], 2)] for row in result.history if number in row]
    return {
        "arm": arm,
        "seed": seed,
        "scores": {number: curve[-1][1]},
        "curve": curve,
        "seconds": round(seconds),
        "parameters": cost.parameters,
        "macs": cost.macs,
    }


@lru_cache(1)
def _clips(seed: int) -> Any:
    from tracking import synthetic

    return synthetic(CLIPS_SEED + seed, 2, 6, 24)


def tracked(study: Study, arm: str, seed: int) -> Record:
    """Track clips of this seed."""
    from tracking import scored

    from poseval.tracking import Resources, parse
    from poseval.tracking.flow import flow_source

    clips = _clips(seed)
    began = time.process_time()
    numbers = scored(clips, parse(study.arms[arm].model), Resources(flow=flow_source("dis")))
    return {
        "arm": arm,
        "seed": seed,
        "scores": {name: round(numbers[name], 2) for name in ("MOTA", "AP", "IDF1")},
        "seconds": round(time.process_time() - began),
    }


def run(name: str, folder: Path, work: Path) -> None:
    """Train what is missing of a study; each finished training is appended at once."""
    study = STUDIES[name]
    folder.mkdir(parents=True, exist_ok=True)
    for arm, seed in missing(study, records(folder, name)):
        record = trained(study, arm, seed, work / name) if study.epochs else tracked(study, arm, seed)
        with (folder / f"{name}.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")
            out.flush()
            os.fsync(out.fileno())
        print(name, arm, seed, record["scores"], f"{record['seconds']} s", flush=True)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half the width of Student's interval; NaN for the latter below two values."""
    if len(values) < 2:
        return fmean(values) if values else math.nan, math.nan
    reach = t_quantile((1 + LEVEL) / 2, len(values) - 1)
    return fmean(values), reach * stdev(values) / math.sqrt(len(values))


def scores_of(record: Record, number: str | None) -> float:
    """One score of a training, by default the first."""
    scores: dict[str, float] = record["scores"]
    return next(iter(scores.values())) if number is None else scores[number]


def differences(claim: Claim, done: Sequence[Record]) -> list[float]:
    """The claim's sum for each seed that all its arms have."""
    score = {(record["arm"], record["seed"]): scores_of(record, claim.number) for record in done}
    seeds = sorted({record["seed"] for record in done})
    complete = [seed for seed in seeds if all((arm, seed) in score for arm in claim.weights)]
    return [sum(weight * score[arm, seed] for arm, weight in claim.weights.items()) for seed in complete]


def verdict(claim: Claim, values: Sequence[float]) -> str:
    """Whether a claim shows: its interval lies above 0, or within `NARROW` of it where none is claimed."""
    mean, half = interval(values)
    if math.isnan(half):
        return "too few seeds" if values else "not run"
    if claim.equal:
        return f"shows (within {NARROW:g})" if abs(mean) + half < NARROW else "does not show"
    if mean - half > 0:
        return "shows"
    return "the opposite shows" if mean + half < 0 else "does not show"


def said(values: Sequence[float]) -> str:
    """Mean and interval in words of a table."""
    mean, half = interval(values)
    return f"{mean:.1f}" if math.isnan(half) else f"{mean:.1f} ± {half:.1f}"


def section(name: str, study: Study, done: Sequence[Record]) -> list[str]:
    """Markdown of one study."""
    lines = [f"## {study.title}", "", study.note]
    if not done:
        return [*lines, f"Not run: `python perf/study.py {name}`.", ""]
    if study.epochs:
        data, size = study.data, f"{study.size[0]}x{study.size[1]}"
        seconds = fmean(record["seconds"] for record in done)
        lines += [
            f"After {study.epochs} epochs of {data.train} images at {size}, on {data.val} others.",
            f"{len(done)} trainings of {seconds:.0f} s of processor time on average.",
        ]
    lines.append("")
    lines += [*_arms(study, done), "", *_claims(study, done), ""]
    if study.epochs:
        lines += [f"![{study.title}, over epochs](images/study_{name}.svg)", ""]
    return lines


def _arms(study: Study, done: Sequence[Record]) -> list[str]:
    numbers = list(done[0]["scores"])
    sizes = ("parameters", "MACs M") if study.epochs else ()
    heads = ("network" if study.epochs else "tracker", *numbers, "seeds", *sizes)
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for arm in study.arms:
        own = [record for record in done if record["arm"] == arm]
        if not own:
            continue
        cells = [
            arm,
            *(said([record["scores"][number] for record in own]) for number in numbers),
            str(len(own)),
        ]
        if study.epochs:
            cells += [f"{own[0]['parameters']:,}", f"{own[0]['macs'] / 1e6:.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _claims(study: Study, done: Sequence[Record]) -> list[str]:
    lines = ["| claim | difference | seeds | |", "|---|---|---|---|"]
    for claim in study.claims:
        values = differences(claim, done)
        text = said(values) if values else "-"
        lines.append(f"| {claim.text} | {text} | {len(values)} | {verdict(claim, values)} |")
    return lines


def curves(name: str, study: Study, done: Sequence[Record], folder: Path) -> None:
    """Draw the mean of each arm's validations over epochs, and the least and the most as a band."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = name  # the same records give the same file
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    for arm in study.arms:
        own = [record["curve"] for record in done if record["arm"] == arm]
        if own:
            epochs = [epoch for epoch, _ in own[0]]
            columns = list(zip(*([value for _, value in curve] for curve in own), strict=True))
            (line,) = axes.plot(epochs, [fmean(column) for column in columns], label=arm)
            low, high = [min(column) for column in columns], [max(column) for column in columns]
            axes.fill_between(epochs, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
    axes.set_xlabel("epochs")
    axes.set_ylabel(f"{next(iter(done[0]['scores']))}, per cent")
    axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(folder / f"study_{name}.svg", metadata={"Date": None})
    plt.close(figure)


def tables(folder: Path) -> str:
    """Markdown of all studies."""
    lines: list[str] = []
    for name, study in STUDIES.items():
        lines += section(name, study, records(folder, name))
    return "\n".join(lines)


def page(path: Path, folder: Path) -> None:
    """Replace the studies in the document, and draw the curves beside it."""
    for name, study in STUDIES.items():
        done = records(folder, name)
        if done and study.epochs:
            curves(name, study, done, path.parent / "images")
    write_section(path, "studies", tables(folder))


def all_claims(folder: Path) -> str:
    """Markdown of a table of the claims of all studies."""
    lines = ["| study | claim | number | difference | seeds | |", "|---" * 6 + "|"]
    for name, study in STUDIES.items():
        done = records(folder, name)
        for claim in study.claims:
            values = differences(claim, done)
            number = claim.number or (next(iter(done[0]["scores"])) if done else "-")
            cells = (study.title, claim.text, number, said(values) if values else "-", str(len(values)))
            lines.append(f"| {' | '.join(cells)} | {verdict(claim, values)} |")
    return "\n".join(lines)


def main() -> None:
    """Train, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="STUDY", help=", ".join(STUDIES))
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--work", type=Path, default=Path("study-work"), help="images and checkpoints")
    parser.add_argument("--page", type=Path, help="write the studies into this document and train nothing")
    parser.add_argument("--claims", type=Path, help="write the claims into this document and train nothing")
    args = parser.parse_args()
    if unknown := set(args.names) - STUDIES.keys():
        parser.error(f"no study {', '.join(sorted(unknown))}; there are {', '.join(STUDIES)}")
    if args.page:
        page(args.page, args.records)
    if args.claims:
        write_section(args.claims, "claims", all_claims(args.records))
    if args.page or args.claims:
        return
    for name in args.names or STUDIES:
        run(name, args.records, args.work)


if __name__ == "__main__":
    main()

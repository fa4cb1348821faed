"""How often the check of coordinate frames errs, and how many mistakes it finds.

    python perf/coordinate_frames.py --samples SHARED/samples SHARED/golden --write docs/coordinates.md

Every ground truth below the folders, and synthetic sets, is scored with predictions of models from good to
useless, in whose coordinates nothing is wrong: a notice there is a false alarm. Then each mistake is made in
good predictions, and counted where it costs more than .05 of the first number. All of it is seeded.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from sections import write_section

import poseval
from poseval import benchmarks
from poseval.checks.joint_order import GAIN
from poseval.checks.partners import FEWEST
from poseval.checks.rescoring import Change, Rescoring
from poseval.errors import PosevalError
from poseval.poses import Floats, PoseSet
from poseval.poses.enclosing import enclosing_boxes
from poseval.poses.transforms import Transform, transformed
from poseval.scoring.score import Prepared, prepare
from poseval.scoring.task import Task
from poseval.synth import perturb, scene_set

FRAMES = frozenset(["N460", "N461", "N462", "N921", "N922", "N923", "N924", "N931", "N554"])
OTHER_IMAGES = "N553"
LEVELS: dict[str, dict[str, float]] = {
    "good": {"jitter": 0.3},
    "ordinary": {},
    "noisy": {"jitter": 1.2, "gross": 0.1, "swap": 0.1, "inversion": 0.1},
    "bad": {
        "jitter": 3.0, "gross": 0.3, "swap": 0.2, "inversion": 0.3, "missed_people": 0.4,
        "missed_joints": 0.3, "false_positives": 1.0,
    },
    "misses": {"missed_people": 0.8, "missed_joints": 0.6},
    "awful": {"jitter": 6.0, "gross": 0.6, "missed_people": 0.5, "false_positives": 3.0, "score_noise": 0.5},
}  # fmt: skip
SCENES = ((12, 1), (12, 4), (60, 2), (200, 2))
SKELETONS = ("coco17", "mpii16", "posetrack17slots", "crowdpose14")
MISTAKES = (
    "xy", "left-right", "flip=x", "flip=y", "flip=x flip=y", "flip=x left-right", "flip=x xy", "flip=y xy",
    "scale=0.25", "scale=0.4", "scale=2", "scale=0.5,0.8", "offset=100,0", "offset=30,-20",
    "offset=-40,-60 scale=0.5", "offset=1,1",
)  # fmt: skip
SEEDS = 2
Named = tuple[str, PoseSet]


def truths(folders: Sequence[Path]) -> Iterator[Named]:
    """Every ground truth below the folders, with the columns that metrics may need; equal files once."""
    known: set[str] = set()
    with tempfile.TemporaryDirectory() as scratch:
        for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
            if not path.is_file() or "images" in path.parts or path.name.startswith(("dt", "pred")):
                continue
            read = path
            if path.suffix == ".gz":
                read = Path(scratch, path.stem)
                read.write_bytes(gzip.decompress(path.read_bytes()))
            try:
                truth = poseval.read(read, optional=["area"])
            except PosevalError:
                continue
            finally:
                if read != path:
                    read.unlink()
            if len(truth) and (truth.people.seen > 0).any() and truth.origin.sha256 not in known:
                known.add(truth.origin.sha256)
                yield str(path), complete(truth)


def synthetic() -> Iterator[Named]:
    """Small and large scenes of every skeleton."""
    for seed, (images, people) in enumerate(SCENES):
        for skeleton in SKELETONS:
            name = f"{skeleton}, {images} images of {people}"
            yield name, complete(scene_set(100 + seed, images, people, skeleton))


def complete(truth: PoseSet) -> PoseSet:
    """With areas, boxes, head sizes and sigmas where there are none."""
    people = truth.people
    box = enclosing_boxes(people.xy, people.seen > 0)
    side = np.nan_to_num(box[:, 2:] - box[:, :2])
    area = np.where(people.area > 0, people.area, np.maximum(side.prod(axis=1) * 0.53, 100.0))
    head = np.where(people.head > 0, people.head, np.maximum(side.max(axis=1) / 8, 1.0))
    box = np.where(np.isnan(people.box), box, people.box)
    if truth.skeleton.sigmas is None:
        truth = replace(truth, skeleton=truth.skeleton.with_sigmas([0.08] * len(truth.skeleton)))
    return replace(truth, people=people.with_columns(area=area, box=box, head=head))


def useless(truth: PoseSet, seed: int) -> Iterator[Named]:
    """Models that guess: points at random, the mean pose, and the poses of others."""
    rng = np.random.default_rng(seed)
    people, count = truth.people, len(truth)
    known = (people.seen > 0)[..., None]
    widest = np.nanmax(np.where(known, people.xy, np.nan))
    size = np.where(np.isnan(truth.frames.size), max(widest, 1.0), truth.frames.size)[people.frame][:, None]
    low, high = (np.where(known, people.xy, fill) for fill in (np.inf, -np.inf))
    low, side = (
        low.min(axis=1, keepdims=True),
        high.max(axis=1, keepdims=True) - low.min(axis=1, keepdims=True),
    )
    low, side = np.where(np.isfinite(low), low, 0.0), np.maximum(np.nan_to_num(side, neginf=1.0), 1.0)
    shape = np.where(known, (people.xy - low) / side, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of joints that nobody has
        mean = np.nan_to_num(np.nanmean(shape, axis=0), nan=0.5)
    shape = np.where(np.isnan(shape), mean, shape)
    other = rng.permutation(count)

    def made(xy: Floats) -> PoseSet:
        columns = {
            "seen": np.full(people.seen.shape, 2),
            "score": rng.random(count),
            "area": None,
            "box": None,
        }
        scores = rng.random(people.seen.shape)
        return replace(truth, people=people.with_columns(xy=xy, joint_score=scores, extra={}, **columns))

    yield "points at random", made(rng.random(people.xy.shape) * size)
    yield "the mean pose in the box", made(low + mean * side)
    yield "the mean pose over the image", made(mean * size)
    yield "others' poses in the box", made(low + shape[other] * side)
    yield "poses of other images", made(np.where(known, people.xy, low + mean * side)[other])


def asked(truth: PoseSet, predictions: PoseSet) -> Prepared | None:
    """Both checked by the benchmark that fits; one prediction a frame where one is scored."""
    try:
        name = benchmarks.recognise(truth).name
    except PosevalError:
        name = "oks"
    predictions = replace(predictions, frames=truth.frames)
    if len(np.unique(truth.people.frame)) == len(truth) and name != "coco-keypoints":
        first = np.unique(predictions.people.frame, return_index=True)[1]
        predictions = replace(predictions, people=predictions.people.take(first))
    try:
        return prepare(truth, predictions, Task(name))
    except PosevalError as error:
        if error.code != "P413":
            return None
    rows = np.unique(predictions.people.frame)
    fewer = truth.take_frames(rows)
    try:
        return prepare(fewer, replace(predictions.take_frames(rows), frames=fewer.frames), Task(name))
    except PosevalError:
        return None


@dataclass
class Counts:
    """Runs, and those with a notice."""

    runs: int = 0
    told: int = 0


@dataclass
class Measured:
    """Counts by model and by mistake, and what was said without a cause."""

    sets: int = 0
    alarms: dict[str, Counts] = field(default_factory=dict)
    hits: dict[str, Counts] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def alarm(self, set_name: str, model: str, found: Prepared | None) -> None:
        """Count a run in whose coordinates nothing is wrong."""
        if found is None:
            return
        wanted = FRAMES if model == "poses of other images" else FRAMES | {OTHER_IMAGES}
        told = [str(notice) for notice in found.notices if notice.code in wanted]
        counts = self.alarms.setdefault(model, Counts())
        counts.runs += 1
        counts.told += bool(told)
        self.texts += [f"{set_name}: {model}: {text}" for text in told]

    def hit(self, name: str, found: Prepared | None, right: float, before: Change) -> None:
        """Count a mistake that costs something."""
        lost = before._replace(before=before.before, after=right).gain
        if found is None or not lost > GAIN:
            return
        counts = self.hits.setdefault(name, Counts())
        counts.runs += 1
        counts.told += any(notice.code in FRAMES | {OTHER_IMAGES} for notice in found.notices)


def first_number(found: Prepared) -> Change:
    """The first number of the benchmark."""
    part = found.parts[0]
    scorer = Rescoring(found.benchmark, found.rules, found.truth, found.predictions, lambda rules: ())
    return scorer.of_sets(part, part.aligned)[0]


def measure(sets: Iterator[Named]) -> Measured:
    """False alarms and hits on every set."""
    out = Measured()
    for name, truth in sets:
        out.sets += 1
        for seed in range(SEEDS):
            for level, faults in LEVELS.items():
                out.alarm(name, level, asked(truth, perturb(truth, seed, **faults)))
            for model, predictions in useless(truth, seed):
                out.alarm(name, model, asked(truth, predictions))
        good = replace(
            perturb(truth, 0, jitter=0.3, missed_people=0.0, false_positives=0.0), frames=truth.frames
        )
        sound = asked(truth, good)
        if sound is None or len(truth) < FEWEST:
            continue
        right = first_number(sound).before
        for label, wrong in mistakes(good):
            found = asked(truth, wrong)
            if found is not None:
                out.hit(label, found, right, first_number(found))
    return out


def mistakes(good: PoseSet) -> Iterator[Named]:
    """Good predictions in every other frame, and under ids of other images."""
    size = good.frames.size
    sized = not np.isnan(size).any()
    for words in MISTAKES:
        if sized or "flip" not in words:
            yield words, transformed(good, [Transform.parse(word) for word in words.split()])
    people = good.people
    if sized:
        shares = people.xy / size[people.frame][:, None]
        columns = {"area": None, "box": None}
        yield "fractions", replace(good, people=people.with_columns(xy=shares, **columns))
        longer = size[people.frame].max(axis=1)[:, None, None]
        border = (longer - size[people.frame][:, None]) / 2
        for name, xy in (
            ("images resized to 256, 192", shares * [256, 192]),
            ("images in a square of 640", (people.xy + border) / longer * 640),
        ):
            yield name, replace(good, people=people.with_columns(xy=xy, **columns))
        yield "from -1 to 1", replace(good, people=people.with_columns(xy=2 * shares - 1, **columns))
    if len(good.frames) > 2:
        frame = people.frame + 1
        kept = people.take(frame < len(good.frames))
        yield (
            "ids shifted by one",
            replace(good, people=kept.with_columns(frame=frame[frame < len(good.frames)])),
        )
        new = np.random.default_rng(0).permutation(len(good.frames))[people.frame]
        order = np.argsort(new, kind="stable")
        mixed = people.with_columns(frame=np.zeros(len(people), dtype=np.int64)).take(order)
        yield "ids shuffled", replace(good, people=mixed.with_columns(frame=new[order]))


def table(first: str, counts: Sequence[dict[str, Counts]], heads: Sequence[str]) -> list[str]:
    """Markdown: a row a name, a column a group of sets."""
    rows = [f"| {first} | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for name in dict.fromkeys(name for group in counts for name in group):
        cells = [group.get(name, Counts()) for group in counts]
        rows.append(f"| {name} | {' | '.join(f'{cell.told} of {cell.runs:,}' for cell in cells)} |")
    return rows


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, nargs="+", required=True, help="folders of files")
    parser.add_argument("--write", type=Path, help="page whose section is replaced")
    given = parser.parse_args()
    groups = [measure(truths(given.samples)), measure(synthetic())]
    heads = [f"{groups[0].sets} files", f"{groups[1].sets} synthetic sets"]
    lines = table("models without a mistake: runs with a notice", [group.alarms for group in groups], heads)
    lines += [
        "",
        *table(
            "mistakes that cost, of 8 people or more: runs with a notice",
            [group.hits for group in groups],
            heads,
        ),
    ]
    for group in groups:
        print("\n".join(group.texts))
    print("\n".join(lines))
    if given.write:
        write_section(given.write, "measured", "\n".join(lines))


if __name__ == "__main__":
    main()

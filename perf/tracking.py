"""Measure every tracker: accuracy on synthetic clips and real sequences, and frames per second.

    python perf/tracking.py --real SHARED/golden/posetrack/real_sequences_bonn --write docs/trackers.md

Synthetic clips and the faults of the detections are seeded, so a second run gives the same digits but the
speeds. The table replaces the part of the document between its two marks.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from poseval import metrics, tracking
from poseval.benchmarks.alignment import align
from poseval.poses import Floats, PoseSet
from poseval.scoring.score import read
from poseval.skeletons import get_skeleton
from poseval.synth import World, perturb, scene_set, scenes, truth_of
from poseval.synth.picture import render
from poseval.tracking import Bodies, FrameInput, Resources, TrackerConfig
from poseval.tracking.base import Image
from poseval.tracking.bodies import extent
from poseval.tracking.flow import PointFlow, flow_source
from poseval.tracking.offline import track, usual
from poseval.tracking.pose_graphs import GraphMatcher, pose_pairs

SKELETON = "posetrack15_poseval"
LEAST_SCORE = 0.4  # detections below are left out for every tracker alike
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
METRICS = ("clear_mot", "identity", "hota", "joint_ap")
NETWORK = "lighttrack(interval=1,matching=sgcn)"
TRACKERS = (
    "greedy(measure=iou)",
    "greedy",
    "greedy(measure=both)",
    "greedy(memory=10)",
    "hungarian(measure=iou)",
    "hungarian",
    "hungarian(memory=10)",
    "sort",
    "sort(min_hits=3,max_age=1)",
    "bytetrack(measure=iou,fuse_score=true)",
    "bytetrack(high=0.6,start=0.7,measure=iou,fuse_score=true)",
    "bytetrack(measure=both,fuse_score=true)",
    "bytetrack(fuse_score=true)",
    "bytetrack",
    "ocsort",
    "ocsort(score=0.6,min_hits=3)",
    "lighttrack",
    "lighttrack(interval=1)",
    "lighttrack(interval=1,pose_floor=0)",
)
FLOW_TRACKERS = (
    "flow(similarity=box,propagate=false)",
    "flow(similarity=pose,propagate=false)",
    "flow(similarity=box)",
    "flow(similarity=pose)",
    "flow(similarity=flow)",
    "flow",
)
PIXEL_FLOWS = ("dis", "farneback", "lk")


@dataclass(frozen=True, eq=False)
class Clips:
    """A truth, detections of it without identities, and the exact motion between frames."""

    title: str
    truth: PoseSet
    found: PoseSet
    pictures: Sequence[Image] = ()  # of each frame, where there are any

    def flow(self) -> PointFlow:
        """The truth's own motion: a point goes where the nearest true joint of its frame goes."""
        truth = self.truth
        by_key = {str(path): row for row, path in enumerate(truth.frames.path)}
        start = truth.frame_start()

        def move(points: Floats, before: FrameInput, now: FrameInput) -> Floats:
            one, other = by_key[before.key], by_key[now.key]
            first = np.arange(start[one], start[one + 1])
            second = np.arange(start[other], start[other + 1])
            tracks = truth.people.track
            first = first[np.isin(tracks[first], tracks[second])]
            second = second[np.isin(tracks[second], tracks[first])]
            first, second = first[np.argsort(tracks[first])], second[np.argsort(tracks[second])]
            if not len(first):
                return points
            both = (truth.people.seen[first] > 0) & (truth.people.seen[second] > 0)
            joints, targets = truth.people.xy[first][both], truth.people.xy[second][both]
            reach = np.sqrt(Bodies.of(truth.people.take(first))[0].area).mean() / 3
            far = np.linalg.norm(points[:, None] - joints[None], axis=2)
            near = far.argmin(axis=1)
            close = far[np.arange(len(points)), near] < reach
            return points + np.where(close[:, None], (targets - joints)[near], 0.0)

        return PointFlow(move)


def detections(truth: PoseSet, seed: int) -> PoseSet:
    """Detections with jitter, gross errors, misses and background, without identities or weak rows."""
    found = perturb(truth, seed, missed_people=0.1, jitter=0.2, gross=0.01, inversion=0.01, swap=0.01)
    keep = np.asarray(found.people.score >= LEAST_SCORE)
    people = found.people.take(keep)
    return replace(found, people=people.with_columns(track=np.full(len(people), -1)))


def synthetic(seed: int, clips: int, people: int, length: int) -> Clips:
    """Clips of people who cross, drawn by seed."""
    world = World(sequence_length=length)
    drawn = list(scenes(seed, clips * length, people, video=True, world=world))
    truth = truth_of(drawn, SKELETON)
    title = f"synthetic: {clips} clips of {length} frames, {people} people"
    return Clips(title, truth, detections(truth, seed), [render(scene) for scene in drawn])


def real(folder: Path) -> Clips:
    """Annotated real sequences (a folder of PoseTrack18 files, packed or not) with made-up detections."""
    with tempfile.TemporaryDirectory() as place:
        for path in sorted(folder.glob("*_test.json.gz")):
            Path(place, path.name.removesuffix(".gz")).write_bytes(gzip.decompress(path.read_bytes()))
        truth = read(place if os.listdir(place) else folder)
    return Clips(f"real: {len(truth.frames.sequences)} annotated sequences", truth, detections(truth, 5))


def trained_matcher() -> GraphMatcher:
    """LightTrack's graph network, trained on clips of its own for a fifth of the published epochs."""
    import torch

    from poseval.training.sgcn import Schedule, train_sgcn

    torch.set_num_threads(1)

    world = World(width=640, height=480, smallest=100, largest=400)
    pairs = pose_pairs(scene_set(1, 24 * 16, 6, SKELETON, video=True, world=world))
    schedule = Schedule(epochs=60, steps=(8, 12, 20, 30))
    model = train_sgcn(pairs.first, pairs.second, pairs.same, pairs.hard, schedule)
    return GraphMatcher(get_skeleton(SKELETON), model)


def parted(truth: PoseSet, epochs: int = 30, kept: float = 0.95) -> float:
    """Fraction of different people that the graph network tells apart where it keeps `kept` of the same.

    It is trained on the first half of the sequences and asked about the second.
    """
    from poseval.training.sgcn import Schedule, separation, train_sgcn

    sequence = truth.frames.sequence[truth.people.frame]
    first = sequence <= truth.frames.sequence.max() // 2
    seen, new = (
        pose_pairs(replace(truth, people=truth.people.take(np.flatnonzero(rows)))) for rows in (first, ~first)
    )
    schedule = Schedule(epochs=epochs, steps=(epochs * 8 // 60, epochs // 5, epochs // 3, epochs // 2))
    model = train_sgcn(seen.first, seen.second, seen.same, seen.hard, schedule)
    some = np.random.default_rng(0).permutation(len(new))[:5000]
    asked = new.first[some], new.second[some], new.same[some]
    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        near, _ = separation(model, *asked, middle)
        low, high = (low, middle) if near >= kept else (middle, high)
    return separation(model, *asked, high)[1]


def scored(clips: Clips, config: TrackerConfig, resources: Resources | None) -> dict[str, float]:
    """Numbers of one tracker, and frames per second of processor time, tracking alone."""
    began = time.process_time()
    images = clips.pictures.__getitem__ if clips.pictures else None
    done = track(clips.found, config, resources, untracked=usual(config), images=images)
    seconds = time.process_time() - began
    aligned, _ = align(clips.truth, done)
    numbers: dict[str, float] = {"frames/s": len(clips.truth.frames) / seconds}
    for name in set(METRICS) & set(metrics.names()):
        metric = metrics.get_metric(name)()
        values = metric.reduce(metric.tally(aligned))
        for statistic in ("MOTA", "switches", "IDF1", "HOTA", "AP"):
            value = values.get(statistic)
            if np.isfinite(value):
                numbers[statistic] = value if statistic == "switches" else 100 * value
    return numbers


def crowd(people: int, frames: int) -> Iterator[FrameInput]:
    """People of 17 joints who drift over a large picture."""
    rng = np.random.default_rng(0)
    start, speed = rng.uniform(0, 1800, (people, 2)), rng.normal(0, 4, (people, 2))
    shape = rng.normal(0, 1, (people, 17, 2)) * [25, 60]
    for t in range(frames):
        xy = start[:, None] + speed[:, None] * t + shape + rng.normal(0, 1, shape.shape)
        seen = np.ones((people, 17), dtype=np.bool_)
        order = rng.permutation(people)
        bodies = Bodies(xy, seen, np.full(seen.shape, 0.9), np.full(people, 0.9), extent(xy, seen))
        yield FrameInput(bodies.take(order), number=t)


def speed(text: str, people: int = 20, frames: int = 500, rounds: int = 5) -> float:
    """Frames per second of processor time of a tracker without pixels, the best of some rounds."""
    config, skeleton = tracking.parse(text), get_skeleton("coco17")
    inputs = list(crowd(people, frames))
    best = 0.0
    for _ in range(rounds):
        tracker = config.tracker(skeleton)
        began = time.process_time()
        for frame in inputs:
            tracker.step(frame)
        best = max(best, frames / (time.process_time() - began))
    return best


def table(clips: Clips, matcher: GraphMatcher | None, say: Callable[[str], None]) -> list[str]:
    """Markdown rows of all trackers on one set."""
    sizes = f"{len(clips.truth)} true people, {len(clips.found)} detections, {len(clips.truth.frames)} frames"
    lines = [
        f"**{clips.title}** ({sizes})",
        "",
        "| tracker | MOTA | switches | IDF1 | HOTA | AP | frames/s |",
    ]
    lines.append("|---|---|---|---|---|---|---|")
    kinds = [(text, "exact") for text in (*TRACKERS, *((NETWORK,) if matcher else ()), *FLOW_TRACKERS)]
    kinds += [("flow", kind) for kind in PIXEL_FLOWS if clips.pictures]
    for text, kind in kinds:
        config = tracking.parse(text)
        flow = flow_source(kind) if kind in PIXEL_FLOWS else clips.flow()
        resources = Resources(flow=flow if config.needs_flow else None, matcher=matcher)
        numbers = scored(clips, config, resources)
        shares = " | ".join(f"{numbers.get(key, np.nan):.1f}" for key in ("IDF1", "HOTA", "AP"))
        known = kind in PIXEL_FLOWS or not config.needs_flow
        rate = f"{numbers['frames/s']:,.0f}" if known else "-"
        name = f"`{text}`" + (f", {kind} on the images" if kind in PIXEL_FLOWS else "")
        lines.append(f"| {name} | {numbers['MOTA']:.1f} | {numbers['switches']:.0f} | {shares} | {rate} |")
        say(lines[-1])
    return [*lines, ""]


def main() -> None:
    """Print the tables, and write them into a document if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, help="folder of PoseTrack sequences")
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--train-network", action="store_true", help="train the graph network, too")
    parser.add_argument("--separation", action="store_true", help="what the network tells apart, alone")
    parser.add_argument("--write", type=Path, help="document with the two marks")
    chosen = parser.parse_args()
    if chosen.separation:
        print(f"different people told apart at 95 % of the same: {parted(real(chosen.real).truth):.1%}")
        return
    cv2.setNumThreads(1)
    lines = ["Frames per second of processor time with 20 people of 17 joints, no pixels, one thread:", ""]
    lines += ["| tracker | frames/s |", "|---|---|"]
    for text in (*TRACKERS, "flow(similarity=pose,propagate=false)"):
        lines.append(f"| `{text}` | {speed(text):,.0f} |")
        print(lines[-1], flush=True)
    lines.append("")
    sets = [synthetic(3, chosen.clips, 6, 24)]
    if chosen.real:
        sets.append(real(chosen.real))
    matcher = trained_matcher() if chosen.train_network else None
    for clips in sets:
        lines += table(clips, matcher, lambda line: print(line, flush=True))
    if chosen.write:
        text = chosen.write.read_text("utf-8")
        head, rest = text.split(BEGIN)
        body = "\n".join(lines)
        chosen.write.write_text(f"{head}{BEGIN}\n\n{body}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()

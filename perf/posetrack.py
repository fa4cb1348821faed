"""Speed and memory on PoseTrack: whole processes, from start to exit.

    python perf/posetrack.py --write docs/performance.md

Makes its own files below --folder. The official programs are on no package index; what they took is cited.
The table replaces the part of the page between its two marks, or is added at its end.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from options import section_options
from posetrack_files import FRAMES, UNLABELLED, VIDEOS, files
from processes import ROOT, run_process
from sections import write_section


@dataclass
class Runs:
    """What was measured of one contestant."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)  # MB
    said: dict[str, float] = field(default_factory=dict)


def run(command: list[str], runs: Runs) -> None:
    """One process, with its processor time and peak memory."""
    done = run_process(command)
    said = json.loads(done.text)
    runs.wall.append(done.wall)
    runs.cpu.append(done.cpu)
    runs.peak.append(done.peak)
    runs.said = said.get("summary", said)


def contestants(truth: Path, found: Path) -> dict[str, list[str]]:
    """Commands by name."""
    score = [
        *(sys.executable, "-m", "poseval", "score", str(found), "--gt", str(truth)),
        *("--benchmark", "posetrack18", "--json", "-", "--quiet"),
    ]
    peer = [sys.executable, str(ROOT / "perf" / "posetrack_peers.py"), str(truth), str(found)]
    return {
        "`poseval score`: AP, CLEAR MOT, IDF1, HOTA": score,
        "`poseval score --metric joint_ap`": [*score, "--metric", "joint_ap(ties=later_first)"],
        "NumPy transcription: AP": [*peer, "--no-tracking"],
        "NumPy and py-motmetrics: AP, MOTA": peer,
    }


def compare(truth: Path, found: Path, rounds: int) -> dict[str, Runs]:
    """Every contestant once per round, the slow one in at most two; all must agree."""
    results = {name: Runs() for name in contestants(truth, found)}
    for turn in range(rounds):
        for name, command in contestants(truth, found).items():
            if "motmetrics" not in name or turn < 2:
                run(command, results[name])
    for key in ("AP", "MOTA"):
        known = [runs.said[key] for runs in results.values() if key in runs.said]
        if max(known) - min(known) > 1e-9:
            raise SystemExit(f"the contestants disagree on {key}: {known}")
    return results


def _span(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def table(results: dict[str, Runs]) -> str:
    """Medians and extremes."""
    lines = ["| process | wall s, median (min-max) | processor s | peak MB |", "|---|---|---|---|"]
    for name, runs in results.items():
        peak = f"{statistics.median(runs.peak):.0f}"
        lines.append(f"| {name} | {_span(runs.wall)} | {statistics.median(runs.cpu):.2f} | {peak} |")
    return "\n".join(lines)


def linear(folder: Path, rounds: int) -> str:
    """Time and memory of `poseval score` over the number of videos."""
    lines = [
        "| videos | JSON MB | wall s, median (min-max) | processor s | peak MB |",
        "|---|---|---|---|---|",
    ]
    for videos in (VIDEOS, 2 * VIDEOS, 4 * VIDEOS):
        truth, found = files(folder, videos)
        size = sum(path.stat().st_size for side in (truth, found) for path in side.iterdir()) / 1e6
        runs = Runs()
        for _ in range(rounds):
            run(next(iter(contestants(truth, found).values())), runs)
        lines.append(
            f"| {videos} | {size:.0f} | {_span(runs.wall)} | {statistics.median(runs.cpu):.2f} "
            f"| {statistics.median(runs.peak):.0f} |"
        )
    return "\n".join(lines)


def counts(truth: Path, found: Path) -> str:
    """What the files hold."""
    people = [
        sum(len(json.loads(path.read_text("utf-8"))["annotations"]) for path in side.iterdir())
        for side in (truth, found)
    ]
    size = sum(path.stat().st_size for side in (truth, found) for path in side.iterdir()) / 1e6
    return (
        f"{VIDEOS} synthetic videos of {FRAMES + UNLABELLED} frames, {FRAMES} of them labelled; "
        f"{people[0]:,} true people and {people[1]:,} predicted ones, up to 25 in a frame; "
        f"{size:.0f} MB of JSON"
    )


PAGE = """## PoseTrack

Made by `python perf/posetrack.py --write docs/performance.md`: {counts}. Whole processes, {rounds} rounds.

Machine: {machine}.

{table}

The official programs are on no package index. On a case of this size (74 videos, 3,142 evaluated frames,
16,254 true people, 19 MB of JSON) and a two-core machine they took 68 s for AP and MOTA (poseval program),
57 s for HOTA and 22 s for pose mAP (PoseTrack21 kit); `poseval score` gives all of these numbers at once.

### Linear in videos

{linear}
"""


def main() -> None:
    from coco import machine

    options = section_options(__doc__).parse_args()
    truth, found = files(options.folder)
    section = PAGE.format(
        counts=counts(truth, found),
        rounds=options.rounds,
        machine=f"{machine().partition('; peers')[0]}, load {os.getloadavg()[0]:.1f} when it began",
        table=table(compare(truth, found, options.rounds)),
        linear=linear(options.folder, max(3, options.rounds // 2)),
    )
    print(section)
    if options.write:
        write_section(options.write, "posetrack", section)


if __name__ == "__main__":
    main()

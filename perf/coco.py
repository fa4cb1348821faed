"""Speed and memory on COCO keypoints, whole processes side by side with the peers.

    python perf/coco.py --write docs/performance.md

Makes its own files and an environment for the peers below --folder, runs every contestant once per round,
contestants interleaved, and prints Markdown. All contestants must agree on AP to nine digits.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path

from coco_files import files
from once import once
from options import section_options
from processes import run_process
from sections import write_section

PEERS = ("pycocotools==2.0.11", "faster-coco-eval==1.8.0", "hotcoco==1.3.0")

# Arguments behind the files are modules to import first: peers import theirs before their time begins, too.
OURS = """
import importlib, json, sys, time
import poseval.scoring.score
for name in sys.argv[3:]:
    importlib.import_module(name)
known = set(sys.modules)
start = time.perf_counter()
report = poseval.scoring.score.score(sys.argv[1], sys.argv[2], "coco-keypoints")
seconds, load = time.perf_counter() - start, report.timings["read"]
late = sorted(set(sys.modules) - known)
print(json.dumps({"AP": report.summary["AP"], "load": load, "evaluate": seconds - load, "late": late}))
"""

PLAIN = """
import contextlib, io, json, sys, time
{imports}
loading = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(sys.argv[1])
    found = truth.{load}(sys.argv[2])
    loaded = time.perf_counter()
    run = {evaluation}(truth, found, "keypoints")
    run.evaluate(); run.accumulate(); run.summarize()
done = time.perf_counter()
print(json.dumps({{"AP": float(run.stats[0]), "load": loaded - loading, "evaluate": done - loaded}}))
"""

PYCOCOTOOLS = PLAIN.format(
    imports="from pycocotools.coco import COCO\nfrom pycocotools.cocoeval import COCOeval",
    load="loadRes",
    evaluation="COCOeval",
)
FASTER = PLAIN.format(
    imports="from faster_coco_eval import COCO, COCOeval_faster", load="loadRes", evaluation="COCOeval_faster"
)
HOTCOCO = PLAIN.format(imports="from hotcoco import COCO, COCOeval", load="load_res", evaluation="COCOeval")


@dataclass
class Runs:
    """What was measured of one contestant."""

    wall: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    evaluate: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # processor seconds, all threads
    peak: list[float] = field(default_factory=list)  # MB
    ap: float | None = None


def run(command: list[str], runs: Runs) -> None:
    """One process, with its peak memory and what it says of its parts."""
    done = run_process(command)
    runs.wall.append(done.wall)
    runs.cpu.append(done.cpu)
    runs.peak.append(done.peak)
    if done.text.strip().startswith("{"):
        said = json.loads(done.text)
        runs.load.append(said.get("load", float("nan")))
        runs.evaluate.append(said.get("evaluate", float("nan")))
        runs.ap = _ap_of(said)


def _ap_of(said: dict[str, object]) -> float | None:
    for place in (said, said.get("summary"), said.get("metrics")):
        if isinstance(place, dict) and isinstance(place.get("AP"), float):
            return float(place["AP"])
    return None


def peers_python(folder: Path) -> Path:
    """Python of an environment that holds the peers; made once."""
    place = folder / "peers"
    python = place / "bin" / "python"

    def install(mark: Path) -> None:
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PEERS], check=True)
        mark.touch()

    # An environment cannot be moved: a mark in it says that it is whole.
    once(place / f"has-{'-'.join(PEERS)}", install)
    return python


def late_modules(pair: list[str]) -> list[str]:
    """What a score of these files imports when it is needed."""
    said = json.loads(run_process([sys.executable, "-c", OURS, *pair]).text)
    return [name for name in said["late"] if not name.startswith("_")]


def contestants(truth: Path, found: Path, folder: Path) -> dict[str, list[str]]:
    """Commands by name; ours first."""
    peers = str(peers_python(folder))
    pair = [str(truth), str(found)]
    return {
        "poseval CLI": [
            *(sys.executable, "-m", "poseval", "score", pair[1], "--gt", pair[0]),
            *("--benchmark", "coco-keypoints", "--json", "-", "--quiet"),
        ],
        "poseval library": [sys.executable, "-c", OURS, *pair, *late_modules(pair)],
        "hotcoco CLI": [
            *(str(Path(peers).parent / "coco"), "eval", "--gt", pair[0], "--dt", pair[1]),
            *("--iou-type", "keypoints", "--json"),
        ],
        "hotcoco library": [peers, "-c", HOTCOCO, *pair],
        "faster-coco-eval": [peers, "-c", FASTER, *pair],
        "pycocotools": [peers, "-c", PYCOCOTOOLS, *pair],
    }


SLOW = {"pycocotools", "faster-coco-eval"}
HELP = "`poseval --help`, whole"
ALIKE = """
import gc, os
os.environ["OPENBLAS_NUM_THREADS"] = "1"
gc.set_threshold(500_000, 20, 20)  # begun and ended as the command is
import {}
os._exit(0)
"""
SLOW_ROUNDS = 3  # at most


def compare(truth: Path, found: Path, folder: Path, rounds: int) -> dict[str, Runs]:
    """Every contestant once per round, after one round that is not counted."""
    commands = contestants(truth, found, folder)
    for name, command in commands.items():
        if name not in SLOW:
            run(command, Runs())
    results = {name: Runs() for name in commands}
    for turn in range(rounds):
        for name, command in commands.items():
            if name not in SLOW or turn < SLOW_ROUNDS:
                run(command, results[name])
    known = [runs.ap for runs in results.values() if runs.ap is not None]
    if max(known) - min(known) > 1e-9:
        raise SystemExit(f"the contestants disagree on AP: { {n: r.ap for n, r in results.items()} }")
    return results


def _span(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def _median(values: list[float]) -> str:
    return f"{statistics.median(values):.3f}" if values and values[0] == values[0] else ""


def table(results: dict[str, Runs]) -> str:
    """Medians and extremes of a comparison."""
    lines = [
        "| process | wall s, median (min-max) | processor s | load s | evaluate s | peak MB |",
        "|---|---|---|---|---|---|",
    ]
    for name, runs in results.items():
        peak = f"{statistics.median(runs.peak):.0f}"
        parts = [_span(runs.wall), *map(_median, (runs.cpu, runs.load, runs.evaluate)), peak]
        lines.append(f"| {name} | {' | '.join(parts)} |")
    return "\n".join(lines)


def ratios(results: dict[str, Runs]) -> str:
    """How many times faster we are than each peer, as ratios of medians."""
    lines = ["| ratio of medians | wall | processor time |", "|---|---|---|"]
    for name in ("hotcoco CLI", "hotcoco library", "faster-coco-eval", "pycocotools"):
        wall, cpu = (ratio(results, what, name, "poseval CLI") for what in ("wall", "cpu"))
        lines.append(f"| {name} / `poseval score` | {wall:.1f} | {cpu:.1f} |")
    return "\n".join(lines)


def ratio(results: dict[str, Runs], what: str, peer: str, ours: str) -> float:
    """Median of a peer over our median."""
    theirs, own = (statistics.median(getattr(results[name], what)) for name in (peer, ours))
    return theirs / own


def startup(folder: Path, rounds: int) -> str:
    """What each part of the smallest score costs: every row does more than the one above."""
    pair = [*map(str, files(folder, 6_770, long_floats=True))]
    libraries = "numpy, click, dataclasses, hashlib"
    modules = ", ".join(["poseval.cli.score", "poseval.scoring.score", *late_modules(pair)])
    steps = {
        "Python": ["-c", ALIKE.format("gc")],
        "NumPy": ["-c", ALIKE.format("numpy")],
        "click, dataclasses, hashlib": ["-c", ALIKE.format(libraries)],
        "the modules of poseval": ["-c", ALIKE.format(f"{libraries}, {modules}")],
        "reading, scoring, printing": ["-m", "poseval", "score", pair[1], "--gt", pair[0]],
    }
    results = {name: Runs() for name in [*steps, HELP]}
    for _ in range(rounds):
        for name, arguments in {**steps, HELP: ["-m", "poseval", "--help"]}.items():
            run([sys.executable, *arguments], results[name])
    lines = [
        "| of `poseval score`, 6,770 predictions | processor ms | wall ms so far, median (min-max) |",
        "|---|---|---|",
    ]
    before = 0.0
    for name, runs in results.items():
        ms = [1000 * second for second in runs.wall]
        cpu = 1000 * statistics.median(runs.cpu)
        told = f"{cpu:.0f}" if name == HELP else f"{cpu - before:.0f}"
        before = cpu
        lines.append(f"| {name} | {told} | {statistics.median(ms):.0f} ({min(ms):.0f}-{max(ms):.0f}) |")
    return "\n".join(lines)


def cores() -> str:
    """How many processors of which model, and the system."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    return f"{os.cpu_count()} cores of {model}, {platform.system()}"


def machine() -> str:
    """Cores, processor and versions."""
    import numpy as np

    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"{cores()}, {versions}; peers: {', '.join(PEERS)}"


def main() -> None:
    parser = section_options(__doc__)
    parser.add_argument("--remark", default="", help="a sentence about the machine, for the page")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    small = compare(*files(options.folder, 6_770, long_floats=True), options.folder, options.rounds)
    large = compare(*files(options.folder, 100_000), options.folder, options.rounds)
    page = PAGE.format(
        machine=machine(),
        load=load,
        remark=f" {options.remark}" if options.remark else "",
        rounds=options.rounds,
        slow=min(SLOW_ROUNDS, options.rounds),
        small=table(small),
        small_ratios=ratios(small),
        large=table(large),
        large_ratios=ratios(large),
        startup=startup(options.folder, 2 * options.rounds + 1),
    )
    print(page)
    if options.write:
        write_section(options.write, "coco", page)


PAGE = """## COCO keypoints

Made by `python perf/coco.py --write docs/performance.md`, which makes synthetic files and an environment
for the peers, too. Whole processes, from start to exit, one at a time; contestants interleaved, {rounds}
rounds (slow peers {slow}), medians. All contestants give the same AP.

Machine: {machine}; load {load:.1f} when it began.{remark}

"load" is reading both files, "evaluate" everything up to the ten numbers, both inside the process, without
its imports. Peak is the maximum resident set. 5,000 images, 11,004 true people with segmentation outlines.

### 6,770 predictions, 17-digit floats

{small}

{small_ratios}

### 100,000 predictions, three decimals

{large}

{large_ratios}

### Where the time of `poseval score` goes, 6,770 predictions

{startup}
"""

if __name__ == "__main__":
    main()

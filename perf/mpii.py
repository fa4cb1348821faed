"""Speed of PCKh on MPII's validation set: whole processes from .mat files to the numbers.

    python perf/mpii.py --write docs/performance.md

Makes its own files (2,958 people, seeded) below --folder. HRNet's and mmpose's evaluations are no packages of
their own; their formulas are written down here in NumPy, with SciPy's reader as they use it. "SciPy's reader"
reads the same two files and does nothing else: what whoever uses it cannot go below. The table replaces the
part of the page between its two marks, or is added at its end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
from processes import ROOT, run_process
from sections import write_section

PEOPLE, JOINTS, THRESHOLDS = 2958, 16, 51
NAMES = ("rank", "rkne", "rhip", "lhip", "lkne", "lank", "pelv", "thor", "neck", "head", "rwri", "relb",
         "rsho", "lsho", "lelb", "lwri")  # fmt: skip

START = """
import json, numpy
print(json.dumps({}))
"""

READER = """
import json, sys
from scipy.io import loadmat
truth, found = loadmat(sys.argv[1]), loadmat(sys.argv[2])
print(json.dumps({}))
"""

COMMON = """
import json, sys
import numpy as np
from scipy.io import loadmat
truth, found = loadmat(sys.argv[1]), loadmat(sys.argv[2])
labelled = 1 - truth["jnt_missing"].T.astype(float)
points = truth["pos_gt_src"].transpose(2, 0, 1)
boxes = truth["headboxes_src"]
head = 0.6 * np.linalg.norm(boxes[1] - boxes[0], axis=0)
preds = found["preds"].astype(float)
outside = [6, 7]
inside = [joint for joint in range(16) if joint not in outside]
"""

# Each threshold looks at the table of distances once; joints are weighed by how often they are labelled.
HRNET = (
    COMMON
    + """
error = np.linalg.norm(preds - points, axis=2) / head[:, None] * labelled
count = labelled.sum(axis=0)
share = count[inside] / count[inside].sum()
curve = []
for threshold in np.arange(0, 0.51, 0.01):
    right = ((error <= threshold) * labelled).sum(axis=0)
    curve.append(float((right[inside] / count[inside] * share).sum()))
print(json.dumps({"PCKh@0.5": curve[50]}))
"""
)

# Each threshold makes the distances again, and asks joint by joint.
MMPOSE = (
    COMMON
    + """
def accuracy(threshold):
    mask = labelled > 0
    distances = np.full(mask.shape, -1, dtype=np.float32)
    scaled = (preds - points) / np.stack([head, head], axis=1)[:, None]
    distances[mask] = np.linalg.norm(scaled[mask], axis=-1)
    out = []
    for joint in range(16):
        valid = distances[:, joint] != -1
        out.append((distances[valid, joint] < threshold).sum() / valid.sum() if valid.any() else -1)
    return np.array(out)
count = labelled.sum(axis=0)
share = count[inside] / count[inside].sum()
main = accuracy(0.5)
curve = [accuracy(threshold) for threshold in np.arange(0, 0.51, 0.01)]
print(json.dumps({"PCKh@0.5": float((main[inside] * share).sum())}))
"""
)


@dataclass
class Runs:
    """What was measured of one contestant."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    said: dict[str, float] = field(default_factory=dict)


def files(folder: Path) -> tuple[Path, Path]:
    """Truth and predictions as HRNet has them: gt_valid.mat and pred.mat."""
    from scipy.io import savemat

    rng = np.random.default_rng(2014)
    truth = np.round(rng.uniform(50, 1200, (PEOPLE, 1, 2)) + rng.normal(0, 120, (PEOPLE, JOINTS, 2)), 4)
    missing = rng.random((PEOPLE, JOINTS)) < 0.065
    corner = truth[:, 9]
    heads = np.stack([corner, corner + rng.uniform(30, 160, (PEOPLE, 2))], axis=1)
    names = np.empty((1, JOINTS), dtype=object)
    names[0] = NAMES
    gt, pred = folder / "gt_valid.mat", folder / "pred.mat"
    savemat(
        gt,
        {
            "dataset_joints": names,
            "jnt_missing": missing.T.astype(np.uint8),
            "pos_gt_src": np.where(missing[..., None], 0, truth).transpose(1, 2, 0),
            "headboxes_src": heads.transpose(1, 2, 0),
        },
        do_compression=True,
    )
    noise = rng.normal(0, 1, truth.shape) * rng.choice([5, 12, 80], (PEOPLE, JOINTS, 1))
    savemat(pred, {"preds": (truth + noise).astype(np.float32)}, do_compression=True)
    return gt, pred


def run(command: list[str], runs: Runs) -> None:
    """One process, with its processor time."""
    done = run_process(command)
    said = json.loads(done.text)
    runs.wall.append(done.wall)
    runs.cpu.append(done.cpu)
    runs.said = said.get("summary", said)


def contestants(truth: Path, found: Path) -> dict[str, list[str]]:
    """Commands by name; ours first."""
    pair = [str(truth), str(found)]
    return {
        "`poseval score`": [
            *(sys.executable, "-m", "poseval", "score", pair[1], "--gt", pair[0]),
            *("--benchmark", "mpii-val", "--json", "-", "--quiet"),
        ],
        "Python and NumPy start alone": [sys.executable, "-c", START],
        "SciPy's reader alone": [sys.executable, "-c", READER, *pair],
        "HRNet's formula in NumPy": [sys.executable, "-c", HRNET, *pair],
        "mmpose's formula in NumPy": [sys.executable, "-c", MMPOSE, *pair],
    }


def compare(truth: Path, found: Path, rounds: int) -> dict[str, Runs]:
    """Every contestant once per round, after one round that is not counted."""
    commands = contestants(truth, found)
    results = {name: Runs() for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            run(command, results[name] if turn else Runs())
    known = {name: runs.said["PCKh@0.5"] for name, runs in results.items() if "PCKh@0.5" in runs.said}
    if max(known.values()) - min(known.values()) > 1e-9:
        raise SystemExit(f"the contestants disagree: {known}")
    return results


def best_of(work: Callable[[], object], rounds: int = 20) -> float:
    """Least processor time of a call in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1e3


def inside(truth: Path, found: Path) -> dict[str, float]:
    """Milliseconds of reading and of computing alone, in one process that has imported everything."""
    from scipy.io import loadmat

    sys.path.insert(0, str(ROOT))
    import poseval
    from poseval.benchmarks.mpii import OFFICIAL, pckh
    from poseval.poses.aligned import Aligned

    gt = poseval.read(truth)
    metric = pckh(OFFICIAL)
    aligned = Aligned(gt, poseval.read(found, role="predictions", truth=gt))
    spaces: dict[str, dict[str, object]] = {}
    for name, code in (("HRNet", HRNET), ("mmpose", MMPOSE)):
        space: dict[str, object] = {"print": lambda text: None}
        sys.argv = ["-c", str(truth), str(found)]
        exec(COMMON, space)
        space["_code"] = compile(code.removeprefix(COMMON), name, "exec")
        spaces[name] = space
    return {
        "reading, poseval": best_of(
            lambda: poseval.read(found, role="predictions", truth=poseval.read(truth))
        ),
        "reading, SciPy": best_of(lambda: (loadmat(truth), loadmat(found))),
        "PCKh at 51 thresholds, poseval": best_of(lambda: metric.reduce(metric.tally(aligned))),
        **{
            f"PCKh at 51 thresholds, {name}'s formula": best_of(lambda s=space: exec(s["_code"], s))
            for name, space in spaces.items()
        },
    }


def page(results: dict[str, Runs], parts: dict[str, float], load: float) -> str:
    """The section of the page."""
    machine = (
        f"Machine: {os.cpu_count()} cores of {processor()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, SciPy {version('scipy')}; load {load:.0f}, "
        "this program's own included."
    )
    lines = [
        "## MPII",
        "",
        wrapped(
            f"PCKh of {PEOPLE:,} people at {THRESHOLDS} thresholds, from `gt_valid.mat` and `pred.mat` "
            "(synthetic, seeded). Whole processes, contestants interleaved, median (least to most). All "
            "agree on PCKh@0.5 to nine digits. `python perf/mpii.py --write docs/performance.md` makes this "
            "section anew."
        ),
        "",
        wrapped(machine),
        "",
        "| process | processor s | wall s |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {_span(runs.cpu)} | {_span(runs.wall)} |" for name, runs in results.items()]
    lines += ["", wrapped(verdict(results))]
    lines += [
        "",
        "Processor time inside one process that has imported everything, best of 20:",
        "",
        "| part | ms |",
        "|---|---|",
    ]
    lines += [f"| {name} | {value:.1f} |" for name, value in parts.items()]
    return "\n".join(lines)


def verdict(results: dict[str, Runs]) -> str:
    """What the table says about the aim: five times faster, or bounded by SciPy's reader."""
    ours, start, reader, *formulas = (statistics.median(runs.cpu) for runs in results.values())
    ratios = " and ".join(f"{cpu / ours:.1f}" for cpu in formulas)
    beyond = " and ".join(f"{(cpu - start) / (ours - start):.1f}" for cpu in formulas)
    return (
        f"The formulas (HRNet's and mmpose's) take {ratios} times poseval's processor time, and {beyond} "
        "times of what comes on top of the start of Python and NumPy. We aim at five times for the whole "
        f"process, or at the bound of SciPy's reader. The start alone is {start / ours:.0%} of poseval's "
        f"time, and {formulas[0] / start:.1f} and {formulas[1] / start:.1f} times the start is all that the "
        f"formulas take; SciPy's reader, most of it its import, takes {reader / ours:.1f} times as long as "
        "poseval takes for everything, since poseval reads .mat files by itself."
    )


def wrapped(text: str) -> str:
    """A paragraph in the page's width."""
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _span(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    """Measure and print, or write into a page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="where files are made (default: a temporary folder)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", type=Path, help="page to put the table into")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        truth, found = files(folder)
        results, load = compare(truth, found, arguments.rounds), os.getloadavg()[0]
        text = page(results, inside(truth, found), load)
    if arguments.write:
        write_section(arguments.write, "mpii", text)
    print(text)


if __name__ == "__main__":
    main()

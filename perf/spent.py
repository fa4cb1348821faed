"""Where the milliseconds of whole commands go, by the part of the package that runs.

    python perf/spent.py --write docs/performance.md

A timer of the processor time of all threads interrupts the command every few milliseconds; what it meets is
counted for the innermost frame of the package, kernels for who called them. What is being imported counts as
importing. Samples of all rounds together, in shares of the median processor time.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aims import BOARDS, LARGE, SMALL, coco, poseval, shifted
from coco import machine
from options import table_options
from processes import run_process
from sections import write_section

LEAST = 0.02  # share of a command's time below which a part is one of the others
SAMPLED = """
import json, os, signal, sys, time
begun = time.process_time()
counts = {}
steps = json.loads(sys.argv[2])

def part(frame):
    found, inner = None, {}
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("importlib."):
            return "importing"
        if steps and name.startswith("poseval."):
            for place, (step, prefixes) in enumerate(steps):
                if any(f"{name[8:]}:{frame.f_code.co_name}".startswith(prefix) for prefix in prefixes):
                    inner.setdefault(place, step)
        words = name.split(".")
        if found is None and words[0] == "poseval" and words[1:2] != ["kernels"] and len(words) > 1:
            found = ".".join(words[1:3]) if words[1] in ("datasets", "report") else words[1]
        frame = frame.f_back
    if inner:
        return inner[min(inner)]
    return found or "Python"

def sample(_, frame):
    name = part(frame)
    counts[name] = counts.get(name, 0) + 1

signal.signal(signal.SIGPROF, sample)
signal.setitimer(signal.ITIMER_PROF, 0.002, 0.002)
from poseval.cli import main  # not less: it also says how memory is collected and who uses threads
sys.stdout = open(os.devnull, "w")
out, leave, sys.argv[1:] = sys.argv[1], os._exit, sys.argv[3:]

def done(status):
    signal.setitimer(signal.ITIMER_PROF, 0)
    with open(out, "w") as file:
        json.dump({"begun": begun, "total": time.process_time(), "counts": counts, "status": status}, file)
    leave(status)

os._exit = done
main()
"""
# What `score` does, by what is anywhere on the stack, the first that fits: modules and functions.
STEPS = (
    ("checks", ["checks"]),
    ("digests", ["poses.digest", "files.digest"]),
    ("reading the ground truth", ["scoring.reading:read_truth"]),
    ("reading predictions", ["datasets", "files"]),
    ("matching", ["metrics.oks_scene", "metrics.oks_matches"]),
    ("precision over recall", ["metrics"]),
    ("report and printing", ["results", "report", "cli.report", "cli.output"]),
    ("putting both together", ["scoring", "poses", "skeletons", "benchmarks"]),
    ("the command line", ["cli"]),
)


def compared(folder: Path, count: int) -> list[str | Path]:
    """Two saved runs, to be compared."""
    truth, found = coco(folder, count)
    saved = []
    for path in (found, shifted(found, 3)):
        saved.append(path.with_suffix(".poseval"))
        poseval(["score", path, "--gt", truth, "-q", "--force", "--save", saved[-1]])
    return ["compare", *saved, "-q"]


def scored(folder: Path, count: int, *more: str | Path) -> list[str | Path]:
    """Predictions scored against their ground truth."""
    truth, found = coco(folder, count)
    return ["score", found, "--gt", truth, "-q", *more]


def ranked(folder: Path) -> list[str | Path]:
    """A leaderboard of submissions."""
    truth, found = coco(folder, SMALL)
    return [
        "leaderboard",
        *(shifted(found, by) for by in range(BOARDS[0])),
        "--gt",
        truth,
        "-q",
        "--workers",
        "1",
    ]


def diagnosed(folder: Path) -> list[str | Path]:
    """What failed, and what it costs."""
    truth, found = coco(folder, SMALL)
    return ["diagnose", found, "--gt", truth, "-q"]


COMMANDS: dict[str, Callable[[Path], Sequence[str | Path]]] = {
    f"`score` of {SMALL:,}": lambda folder: scored(folder, SMALL),
    f"`score --ci 95` of {LARGE:,}": lambda folder: scored(folder, LARGE, "--ci", "95"),
    f"`leaderboard` of {BOARDS[0]} submissions of {SMALL:,}": ranked,
    f"`compare` of two runs of {SMALL:,}": lambda folder: compared(folder, SMALL),
    f"`compare` of two runs of {LARGE:,}": lambda folder: compared(folder, LARGE),
    f"`diagnose` of {SMALL:,}": diagnosed,
    f"`score --report` of {LARGE:,}": lambda folder: scored(
        folder, LARGE, "--force", "--report", folder / "page.html"
    ),
}


def spent(
    command: Sequence[str | Path],
    folder: Path,
    rounds: int,
    steps: Sequence[tuple[str, Sequence[str]]] = (),
) -> tuple[float, dict[str, float]]:
    """Milliseconds of processor time in all, and of each part, or of each step where some are given."""
    out = folder / "sampled.json"
    counts: Counter[str] = Counter()
    begun, totals = [], []
    for turn in range(rounds + 1):
        run_process([sys.executable, "-c", SAMPLED, str(out), json.dumps(steps), *map(str, command)])
        if not turn:  # which fills caches
            continue
        said = json.loads(out.read_text("utf-8"))
        if said["status"]:
            raise SystemExit(f"{command[:2]} ended with status {said['status']}")
        counts.update(said["counts"])
        begun.append(1000 * said["begun"])
        totals.append(1000 * said["total"])
    total, start = statistics.median(totals), statistics.median(begun)
    each = (total - start) / max(1, counts.total())
    parts = Counter({name: each * count for name, count in counts.items()})
    parts["Python"] += start
    return total, dict(parts)


def told(total: float, parts: dict[str, float]) -> str:
    """Parts, the largest first, those that are small together."""
    large = {name: ms for name, ms in parts.items() if ms >= LEAST * total}
    listed = [f"{name} {large[name]:.0f}" for name in sorted(large, key=lambda name: -large[name])]
    rest = sum(parts.values()) - sum(large.values())
    return ", ".join([*listed, f"others {rest:.0f}"])


def rows(folder: Path, rounds: int, only: str) -> Iterator[str]:
    """A line for each command, printed when it is known."""
    for name, make in COMMANDS.items():
        if only in name:
            total, parts = spent(make(folder), folder, rounds)
            line = f"| {name} | {total:.0f} | {told(total, parts)} |"
            print(line, flush=True)
            yield line


def steps(folder: Path, rounds: int) -> str:
    """A table of what one score does, step by step."""
    # a sample is some milliseconds, and a step is few of them
    total, parts = spent(scored(folder, SMALL), folder, 4 * rounds, STEPS)
    lines = [f"| {name} | {ms:.1f} | {ms / total:.0%} |" for name, ms in sorted(parts.items(), key=_last)]
    return "\n".join([*lines, f"| all | {total:.1f} | |"])


def _last(part: tuple[str, float]) -> float:
    return -part[1]


PAGE = """## What commands spend their time on

Made by `python perf/spent.py --write docs/performance.md`: processor time of whole processes, all threads,
medians of {rounds} rounds; by samples, each counted for the innermost module of the package, kernels for who
called them. "Python" is the start of the interpreter, "importing" all modules, those of NumPy and click, too.

Machine: {machine}; load {load:.1f} when it began.

| command | ms | of them |
|---|---|---|
{rows}

### The steps of `score` of {small:,}

The same for the first of these commands, {more} rounds, by the first step that anything on the stack is part
of. SHA-256 of a file belongs to reading it. A sample is some milliseconds; the smallest steps are rough.

| step | ms | share |
|---|---|---|
{steps}
"""


def main() -> None:
    """Print the table, and write it into a page."""
    options = table_options(__doc__, COMMANDS)
    load = os.getloadavg()[0]
    table = "\n".join(rows(options.folder, options.rounds, options.only))
    if options.write:
        about = {"machine": machine(), "load": load, "rounds": options.rounds, "rows": table}
        about |= {"small": SMALL, "more": 4 * options.rounds, "steps": steps(options.folder, options.rounds)}
        write_section(options.write, "spent", PAGE.format(**about))


if __name__ == "__main__":
    main()

"""Two commits on the same files in one run: ratios of processor time, and a history of what was measured.

    python perf/history.py main                          the working tree against a commit
    python perf/history.py ../other                      against another checkout that is built
    python perf/history.py main --record perf/history.csv

Absolute times of two machines, or of one machine on two days, cannot be compared; ratios of processes that
take turns can. Every case is a whole process, so that imports count. The status is 1 where a ratio is above
`--limit` or where the two commits give different numbers.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import coco_files
import posetrack_files
from processes import ROOT, run_process

SCORE = "import poseval, sys; r = poseval.score(*sys.argv[1:]); print(r.summary)"
MANY = """
import poseval, sys
truth = poseval.read(sys.argv[1])
for _ in range(20):
    report = poseval.score(truth, sys.argv[2])
print(report.summary)
"""
INTERVALS = """
import sys
from poseval.scoring.score import evaluate
from poseval.statistics.intervals import intervals
print(intervals(evaluate(*sys.argv[1:])))
"""
START = "import sys; from poseval.cli import cli; cli(['--help'], standalone_mode=False)"
COLUMNS = ("date", "commit", "case", "seconds", "rounds", "python")


@dataclass
class Case:
    """A program that both commits run, and its processor seconds by commit."""

    code: str
    files: Sequence[Path]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def run(self, commit: str, tree: Path) -> None:
        """Once, under one commit."""
        done = run_process([sys.executable, "-c", self.code, *map(str, self.files)], tree)
        self.seconds.setdefault(commit, []).append(done.cpu)
        self.said[commit] = done.text

    def median(self, commit: str) -> float:
        """Processor seconds of one commit."""
        return statistics.median(self.seconds[commit])


def cases(folder: Path, small: bool) -> dict[str, Case]:
    """The cases by name, on synthetic files in a folder."""
    count = 10_000 if small else 100_000
    few = coco_files.files(folder, 6_770, long_floats=True)
    many = coco_files.files(folder, count)
    videos = posetrack_files.files(folder, 4 if small else posetrack_files.VIDEOS)
    return {
        "poseval --help": Case(START, ()),
        "score, 6,770 predictions": Case(SCORE, few),
        "20 submissions of 6,770, one ground truth": Case(MANY, few),
        f"score, {count:,} predictions": Case(SCORE, many),
        "intervals, 6,770 predictions": Case(INTERVALS, few),
        "score, PoseTrack videos": Case(SCORE, videos),
    }


@contextmanager
def tree_of(commit: str) -> Iterator[Path]:
    """A checkout of a commit with its compiled module; removed at the end."""
    if Path(commit).is_dir():
        yield Path(commit).resolve()
        return
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name) / "tree"
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "-q", "--detach", tree, commit], check=True)
        try:
            build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
            subprocess.run(build, cwd=tree, check=True, stdout=subprocess.DEVNULL)
            yield tree
        finally:
            subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", tree], check=True)


def measure(trees: Mapping[str, Path], wanted: Mapping[str, Case], rounds: int) -> None:
    """Each case under each commit in turns; the first round, which fills caches, is not counted."""
    for number in range(rounds + 1):
        for case in wanted.values():
            for commit, tree in trees.items():
                case.run(commit, tree)
        if not number:
            for case in wanted.values():
                case.seconds.clear()


def table(wanted: Mapping[str, Case], before: str, after: str) -> str:
    """Seconds under both commits, and their ratio."""
    rows = [f"| processor seconds, median | {before} | {after} | ratio | numbers |", "|---|---|---|---|---|"]
    for name, case in wanted.items():
        a, b = case.median(before), case.median(after)
        same = "same" if case.said[before] == case.said[after] else "differ"
        rows.append(f"| {name} | {a:.3f} | {b:.3f} | {b / a:.2f} | {same} |")
    return "\n".join(rows)


def record(path: Path, wanted: Mapping[str, Case], commits: Sequence[str]) -> None:
    """Add a row per commit and case to the history."""
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        if new:
            rows.writerow(COLUMNS)
        today = dt.datetime.now(dt.timezone.utc).date().isoformat()
        python = sys.version.split()[0]
        for name, case in wanted.items():
            for commit in commits:
                rounds = len(case.seconds[commit])
                rows.writerow((today, commit, name, f"{case.median(commit):.4f}", rounds, python))


def name_of(commit: str) -> str:
    """The short name of a commit, or of a folder."""
    if Path(commit).is_dir():
        return Path(commit).resolve().name
    words = ["git", "-C", str(ROOT), "rev-parse", "--short", commit]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def is_changed() -> bool:
    """Whether the working tree has other files than its commit."""
    return subprocess.run(["git", "-C", str(ROOT), "diff", "--quiet", "HEAD"]).returncode != 0


def main() -> int:
    """Measure, print a table, and say whether something got slower."""
    parser = argparse.ArgumentParser(description="Compare the working tree with a commit.")
    parser.add_argument("commit", help="a commit, or a folder with a checkout that is built")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=float, default=1.15, help="ratio above which the status is 1")
    parser.add_argument("--small", action="store_true", help="fewer predictions and videos")
    parser.add_argument("--record", type=Path, help="history to add rows to")
    parser.add_argument("--files", type=Path, help="folder that keeps the synthetic files")
    options = parser.parse_args()
    before, after = name_of(options.commit), name_of("HEAD")
    if after == before or is_changed():
        after += "+"
    with tempfile.TemporaryDirectory() as name, tree_of(options.commit) as tree:
        wanted = cases((options.files or Path(name)).resolve(), options.small)
        measure({before: tree, after: ROOT}, wanted, options.rounds)
    print(table(wanted, before, after))
    if options.record:
        record(options.record, wanted, (before, after))
    slower = [
        name for name, case in wanted.items() if case.median(after) > options.limit * case.median(before)
    ]
    other = [name for name, case in wanted.items() if case.said[before] != case.said[after]]
    for name in slower:
        print(f"slower: {name}", file=sys.stderr)
    for name in other:
        print(f"other numbers: {name}", file=sys.stderr)
    return 1 if slower or other else 0


if __name__ == "__main__":
    raise SystemExit(main())

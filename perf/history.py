"""Two commits on the same files in one run: ratios of time and memory, and a history of what was measured.

    python perf/history.py main                          the working tree against a commit
    python perf/history.py ../other                      against another checkout that is built
    python perf/history.py main --record perf/history.csv
    python perf/history.py --show perf/history.csv       each case over the commits of each machine

Absolute times of two machines, or of one machine on two days, cannot be compared; ratios of processes that
take turns can. Every case is a whole process, so that imports count. A commit with `+` is one whose files
were changed. The status is 1 where a ratio of processor time or of peak memory is above `--limit`, or where
the two commits give different numbers.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import re
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
from coco import cores
from once import once
from processes import ROOT, Process, run_process

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
READ = """
import poseval, sys
truth, path = sys.argv[1:]
poses = poseval.read(path, format="openpose", role="predictions", truth=poseval.read(truth))
print(poses.people.xy.sum())
"""
COLUMNS = ("date", "commit", "machine", "case", "processor_s", "wall_s", "peak_mb", "rounds", "python")
MEASURED = COLUMNS[4:7]
NUMBER = re.compile(r"\d+\.\d+")


@dataclass
class Case:
    """A program that both commits run, what it cost by commit, and the numbers that it printed."""

    words: Sequence[str | Path]
    runs: dict[str, list[Process]] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)

    def run(self, commit: str, tree: Path) -> None:
        """Once, under one commit."""
        done = run_process([sys.executable, *map(str, self.words)], tree)
        self.runs.setdefault(commit, []).append(done)
        self.said[commit] = NUMBER.findall(done.text)

    def medians(self, commit: str) -> tuple[float, float, float]:
        """Processor seconds, wall seconds and peak MB of one commit."""
        runs = self.runs[commit]
        cpu, wall, peak = (
            statistics.median(getattr(run, what) for run in runs) for what in ("cpu", "wall", "peak")
        )
        return cpu, wall, peak

    def ratios(self, before: str, after: str) -> list[float]:
        """Of the medians."""
        return [b / a for a, b in zip(self.medians(before), self.medians(after), strict=True)]


def cases(folder: Path, small: bool) -> dict[str, Case]:
    """The cases by name, on synthetic files in a folder."""
    count = 10_000 if small else 100_000
    few = coco_files.files(folder, 6_770, long_floats=True)
    many = coco_files.files(folder, count)
    videos = posetrack_files.files(folder, 4 if small else posetrack_files.VIDEOS)
    truth, pieces = coco_files.files(folder, 10_000)
    rows = [coco_files.files(folder, number)[1] for number in (1_000, 2_000, 3_000)]
    score = ["-m", "poseval", "score", "-q", "--gt", truth]
    return {
        "poseval --help": Case(["-c", START]),
        "poseval score, 6,770 predictions": Case([*score, few[1]]),
        "poseval score --stream, 10,000 predictions": Case([*score, "--stream", pieces]),
        "poseval leaderboard, 3 submissions": Case(
            ["-m", "poseval", "leaderboard", *rows, "--gt", truth, "-q"]
        ),
        "score, 6,770 predictions": Case(["-c", SCORE, *few]),
        "20 submissions of 6,770, one ground truth": Case(["-c", MANY, *few]),
        f"score, {count:,} predictions": Case(["-c", SCORE, *many]),
        "intervals, 6,770 predictions": Case(["-c", INTERVALS, *few]),
        "score, PoseTrack videos": Case(["-c", SCORE, *videos]),
        "reading OpenPose, 5,000 files": Case(["-c", READ, truth, openpose(folder, *few)]),
    }


def openpose(folder: Path, truth: Path, predictions: Path) -> Path:
    """The same predictions as OpenPose's files; made once."""

    def convert(part: Path) -> None:
        files = ["convert", predictions, part, "--to", "openpose", "--gt", truth, "-q"]
        run_process([sys.executable, "-m", "poseval", *map(str, files)])

    return once(folder / "openpose", convert)


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
                case.runs.clear()


def table(wanted: Mapping[str, Case], before: str, after: str) -> str:
    """Medians under both commits, and their ratios."""
    names = ("processor s", "wall s", "peak MB")
    head = f"| {before} → {after} | {' | '.join(f'{name} | ratio' for name in names)} | numbers |"
    rows = [head, "|---|" + "---|---|" * len(names) + "---|"]
    for name, case in wanted.items():
        a, b, ratios = case.medians(before), case.medians(after), case.ratios(before, after)
        cells = [
            f"{x:.{d}f} → {y:.{d}f} | {r:.2f}" for x, y, r, d in zip(a, b, ratios, (3, 3, 0), strict=True)
        ]
        same = "same" if case.said[before] == case.said[after] else "differ"
        rows.append(f"| {name} | {' | '.join(cells)} | {same} |")
    return "\n".join(rows)


def record(path: Path, wanted: Mapping[str, Case], commits: Sequence[str]) -> None:
    """Add a row per commit and case to the history.

    Raises:
        SystemExit: the file has other columns.
    """
    new = not path.exists()
    if not new and path.read_text("utf-8").split("\n", 1)[0] != ",".join(COLUMNS):
        raise SystemExit(f"{path} has other columns than {','.join(COLUMNS)}")
    with path.open("a", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        if new:
            rows.writerow(COLUMNS)
        today = dt.datetime.now(dt.timezone.utc).date().isoformat()
        python = sys.version.split()[0]
        for name, case in wanted.items():
            for commit in commits:
                cpu, wall, peak = case.medians(commit)
                cost = (f"{cpu:.4f}", f"{wall:.4f}", f"{peak:.1f}")
                rows.writerow((today, commit, cores(), name, *cost, len(case.runs[commit]), python))


def shown(path: Path) -> str:
    """Each case over the lines of one machine, with ratios to the line before."""
    machines: dict[str, dict[str, list[dict[str, str]]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            machines.setdefault(row["machine"], {}).setdefault(row["case"], []).append(row)
    lines = []
    for machine, listed in machines.items():
        lines += [f"## {machine}", "", f"| case | date | commit | {' | '.join(MEASURED)} |", "|---" * 6 + "|"]
        for name, rows in listed.items():
            for last, row in zip([None, *rows], rows, strict=False):
                cells = [_with_ratio(row[what], last[what] if last else "") for what in MEASURED]
                lines.append(f"| {name} | {row['date']} | {row['commit']} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _with_ratio(value: str, before: str) -> str:
    return f"{value} ({float(value) / float(before):.2f})" if value and before else value


def name_of(commit: str) -> str:
    """The short name of a commit, or of that of a folder, with `+` where the folder has other files."""
    is_folder = Path(commit).is_dir()
    git = ["git", "-C", commit if is_folder else str(ROOT)]
    words = [*git, "rev-parse", "--short", "HEAD" if is_folder else commit]
    name = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    is_changed = is_folder and subprocess.run([*git, "diff", "--quiet", "HEAD"]).returncode != 0
    return f"{name}+" if is_changed else name


def options_of() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("commit", nargs="?", help="a commit, or a folder with a checkout that is built")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=float, default=1.15, help="ratio above which the status is 1")
    parser.add_argument("--small", action="store_true", help="fewer predictions and videos")
    parser.add_argument("--record", type=Path, help="history to add rows to")
    parser.add_argument("--files", type=Path, help="folder that keeps the synthetic files")
    parser.add_argument("--show", type=Path, metavar="HISTORY", help="print a history, and measure nothing")
    options = parser.parse_args()
    if (options.commit is None) == (options.show is None):
        parser.error("give a commit, or --show HISTORY")
    return options


def main() -> int:
    """Measure, print a table, and say whether something got slower or larger."""
    options = options_of()
    if options.show:
        print(shown(options.show))
        return 0
    before, after = name_of(options.commit), name_of(str(ROOT))
    if after == before:
        before = f"{before} ({options.commit})"
    with tempfile.TemporaryDirectory() as name, tree_of(options.commit) as tree:
        wanted = cases((options.files or Path(name)).resolve(), options.small)
        measure({before: tree, after: ROOT}, wanted, options.rounds)
    print(table(wanted, before, after))
    if options.record:
        record(options.record, wanted, (before, after))
    faults = []
    for name, case in wanted.items():
        cpu, _, peak = case.ratios(before, after)
        faults += [f"slower: {name}"] * (cpu > options.limit)
        faults += [f"more memory: {name}"] * (peak > options.limit)
        faults += [f"other numbers: {name}"] * (case.said[before] != case.said[after])
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())

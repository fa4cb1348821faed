"""Two commits on the same files in one run: ratios of time and memory, and a history of what was measured.

    python perf/history.py main                          the working tree against a commit
    python perf/history.py ../other                      against another checkout that is built
    python perf/history.py main --record perf/history.csv
    python perf/history.py --show perf/history.csv       each case over the commits of each machine

Absolute times of two machines, or of one machine on two days, cannot be compared; ratios of processes that
take turns can. Every case is a whole process, so that imports count; one that the commit cannot run is new,
and has no ratio. A commit with `+` is one whose files were changed. The status is 1 where a ratio of
processor time or of peak memory is above `--limit`, or where the JSON reports of the two commits hold
different numbers; it is 2 where nothing can be measured or shown.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import coco_files
import posetrack_files
from coco import cores
from once import once
from processes import ROOT, Process, run_process

SCORE = "import json, poseval, sys; print(json.dumps({'summary': poseval.score(*sys.argv[1:]).summary}))"
MANY = """
import json, poseval, sys
truth = poseval.read(sys.argv[1])
for _ in range(20):
    report = poseval.score(truth, sys.argv[2])
print(json.dumps({"summary": report.summary}))
"""
INTERVALS = """
import json, sys
from poseval.scoring.score import evaluate
from poseval.statistics.intervals import intervals
found = intervals(evaluate(*sys.argv[1:]))
print(json.dumps({"values": {name: [one.low, one.high] for name, one in found.items()}}))
"""
START = "import sys; from poseval.cli import cli; cli(['--help'], standalone_mode=False)"
READ = """
import json, poseval, sys
truth, path = sys.argv[1:]
poses = poseval.read(path, format="openpose", role="predictions", truth=poseval.read(truth))
print(json.dumps({"values": poses.people.xy.sum()}))
"""
COLUMNS = ("date", "commit", "machine", "case", "processor_s", "wall_s", "peak_mb", "rounds", "python")
MEASURED = COLUMNS[4:7]
DIGITS = (3, 3, 0)  # in a table of two commits
RESULTS = ("summary", "values", "entries")  # the parts of a JSON report that hold what was measured of poses


def numbers(text: str) -> dict[str, str]:
    """All digits of the numbers of a JSON report by where they stand; none of a text that is not JSON."""
    said = json.loads(text) if text.lstrip().startswith("{") else {}
    found: dict[str, str] = {}

    def look(value: Any, place: str) -> None:
        if isinstance(value, dict | list):
            for key, one in value.items() if isinstance(value, dict) else enumerate(value):
                look(one, f"{place}/{key}")
        elif isinstance(value, int | float):
            found[place] = repr(value)

    for name in RESULTS:
        look(said.get(name), name)
    return found


@dataclass
class Case:
    """A program that both commits run, what it cost by commit, and the numbers that it printed.

    One that the commit before cannot run has `new`, its last words.
    """

    words: Sequence[str | Path]
    runs: dict[str, list[Process]] = field(default_factory=dict)
    said: dict[str, dict[str, str]] = field(default_factory=dict)
    new: str = ""

    def run(self, commit: str, tree: Path) -> None:
        """Once, under one commit."""
        done = run_process([sys.executable, *map(str, self.words)], tree)
        self.runs.setdefault(commit, []).append(done)
        self.said[commit] = numbers(done.text)

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

    def agreed(self) -> str:
        """Whether the commits that ran it gave the same numbers."""
        first, *others = self.said.values()
        if not any(self.said.values()):
            return "none"
        return "same" if all(first == one for one in others) else "differ"


def cases(folder: Path, small: bool) -> dict[str, Case]:
    """The cases by name, on synthetic files in a folder; a case of another size has another name."""
    count = 10_000 if small else 100_000
    few = coco_files.files(folder, 6_770, long_floats=True)
    many = coco_files.files(folder, count)
    videos = 4 if small else posetrack_files.VIDEOS
    truth, pieces = coco_files.files(folder, 10_000)
    rows = [coco_files.files(folder, number)[1] for number in (1_000, 2_000, 3_000)]
    as_json = ["--gt", truth, "-q", "--json", "-"]
    score = ["-m", "poseval", "score", *as_json]
    return {
        "poseval --help": Case(["-c", START]),
        "poseval score, 6,770 predictions": Case([*score, few[1]]),
        "poseval score --stream, 10,000 predictions": Case([*score, "--stream", pieces]),
        "poseval leaderboard, 3 submissions": Case(["-m", "poseval", "leaderboard", *rows, *as_json]),
        "score, 6,770 predictions": Case(["-c", SCORE, *few]),
        "20 submissions of 6,770, one ground truth": Case(["-c", MANY, *few]),
        f"score, {count:,} predictions": Case(["-c", SCORE, *many]),
        "intervals, 6,770 predictions": Case(["-c", INTERVALS, *few]),
        f"score, {videos} PoseTrack videos": Case(["-c", SCORE, *posetrack_files.files(folder, videos)]),
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
    """Each case under each commit in turns; the first round, which fills caches, is not counted.

    Raises:
        SystemExit: the first commit can run no case, or another one cannot run each.
    """
    before = next(iter(trees))
    for case in wanted.values():
        for commit, tree in trees.items():
            try:
                case.run(commit, tree)
            except SystemExit as failure:
                if commit != before:
                    raise
                case.new = str(failure).strip().rpartition("\n")[2]
        case.runs.clear()
    if all(case.new for case in wanted.values()):
        raise SystemExit(f"{before} runs no case: {next(iter(wanted.values())).new}")
    for _ in range(rounds):
        for case in wanted.values():
            for commit in case.said:
                case.run(commit, trees[commit])


def table(wanted: Mapping[str, Case], before: str, after: str) -> str:
    """Medians under both commits, and their ratios."""
    names = ("processor s", "wall s", "peak MB")
    head = f"| {before} → {after} | {' | '.join(f'{name} | ratio' for name in names)} | numbers |"
    rows = [head, "|---|" + "---|---|" * len(names) + "---|"]
    for name, case in wanted.items():
        now = case.medians(after)
        if case.new:
            cells = [f"{y:.{d}f} | new" for y, d in zip(now, DIGITS, strict=True)]
        else:
            was, ratios = case.medians(before), case.ratios(before, after)
            cells = [
                f"{x:.{d}f} → {y:.{d}f} | {r:.2f}"
                for x, y, r, d in zip(was, now, ratios, DIGITS, strict=True)
            ]
        rows.append(f"| {name} | {' | '.join(cells)} | {'new' if case.new else case.agreed()} |")
    return "\n".join(rows)


def refuse(what: str) -> NoReturn:
    """End with a sentence and status 2."""
    print(f"history.py: {what}", file=sys.stderr)
    raise SystemExit(2)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a history, which has the columns of this program; others are refused."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != COLUMNS:
                refuse(f"{path} has other columns than {','.join(COLUMNS)}")
            return list(rows)
    except (OSError, UnicodeDecodeError, csv.Error) as why:
        refuse(f"{path} cannot be read: {why}")


def record(path: Path, wanted: Mapping[str, Case]) -> None:
    """Add a row for each case and each commit that ran it to the history."""
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        if new:
            rows.writerow(COLUMNS)
        today = dt.datetime.now(dt.timezone.utc).date().isoformat()
        python = sys.version.split()[0]
        for name, case in wanted.items():
            for commit in case.runs:
                cpu, wall, peak = case.medians(commit)
                cost = (f"{cpu:.4f}", f"{wall:.4f}", f"{peak:.1f}")
                rows.writerow((today, commit, cores(), name, *cost, len(case.runs[commit]), python))


def shown(path: Path) -> str:
    """Each case over the lines of one machine, with ratios to the line before."""
    machines: dict[str, dict[str, list[dict[str, str]]]] = {}
    for row in rows_of(path):
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
    words = [*git, "rev-parse", "--short", "--verify", f"{'HEAD' if is_folder else commit}^{{commit}}"]
    found = subprocess.run(words, capture_output=True, text=True)
    if found.returncode:
        refuse(f"{commit} is neither a commit of this repository nor a folder with a checkout")
    name = found.stdout.strip()
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
    if options.rounds < 1:
        parser.error("--rounds: at least 1")
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
    if options.record and options.record.exists():
        rows_of(options.record)
    try:
        with tempfile.TemporaryDirectory() as name, tree_of(options.commit) as tree:
            wanted = cases((options.files or Path(name)).resolve(), options.small)
            measure({before: tree, after: ROOT}, wanted, options.rounds)
    except subprocess.CalledProcessError as failure:
        refuse(f"{' '.join(map(str, failure.cmd))} ended with status {failure.returncode}")
    except SystemExit as failure:
        refuse(str(failure))
    print(table(wanted, before, after))
    if options.record:
        record(options.record, wanted)
    faults = []
    for name, case in wanted.items():
        if case.new:
            print(f"new: {name}; {before} cannot run it: {case.new}", file=sys.stderr)
            continue
        cpu, _, peak = case.ratios(before, after)
        faults += [f"slower: {name}"] * (cpu > options.limit)
        faults += [f"more memory: {name}"] * (peak > options.limit)
        faults += [f"other numbers: {name}"] * (case.agreed() == "differ")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
